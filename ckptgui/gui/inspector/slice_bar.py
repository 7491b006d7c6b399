"""What of a tensor the table shows: two dimensions, a place in each other one, a page, a place to go to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QWidget

from ckptgui.gui.inspector.flat import Field
from ckptgui.gui.inspector.flow import FlowLayout
from ckptgui.gui.inspector.slices import PAGE, Slice
from ckptgui.gui.labels import Caption, LinkLabel
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.gui.theme import ui_font

_NUMBER = re.compile(r"-?\d+")


class SliceBar(QWidget):
    """``changed`` says which slice is wanted, ``place_wanted`` which index someone typed,
    ``refused`` why what was typed is none."""

    changed = Signal(object)
    place_wanted = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape: tuple[int, ...] = ()
        self._slice = Slice(-1, -1, ())
        self._flow = FlowLayout(self, gap=8, leading=4)
        self.rows = self._dimension(tr("Rows"))
        self.columns = self._dimension(tr("Columns"))
        self.spins: dict[int, QSpinBox] = {}
        self._parts: list[QWidget] = []
        self.earlier = LinkLabel(tr("Earlier rows"), self)
        self.later = LinkLabel(tr("Later rows"), self)
        self.earlier.clicked.connect(lambda: self._turn(-1))
        self.later.clicked.connect(lambda: self._turn(1))
        self.page = Caption("", self)
        self.place = Field(tr("Go to index"), self)
        self.place.setFont(ui_font(12))
        self.place.setFixedHeight(24)
        self.place.returnPressed.connect(self._go)
        self.place.textEdited.connect(lambda: self.place.setToolTip(""))
        self._added: list[QWidget] = []
        self._captions = {id(self.rows): Caption(tr("Rows"), self), id(self.columns): Caption(tr("Columns"), self)}

    def _dimension(self, name: str) -> QComboBox:
        box = QComboBox(self)
        box.setFont(ui_font(12))
        box.setFixedHeight(24)
        box.setAccessibleName(tr("{0} are dimension").format(name))
        box.activated.connect(lambda: self._choose(box))
        return box

    def add(self, widget: QWidget) -> None:
        """Put something behind the place to go to."""
        widget.setParent(self)
        self._added.append(widget)

    def set_shape(self, shape: tuple[int, ...], chosen: Slice) -> None:
        """Offer the dimensions of another tensor."""
        self._shape = shape
        self.place.clear()
        hint = tr("Go to {0}").format(f"[{', '.join(str(max(0, n - 1)) for n in shape)}]")
        self.place.setPlaceholderText(hint)
        self.place.setFixedWidth(min(320, max(120, self.place.fontMetrics().horizontalAdvance(hint) + 24)))
        for box in (self.rows, self.columns):
            box.clear()
            for number, size in enumerate(shape):
                box.addItem(tr("dim {0} ({1})").format(number, integer(size)), number)
        for part in self._parts:
            part.hide()
            part.deleteLater()
        self._parts, self.spins = [], {}
        for number, size in enumerate(shape if len(shape) > 2 else ()):
            self._add_spin(number, size)
        self._lay_out()
        self.show_slice(chosen)

    def _add_spin(self, number: int, size: int) -> None:
        caption = Caption(tr("dim {0}").format(number), self)
        spin = QSpinBox(self)
        spin.setFont(ui_font(12))
        spin.setFixedHeight(24)
        spin.setRange(0, min(max(0, size - 1), 2**31 - 1))
        spin.setAccessibleName(tr("Index in dimension {0}, of {1}").format(number, integer(size)))
        spin.setToolTip(tr("0 to {0}").format(integer(max(0, size - 1))))
        spin.valueChanged.connect(lambda value, dim=number: self._fix(dim, value))
        self.spins[number] = spin
        self._parts += [caption, spin]

    def _lay_out(self) -> None:
        while self._flow.takeAt(0) is not None:
            pass
        many = len(self._shape) > 2
        row_caption, column_caption = self._captions[id(self.rows)], self._captions[id(self.columns)]
        chosen: list[QWidget] = [row_caption, self.rows, column_caption, self.columns]
        for widget in chosen:
            widget.setVisible(many)
        paging = (self.earlier, self.page, self.later)
        for widget in [*(chosen if many else []), *self._parts, self.place, *paging, *self._added]:
            self._flow.addWidget(widget)

    def show_slice(self, chosen: Slice) -> None:
        """Show which slice is seen, without telling."""
        self._slice = chosen
        self.rows.setCurrentIndex(chosen.rows)
        self.columns.setCurrentIndex(chosen.columns)
        for caption, (dim, spin) in zip(self._parts[::2], self.spins.items()):
            for widget in (caption, spin):
                widget.setVisible(dim not in (chosen.rows, chosen.columns))
            spin.blockSignals(True)
            spin.setValue(chosen.fixed[dim])
            spin.blockSignals(False)
        total = chosen.total_rows(self._shape)
        paged = total > PAGE
        for control in (self.earlier, self.later, self.page):
            control.setVisible(paged)
        if paged:
            last = min(total, chosen.first_row + PAGE) - 1
            words = tr("rows {0} to {1}") if chosen.columns >= 0 else tr("lines {0} to {1}")
            self.page.setText(words.format(integer(chosen.first_row), integer(last)))
            self.earlier.setEnabled(chosen.first_row > 0)
            self.later.setEnabled(last < total - 1)
        self._flow.invalidate()
        self.updateGeometry()

    def _turn(self, step: int) -> None:
        self.changed.emit(replace(self._slice, first_row=max(0, self._slice.first_row + step * PAGE)))

    def _fix(self, dim: int, value: int) -> None:
        fixed = list(self._slice.fixed)
        fixed[dim] = value
        self.changed.emit(replace(self._slice, fixed=tuple(fixed)))

    def _choose(self, box: QComboBox) -> None:
        """Take a dimension for the rows or columns; if it was the other one, they change places."""
        dim, seen = int(box.currentData()), self._slice
        if box is self.rows:
            columns = seen.rows if dim == seen.columns else seen.columns
            seen = replace(seen, rows=dim, columns=columns)
        else:
            rows = seen.columns if dim == seen.rows else seen.rows
            seen = replace(seen, rows=rows, columns=dim)
        self.changed.emit(replace(seen, first_row=0, first_column=0))

    def _go(self) -> None:
        index = parse_index(self.place.text(), self._shape)
        if isinstance(index, str):
            self.place.setToolTip(index)
            self.place.setAccessibleDescription(index)
            self.place.selectAll()
            self.refused.emit(index)
        else:
            self.place.setToolTip("")
            self.place_wanted.emit(index)


def parse_index(text: str, shape: Sequence[int]) -> tuple[int, ...] | str:
    """The index that was typed, or a sentence why it is none. Negative numbers count from the end."""
    numbers = [int(found) for found in _NUMBER.findall(text.replace("−", "-"))[:65]]
    if len(numbers) != len(shape):
        return tr("{0} needed, {1} given.").format(counted(len(shape), "number is", "numbers are"), len(numbers))
    index = []
    for dim, (number, size) in enumerate(zip(numbers, shape)):
        place = number + size if number < 0 else number
        if not 0 <= place < size:
            return tr("{0} is outside dimension {1}, which has {2}.").format(number, dim, integer(size))
        index.append(place)
    return tuple(index)
