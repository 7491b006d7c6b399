"""The figures of the selected tensor between A and B, beside the picture of its difference."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from ckptgui.analysis.difference import FIGURES, Differences
from ckptgui.analysis.profile import index_of
from ckptgui.gui.inspector.image.reading import index_text
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.numbers import DASH, counted, exact, percent, significant, tr

WIDTH = 184

_LARGEST = 3
"""The row that the largest change stands in."""


class DifferenceFigures(QWidget):
    """``place_wanted`` has the index of the largest change."""

    place_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 12, 8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        self.values: dict[str, PlainLabel] = {}
        rows = (
            ("relative", tr("Relative")),
            ("delta_l2", tr("Norm of B − A")),
            ("cosine", tr("Cosine")),
            ("max_abs", tr("Largest")),
            ("changed", tr("Changed")),
        )
        self.place = LinkLabel("", self)
        self.place.clicked.connect(lambda: self.place_wanted.emit(self._index))
        right = Qt.AlignmentFlag.AlignRight
        for row, (key, title) in enumerate(rows):
            row += row > _LARGEST  # the place of the largest stands below it
            grid.addWidget(PlainLabel(title, self, colour="text2"), row, 0)
            self.values[key] = PlainLabel(DASH, self, selectable=True)
            grid.addWidget(self.values[key], row, 1, right)
        self.broken = PlainLabel("", self, colour="danger", pixels=12, wrap=True)
        self.note = PlainLabel("", self, colour="text2", pixels=12, wrap=True, selectable=True)
        grid.addWidget(self.place, _LARGEST + 1, 0, 1, 2, right)
        grid.addWidget(self.broken, len(rows) + 1, 0, 1, 2)
        grid.addWidget(self.note, len(rows) + 2, 0, 1, 2)
        grid.setRowStretch(len(rows) + 3, 1)
        self._index: tuple[int, ...] = ()

    def say(self, note: str) -> None:
        """What else there is to say."""
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def show_figures(self, difference: Differences, tensor: int, shape: tuple[int, ...]) -> None:
        """Those of one tensor; dashes as long as it was not read."""
        record = difference.records[tensor]
        known = record["known"] == FIGURES
        for key, label in self.values.items():
            value = float(record[key]) if known else math.nan
            if key == "changed":
                label.setText(percent(value, float(record["count"])) if known else DASH)
            else:
                label.setText(DASH if math.isnan(value) else _text(key, value))
            label.setToolTip(exact(value) if known else "")
        place = int(record["argmax"]) if known else -1
        self._index = (index_of(place, shape) if record["max_abs"] > 0 else None) or ()
        self.place.setText(tr("at {0}").format(index_text(self._index)) if self._index else "")
        self.place.setVisible(bool(self._index))
        self.broken.setText(_broken_text(record) if known else "")
        self.broken.setVisible(bool(self.broken.text()))


def _broken_text(record: np.void) -> str:
    """How many values of A and of B the figures leave out."""
    words, most = [], 0
    for name in "ab":
        nan, infinite = int(record[f"nan_{name}"]), int(record[f"inf_{name}"])
        if nan or infinite:
            kind = tr("NaN") if not infinite else tr("infinite") if not nan else tr("NaN or infinite")
            there = counted(nan + infinite, "value of {end} is {kind}.", "values of {end} are {kind}.")
            words.append(there.format(end=name.upper(), kind=kind))
            most = max(most, nan + infinite)
    if 0 < most < int(record["count"]):
        words.append(tr("The figures are those of the others."))
    return " ".join(words)


def _text(key: str, value: float) -> str:
    """A cosine near one has the digits that tell it from one."""
    if key == "cosine" and 0.999 < abs(value) < 1:
        digits = min(9, max(4, math.ceil(-math.log10(1 - abs(value))) + 1))
        return significant(value, 4) if digits <= 4 else f"{value:.{digits}f}".replace("-", "−")
    return significant(value)
