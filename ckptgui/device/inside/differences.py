"""What two resident tensors of one shape differ in, found on their device (``engine.compare_one``)."""

from __future__ import annotations

import math

import numpy as np
import torch

from ckptgui.analysis.difference_fold import space_of
from ckptgui.analysis.difference_sums import (
    BOTH_A,
    BOTH_B,
    CHANGED,
    DELTA,
    DOT,
    INF_A,
    INF_B,
    INF_BOTH,
    NAN_A,
    NAN_B,
    WHOLE_A,
    WHOLE_B,
    PairSums,
)
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend
from ckptgui.device.inside.counting import LOWEST
from ckptgui.device.inside.falling_back import worked_out
from ckptgui.device.inside.passes import has_pass
from ckptgui.device.inside.reals import Reals, has_float64, unsigned_reals
from ckptgui.device.inside.stored import Stored
from ckptgui.engine.compare_one import compare_from, has_figures
from ckptgui.engine.decoding import is_pairs
from ckptgui.engine.job import Cancel, Progress, Report, silent

PIECE = 1 << 21
"""Elements of each that a device folds at once."""

WORK = 96
"""Bytes of the device's memory that folding takes for each of them, at most."""

Held = tuple[Backend, torch.Tensor, TensorInfo]
"""A resident tensor: where it is, its bytes (flat uint8), and what it is."""


def compare(a: Held, b: Held, cancel: Cancel, report: Report = silent) -> tuple[np.ndarray | None, str]:
    """The record (``DIFFERENCE``, 1) that ``engine.compare_one`` makes of the two, and why not on the device.

    Counts, ``max_abs`` and ``argmax`` are equal to the CPU's; norms, ``relative`` and ``cosine`` are equal to
    1e-12 of them, as sums of products are rounded in another order. None where elements of either stand for no
    known numbers. Raises ``Cancelled``.
    """
    (backend, data, one), other = a, b[2]
    assert one.shape == other.shape
    pairs = is_pairs(one) and is_pairs(other)
    if not pairs and not (has_figures(one) and has_figures(other)):
        return None, ""
    if one.numel == 0:
        return PairSums.nothing(1).records(np.zeros(1, np.int64)), ""
    sides = Stored.of(*a), Stored.of(*b)

    def here() -> np.ndarray:
        residents = sides[0].resident, sides[1].resident
        wholes = [_Whole(side) for side in sides]
        found = compare_from((wholes[0], wholes[1]), *residents, cancel, report, same=data is b[1])
        assert found is not None
        return found

    if sides[0].in_main_memory and sides[1].in_main_memory:
        return here(), ""
    why = ""
    if not (has_pass(one.dtype) and has_pass(other.dtype)):
        why = f"Differences of {one.dtype} and {other.dtype} are not found on a device."
    elif backend.name != b[0].name:
        why = f"One of the two is on {backend.name} and the other on {b[0].name}."
    elif not has_float64(data.device):
        why = f"{backend.name} does not compute in float64."
    needed = WORK * min(PIECE, one.numel) + sum(8 << d.bits for d in (one.dtype, other.dtype) if d.bits <= 16)
    return worked_out(backend, needed, lambda: _folded(*sides, cancel, report), here, why)


class _Whole:
    """The bytes of a tensor as it lies there, repeated elements and all."""

    sequential = False

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def read_into(self, start: int, buffer: memoryview) -> None:
        """Fill ``buffer`` (``StorageReader``)."""
        self._stored.backend.read(self._stored.data, start, torch.frombuffer(buffer, dtype=torch.uint8))


def _folded(a: Stored, b: Stored, cancel: Cancel, report: Report) -> np.ndarray:
    """Both from first to last, row-major as they lie there."""
    count = a.info.numel
    long = space_of(a.info.dtype, b.info.dtype) == "integers"
    signed = a.info.dtype.kind is Kind.SIGNED, b.info.dtype.kind is Kind.SIGNED
    to_x, to_y = (Reals(side.info.dtype, side.data.device) for side in (a, b))
    found = PairSums.nothing(1)
    total = a.info.nbytes + b.info.nbytes
    for start in range(0, count, PIECE):
        cancel.check()
        stop = min(count, start + PIECE)
        one, other = a.bits[start:stop], b.bits[start:stop]
        x, y = to_x(one), to_y(other)
        if long:
            part = _summed(x, y, _distances(_widened(one, a), _widened(other, b), x, y, signed))
        else:
            part = _of_reals(x, y)
        part.places[part.places >= 0] += start
        found.add(part)
        report(Progress(total * stop // count, total))
    return found.records(np.array([count]))


def _of_reals(x: torch.Tensor, y: torch.Tensor) -> PairSums:
    """Values in float64, of which any may be NaN or infinite."""
    finite_x, finite_y = torch.isfinite(x), torch.isfinite(y)
    both = finite_x & finite_y
    if bool(both.all()):
        return _summed(x, y, (y - x).abs())
    nan_x, nan_y = x.isnan(), y.isnan()
    inf_x, inf_y = x.isinf(), y.isinf()
    moved = torch.where(both, (y - x).abs(), 0.0)
    found = _summed(torch.where(both, x, 0.0), torch.where(both, y, 0.0), moved)
    for column, values, finite in ((WHOLE_A, x, finite_x), (WHOLE_B, y, finite_y)):
        found.sums[0, column], found.powers[0, column] = _squares(torch.where(finite, values, 0.0))
    told = torch.stack(
        [
            ((x != y) & ~(nan_x & nan_y)).sum(),
            nan_x.sum(),
            nan_y.sum(),
            inf_x.sum(),
            inf_y.sum(),
            (inf_x & (x == y)).sum(),
        ]
    )
    found.counts[0, [CHANGED, NAN_A, NAN_B, INF_A, INF_B, INF_BOTH]] = told.cpu().numpy()
    return found


def _summed(x: torch.Tensor, y: torch.Tensor, moved: torch.Tensor) -> PairSums:
    """Finite values and how far they are apart."""
    found = PairSums.nothing(1)
    (square_x, power_x), (square_y, power_y), (square, power) = _squares(x), _squares(y), _squares(moved)
    product = float(((x * 2.0 ** (-power_x // 2)) * (y * 2.0 ** (-power_y // 2))).sum())
    for column, value, by in (
        (WHOLE_A, square_x, power_x),
        (BOTH_A, square_x, power_x),
        (WHOLE_B, square_y, power_y),
        (BOTH_B, square_y, power_y),
        (DOT, product, (power_x + power_y) // 2),
        (DELTA, square, power),
    ):
        found.sums[0, column], found.powers[0, column] = value, by
    changed = moved != 0
    found.counts[0, CHANGED] = int(changed.sum())
    peak = float(moved.max())
    if peak > 0:
        found.peaks[0], found.places[0] = peak, int((moved == peak).nonzero()[0])
    return found


def _squares(values: torch.Tensor) -> tuple[float, int]:
    """The sum of squares, and the power of two that it is to be multiplied with, so that none overflows."""
    biggest = float(values.abs().max())
    power = 0
    if biggest != 0.0 and not 1e-120 < biggest < 1e140 and biggest < math.inf:
        power = max(-1020, math.frexp(biggest)[1])
    scaled = values * 2.0**-power if power else values
    return float((scaled * scaled).sum()), 2 * power


def _widened(bits: torch.Tensor, side: Stored) -> torch.Tensor:
    """Integers of any width in 64 bits; unsigned ones of 64 as the bits that they are."""
    dtype = side.info.dtype
    if dtype.kind is Kind.SIGNED or dtype.bits == 64:
        return bits.long()
    if dtype.kind is Kind.BOOL:
        return (bits != 0).long()
    return bits.long() & (1 << dtype.bits) - 1


def _distances(
    p: torch.Tensor, q: torch.Tensor, x: torch.Tensor, y: torch.Tensor, signed: tuple[bool, bool]
) -> torch.Tensor:
    """How far long integers are apart, rounded once; those of two signs by their float64, as no digits cancel."""
    below_p = (p < 0) if signed[0] else torch.zeros_like(p, dtype=torch.bool)
    below_q = (q < 0) if signed[1] else torch.zeros_like(q, dtype=torch.bool)
    larger = (p ^ LOWEST) > (q ^ LOWEST)  # as unsigned, which within a sign is as numbers
    apart = unsigned_reals(torch.where(larger, p - q, q - p))
    return torch.where(below_p == below_q, apart, (y - x).abs())
