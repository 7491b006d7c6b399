"""A file appears whole or nothing changes."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, ExportError, TargetExistsError
from ckptgui.export.atomic import OutputError, write_file
from ckptgui.export.leftovers import temporary_name
from ckptgui.export.system import System

NEW = b"new" * 1000


def fill(output):
    for start in range(0, len(NEW), 1000):
        output.write(NEW[start : start + 1000])
        output.flush()


def write(path, **options):
    return write_file(str(path), options.pop("fill", fill), nbytes=len(NEW), **options)


def test_a_new_file_has_its_content_and_the_mode_of_any_new_file(tmp_path):
    old = os.umask(0o027)
    try:
        assert write(tmp_path / "out") == len(NEW)
    finally:
        os.umask(old)
    assert (tmp_path / "out").read_bytes() == NEW
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["out"]


def test_an_existing_file_is_replaced_only_when_forced_and_keeps_its_mode(tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"old")
    out.chmod(0o604)
    with pytest.raises(TargetExistsError):
        write(out)
    assert out.read_bytes() == b"old"
    write(out, force=True)
    assert out.read_bytes() == NEW
    assert out.stat().st_mode & 0o777 == 0o604
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_that_appears_while_we_write_is_not_replaced(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(TargetExistsError):
        write(out, verify=lambda temporary: out.write_bytes(b"theirs"))
    assert out.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_is_written_through_and_stays_a_link(tmp_path):
    real = tmp_path / "deep" / "real"
    real.parent.mkdir()
    real.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(real)
    write(link, force=True)
    assert link.is_symlink()
    assert real.read_bytes() == NEW


def test_a_dangling_link_gets_its_file(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    write(tmp_path / "link")
    assert (tmp_path / "absent").read_bytes() == NEW


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle", "no folder", "under a file", "nul", "too long"])
def test_a_place_where_no_file_can_stand_is_one_sentence(tmp_path, kind):
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
    elif kind == "pipe":
        os.mkfifo(out)
    elif kind == "circle":
        out.symlink_to(out)
    elif kind == "no folder":
        out = tmp_path / "absent" / "out"
    elif kind == "under a file":
        (tmp_path / "file").write_bytes(b"")
        out = tmp_path / "file" / "out"
    elif kind == "nul":
        out = f"{tmp_path}/a\0b"
    else:
        out = tmp_path / ("n" * 300)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OutputError) as caught:
        write(out, force=True)
    assert str(caught.value).endswith(".")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission"):
        write(tmp_path / "out")
    tmp_path.chmod(0o700)


def test_the_longest_name_gets_a_temporary_one(tmp_path):
    name = "ü" * 127 + "x"
    write(tmp_path / name)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt, MemoryError, ExportError("no")])
@pytest.mark.parametrize("step", ["fill", "verify"])
def test_whatever_stops_it_the_old_file_stays_and_no_litter(tmp_path, error, step):
    out = tmp_path / "out"
    out.write_bytes(b"old")

    def stop(_):
        raise error

    with pytest.raises(error if isinstance(error, type) else ExportError):
        write(out, force=True, **{step: stop})
    assert out.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


def test_whichever_system_call_fails_the_old_file_stays_and_no_litter(tmp_path, failing):
    """Fail call 1, 2, 3 … until nothing fails any more."""
    out = tmp_path / "out"
    seen = []
    for nth in range(1, 100):
        out.write_bytes(b"old")
        system = failing(nth)
        try:
            write(out, force=True, system=system)
        except OutputError as error:
            assert str(error).endswith(".")
            seen.append(system.failed)
            whole = NEW if system.failed == "sync_folder" else b"old"
            assert out.read_bytes() == whole
        else:
            assert out.read_bytes() == NEW
            if system.failed is None:
                break
            assert system.failed in ("names", "close")  # looking for leftovers may fail, and letting the lock go
        assert os.listdir(tmp_path) == ["out"]
    assert {"status", "free", "create", "open", "hold", "write", "mode", "sync", "close", "replace"} < set(seen)


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "full"), (errno.EDQUOT, "quota"), (errno.EFBIG, "larger")]
)
def test_a_full_disk_says_so(tmp_path, failing, code, word):
    with pytest.raises(OutputError, match=word):
        write(tmp_path / "out", system=failing(2, "write", code))
    assert os.listdir(tmp_path) == []


def test_too_little_space_is_seen_before_anything_is_written(tmp_path):
    class Small(System):
        def free(self, folder):
            return 1000

    with pytest.raises(OutputError, match="1,000 are free"):
        write(tmp_path / "out", system=Small())
    assert os.listdir(tmp_path) == []


def test_the_file_is_on_the_medium_before_it_is_renamed(tmp_path, failing):
    system = failing(0)
    write(tmp_path / "out", system=system)
    order = [call for call in system.calls if call in ("write", "sync", "close", "replace", "sync_folder")]
    assert order == ["write"] * order.count("write") + ["sync", "close", "replace", "close", "sync_folder"]


def test_short_writes_are_continued(tmp_path):
    class Slow(System):
        def write(self, descriptor, data, offset):
            return super().write(descriptor, data[:7], offset)

    write(tmp_path / "out", system=Slow())
    assert (tmp_path / "out").read_bytes() == NEW


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path, monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    monkeypatch.setattr(os, "getpid", lambda: child.pid)
    dead = temporary_name("out")
    monkeypatch.undo()
    living = temporary_name("out")
    elsewhere = dead.replace(dead.split(".")[2][:8], "0" * 8)
    others = [living, elsewhere, ".out.part", "out.part", ".hidden"]
    for name in [dead, *others]:
        (tmp_path / name).write_bytes(b"x")
    write(tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "out"])


_VICTIM = """
import os, signal, sys
from ckptgui.export.atomic import write_file
from ckptgui.export.system import System
step = sys.argv[2]
class Dying(System):
    pass
def dying(name):
    original = getattr(System, name)
    def call(self, *arguments, **options):
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, *arguments, **options)
    return call
for name in vars(System):
    if not name.startswith("_"):
        setattr(Dying, name, dying(name))
write_file(sys.argv[1], lambda out: out.write(b"new" * 1000), nbytes=3000, force=True, system=Dying())
"""


@pytest.mark.parametrize("step", ["create", "write", "sync", "close", "replace", "sync_folder"])
def test_a_kill_at_any_step_leaves_a_whole_file_and_the_next_export_tidies_up(tmp_path, step):
    out = tmp_path / "out"
    out.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", _VICTIM, str(out), step], check=False)
    assert done.returncode == -signal.SIGKILL
    assert out.read_bytes() == (NEW if step == "sync_folder" else b"old")
    write(tmp_path / "next")
    assert sorted(os.listdir(tmp_path)) == ["next", "out"]


def test_exports_killed_at_random_moments_leave_whole_files_alone():
    """A few; ``python -m tests.export.kill_trials`` does more."""
    command = [sys.executable, "-m", "tests.export.kill_trials", "--count", "6", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_cancel_is_heard_while_the_system_flushes(tmp_path):
    class Slow(System):
        def sync(self, descriptor):
            asked.set()
            ends.wait(10)
            super().sync(descriptor)

    asked, ends, cancel = threading.Event(), threading.Event(), Cancel()
    (tmp_path / "out").write_bytes(b"old")
    threading.Thread(target=lambda: asked.wait(10) and cancel.cancel()).start()
    began = time.perf_counter()
    with pytest.raises(Cancelled):
        write(tmp_path / "out", force=True, cancel=cancel, system=Slow())
    took = time.perf_counter() - began
    ends.set()
    assert took < 2
    assert (tmp_path / "out").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_that_vanishes_meanwhile_is_told(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutputError, match="no such folder"):
        write(folder / "out", verify=lambda temporary: shutil.rmtree(folder))
    assert os.listdir(tmp_path) == []


def test_other_names_of_the_old_file_keep_what_it_held(tmp_path):
    (tmp_path / "out").write_bytes(b"old")
    os.link(tmp_path / "out", tmp_path / "other")
    write(tmp_path / "out", force=True)
    assert (tmp_path / "out").read_bytes() == NEW
    assert (tmp_path / "other").read_bytes() == b"old"


@pytest.fixture
def mounted(tmp_path):
    """A function that mounts a small memory file system in the folder, with options."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("mounting needs rights that these tests do not have here")
        return place

    yield mount
    subprocess.run(["umount", "-l", place], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount here")
def test_a_disk_that_is_really_full_keeps_the_old_file_and_nothing_else(mounted):
    place = mounted("size=4m")
    (place / "out").write_bytes(b"old")
    with pytest.raises(OutputError, match="is not enough space: it needs"):
        write_file(str(place / "out"), fill, nbytes=1 << 23, force=True)
    with pytest.raises(OutputError, match="The disk is full"):
        write(place / "out", force=True, fill=lambda output: output.write(bytes(1 << 23)))
    assert (place / "out").read_bytes() == b"old"
    assert os.listdir(place) == ["out"]


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount here")
def test_a_disk_that_may_only_be_read_says_so(mounted):
    with pytest.raises(OutputError, match="read-only"):
        write(mounted("ro") / "out")
