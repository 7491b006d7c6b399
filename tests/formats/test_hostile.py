"""Bad input at every entrance of every format: each a sentence, nothing run, nothing else lost."""

import io
import json
import os
import pickle
import shutil
import struct
import sys
import tarfile
import zipfile
from contextlib import contextmanager

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.cli.main import main
from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import open_checkpoint
from tests.formats import dcp_files, export_files
from tests.formats.folder_files import weights, write_shards
from tests.formats.torch_files import with_pickle

LEGACY = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """An export, a package, a script and a distributed checkpoint, each written by torch once."""
    folder = tmp_path_factory.mktemp("seeds")
    export_files.save(export_files.program(), folder / "e.pt2")
    with dcp_files.quiet():
        with torch.package.PackageExporter(str(folder / "p.pt")) as exporter:
            exporter.save_pickle("m", "w.pkl", {"w": torch.ones(2)})
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(folder / "s.pt"))
    dcp_files.save({"w": torch.arange(8.0), "x": torch.zeros(2), "note": "text"}, folder / "dcp")
    return folder


# Nothing runs


def short(text):
    return b"\x8c" + bytes([len(text)]) + text


PAYLOADS = {
    "a call": b"cos\nsystem\n(S'touch canary'\ntR.",
    "an instance": b"(S'touch canary'\nios\nsystem\n.",
    "a result thrown away": b"\x80\x02(cos\nsystem\nS'touch canary'\no0}.",
    "a dotted name": b"\x80\x04"
    + short(b"os")
    + short(b"path.os.system")
    + b"\x93"
    + short(b"touch canary")
    + b"\x85R.",
    "an old name": b'c__builtin__\neval\n(S\'open("canary", "w")\'\ntR.',
    "a loader": b"ctorch\nload\n(S'canary'\ntR.",
    "a storage": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(cos\nsystem\n(S'touch canary'\ntR"
    b"K\x00K\x01\x85K\x01\x85\x89}tR.",
    "before a cut": b"\x80\x02}(X\x01\0\0\0wcos\nsystem\n(S'touch canary'\ntRX\xff",
}


def archive(payload):
    """What torch.save writes around a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as inner:
        inner.writestr("archive/data.pkl", payload)
        inner.writestr("archive/byteorder", "little")
        inner.writestr("archive/version", "3\n")
    return buffer.getvalue()


def rewritten(source, target, change, more=()):
    """A copy of a zip in which ``change`` has the last word on every record."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        root = old.namelist()[0].partition("/")[0]
        for name, data in more:
            new.writestr(f"{root}/{name}", data)
    return target


def put(source, end):
    """A container that puts a payload in the place of the records whose names have ``end``."""
    return lambda seeds, folder, payload: rewritten(
        seeds / source, folder / "x.pt", lambda name, data: payload if name.endswith(end) else data
    )


def in_tar(member):
    def make(_, folder, payload):
        parts = {"sys_info": {}, "pickle": {"a": 1}, "storages": 0, "tensors": 0}
        with tarfile.open(folder / "x.tar", "w") as tar:
            for name, value in parts.items():
                data = payload if name == member else pickle.dumps(value, 2)
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return folder / "x.tar"

    return make


def written(name, before=b"", after=b""):
    def make(_, folder, payload):
        (folder / name).write_bytes(before + payload + after)
        return folder / name

    return make


def described(seeds, folder, payload):
    shutil.copytree(seeds / "dcp", folder / "d")
    (folder / "d" / ".metadata").write_bytes(payload)
    return folder / "d"


def beside_weights(seeds, folder, payload):
    save_file(weights(), folder / "model.safetensors")
    (folder / "training_args.bin").write_bytes(payload)
    (folder / "optimizer.pt").write_bytes(archive(payload))
    return folder


def an_object(seeds, folder, payload):
    shutil.copytree(seeds / "dcp", folder / "d")
    description = dcp_files.described(folder / "d")
    place = dcp_files.place_of(description, "note")
    (folder / "d" / "__1_0.distcp").write_bytes(archive(payload))
    place.relative_path, place.offset, place.length = "__1_0.distcp", 0, len(archive(payload))
    dcp_files.describe(folder / "d", description)
    return folder / "d"


def in_bytes(_, folder, payload):
    call = b"\x80\x02ctorch.storage\n_load_from_bytes\nB" + struct.pack("<I", len(payload)) + payload + b"\x85R."
    (folder / "x.pkl").write_bytes(call)
    return folder / "x.pkl"


CONTAINERS = {
    "bare pickle": written("x.pkl"),
    "zip": lambda _, folder, payload: with_pickle(payload, folder / "x.pt"),
    "legacy stream": written("x.pt", LEGACY, pickle.dumps([], 2)),
    "legacy list of storages": written("x.pt", LEGACY + pickle.dumps({"a": 1}, 2)),
    "tar": in_tar("pickle"),
    "tar's storages": in_tar("storages"),
    "description": described,
    "distributed object": an_object,
    "package": put("p.pt", "w.pkl"),
    "script": put("s.pt", "/data.pkl"),
    "script's constants": put("s.pt", "/constants.pkl"),
    "export's inputs": lambda seeds, folder, payload: put("e.pt2", "sample_inputs/model.pt")(
        seeds, folder, archive(payload)
    ),
    "export's objects": lambda seeds, folder, payload: rewritten(
        seeds / "e.pt2", folder / "x.pt2", lambda _, data: data, [("data/constants/opaque_obj_0", payload)]
    ),
    "values beside weights": beside_weights,
    "bytes": in_bytes,
}

_SEEN = []
_WATCHED = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess",
    "socket",
    "pickle",
    "exec",
    "import",
)


def _hook(event, args):
    if _SEEN and event.startswith(_WATCHED):
        _SEEN.append((event, str(args)[:80]))


sys.addaudithook(_hook)


@contextmanager
def nothing_runs():
    """Fails when anything is run, imported or unpickled meanwhile."""
    _SEEN[:] = ["watching"]
    try:
        yield
        assert _SEEN == ["watching"]
    finally:
        _SEEN.clear()


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_payload_is_named_or_refused_and_never_run(container, seeds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, payload in enumerate(PAYLOADS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = str(CONTAINERS[container](seeds, folder, payload))
        with nothing_runs():
            try:
                open_checkpoint(path)
            except CheckpointError as error:
                assert "\n" not in str(error)
    assert not (tmp_path / "canary").exists()


# Small files that claim to be large


def test_a_compressed_pickle_of_a_gigabyte_is_not_inflated(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w", zipfile.ZIP_DEFLATED) as bomb:
        with bomb.open("archive/data.pkl", "w") as record:
            for _ in range(80):
                record.write(bytes(1 << 20))
        bomb.writestr("archive/byteorder", "little")
    with pytest.raises(CheckpointError, match=r"claims that [\d,]+ bytes inflate to 83,886,080"):
        open_checkpoint(str(tmp_path / "x.pt"))


@pytest.mark.parametrize("name", ["weights_config.json", "models/model.json"])
def test_json_of_nothing_but_brackets_costs_its_table_alone(name, seeds, tmp_path):
    brackets = b'{"config": [' + b"[]," * 2_000_000 + b"[]]}"
    rewritten(
        seeds / "e.pt2", tmp_path / "x.pt2", lambda record, data: brackets if record.endswith(name) else data
    )
    found = open_checkpoint(str(tmp_path / "x.pt2"))
    assert "has more than 2,000,000 objects and lists" in " ".join(found.warnings)
    assert len(found) > 0


def test_a_name_of_megabytes_costs_no_more_than_its_length(tmp_path):
    save_file({"w" * (4 << 20): torch.ones(1), "v": torch.ones(1)}, tmp_path / "x.safetensors")
    assert main(["info", str(tmp_path)], None) == 0


def test_an_index_of_very_many_files_is_not_looked_up_in_a_list(tmp_path):
    write_shards(tmp_path)
    index = tmp_path / "model.safetensors.index.json"
    value = json.loads(index.read_text())
    value["weight_map"] |= {f"more.{number}": f"{number}.safetensors" for number in range(20_000)}
    index.write_text(json.dumps(value))
    found = open_checkpoint(str(tmp_path))
    assert len(found) == 20_005
    assert found.warnings[0].startswith("20,000 of 20,003 shards are missing: 0.safetensors, ")


def test_a_folder_of_very_many_sets_of_shards_is_looked_through_once(tmp_path):
    for number in range(2_000):
        (tmp_path / f"a{number}-000001-of-999999.safetensors").touch()
    with pytest.raises(CheckpointError, match=r"^a0\.safetensors: 999,998 of 999,999 shards are missing"):
        open_checkpoint(str(tmp_path))


# Nothing else is lost


@pytest.mark.parametrize("table", [{}, {"weight_map": {}}])
def test_an_index_that_names_nothing_leaves_the_shards_by_their_names(table, tmp_path):
    write_shards(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(table))
    found = open_checkpoint(str(tmp_path))
    assert set(found) == {(name,) for name in weights()}
    assert found.warnings[0].startswith("The index model.safetensors.index.json cannot be read: ")


def test_shards_that_the_index_leaves_out_are_named_together(tmp_path):
    files = write_shards(tmp_path)
    index = {"weight_map": {"embed.weight": files[0]}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    last = open_checkpoint(str(tmp_path)).warnings[-1]
    assert last == f"The index does not name the shards {files[1]}, {files[2]}, which are left out."


def test_a_refused_place_is_not_called_missing(seeds, tmp_path):
    shutil.copytree(seeds / "dcp", tmp_path / "d")
    description = dcp_files.described(tmp_path / "d")
    dcp_files.place_of(description, "w").relative_path = "../../etc/passwd"
    dcp_files.describe(tmp_path / "d", description)
    assert "1 file cannot be opened: ../../etc/passwd." in open_checkpoint(str(tmp_path / "d")).warnings


def test_a_description_that_is_none_is_not_called_absent(seeds, tmp_path):
    found = open_checkpoint(str(described(seeds, tmp_path, pickle.dumps({"a": 1}))))
    assert found.warnings[:2] == (
        ".metadata: It is a pickle, but not the description of a distributed checkpoint.",
        "Without that, nothing says what the pieces are called and what they are parts of. "
        "Here is rank 0; whether there were ranks above, nothing tells.",
    )


def test_an_export_without_its_table_is_not_whole(seeds, tmp_path, capsys):
    cut = lambda name, data: b"{" if name.endswith("weights_config.json") else data  # noqa: E731
    rewritten(seeds / "e.pt2", tmp_path / "x.pt2", cut)
    assert main(["info", str(tmp_path / "x.pt2"), "--json"], None) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["tensor_count"] > 0
    assert "Of its weights: Its record e/data/weights/model_weights_config.json is not JSON" in said.err


# What stands in the place of a file


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "circle", "nowhere"])
def test_a_shard_that_is_no_file_is_missing_and_not_waited_for(kind, tmp_path):
    files = write_shards(tmp_path)
    place = tmp_path / files[1]
    place.unlink()
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to({"device": "/dev/zero", "circle": files[1], "nowhere": "gone"}[kind])
    found = open_checkpoint(str(tmp_path))
    assert found.warnings[0] == f"1 of 3 shards is missing: {files[1]}."
    assert len(found.tensors.errors) == 2


# Text that is no text


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_control_character_of_a_name_reaches_the_terminal(options, seeds, tmp_path, capsys):
    evil = "w\n\x1b[2J\u202e<b>x"
    folder = tmp_path / evil
    folder.mkdir()
    dcp_files.save({evil: torch.ones(2), "note": evil}, folder)
    (folder / "__0_0.distcp").rename(folder / "gone")
    assert main(["info", str(folder), *options], None) == 2
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert not any(character in text.replace("\n", "") for character in "\x1b\x00")
    assert said.err.count("\n") == 1
    if not options:
        assert "\u202e" not in said.out
