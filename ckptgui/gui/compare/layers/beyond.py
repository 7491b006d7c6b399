"""What is broken outside of what is seen: how much, on which side, and where the nearest of it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from PySide6.QtCore import QRect

from ckptgui.gui.compare.layers.geometry import Geometry
from ckptgui.gui.numbers import integer, tr


class Side(Enum):
    """Where to scroll."""

    ABOVE = "above"
    BELOW = "below"
    LEFT = "left"
    RIGHT = "right"


_WORDS = {
    Side.ABOVE: tr("{0} NaN above"),
    Side.BELOW: tr("{0} NaN below"),
    Side.LEFT: tr("{0} NaN to the left"),
    Side.RIGHT: tr("{0} NaN to the right"),
}


@dataclass(frozen=True, slots=True)
class Beyond:
    """``count`` rows above or below, or columns beside, are broken; ``row`` and ``column`` is the nearest cell."""

    side: Side
    count: int
    row: int
    column: int

    @property
    def text(self) -> str:
        """``1 NaN below``"""
        return _WORDS[self.side].format(integer(self.count))

    def rect(self, area: QRect, wide: int, tall: int) -> QRect:
        """Where the mark stands at the edge of the cells' area."""
        wide = min(wide, area.width())
        middle = area.center()
        left = {Side.LEFT: area.left(), Side.RIGHT: area.right() - wide}.get(self.side, middle.x() - wide // 2)
        top = {Side.ABOVE: area.top() + 4, Side.BELOW: area.bottom() - tall - 4}.get(
            self.side, middle.y() - tall // 2
        )
        return QRect(max(left, area.left()), top, wide, tall)


def beyond_of(broken: np.ndarray, size: Geometry, x: int, y: int) -> list[Beyond]:
    """The sides on which there is something broken (bool, rows × columns)."""
    rows, columns = size.rows_seen(y), size.columns_seen(x)
    if not len(rows) or not len(columns) or not broken.any():
        return []
    in_rows, in_columns = np.any(broken, axis=1), np.any(broken[rows.start : rows.stop], axis=0)
    found = []
    for side, part, nearest in (
        (Side.ABOVE, in_rows[: _first_whole(size, rows, y)], -1),
        (Side.BELOW, in_rows[_last_whole(size, rows, y) :], 0),
    ):
        places = np.flatnonzero(part)
        if len(places):
            row = int(places[nearest]) + (0 if side is Side.ABOVE else _last_whole(size, rows, y))
            found.append(Beyond(side, len(places), row, int(broken[row].argmax())))
    for side, part, nearest in (
        (Side.LEFT, in_columns[: columns.start], -1),
        (Side.RIGHT, in_columns[columns.stop :], 0),
    ):
        places = np.flatnonzero(part)
        if len(places):
            column = int(places[nearest]) + (0 if side is Side.LEFT else columns.stop)
            row = rows.start + int(broken[rows.start : rows.stop, column].argmax())
            found.append(Beyond(side, len(places), row, column))
    return found


def _first_whole(size: Geometry, rows: range, y: int) -> int:
    """The first row of which at least half is seen."""
    return rows.start + (int(size.tops[rows.start]) + size.row // 2 < y)


def _last_whole(size: Geometry, rows: range, y: int) -> int:
    """One after the last row of which at least half is seen."""
    return rows.stop - (int(size.tops[rows.stop - 1]) + size.row // 2 > y + size.height)
