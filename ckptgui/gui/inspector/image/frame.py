"""Which part of a matrix a picture shows, and how large: whole pixels a value, or whole values a pixel.

All lengths are device pixels, so that every pixel stands for the same number of values. A line has no pixels
that have to be equal, so it may be stretched to the width there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

_LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
CLOSEST = 128
"""Pixels of a value when it cannot be larger: with room for its number, also where two of them are one point."""

_ENOUGH = 64
"""Pixels beyond which a value is not stretched to fill the area."""

_LONGEST = 12
"""How much longer than wide a value is drawn at first, where a matrix of few rows or columns needs it."""

Offers = Callable[[int, int], bool]
"""Whether so many values a pixel can be shown along an axis (0 down, 1 across)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """``pixels`` a value, or ``values`` a pixel; one of the two is 1 unless blocks of values are stretched."""

    pixels: float = 1
    values: int = 1

    @property
    def scale(self) -> float:
        """Pixels a value."""
        return self.pixels / self.values

    def length(self, size: int) -> int:
        """Pixels that ``size`` values take."""
        return round(-(-size // self.values) * self.pixels)


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of ``room`` pixels over a matrix of ``size`` values, ``top`` and ``left`` pixels into its picture.

    Pairs are down and across.
    """

    size: tuple[int, int]
    room: tuple[int, int]
    down: Axis
    across: Axis
    top: int = 0
    left: int = 0

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Down and across."""
        return self.down, self.across

    @property
    def block(self) -> tuple[int, int]:
        """Values behind a pixel."""
        return self.down.values, self.across.values

    @property
    def exact(self) -> bool:
        """Whether no pixel stands for more than one value."""
        return self.block == (1, 1)

    @property
    def whole(self) -> bool:
        """Whether all of the matrix is seen."""
        return all(axis.length(n) <= room for axis, n, room in zip(self.axes, self.size, self.room))

    def visible(self, margin: float = 0.0) -> tuple[range, range]:
        """Rows and columns that are seen, and ``margin`` times as many around them; whole blocks."""
        seen = []
        for axis, n, room, start in zip(self.axes, self.size, self.room, (self.top, self.left)):
            first, last = start - int(margin * room), start + room + int(margin * room)
            low, high = (int(edge) * axis.values for edge in (first // axis.pixels, -(-last // axis.pixels)))
            seen.append(range(max(0, low), max(0, min(n, high))))
        return seen[0], seen[1]

    def value_at(self, y: float, x: float) -> tuple[int, int] | None:
        """Row and column of the (first) value behind a pixel of the area; None beside the picture."""
        row = int((self.top + y) // self.down.pixels) * self.down.values
        column = int((self.left + x) // self.across.pixels) * self.across.values
        inside = y >= 0 <= x and row < self.size[0] and column < self.size[1]
        return (row, column) if inside else None

    def pixel_of(self, row: float, column: float) -> tuple[float, float]:
        """Where a value begins, in pixels of the area."""
        return row * self.down.scale - self.top, column * self.across.scale - self.left

    def moved(self, down: int, right: int) -> Frame:
        """Farther down and to the right, as far as there is something."""
        return replace(self, top=self.top + down, left=self.left + right)._within()

    def around(self, row: int, column: int) -> Frame:
        """With a value in the middle, as far as the edges allow."""
        top = round(row * self.down.scale) - self.room[0] // 2
        left = round(column * self.across.scale) - self.room[1] // 2
        return replace(self, top=top, left=left)._within()

    def resized(self, room: tuple[int, int]) -> Frame:
        """In an area of another size."""
        return replace(self, room=room)._within()

    def scaled(self, down: Axis, across: Axis, y: float, x: float) -> Frame:
        """At another scale; the value at a pixel of the area stays under it."""
        row, column = (self.top + y) / self.down.scale, (self.left + x) / self.across.scale
        top, left = round(row * down.scale - y), round(column * across.scale - x)
        return replace(self, down=down, across=across, top=top, left=left)._within()

    def closer(self, y: float, x: float, offers: Offers) -> Frame:
        """One step closer; the side that is farther away goes first, until values are square."""
        scales = [axis.scale for axis in self.axes]
        axes = [
            closer_axis(axis, number, offers) if axis.scale <= min(scales) else axis
            for number, axis in enumerate(self.axes)
        ]
        return self.scaled(axes[0], axes[1], y, x)

    def farther(self, y: float, x: float, offers: Offers) -> Frame:
        """One step farther away, until all is seen."""
        far = self.fitted(offers)
        axes = []
        for number, (axis, most) in enumerate(zip(self.axes, far.axes)):
            stepped = farther_axis(axis, number, offers)
            axes.append(stepped if stepped.scale >= most.scale else min(axis, most, key=lambda a: a.scale))
        return self.scaled(axes[0], axes[1], y, x)

    def fitted(self, offers: Offers) -> Frame:
        """As large as all of the matrix fits, values square unless that leaves a thin strip."""
        sides = list(zip(self.size, self.room))
        axes = [fitting_axis(n, room, number, offers) for number, (n, room) in enumerate(sides)]
        least = min(axis.scale for axis in axes)
        for number, (n, room) in enumerate(sides):
            square = _at_most(least, number, offers)
            thin = square.length(n) < room // 6
            axes[number] = _at_most(min(axes[number].scale, least * _LONGEST), number, offers) if thin else square
        return replace(self, down=axes[0], across=axes[1], top=0, left=0)

    def first(self, offers: Offers, least: int = 1) -> Frame:
        """What is shown at first: all of a matrix that fits, else the beginning with ``least`` pixels a value."""
        fitted = self.fitted(offers)
        axes = [axis if axis.scale >= least else Axis(least) for axis in fitted.axes]
        square = min(axes, key=lambda axis: axis.scale)
        axes = [
            square if square.length(n) >= room // 6 else axis for axis, n, room in zip(axes, self.size, self.room)
        ]
        for number, (n, room) in enumerate(zip(self.size, self.room)):
            if axes[number].length(n) < room // 6:
                axes[number] = Axis(max(axes[number].pixels, min(room // n, least * _LONGEST)))
        return replace(fitted, down=axes[0], across=axes[1])

    def _within(self) -> Frame:
        places = [
            max(0, min(start, axis.length(n) - room))
            for axis, n, room, start in zip(self.axes, self.size, self.room, (self.top, self.left))
        ]
        return replace(self, top=places[0], left=places[1])


def _rungs() -> list[int]:
    rungs = list(_LADDER)
    while rungs[-1] < 1 << 40:
        rungs += [rungs[-2] * 2, rungs[-1] * 2]
    return rungs


_RUNGS = _rungs()


def closer_axis(axis: Axis, number: int, offers: Offers) -> Axis:
    """One step closer along an axis (0 down)."""
    if axis.values > 1:
        fewer = (n for n in reversed(_RUNGS) if n * axis.pixels < axis.values)
        return Axis(1, next(n for n in fewer if n == 1 or offers(n, number)))
    return Axis(next((n for n in _LADDER if n > axis.pixels), axis.pixels))


def farther_axis(axis: Axis, number: int, offers: Offers) -> Axis:
    """One step farther away."""
    if axis.scale > 1:
        return Axis(next(n for n in reversed(_LADDER) if n < axis.pixels))
    return Axis(1, next(n for n in _RUNGS if n > axis.values and offers(n, number)))


def fitting_axis(size: int, room: int, number: int, offers: Offers) -> Axis:
    """As large as so many values fit into so many pixels."""
    return _at_most(max(1, room) / max(1, size), number, offers)


def filling_axis(size: int, room: int, number: int, offers: Offers) -> Axis:
    """So many values over all of so many pixels."""
    values = fitting_axis(size, room, number, offers).values
    return Axis(room / max(1, -(-size // values)), values)


def _at_most(scale: float, number: int, offers: Offers) -> Axis:
    """The largest scale up to ``scale`` that can be had."""
    if scale >= 1:
        return Axis(min(_ENOUGH, int(scale)))
    values = max(2, -int(-1 / scale // 1))
    step = 1
    while not offers(values, number):
        step = max(step, values & -values)
        values += step
    return Axis(1, values)
