"""The tree's columns as data: titles, the texts that set their widths, who gives way first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics

from ckptgui.core.tree.sort import SortKey
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ui_font


class Column(IntEnum):
    """From left to right."""

    NAME = 0
    SHAPE = 1
    TYPE = 2
    SIZE = 3
    SHARE = 4
    MEAN = 5
    DISTRIBUTION = 6


GIVES_WAY = (Column.TYPE, Column.SHARE, Column.MEAN, Column.DISTRIBUTION)
"""Which columns go, first to last, when the window gets narrow."""

PAD = 6
"""Left and right of what a cell shows."""

UNIT_GAP = 4
SHARE_BAR = 36
SPARKLINE = 78
MIN_NAME = 190


SORTED_BY = {
    Column.NAME: SortKey.NAME,
    Column.SHAPE: SortKey.ELEMENTS,
    Column.TYPE: SortKey.TYPE,
    Column.SIZE: SortKey.SIZE,
    Column.SHARE: SortKey.SIZE,
}
"""What a click on a column's caption sorts by; the others' values arrive late, and rows would jump."""


def title(column: Column) -> str:
    """What the header says."""
    return {
        Column.NAME: tr("Name"),
        Column.SHAPE: tr("Shape"),
        Column.TYPE: tr("Type"),
        Column.SIZE: tr("Size"),
        Column.SHARE: tr("Share"),
        Column.MEAN: tr("Mean ± std"),
        Column.DISTRIBUTION: tr("Distribution"),
    }[column]


def tooltip(column: Column) -> str:
    """What the header's word means, where that is not plain; else empty."""
    return {
        Column.SHARE: tr(
            "Part of the bytes of what a row belongs to: a tensor's of its module, a module's of its section"
        ),
        Column.MEAN: tr(
            "Mean and standard deviation of the values; a module's are those of all its tensors together"
        ),
        Column.DISTRIBUTION: tr("How the values are spread, each tensor over its own range"),
        Column.SIZE: tr("Bytes in the file; a tensor that is tied to another takes none of its own"),
    }.get(column, "")


def alignment(column: Column) -> Qt.AlignmentFlag:
    """Where the header's title stands."""
    if column is Column.MEAN:
        return Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
    return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


NARROWEST_SHAPE, WIDEST_SHAPE = "9,999 tensors", "50,304 × 1,024 × 3 × 3"
NARROWEST_TYPE, WIDEST_TYPE = "float32", "float8_e4m3fn +1"
"""Between these two the column is as wide as the widest text of the file."""


class Widths:
    """Distances that come from the font, so that every fallback looks right, and from the file's texts."""

    def __init__(self) -> None:
        metrics = self._metrics = QFontMetrics(ui_font())
        self.unit = metrics.horizontalAdvance("MiB")
        self.number = QFontMetrics(ui_font(weight=QFont.Weight.DemiBold)).horizontalAdvance("999.9")
        self.plus_minus = metrics.horizontalAdvance(" ± ")
        self.mean = metrics.horizontalAdvance("−9.9e−05")
        self.std = metrics.horizontalAdvance("9.9e−05") + 2
        self.shape = metrics.horizontalAdvance("50,304 × 1,024")
        self.type = max(map(metrics.horizontalAdvance, ("bfloat16", "float32 +1")))

    def fit(self, shapes: Iterable[str], types: Iterable[str]) -> None:
        """Take no more room for shapes and types than a file's need: what is left is the names'."""
        self.shape = self._fitted(shapes, NARROWEST_SHAPE, WIDEST_SHAPE)
        self.type = self._fitted(types, NARROWEST_TYPE, WIDEST_TYPE)

    def _fitted(self, texts: Iterable[str], least: str, most: str) -> int:
        wide = self._metrics.horizontalAdvance
        return min(max([wide(least), *map(wide, texts)]), wide(most))

    def of(self, column: Column) -> int:
        """A column's width; the name takes what is left."""
        return {
            Column.NAME: MIN_NAME,
            Column.SHAPE: self.shape + PAD + 4,
            Column.TYPE: self.type + PAD + 4,
            Column.SIZE: self.number + UNIT_GAP + self.unit + 2 * PAD,
            Column.SHARE: SHARE_BAR + 2 * PAD,
            Column.MEAN: self.mean + self.plus_minus + self.std + PAD,
            Column.DISTRIBUTION: SPARKLINE + 2 * PAD,
        }[column]

    def hidden(self, width: int) -> frozenset[Column]:
        """Which columns have to go at a view's ``width``."""
        gone: set[Column] = set()
        for column in GIVES_WAY:
            if sum(self.of(each) for each in Column if each not in gone) <= width:
                break
            gone.add(column)
        return frozenset(gone)
