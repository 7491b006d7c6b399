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
    DEVICE = 3
    SIZE = 4
    SHARE = 5
    MEAN = 6
    RANGE = 7
    ZEROS = 8
    DISTRIBUTION = 9


GIVES_WAY = (
    Column.TYPE,
    Column.SHARE,
    Column.MEAN,
    Column.DISTRIBUTION,
    Column.ZEROS,
    Column.RANGE,
    Column.DEVICE,
)
"""Which columns go, first to last, when the window gets narrow: what had to be asked for stays longest."""

SHOWN_FIRST = frozenset({Column.TYPE, Column.SHARE, Column.MEAN, Column.DISTRIBUTION})
"""Which of the columns that can be chosen are shown before anyone chooses."""

CHOICE = (Column.TYPE, Column.DEVICE, Column.SHARE, Column.MEAN, Column.RANGE, Column.ZEROS, Column.DISTRIBUTION)
"""The columns that can be shown or not."""

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
    Column.MEAN: SortKey.MEAN,
    Column.RANGE: SortKey.MAGNITUDE,
    Column.ZEROS: SortKey.ZEROS,
    Column.DISTRIBUTION: SortKey.STD,
}
"""What a click on a column's caption sorts by."""

CAPTION_OF = {key: column for column, key in reversed(SORTED_BY.items())} | {
    SortKey.LOW: Column.RANGE,
    SortKey.HIGH: Column.RANGE,
}
"""The column whose caption says what rows are sorted by."""


def title(column: Column) -> str:
    """What the header says."""
    return {
        Column.NAME: tr("Name"),
        Column.SHAPE: tr("Shape"),
        Column.TYPE: tr("Type"),
        Column.DEVICE: tr("Device"),
        Column.SIZE: tr("Size"),
        Column.SHARE: tr("Share"),
        Column.MEAN: tr("Mean ± std"),
        Column.RANGE: tr("Min to max"),
        Column.ZEROS: tr("Zeros"),
        Column.DISTRIBUTION: tr("Distribution"),
    }[column]


def tooltip(column: Column) -> str:
    """What the header's word means, where that is not plain; else empty."""
    return {
        Column.DEVICE: tr("Where the tensor is now; in brackets where it was when it was saved"),
        Column.SHARE: tr(
            "Part of the bytes of what a row belongs to: a tensor's of its module, a module's of its section"
        ),
        Column.MEAN: tr(
            "Mean and standard deviation of the values; a module's are those of all its tensors together.\n"
            "A click sorts by the mean."
        ),
        Column.RANGE: tr("The least and the largest finite value.\nA click sorts by the largest magnitude."),
        Column.ZEROS: tr("Part of the values that is zero"),
        Column.DISTRIBUTION: tr(
            "How the values are spread, each row over its own range; a module's tensors weigh by elements.\n"
            "A click sorts by the standard deviation."
        ),
        Column.SIZE: tr("Bytes in the file; a tensor that is tied to another takes none of its own"),
    }.get(column, "")


def alignment(column: Column) -> Qt.AlignmentFlag:
    """Where the header's title stands."""
    if column in (Column.MEAN, Column.RANGE):
        return Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
    if column is Column.ZEROS:
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


NARROWEST_SHAPE, WIDEST_SHAPE = "9,999 tensors", "50,304 × 1,024 × 3 × 3"
NARROWEST_TYPE, WIDEST_TYPE = "float32", "float8_e4m3fn +1"
NARROWEST_PLACE, WIDEST_PLACE = "999 of 9,999", "sim:0 (simulated) (cuda:0)"
"""Between these two the column is as wide as the widest text of the file."""


class Widths:
    """Distances that come from the font, so that every fallback looks right, and from the file's texts."""

    def __init__(self) -> None:
        metrics = self._metrics = QFontMetrics(ui_font())
        self.unit = metrics.horizontalAdvance("MiB")
        self.number = QFontMetrics(ui_font(weight=QFont.Weight.DemiBold)).horizontalAdvance("1,023.9")
        self.plus_minus = metrics.horizontalAdvance(" ± ")
        self.mean = metrics.horizontalAdvance("−9.9e−05")
        self.std = metrics.horizontalAdvance("9.9e−05") + 2
        self.to = metrics.horizontalAdvance(f" {tr('to')} ") + 4
        self.zeros = metrics.horizontalAdvance("< 0.001 %") + 2
        self.shape = metrics.horizontalAdvance("50,304 × 1,024")
        self.type = max(map(metrics.horizontalAdvance, ("bfloat16", "float32 +1")))
        self.device = metrics.horizontalAdvance(NARROWEST_PLACE)

    def fit(self, shapes: Iterable[str], types: Iterable[str]) -> None:
        """Take no more room for shapes and types than a file's need: what is left is the names'."""
        self.shape = self._fitted(shapes, NARROWEST_SHAPE, WIDEST_SHAPE)
        self.type = self._fitted(types, NARROWEST_TYPE, WIDEST_TYPE)

    def fit_places(self, texts: Iterable[str]) -> None:
        """The same for where tensors are."""
        self.device = self._fitted(texts, NARROWEST_PLACE, WIDEST_PLACE)

    def _fitted(self, texts: Iterable[str], least: str, most: str) -> int:
        wide = self._metrics.horizontalAdvance
        return min(max([wide(least), *map(wide, texts)]), wide(most))

    def of(self, column: Column) -> int:
        """A column's width; the name takes what is left."""
        return {
            Column.NAME: MIN_NAME,
            Column.SHAPE: self.shape + PAD + 4,
            Column.TYPE: self.type + PAD + 4,
            Column.DEVICE: self.device + PAD + 4,
            Column.SIZE: self.number + UNIT_GAP + self.unit + 2 * PAD,
            Column.SHARE: SHARE_BAR + 2 * PAD,
            Column.MEAN: self.mean + self.plus_minus + self.std + PAD,
            Column.RANGE: 2 * self.mean + self.to + 2 * PAD,
            Column.ZEROS: self.zeros + 2 * PAD,
            Column.DISTRIBUTION: SPARKLINE + 2 * PAD,
        }[column]

    def hidden(self, width: int, chosen: frozenset[Column] = frozenset(CHOICE)) -> frozenset[Column]:
        """Which columns are not shown at a view's ``width``, when these are ``chosen``."""
        gone = set(CHOICE) - chosen
        for column in GIVES_WAY:
            if sum(self.of(each) for each in Column if each not in gone) <= width:
                break
            gone.add(column)
        return frozenset(gone)
