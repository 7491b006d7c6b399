"""The safetensors reader before the suite that every reader passes."""

from functools import partial

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.formats.conformance import ReaderConformance
from tests.formats.test_conformance_zip import by_name, state_dict

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.complex64, torch.float8_e4m3fn,
    torch.float8_e5m2, torch.float8_e8m0fnu,
]  # fmt: skip


def in_order(path):
    """The library loads in the order of the names; the header has its own."""
    loaded = load_file(path)
    with safe_open(path, "pt") as file:
        return {name: loaded[name] for name in file.offset_keys()}


def written(make, folder, metadata=None):
    path = folder / "model.safetensors"
    save_file(make(), path, metadata)
    return path, by_name(in_order(path))


def dtypes():
    return {str(dtype): torch.arange(48, dtype=torch.uint8).view(dtype).clone() for dtype in DTYPES}


def odd():
    return {"zero-d": torch.tensor(3.0), "empty": torch.zeros(0, 4), "flags": torch.tensor([True, False])}


class TestSafetensors(ReaderConformance):
    format = "safetensors"

    @classmethod
    def cases(cls):
        return {
            "state dict": partial(written, state_dict),
            "dtypes": partial(written, dtypes),
            "odd shapes": partial(written, odd),
            "metadata": partial(written, state_dict, metadata={"format": "pt", "step": "3"}),
        }

    @classmethod
    def large(cls, folder):
        save_file({"w": torch.zeros(1 << 20)}, folder / "large.safetensors")
        return folder / "large.safetensors"
