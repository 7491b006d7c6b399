"""What torch.save wrote before 1.6, and writes when it is told not to make a zip."""

import warnings
from functools import partial

import numpy as np
import torch

from tests.formats.conformance import ReaderConformance
from tests.formats.test_conformance_zip import DTYPES, by_name, state_dict, views


def save(saved, path, **options):
    torch.save(saved, path, _use_new_zipfile_serialization=False, **options)
    return path


def written(make, folder, **options):
    path = save(make(), folder / "old.pt", **options)
    return path, by_name(torch.load(path, weights_only=False))


def dtypes():
    """Those that have a typed storage; torch itself cannot load the others from this format."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in DTYPES:
            tensor = torch.arange(48, dtype=torch.uint8).view(dtype).clone()
            if _has_typed_storage(dtype):
                found[str(dtype)] = tensor
    return found


def _has_typed_storage(dtype):
    return dtype in torch.storage._dtype_to_storage_type_map()


def arrays():
    return {
        "c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "big": np.arange(50, dtype=">i4"), "t": torch.ones(2), "p": torch.nn.Parameter(torch.ones(3)),
    }  # fmt: skip


class TestTorchLegacy(ReaderConformance):
    format = "torch-legacy"

    @classmethod
    def cases(cls):
        return {
            "state dict": partial(written, state_dict),
            "views": partial(written, views),
            "dtypes": partial(written, dtypes),
            "arrays": partial(written, arrays),
            **{f"protocol {n}": partial(written, state_dict, pickle_protocol=n) for n in (1, 3, 4, 5)},
        }

    @classmethod
    def large(cls, folder):
        return save({"w": torch.zeros(1 << 20), "v": [torch.ones(3)] * 2}, folder / "large.pt")
