"""What torch.save wrote up to 0.1.9: a tar archive, written here as that did and read by torch's own loader."""

import io
import pickle
import struct
import tarfile
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.formats.conformance import ReaderConformance, values
from tests.formats.test_conformance_zip import by_name

CLASSES = {
    "float32": torch.FloatStorage, "float64": torch.DoubleStorage, "float16": torch.HalfStorage,
    "int64": torch.LongStorage, "int32": torch.IntStorage, "int16": torch.ShortStorage, "int8": torch.CharStorage,
    "uint8": torch.ByteStorage,
}  # fmt: skip


@dataclass(frozen=True)
class Old:
    """A tensor of a storage (by its key) as that release kept it; stands in the object for its key."""

    key: int
    storage: int
    sizes: tuple
    strides: tuple
    offset: int = 0


@dataclass(frozen=True)
class OldClass:
    """A module's class with its source."""

    made: type
    source: str


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Old):
            return str(value.key)
        return (value.made, "model.py", value.source) if isinstance(value, OldClass) else None


def old_tar(
    path, saved, storages, views=(), *, order=("sys_info", "pickle", "tensors", "storages"), locations=None
):
    """Write an archive of ``saved``; ``storages`` are arrays by key, ``views`` are (key, root, offset, numel)."""
    tensors = {old.key: old for old in _olds(saved)}
    parts = {
        "sys_info": pickle.dumps({"protocol_version": 1000, "little_endian": True}, 2),
        "pickle": _pickled(saved),
        "tensors": _tensors(tensors.values()),
        "storages": _storages(storages, views, locations or {}),
    }
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name in order:
            info = tarfile.TarInfo(name)
            info.size = len(parts[name])
            info.mtime = 1485000000.25  # a fraction, for which there is an extended header
            archive.addfile(info, io.BytesIO(parts[name]))
    return path


def _olds(value):
    if isinstance(value, Old):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _olds(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _olds(inner)
    elif hasattr(value, "olds"):
        yield from value.olds()


def _pickled(saved):
    buffer = io.BytesIO()
    _Pickler(buffer, 2).dump(saved)
    return buffer.getvalue()


def _tensors(tensors):
    parts = [pickle.dumps(len(tensors), 2)]
    for old in tensors:
        ndim = len(old.sizes)
        parts.append(pickle.dumps((old.key, old.storage, torch.FloatTensor), 2))
        parts.append(struct.pack(f"<ii{2 * ndim + 1}q", ndim, 0, *old.sizes, *old.strides, old.offset))
    return b"".join(parts)


def _storages(storages, views, locations):
    parts = [pickle.dumps(len(storages), 2)]
    for key, array in storages.items():
        parts.append(pickle.dumps((key, locations.get(key, "cpu"), CLASSES[array.dtype.name]), 2))
        parts.append(struct.pack("<q", array.size) + array.tobytes())
    return b"".join([*parts, pickle.dumps(list(views), 2)])


def loaded(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(path, weights_only=False)


def state_dict(folder):
    storages = {5: np.arange(12, dtype=np.float32), 6: np.arange(4, dtype=np.int64)}
    saved = {
        "w": Old(1, 5, (3, 4), (4, 1)), "transposed": Old(2, 5, (4, 3), (1, 4)), "slice": Old(3, 5, (2,), (2,), 5),
        "n": Old(4, 6, (4,), (1,)), "zero": Old(7, 6, (), (), 3), "tied": Old(1, 5, (3, 4), (4, 1)),
    }  # fmt: skip
    path = old_tar(folder / "old.pth", saved, storages)
    return path, by_name(loaded(path))


def of_views(folder):
    storages = {5: np.arange(12, dtype=np.float64), 9: np.arange(3, dtype=np.uint8)}
    saved = {"all": Old(1, 5, (12,), (1,)), "part": Old(2, 50, (2, 2), (2, 1), 1), "end": Old(3, 51, (4,), (1,))}
    path = old_tar(folder / "old.pth", saved, storages, [(50, 5, 3, 5), (51, 5, 8, 4)])
    return path, by_name(loaded(path))


def of_every_type(folder):
    storages = {n: np.arange(3 + n).astype(name) for n, name in enumerate(CLASSES)}
    saved = {name: Old(100 + n, n, (3 + n,), (1,)) for n, name in enumerate(CLASSES)}
    path = old_tar(folder / "old.pth", saved, storages)
    return path, by_name(loaded(path))


def other_order(folder):
    storages = {5: np.arange(12, dtype=np.float32)}
    path = old_tar(
        folder / "o.pth",
        {"w": Old(1, 5, (12,), (1,))},
        storages,
        order=("storages", "tensors", "sys_info", "pickle"),
    )
    return path, by_name(loaded(path))


class TestTorchTar(ReaderConformance):
    format = "torch-tar"

    @classmethod
    def cases(cls):
        return {
            "state dict": state_dict, "views of storages": of_views, "every type": of_every_type,
            "members in another order": other_order,
        }  # fmt: skip

    @classmethod
    def large(cls, folder):
        storages = {5: np.zeros(1 << 19, np.float32), 6: np.zeros(1 << 18, np.int64)}
        saved = {"w": Old(1, 5, (1 << 19,), (1,)), "v": Old(2, 6, (4,), (1,))}
        return old_tar(folder / "large.pth", saved, storages)


def test_views_of_a_storage_share_it(tmp_path):
    path, _ = of_views(tmp_path)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint[("all",)].storage == checkpoint[("part",)].storage == checkpoint[("end",)].storage
    assert checkpoint[("part",)].storage_offset == 4
    assert checkpoint.sections[0].nbytes == 96


class Model(torch.nn.Module):
    pass


class _Saved:
    """A module as pickle writes it, its class told by a persistent id."""

    def __init__(self, made, **state):
        self.made, self.state = made, state

    def olds(self):
        return [value for _, value in self.state["_parameters"].items()]

    def __reduce_ex__(self, protocol):
        return _new, (self.made,), self.state


def _new(made):
    return made.__new__(made)


def test_the_source_of_modules_is_kept_as_text_and_their_parameters_are_found(tmp_path):
    """Parameters were rebuilt by their class; what is pickled here is a plain tensor in their place."""
    source = "class Model(nn.Module):\n    pass\n"
    made = OldClass(Model, source)
    path = old_tar(tmp_path / "m.pth", [made, Old(1, 5, (2,), (1,))], {5: np.arange(2, dtype=np.float32)})
    assert loaded(path)[0] is Model
    checkpoint = open_checkpoint(str(path))
    assert dict(checkpoint.attributes["code"])[f"{Model.__module__}.Model"] == source
    assert list(checkpoint) == [("1",)]


def test_a_device_is_kept_as_it_was_written(tmp_path):
    storages = {5: np.arange(2, dtype=np.float32)}
    path = old_tar(tmp_path / "g.pth", {"w": Old(1, 5, (2,), (1,))}, storages, locations={5: "cuda:1"})
    assert open_checkpoint(str(path))[("w",)].device == "cuda:1"


def test_a_tensor_larger_than_its_storage_is_an_error_of_its_row(tmp_path):
    storages = {5: np.arange(6, dtype=np.float32)}
    saved = {"w": Old(1, 5, (7,), (1,)), "v": Old(2, 5, (6,), (1,)), "lost": Old(3, 99, (1,), (1,))}
    checkpoint = open_checkpoint(str(old_tar(tmp_path / "x.pth", saved, storages)))
    assert "needs 28 bytes of its storage, which has 24" in checkpoint[("w",)].error
    assert checkpoint[("v",)].error is None
    assert checkpoint[("lost",)].error is not None


def test_a_cut_archive_reads_what_is_left(tmp_path):
    storages = {n: np.full(1000, n, np.float32) for n in range(3)}
    saved = {f"w{n}": Old(10 + n, n, (1000,), (1,)) for n in range(3)}
    path = old_tar(tmp_path / "x.pth", saved, storages)
    offset = open_checkpoint(str(path))[("w1",)].file_offset
    path.write_bytes(path.read_bytes()[: offset + 100])
    checkpoint = open_checkpoint(str(path))
    assert values(checkpoint[("w0",)], SourcePool()) == storages[0].tobytes()
    assert checkpoint[("w1",)].error == "The file is cut: 100 of 4,000 bytes of its storage are here."
    assert checkpoint[("w2",)].error is not None
    assert checkpoint.attributes["cut"]


def test_another_tar_is_named_as_such(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO())
    assert not is_checkpoint(str(tmp_path / "a.tar"))
    with pytest.raises(CheckpointError, match="tar archive"):
        open_checkpoint(str(tmp_path / "a.tar"))


def test_the_later_of_two_members_counts_as_in_torch(tmp_path):
    path, _ = state_dict(tmp_path)
    with tarfile.open(path, "a") as archive:
        data = pickle.dumps({"other": 1}, 2)
        info = tarfile.TarInfo("pickle")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    assert loaded(path) == {"other": 1}
    assert open_checkpoint(str(path)).metadata == {"other": 1}
