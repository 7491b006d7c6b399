"""A file that is no checkpoint is named for what it is."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from ckptgui.errors import UnknownFormatError
from ckptgui.formats.base import HEAD, Probe
from ckptgui.formats.foreign import refusal
from ckptgui.sources.memory import MemorySource


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


def written(write) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def tarred(buffer):
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())


CASES = {
    b"": "is empty",
    b"PK": "only 2 bytes",
    b"hello, this is a note\nand more": "text file that begins with “hello, this is a note”",
    b'{"a": 1, "b": [1, 2, 3]}': "looks like JSON",
    b"\n <!DOCTYPE html><html><title>Log in": "HTML page",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n": "git lfs pull",
    gzip.compress(b"x" * 100): "gzip",
    b"7z\xbc\xaf\x27\x1c" + bytes(100): "7-Zip",
    written(tarred): "tar archive",
    b"\x89HDF\r\n\x1a\n" + bytes(100): "HDF5",
    b"\x89PNG\r\n\x1a\n" + bytes(100): "PNG",
    b"\x7fELF\x02\x01\x01" + bytes(100): "ELF",
    b"GGUF\x03\0\0\0" + bytes(100): "GGUF",
    b"\x08\x08\x12\x07pytorch\x1a\x032.0:" + bytes(20): "ONNX",
    written(lambda f: np.save(f, np.arange(3))): "npy",
    written(lambda f: np.savez(f, a=np.arange(3))): "npz",
    zipped("readme.txt", "b.txt"): "without a checkpoint's data.pkl among its 2 records",
    zipped("m/code/__torch__.py", "m/data/0")[:-10]: "a TorchScript archive, cut",
    zipped("m/data/weights/weight_0", "m/archive_format")[:-10]: "torch.export (pt2), cut or damaged",
    zipped("m/.data/0.storage", "m/model/model.pkl")[:-10]: "torch.package, cut or damaged",
    b"\x2c\0\0\0PTMF" + bytes(40): "a mobile model of PyTorch in a flatbuffer",
    zipped(): "empty zip",
    zipped("a.txt")[:-10]: "zip archive without a checkpoint",
    zipped("a.txt") + b"tail": "4 bytes follow",
    bytes(600): "zeros at its start",
    bytes([0, 1, 2, 255, 254, 253, 9, 9, 9, 9, 9]): "begins with the bytes 00 01 02 ff",
    b"\x14" + bytes(7) + b' {"a":{"dtype":"U8"}}     ': "like safetensors, but its header does not begin",
    b"evil \x1b[2J \xe2\x80\xae name\nmore": "evil \\x1b",
}


@pytest.mark.parametrize(("data", "words"), CASES.items(), ids=CASES.values())
def test_it_is_named_in_one_sentence(data, words):
    error = refusal(Probe("p", data[:HEAD], len(data), MemorySource(data)), ["torch-zip", "safetensors"])
    sentence = str(error)
    assert isinstance(error, UnknownFormatError)
    if "evil" in words:
        assert "\x1b" not in sentence
        return
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    if data:
        assert "(tried: torch-zip, safetensors)" in sentence
