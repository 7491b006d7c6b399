"""A folder of shards appears whole or nothing changes."""

import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, TargetExistsError
from ckptgui.export.atomic import OutputError
from ckptgui.export.atomic_folder import NewFile, write_folder
from ckptgui.export.leftovers import temporary_name
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.export.system import System
from ckptgui.formats.registry import open_checkpoint

NAMES = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
FILES = [NewFile(name, lambda output, name=name: output.write(name.encode())) for name in NAMES]
NEW = {name: name.encode() for name in NAMES}
OLD = {"model.safetensors": b"old"}


def write(path, **options):
    return write_folder(str(path), options.pop("files", FILES), nbytes=100, **options)


def made(path, content):
    path.mkdir()
    for name, data in content.items():
        (path / name).write_bytes(data)
    return path


def content(path):
    return {each.name: each.read_bytes() for each in path.iterdir()}


@pytest.mark.parametrize("there", [None, {}])
def test_a_new_folder_and_an_empty_one_are_filled(tmp_path, there):
    if there is not None:
        made(tmp_path / "out", there).chmod(0o2750)
    assert write(tmp_path / "out") == sum(map(len, NAMES))
    assert content(tmp_path / "out") == NEW
    assert os.listdir(tmp_path) == ["out"]
    assert there is None or (tmp_path / "out").stat().st_mode & 0o7777 == 0o2750


class Simple(System):
    """A file system that cannot let two folders change places."""

    def exchange(self, one, other):
        return False


@pytest.mark.parametrize("system", [System(), Simple()])
def test_an_earlier_export_is_replaced_only_when_forced(tmp_path, system):
    out = made(tmp_path / "out", OLD)
    with pytest.raises(TargetExistsError):
        write(out, system=system)
    assert content(out) == OLD
    write(out, force=True, system=system)
    assert content(out) == NEW
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("other", ["notes.txt", "folder", "model.safetensors.link"])
def test_a_folder_with_anything_else_in_it_is_refused_by_its_name(tmp_path, other):
    out = made(tmp_path / "out", OLD)
    if other == "folder":
        (out / other).mkdir()
    elif other.endswith("link"):
        (out / "model-00001-of-00001.safetensors").symlink_to(tmp_path)
        other = "model-00001-of-00001.safetensors"
    else:
        (out / other).write_text("mine")
    before = sorted(os.listdir(out))
    with pytest.raises(OutputError, match=f"holds {other}"):
        write(out, force=True)
    assert sorted(os.listdir(out)) == before


def test_a_file_in_the_place_is_told(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="no folder"):
        write(tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "mine"


def test_something_that_gets_into_the_folder_meanwhile_is_never_lost(tmp_path):
    out = made(tmp_path / "out", OLD)
    with pytest.raises(OutputError, match=r"holds mine\.txt"):
        write(out, force=True, verify=lambda temporary: (out / "mine.txt").write_text("x"))
    assert (out / "mine.txt").read_text() == "x"
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_is_written_through(tmp_path):
    made(tmp_path / "real", OLD)
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", force=True)
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "real") == NEW


def test_whichever_system_call_fails_the_old_folder_stays_and_no_litter(tmp_path, failing):
    seen = set()
    for nth in range(1, 100):
        parent = made(tmp_path / str(nth), {})
        out = made(parent / "out", OLD)
        system = failing(nth)
        try:
            write(out, force=True, system=system)
        except OutputError:
            placed = "exchange" in system.calls and system.failed == "sync_folder"
            assert content(out) == (NEW if placed else OLD)
        else:
            assert content(out) == NEW
        if system.failed is None:
            break
        seen.add(system.failed)
        # What could not be removed stays for the next export.
        assert system.failed == "remove_folder" or os.listdir(parent) == ["out"]
    assert {"create_folder", "create", "write", "sync", "close", "sync_folder", "exchange", "open", "hold"} < seen


def test_leftover_folders_of_the_dead_go_and_those_of_the_living_stay(tmp_path, monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    living = made(tmp_path / temporary_name("out"), OLD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: child.pid)
        made(tmp_path / temporary_name("out"), OLD)
    write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == sorted([living.name, "out"])


def test_a_persons_own_files_stay_whatever_their_folder_is_called(tmp_path):
    theirs = made(tmp_path / temporary_name("out"), {**OLD, "notes.txt": b"mine"})
    nested = made(tmp_path / temporary_name("out"), OLD)
    (nested / "model.safetensors").unlink(missing_ok=True)
    (nested / "model.safetensors").mkdir()
    link = tmp_path / temporary_name("out")
    link.symlink_to(theirs)
    for path in (theirs, nested):
        os.utime(path, (1, 1))
    before = sorted(os.listdir(tmp_path)), [sorted(os.listdir(path)) for path in (theirs, nested)]
    write(tmp_path / "out")
    after = sorted(set(os.listdir(tmp_path)) - {"out"}), [sorted(os.listdir(path)) for path in (theirs, nested)]
    assert after == before


def test_what_a_dead_process_left_goes_though_another_has_its_number_now(tmp_path):
    """This test's own number stands for the other's; a file that is being written is locked."""
    left, written = tmp_path / temporary_name("left"), tmp_path / temporary_name("written")
    for path in (left, written):
        path.write_text("x")
        os.utime(path, (1, 1))
    system = System()
    descriptor = system.open(str(written))
    assert system.hold(descriptor)
    write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == sorted([written.name, "out"])
    system.close(descriptor)
    write(tmp_path / "next")
    assert sorted(os.listdir(tmp_path)) == ["next", "out"]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.pt"
    torch.save({f"t{number}": torch.randn(1000) for number in range(5)}, path)
    return path


@pytest.mark.parametrize("format", ["safetensors", "pt"])
def test_shards_are_written_verified_and_can_be_replaced(source, tmp_path, pool, format):
    request = ExportRequest(format=format, max_shard_bytes=9000, force=True)
    plan = plan_export(open_checkpoint(str(source)), str(tmp_path / "out"), request)
    for _ in range(2):
        result = export(plan, pool)
        assert result.verified
        assert result.bytes == plan.nbytes == sum(each.stat().st_size for each in (tmp_path / "out").iterdir())
    shards = [each for each in (tmp_path / "out").iterdir() if each.suffix != ".json"]
    read = load_file if format == "safetensors" else torch.load
    found = {name: tensor for shard in shards for name, tensor in read(shard).items()}
    saved = torch.load(source)
    assert len(shards) == 3
    assert all(torch.equal(found[name], saved[name]) for name in saved)
    assert sorted(os.listdir(tmp_path)) == ["out", "source.pt"]


def test_a_cancel_at_any_step_leaves_no_folder(source, tmp_path, pool):
    request = ExportRequest(format="safetensors", max_shard_bytes=9000)
    plan = plan_export(open_checkpoint(str(source)), str(tmp_path / "out"), request)
    steps = []
    export(plan, pool, Cancel(), steps.append)
    for stop in range(len(steps)):
        for each in (tmp_path / "out").iterdir():
            each.unlink()
        cancel, left = Cancel(), [stop]

        def report(_, cancel=cancel, left=left):
            left[0] -= 1
            if left[0] < 0:
                cancel.cancel()

        try:
            export(plan, pool, cancel, report)
        except Cancelled:
            assert os.listdir(tmp_path / "out") == []
        assert sorted(os.listdir(tmp_path)) == ["out", "source.pt"]
