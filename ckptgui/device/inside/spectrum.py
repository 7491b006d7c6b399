"""The singular values of a resident tensor, found on its device in float64 (``engine.spectrum``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ckptgui.analysis.spectrum import BLOCK, EXACT, Spectrum
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend
from ckptgui.device.inside.falling_back import worked_out
from ckptgui.device.inside.passes import has_pass
from ckptgui.device.inside.reals import Reals, has_float64
from ckptgui.device.inside.stored import Stored
from ckptgui.engine.gather import raw_dtype, resolve
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.spectrum import matrix_shape, require_finite, require_spectrum, spectrum_of

_READ = 8 << 20
"""Bytes that are brought to the CPU at once."""

Step = Callable[[float], None]


def spectrum(
    backend: Backend, data: torch.Tensor, info: TensorInfo, cancel: Cancel, report: Report = silent
) -> tuple[Spectrum, str]:
    """What ``engine.spectrum`` finds of the tensor, to 1e-6 of the largest value, and why not on the device.

    It goes the same way there, by the same blocks, and can be cancelled between them; the last step, in which the
    device's library takes the triangle or the product apart, runs to its end. Raises ``UnsupportedError`` where
    there are no singular values, with a NaN in it for instance; ``Cancelled``.
    """
    require_spectrum(info)
    stored = Stored.of(backend, data, info)

    def here() -> Spectrum:
        return spectrum_of(info, _values(stored, cancel), _heard(cancel, report))

    if stored.in_main_memory:
        return here(), ""
    why = ""
    if not has_pass(info.dtype):
        why = f"Singular values of {info.dtype} are not found on a device."
    elif not has_float64(data.device):
        why = f"{backend.name} does not compute in float64."

    def there() -> Spectrum:
        def step(share: float) -> None:
            cancel.check()
            report(Progress(round(1000 * share), 1000))

        return _Matrix(stored).spectrum(step)

    return worked_out(backend, memory_for(info), there, here, why)


def memory_for(info: TensorInfo) -> int:
    """Bytes of the device's memory that it takes: a few blocks, the triangle or product, and the library's own."""
    shorter, longer = sorted(matrix_shape(info.shape))
    rows = min(longer, BLOCK * shorter) + shorter if shorter <= EXACT else EXACT
    return 8 * (4 * rows * shorter + 4 * shorter**2) + (48 << 20)


class _Matrix:
    """The tensor as a matrix with no more columns than rows, read by rows on the device."""

    def __init__(self, stored: Stored) -> None:
        rows, columns = self.shape = matrix_shape(stored.info.shape)
        bits = stored.bits.view(rows, columns)
        self._tall = bits if rows >= columns else bits.T
        self._reals = Reals(stored.info.dtype, bits.device)
        self.longer, self.shorter = self._tall.shape

    def rows(self, most: int) -> Iterator[torch.Tensor]:
        """float64, at most so many rows at a time; they may be the tensor's own memory."""
        for start in range(0, self.longer, most):
            yield self._reals(self._tall[start : start + most].contiguous())

    def spectrum(self, step: Step) -> Spectrum:
        """All of it."""
        others, largest = 0, 0.0
        for rows in self.rows(max(1, (1 << 20) // self.shorter)):
            finite = torch.isfinite(rows)
            others += rows.numel() - int(finite.sum())
            largest = max(largest, float(rows.abs().max()))
            step(0.0)
        require_finite(others)
        found = self._by_triangle(step) if self.shorter <= EXACT else self._by_product(largest or 1.0, step)
        step(1.0)
        values: np.ndarray = found.cpu().numpy().astype(np.float64)
        return Spectrum(self.shape, values)

    def _by_triangle(self, step: Step) -> torch.Tensor:
        if self.longer == self.shorter:
            found: torch.Tensor = torch.linalg.svdvals(next(self.rows(self.longer)))
            return found
        triangle: torch.Tensor | None = None
        done = 0
        for rows in self.rows(BLOCK * self.shorter):
            together = rows if triangle is None else torch.cat([triangle, rows])
            triangle = torch.linalg.qr(together, mode="r").R
            done += len(rows)
            step(0.7 * done / self.longer)
        assert triangle is not None
        values: torch.Tensor = torch.linalg.svdvals(triangle)
        return values

    def _by_product(self, scale: float, step: Step) -> torch.Tensor:
        product, done = None, 0
        for rows in self.rows(EXACT):
            fitting = rows / scale  # so that squares fit
            product = fitting.T @ fitting if product is None else product.addmm_(fitting.T, fitting)
            done += len(rows)
            step(0.3 * done / self.longer)
        assert product is not None
        squares: torch.Tensor = torch.linalg.eigvalsh(product).flip(0)
        return squares.clamp(min=0.0).sqrt() * scale


def _values(stored: Stored, cancel: Cancel) -> Iterator[np.ndarray]:
    """The tensor's own values in row-major order, on the CPU."""
    info = stored.resident
    width = info.dtype.itemsize
    for start in range(0, info.nbytes, _READ):
        cancel.check()
        out = np.empty(min(_READ, info.nbytes - start) // width, raw_dtype(info.dtype))
        stored.backend.read(stored.data, start, torch.from_numpy(out.view(np.uint8)))
        yield resolve(out, info).reshape(-1)


def _heard(cancel: Cancel, report: Report) -> Report:
    """The report, with a look at the cancel each time."""

    def heard(progress: Progress) -> None:
        cancel.check()
        report(progress)

    return heard
