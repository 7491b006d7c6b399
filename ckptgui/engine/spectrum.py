"""The singular values of a tensor in a file; in a process of its own, as nothing else could stop it half way."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.spectrum import Spectrum, seconds, spectrum
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.child import in_child
from ckptgui.engine.decoding import quantisation
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.stream import iter_values
from ckptgui.engine.window import real_values
from ckptgui.errors import LimitExceededError, UnsupportedError
from ckptgui.sources.locate import SourcePool

MOST_ELEMENTS = 1 << 28
"""Elements of a matrix that is held in memory for it: 1 GiB of float32."""

MOST_SECONDS = 1800.0
"""Half an hour's work; more is not begun."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes before it is begun. ``seconds`` is a guess, ``nbytes`` is memory."""

    shape: tuple[int, int]
    seconds: float
    nbytes: int


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """A kernel's filters are the rows: its first dimension against all others."""
    return shape[0], math.prod(shape[1:])


def may_have_spectrum(info: TensorInfo) -> bool:
    """Whether it is a matrix at all; ``why_no_spectrum`` then says why one has no values to be found."""
    return len(info.shape) >= 2 and info.numel > 0


def why_no_spectrum(info: TensorInfo) -> str:
    """Why a tensor has no singular values to be found, in a sentence; empty when it has."""
    if len(info.shape) < 2 or info.numel == 0:
        return "Only a matrix has singular values."
    if info.error is not None:
        return info.error
    if info.extent is None or info.dtype.kind not in (Kind.FLOAT, Kind.QUANTIZED) or _unknown(info):
        return f"Singular values are found of real floating-point numbers, not of {info.dtype}."
    shape = matrix_shape(info.shape)
    if info.numel > MOST_ELEMENTS or seconds(shape) > MOST_SECONDS:
        return f"A matrix of {shape[0]:,} × {shape[1]:,} is too large to take apart here."
    return ""


def require_spectrum(info: TensorInfo) -> None:
    """Raise where a tensor has no singular values to be found."""
    reason = why_no_spectrum(info)
    if reason:
        raise (LimitExceededError if "too large" in reason else UnsupportedError)(reason)


def _unknown(info: TensorInfo) -> bool:
    return info.dtype.kind is Kind.QUANTIZED and quantisation(info) is None


def cost(info: TensorInfo) -> Cost:
    """What ``find_spectrum`` would take."""
    shape = matrix_shape(info.shape)
    held = info.numel * (8 if info.dtype.bits == 64 else 4)
    return Cost(shape, seconds(shape) + 0.5, held + 3 * 8 * min(shape) ** 2)


def find_spectrum(info: TensorInfo, cancel: Cancel, report: Report = silent) -> Spectrum:
    """Read the tensor and take it apart. ``report`` counts thousandths of the work.

    Raises ``UnsupportedError`` where it cannot be, with a NaN in it for instance; ``CheckpointError`` where the
    bytes cannot be had; ``Cancelled``.
    """
    require_whole(info)
    require_spectrum(info)
    return in_child(_find, info, cancel, report)


def _find(info: TensorInfo, report: Report) -> Spectrum:
    """In the process: the matrix as a whole, then its values."""
    pool = SourcePool()
    try:
        return spectrum_of(info, iter_values(info, pool, Cancel()), report)
    finally:
        pool.close()


def spectrum_of(info: TensorInfo, pieces: Iterable[np.ndarray], report: Report) -> Spectrum:
    """The singular values of a tensor that has some, from its values in row-major order; on this thread."""
    matrix = np.empty(info.numel, np.float64 if info.dtype.bits == 64 else np.float32)
    done = 0
    for values in pieces:
        matrix[done : done + len(values)] = values
        done += len(values)
        report(Progress(round(100 * done / info.numel), 1000))
    if info.dtype.kind is Kind.QUANTIZED:
        matrix = real_values(info, matrix.reshape(info.shape), ()).reshape(-1)
    require_finite(int(np.count_nonzero(~np.isfinite(matrix))))
    shape = matrix_shape(info.shape)
    return spectrum(matrix.reshape(shape), lambda share: report(Progress(100 + round(900 * share), 1000)))


def require_finite(others: int) -> None:
    """Raise where so many values of a matrix are not finite."""
    if others:
        verb = "is" if others == 1 else "are"
        raise UnsupportedError(f"{others:,} of its values {verb} not finite, so it has no singular values.")
