"""The torch zip reader before the suite that every reader passes."""

import warnings
import zipfile
from functools import partial

import numpy as np
import torch

from tests.formats.conformance import ReaderConformance


def by_name(tensors):
    return {(name,): tensor for name, tensor in tensors.items()}


def written(make, folder, **options):
    path = folder / "model.pt"
    saved = make()
    torch.save(saved, path, **options)
    return path, by_name(torch.load(path, weights_only=False))


def state_dict():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()


def views():
    base = torch.arange(60.0).reshape(3, 4, 5)
    turned = torch.tensor([1 + 2j, 3 - 4j])
    return {
        "base": base, "transposed": base.transpose(0, 2), "slice": base[1, 1:3, ::2], "scalar": base[2, 3, 4],
        "expanded": torch.ones(1, 3).expand(4, 3), "none": base[3:], "conj": turned.conj(),
        "neg": turned.clone().conj().imag,
    }  # fmt: skip


def dtypes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # complex32 is experimental
        return {str(dtype): torch.arange(48, dtype=torch.uint8).view(dtype).clone() for dtype in DTYPES}


DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.complex64, torch.complex128, torch.complex32,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
]  # fmt: skip


def arrays():
    return {
        "c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "big": np.arange(5, dtype=">i4"), "scalar": np.array(4.5), "tensor": torch.ones(2),
    }  # fmt: skip


def repacked(folder):
    """As a tool leaves it that packs archives again: everything deflated."""
    path, expected = written(state_dict, folder)
    again = folder / "again.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return again, expected


def big_endian(folder):
    """As a machine with the other byte order writes it."""
    path, expected = written(lambda: {"w": torch.arange(6.0), "z": torch.tensor([1 + 2j])}, folder)
    again = folder / "big.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if "/data/" in name:
                data = np.frombuffer(data, "<f4").astype(">f4").tobytes()
            new.writestr(name, b"big" if name.endswith("/byteorder") else data)
    return again, expected


class TestTorchZip(ReaderConformance):
    format = "torch-zip"

    @classmethod
    def cases(cls):
        return {
            "state dict": partial(written, state_dict),
            "views": partial(written, views),
            "dtypes": partial(written, dtypes),
            "arrays": partial(written, arrays),
            **{f"protocol {n}": partial(written, state_dict, pickle_protocol=n) for n in (3, 4, 5)},
            "deflated": repacked,
            "big-endian": big_endian,
        }

    @classmethod
    def large(cls, folder):
        torch.save({"w": torch.zeros(1 << 20)}, folder / "large.pt")
        return folder / "large.pt"
