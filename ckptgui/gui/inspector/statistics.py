"""The figures of a tensor in a grid that never moves: aligned, exact in the tooltip, copied by a click."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from ckptgui.analysis.summary import Summary
from ckptgui.gui.inspector.copying import CopyFigure
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.numbers import DASH, exact, integer, significant, tr

_WIDE = (("values", "mean", "std"), ("min", "max", "norms"), ("q5", "q50", "q95"), ("zeros", "nan", "inf"))
_MIDDLE = (("values", "mean", "std", "zeros"), ("min", "max", "norms", "nan"), ("q5", "q50", "q95", "inf"))
_NARROW = (("values", "mean", "std", "q5", "q50", "q95"), ("min", "max", "zeros", "nan", "inf"))
"""In so few columns the norms have a line of their own below."""
LEAST = 300
"""Pixels that two columns need at most to be read."""

_TITLES = {
    "values": "Values",
    "mean": "Mean",
    "std": "Std",
    "min": "Min",
    "max": "Max",
    "norms": "L1, L2",
    "q5": "5 %",
    "q50": "50 %",
    "q95": "95 %",
    "zeros": "Zeros",
    "nan": "NaN",
    "inf": "Infinite",
}
_NAMES = {"l1": "L1 norm", "l2": "L2 norm"}
"""Figures that share a cell."""

_PLACED = ("min", "max", "nan", "inf")
"""Figures with a link to where they stand."""

_SHARES = {"q5": 0.05, "q50": 0.5, "q95": 0.95}


@dataclass(frozen=True)
class _Cell:
    """One figure as it is shown."""

    text: str = DASH
    exact: str = ""
    mark: str = ""
    note: str = ""
    colour: str = "text2"


class StatisticsGrid(QWidget):
    """Thirteen figures. ``place_wanted`` names an index whose value someone wants to see in the table."""

    place_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setHorizontalSpacing(8)
        self._columns: tuple[tuple[str, ...], ...] = ()
        self.figures: dict[str, CopyFigure] = {}
        self._cells: dict[str, QWidget] = {}
        self.titles: dict[str, PlainLabel] = {}
        self.places: dict[str, LinkLabel] = {}
        for key, title in _TITLES.items():
            self.titles[key] = PlainLabel(tr(title), self, colour="text2")
            for name in ("l1", "l2") if key == "norms" else (key,):
                self.figures[name] = CopyFigure(self)
            self._cells[key] = self._cell(key)
        self._arrange(_WIDE)
        self.clear()

    def _cell(self, key: str) -> QWidget:
        if key not in ("norms", *_PLACED):
            return self.figures[key]
        cell = QWidget(self)
        row = QHBoxLayout(cell)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addStretch(1)
        if key == "norms":
            row.addWidget(self.figures["l1"])
            row.addSpacing(8)
            row.addWidget(self.figures["l2"])
            return cell
        row.addWidget(self.figures[key])
        link = LinkLabel("", cell, colour="text2")
        link.setToolTip(tr("Show it in the table"))
        link.hide()
        link.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        link.clicked.connect(lambda: self.place_wanted.emit(link.property("index")))
        self.places[key] = link
        row.addWidget(link)
        return cell

    def _arrange(self, columns: tuple[tuple[str, ...], ...]) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number in range(2 * len(_WIDE) * 2):
            self._grid.setColumnStretch(number, 0)
            self._grid.setColumnMinimumWidth(number, 0)
        for column, keys in enumerate(columns):
            for row, key in enumerate(keys):
                self._grid.addWidget(self.titles[key], row, 3 * column)
                self._grid.addWidget(self._cells[key], row, 3 * column + 1)
            if column + 1 < len(columns):
                self._grid.setColumnStretch(3 * column + 2, 1)
                self._grid.setColumnMinimumWidth(3 * column + 2, 10)
        if columns is _NARROW:
            self._grid.addWidget(self.titles["norms"], len(_NARROW[0]), 0, 1, 2)
            self._grid.addWidget(self._cells["norms"], len(_NARROW[0]), 2, 1, 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Four columns where they fit, else three or two."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """As narrow as two columns are: the grid must be able to shrink before it can change."""
        return QSize(min(LEAST, super().minimumSizeHint().width()), super().minimumSizeHint().height())

    def _fit(self) -> None:
        self._arrange(next((ways for ways in (_WIDE, _MIDDLE) if self._needed(ways) <= self.width()), _NARROW))

    def _needed(self, columns: tuple[tuple[str, ...], ...]) -> int:
        """Pixels that an arrangement takes."""
        gap = self._grid.horizontalSpacing()
        needed = (len(columns) - 1) * (10 + 2 * gap)
        for keys in columns:
            needed += max(self.titles[key].sizeHint().width() for key in keys) + gap
            needed += max(self._cells[key].sizeHint().width() for key in keys)
        return needed

    def clear(self) -> None:
        """Nothing is known yet; what stands there keeps its place."""
        for key in self.figures:
            self._set(key, _Cell())
        for link in self.places.values():
            link.setText("")
            link.hide()

    def show_summary(self, summary: Summary, integral: bool = False) -> None:
        """Fill the grid; ``integral`` values have whole quantiles where these are no means of two."""
        figures = summary.statistics
        self._set("values", _figure(figures.count))
        for key in ("mean", "std", "min", "max", "l1", "l2", "zeros"):
            self._set(key, _figure(getattr(figures, key)))
        for key in ("nan", "inf"):
            self._set(key, _figure(getattr(figures, key), alarming=True))
        infinities = [place for place in (figures.first_posinf, figures.first_neginf) if place is not None]
        self._lead("min", figures.argmin, tr("The first of the smallest values; shows it in the table"))
        self._lead("max", figures.argmax, tr("The first of the largest values; shows it in the table"))
        self._lead("nan", figures.first_nan, tr("The first NaN; shows it in the table"))
        self._lead("inf", min(infinities, default=None), tr("The first infinity; shows it in the table"))
        known = summary.quantiles
        sure = summary.distribution is None or summary.distribution.exact
        for key, share in _SHARES.items():
            self._set(key, _quantile(known.get(share), sure, integral))
        self._fit()

    def _lead(self, key: str, index: tuple[int, ...] | None, tip: str) -> None:
        """Let a figure lead to where it stands; a scalar has but one place."""
        link = self.places[key]
        link.setText(f"[{', '.join(map(integer, index))}]" if index else "")
        link.setVisible(bool(index))
        link.setToolTip(tip)
        link.setProperty("index", index)

    def _set(self, key: str, cell: _Cell) -> None:
        self.figures[key].set_figure(
            tr(_NAMES.get(key) or _TITLES[key]),
            cell.text,
            cell.exact,
            mark=cell.mark,
            note=cell.note,
            colour=cell.colour,
        )


def _figure(number: float | int | None, *, alarming: bool = False) -> _Cell:
    if number is None:
        return _Cell(note=tr("This figure has no meaning for these values, or no float64 can hold it."))
    colour = "nan" if alarming and number else "text"
    return _Cell(significant(number), exact(number), colour=colour)


def _quantile(value: float | None, sure: bool, integral: bool) -> _Cell:
    if value is None:
        return _Cell()
    if integral and value.is_integer():
        value = int(value)
    if sure:
        return _Cell(significant(value), exact(value), colour="text")
    note = tr("Approximate: within 2⁻⁷, relatively, of the exact quantile.")
    return _Cell(significant(value), exact(value), mark="≈", note=note, colour="text")
