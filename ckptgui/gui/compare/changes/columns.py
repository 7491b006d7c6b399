"""The columns of the table of changes as data: titles, widths, who gives way first."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtGui import QFont, QFontMetrics

from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ui_font


class Column(IntEnum):
    """From left to right."""

    NAME = 0
    STATUS = 1
    RELATIVE = 2
    DELTA = 3
    COSINE = 4
    LARGEST = 5
    CHANGED = 6
    EPOCHS = 7


CHOICE = (Column.DELTA, Column.COSINE, Column.LARGEST, Column.CHANGED, Column.EPOCHS)
"""The columns that can be shown or not."""

SHOWN_FIRST = frozenset({Column.COSINE, Column.EPOCHS})
"""Which of these are shown before anyone chooses."""

GIVES_WAY = (Column.COSINE, Column.EPOCHS, Column.CHANGED, Column.LARGEST, Column.DELTA)
"""Which go, first to last, when the panel gets narrow: what had to be asked for stays longest."""

PAD = 6
BAR = 42
"""The longest bar of a relative change, in pixels."""

LINE = 66
"""How wide the line over the epochs is."""

MIN_NAME = 150


def title(column: Column) -> str:
    """What the header says; that of the epochs is told by the series."""
    return {
        Column.NAME: tr("Name"),
        Column.STATUS: "",
        Column.RELATIVE: tr("Relative change"),
        Column.DELTA: tr("L2 of change"),
        Column.COSINE: tr("Cosine"),
        Column.LARGEST: tr("Largest change"),
        Column.CHANGED: tr("Changed"),
        Column.EPOCHS: tr("Epochs"),
    }[column]


def meaning(column: Column) -> str:
    """What the header's word means, and what a click sorts by."""
    return {
        Column.NAME: tr("In the network's order"),
        Column.STATUS: tr("Changed, same, added, removed, reshaped or retyped"),
        Column.RELATIVE: tr("‖B − A‖ ÷ ‖A‖, the worst first; NaN always stands on top"),
        Column.DELTA: tr("‖B − A‖, the Euclidean norm of the change"),
        Column.COSINE: tr("Cosine of the angle between the values at A and at B; the least first"),
        Column.LARGEST: tr("The largest |B − A| of a single value"),
        Column.CHANGED: tr("Part of the values that are not equal"),
        Column.EPOCHS: tr(
            "Relative change from each epoch to the next, on a logarithmic scale of the row's own.\n"
            "A click sorts by the largest."
        ),
    }[column]


class Widths:
    """Distances that come from the font, so that every fallback looks right."""

    def __init__(self) -> None:
        metrics, strong = QFontMetrics(ui_font()), QFontMetrics(ui_font(weight=QFont.Weight.DemiBold))
        heads = QFontMetrics(ui_font(11, QFont.Weight.Medium))
        wide = metrics.horizontalAdvance
        self.number = max(wide("9.9e−05"), strong.horizontalAdvance("NaN")) + 2
        self.sign = wide("⤢") + 2

        def column(column: Column, text: str) -> int:
            return max(wide(text), heads.horizontalAdvance(title(column)) + 12) + 2 * PAD

        self._of = {
            Column.NAME: MIN_NAME,
            Column.STATUS: self.sign + 4,
            Column.RELATIVE: self.number + 3 * PAD + BAR,
            Column.DELTA: column(Column.DELTA, "9.9e−05"),
            Column.COSINE: column(Column.COSINE, "1−2e−07"),
            Column.LARGEST: column(Column.LARGEST, "9.9e−05"),
            Column.CHANGED: column(Column.CHANGED, "99.58 %"),
            Column.EPOCHS: max(LINE, heads.horizontalAdvance(tr("Epoch {0} to {1}").format(1, 99))) + 2 * PAD,
        }

    def of(self, column: Column) -> int:
        """A column's width; the name takes what is left."""
        return self._of[column]

    def hidden(self, width: int, chosen: frozenset[Column]) -> frozenset[Column]:
        """Which columns are not shown at a view's ``width``, when these are ``chosen``."""
        gone = set(CHOICE) - chosen
        for column in GIVES_WAY:
            if sum(self.of(each) for each in Column if each not in gone) <= width:
                break
            gone.add(column)
        return frozenset(gone)
