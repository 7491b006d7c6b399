"""From cells to colours: limits, the palette that fits the signs, marks for what is not finite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QImage

from ckptgui.analysis.blocks import NAN, NEGINF, NOT_FINITE, POSINF, UNREAD, Cells, Shown
from ckptgui.engine.job import Cancel
from ckptgui.engine.pyramid import Pyramid, View
from ckptgui.gui.palettes import Palette, packed, table
from ckptgui.gui.theme import Theme

USUAL = 0.998
"""The share of the values, in their middle, over which colours go unless someone chose other limits."""

_SAMPLE = 200_000
"""Cells that quantiles of a view are taken from."""

MOST_MARKS = 3000
"""Marks of a view; where more cells than that are not finite, lines are drawn through them instead."""

_BINS = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """The values at which colours end; those beyond have the end's colour."""

    low: float
    high: float

    @property
    def signed(self) -> bool:
        """Whether there are colours on both sides of zero."""
        return self.low < 0 < self.high

    def colours(self, palette: Palette, dark: bool) -> tuple[np.ndarray, float]:
        """The table, and the value of its middle colour."""
        half = self.low / 2 + self.high / 2
        if palette is Palette.BY_SIGN:
            palette = Palette.DIFFERENCE if self.signed else Palette.MAGNITUDE
        if palette is Palette.DIFFERENCE:
            return table(palette, dark), 0.0 if self.signed else half
        flipped = palette is Palette.MAGNITUDE and self.high <= 0 and self.low < 0
        return table(palette, dark, flipped), half


@dataclass(frozen=True, slots=True)
class Look:
    """How a view is to be coloured; ``limits`` None: by what is in it, even about zero if ``centred``.

    Marks stand ``apart`` cells at least.
    """

    shown: Shown
    limits: Limits | None
    palette: Palette
    theme: Theme
    apart: int = 8
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A view in colours. ``marks`` are row, column and flag of cells that are not finite, none twice nearby.

    ``bars`` are counts of the cells' numbers over the limits and half as far again, ``beyond`` the share of
    them outside the limits.
    """

    view: View
    look: Look
    image: QImage
    limits: Limits
    marks: np.ndarray
    span: Limits
    bars: np.ndarray
    beyond: float
    unread: bool


def usual_limits(low: float, high: float, least: float, greatest: float) -> Limits:
    """Limits from the ends of the middle and of all values: even about zero for both signs, and never empty."""
    if least < 0 < greatest:
        reach = max(-low, high) if low < 0 < high else max(abs(low), abs(high))
        reach = reach or max(-least, greatest)
        return Limits(-reach, reach)
    if low == high:
        low, high = (min(low, 0.0), max(high, 0.0)) if low else (0.0, 1.0)
    return Limits(low, high)


def widened(limits: Limits, by: float = 1.5) -> Limits:
    """A range around limits; zero stays its end where the limits end there."""
    middle, half = limits.low / 2 + limits.high / 2, (limits.high / 2 - limits.low / 2) * by
    return Limits(max(middle - half, -1.7e308), min(middle + half, 1.7e308))


def look_at(
    pyramid: Pyramid, rows: range, columns: range, block: tuple[int, int], look: Look, cancel: Cancel
) -> Picture:
    """Read what is behind a view and colour it; raises ``CheckpointError``, ``Cancelled``."""
    return coloured(pyramid.view(rows, columns, block, cancel), look)


def coloured(view: View, look: Look) -> Picture:
    """Give a view that was read its colours."""
    numbers = view.cells.shown(look.shown)
    sample = _sample(numbers)
    limits = look.limits or _limits_of(sample)
    if look.centred and look.limits is None:
        reach = max(-limits.low, limits.high)
        limits = Limits(-reach, reach)
    span = widened(limits)
    bars = _counted(sample, span)
    beyond = float(((sample < limits.low) | (sample > limits.high)).mean()) if sample.size else 0.0
    marks = _marks(view.cells, look.apart)
    image = shade_image(view.cells, numbers, limits, look, hatch=len(marks) >= MOST_MARKS)
    unread = bool((view.cells.odd & UNREAD).any())
    return Picture(view, look, image, limits, marks, span, bars, beyond, unread)


def _counted(sample: np.ndarray, span: Limits) -> np.ndarray:
    """How many of a sample are in each part of a range; it may be of the largest numbers or the smallest."""
    half = span.high / 2 - span.low / 2
    if not half > 0:
        return np.zeros(_BINS, np.int64)
    inside = sample[(sample >= span.low) & (sample <= span.high)]
    part = ((inside / 2 - span.low / 2) / half * _BINS).astype(np.int64)
    return np.bincount(np.clip(part, 0, _BINS - 1), minlength=_BINS)


def shade_image(cells: Cells, numbers: np.ndarray, limits: Limits, look: Look, *, hatch: bool = False) -> QImage:
    """A pixel a cell."""
    from ckptgui.analysis.block_kernels import shade

    colours, middle = limits.colours(look.palette, look.theme.dark)
    height, width = numbers.shape
    image = QImage(max(1, width), max(1, height), QImage.Format.Format_RGB32)
    out = np.frombuffer(image.bits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    ground, bad = packed(look.theme.panel), packed(look.theme.nan)
    low, high = float(limits.low), float(limits.high)
    shade(numbers, cells.odd, low, float(middle), high, colours, bad, ground, hatch, out[:, :width])
    return image


def overview_image(cells: Cells, room: tuple[int, int], shown: Shown, theme: Theme) -> tuple[QImage, np.ndarray]:
    """The whole matrix in about ``room`` pixels, how large each block is by its own limits, and its marks."""
    factors = [max(1, length // pixels) for length, pixels in zip(cells.low.shape, room)]
    joined = cells.joined(factors[0], factors[1])
    sizes = np.abs(joined.shown(shown))
    sample = _sample(sizes)
    low, middle, high = (
        (float(end) for end in np.quantile(sample, (0.01, 0.5, 0.995))) if sample.size else (0, 0, 1)
    )
    reach = 1.6 * max(middle - low, high - middle)  # most of it is in the middle of the palette
    reach = min(reach, 1e308 - middle / 2)
    limits = Limits(max(0.0, middle - reach), middle + reach) if reach > 0 else Limits(0.0, high or 1.0)
    look = Look(shown, limits, Palette.MAGNITUDE, theme)
    marks = _marks(joined, 8)
    return shade_image(joined, sizes, limits, look), marks


def _sample(numbers: np.ndarray) -> np.ndarray:
    flat = numbers.reshape(-1)
    flat = flat[:: max(1, flat.size // _SAMPLE)]
    finite: np.ndarray = flat[np.isfinite(flat)].astype(np.float64)
    return finite


def _limits_of(sample: np.ndarray) -> Limits:
    if not sample.size:
        return Limits(0.0, 1.0)
    tail = int((1 - USUAL) / 2 * (sample.size - 1))
    low, high = (float(end) for end in np.partition(sample, (tail, sample.size - 1 - tail))[[tail, -1 - tail]])
    return usual_limits(low, high, float(sample.min()), float(sample.max()))


def _marks(cells: Cells, apart: int) -> np.ndarray:
    """Row, column and worst flag of cells that are not finite, one in each ``apart`` cells down and across."""
    if not (cells.odd & NOT_FINITE).any():
        return np.empty((0, 3), np.int64)
    rows, columns = np.nonzero(cells.odd & NOT_FINITE)
    if apart > 1:
        width = cells.odd.shape[1] // apart + 1
        _, first = np.unique(rows // apart * width + columns // apart, return_index=True)
        rows, columns = rows[first], columns[first]
    rows, columns = rows[:MOST_MARKS], columns[:MOST_MARKS]
    flags = cells.odd[rows, columns]
    worst = np.where(flags & NAN, NAN, np.where(flags & POSINF, POSINF, NEGINF))
    return np.stack([rows, columns, worst], axis=1).astype(np.int64)
