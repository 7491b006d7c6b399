"""Tensors as torch saves them and as a device holds them, and what makes two answers about them the same."""

from dataclasses import dataclass, fields

import numpy as np
import torch

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine import summarise as cpu
from ckptgui.engine.decoding import layout_of
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


@dataclass
class Both:
    """A tensor in a file, and its bytes as a device gets them: row-major, conjugation and negation applied."""

    info: TensorInfo
    pool: SourcePool
    data: torch.Tensor


class Files:
    """Saves tensors into one folder and opens what it saved."""

    def __init__(self, folder):
        self.folder = folder
        self.pool = SourcePool()
        self.made = 0

    def put(self, tensor):
        path = self.folder / f"{self.made}.pt"
        self.made += 1
        torch.save({"w": tensor}, path)
        info = open_checkpoint(str(path)).info(0)
        plain = tensor.int_repr() if tensor.is_quantized else tensor.resolve_conj().resolve_neg()
        if plain.dtype is torch.bool:  # torch's copy would make each true byte a one
            plain = plain.view(torch.uint8)
        data = plain.contiguous().clone().reshape(-1).view(torch.uint8)
        return Both(info, self.pool, data)

    def close(self):
        self.pool.close()


SUMMED = ("mean", "std", "l1", "l2")
"""Figures of sums, which the CPU rounds here and there."""


def assert_same_summary(mine, file, info):
    """Every figure, span, count and the digest; what is made of sums of many wide floats to 1e-12."""
    wide = (
        info.dtype.name in ("float32", "float64") and info.numel > cpu.SMALL and layout_of(info).count > cpu.SMALL
    )
    one, other = mine.statistics, file.statistics
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if wide and field.name in SUMMED and b is not None:
            largest = (
                max(abs(other.min), abs(other.max)) if other.finite else 0.0
            )  # what is lost is lost beside it
            scale = min(largest, (other.l1 or largest)) if field.name in ("mean", "std") else abs(b)
            assert a is not None and abs(a - b) <= max(1e-12 * scale, 5e-324), field.name
        else:
            assert a == b and type(a) is type(b), field.name
    assert mine.digest == file.digest
    assert_same_spread(mine.distribution, file.distribution)
    assert mine.quantiles == file.quantiles


def assert_same_spread(mine, file):
    if file is None:
        assert mine is None
        return
    for name in ("lows", "highs", "counts"):
        a, b = getattr(mine, name), getattr(file, name)
        assert a.dtype == b.dtype and np.array_equal(a, b), name
    assert (mine.times, mine.exact, mine.total) == (file.times, file.exact, file.total)
    assert mine.sparkline() == file.sparkline()


EXACT = ("known", "count", "changed", "nan_a", "nan_b", "inf_a", "inf_b", "inf_both", "max_abs", "argmax")


def assert_same_record(mine, file):
    """Counts and the largest difference to the bit, sums to 1e-12."""
    if file is None:
        assert mine is None
        return
    for name in file.dtype.names:
        a, b = mine[name][0], file[name][0]
        if name in EXACT:
            assert a == b, name
        else:
            assert np.isclose(a, b, rtol=1e-12, atol=1e-12 if name == "cosine" else 0.0, equal_nan=True), name
