"""Rows of two fields each, as many as are wanted: exceptions from the type, names and what they become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.controls import IconButton
from ckptgui.gui.form import Choice, CountField, Option
from ckptgui.gui.labels import LinkLabel
from ckptgui.gui.numbers import tr

Right = Choice | CountField


class PairRows(QWidget):
    """A row a pair, and a link for one more. A pair whose left side is empty is none."""

    changed = Signal()

    def __init__(self, left: str, hint: str, add: str, right: Callable[[], Right], parent: QWidget) -> None:
        """``left`` names the first field, ``hint`` stands in it, ``add`` is the link, ``right`` makes the 2nd."""
        super().__init__(parent)
        self._left, self._hint, self._make_right = left, hint, right
        self.rows: list[tuple[CountField, Right, QWidget]] = []
        self.add = LinkLabel(add, self, pixels=12)
        self.add.clicked.connect(self._add_one)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.add)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is written in the rows."""
        found = ((left.text().strip(), _value(right)) for left, right, _ in self.rows)
        return tuple((left, right) for left, right in found if left)

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Write others into the rows, without telling."""
        while len(self.rows) > len(pairs):
            self._drop(self.rows[-1][2])
        while len(self.rows) < len(pairs):
            self._append()
        for (left, right, _), (text, value) in zip(self.rows, pairs):
            if left.text().strip() != text:
                left.setText(text)
            if isinstance(right, Choice):
                right.choose(value)
            elif right.text() != value:
                right.setText(value)

    def tell(self, trouble: str) -> None:
        """Show what is wrong at the rows it is about: those whose text it names, else all."""
        for left, _, _ in self.rows:
            text = left.text().strip()
            others = [other.text().strip() for other, _, _ in self.rows if other is not left]
            named = text in trouble or not any(other and other in trouble for other in others)
            left.tell("", trouble if text and named else "")

    def _append(self) -> CountField:
        row = QWidget(self)
        left, right = CountField(self._left, row), self._make_right()
        left.setPlaceholderText(self._hint)
        remove = IconButton("close", tr("Remove this"), row, side=22, size=12)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(left, 1)
        if isinstance(right, Choice):
            right.setFixedWidth(right.widest())
        layout.addWidget(right, 1)
        layout.addWidget(remove)
        left.textEdited.connect(self.changed)
        if isinstance(right, Choice):
            right.chosen.connect(self.changed)
        else:
            right.textEdited.connect(self.changed)
        remove.clicked.connect(lambda: self._remove(row))
        self.rows.append((left, right, row))
        self._column.insertWidget(len(self.rows) - 1, row)
        QWidget.setTabOrder(right, self.add)
        return left

    def _add_one(self) -> None:
        self._append().setFocus()

    def _remove(self, row: QWidget) -> None:
        self._drop(row)
        self.add.setFocus()
        self.changed.emit()

    def _drop(self, row: QWidget) -> None:
        self.rows = [each for each in self.rows if each[2] is not row]
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()


def _value(right: Right) -> str:
    return right.current() if isinstance(right, Choice) else right.text()


def choice(name: str, options: Sequence[tuple[str, str]], parent: QWidget) -> Choice:
    """A drop-down of plain words."""
    return Choice(name, [Option(key, text) for key, text in options], parent)
