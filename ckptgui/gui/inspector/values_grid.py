"""Named plain values in two columns, as hyper-parameters and what a module was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.gui.labels import Caption, ElidedLabel, LinkLabel
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.tree.plain_values import value_text

MAX_VALUES = 12
NARROW = 380
"""Width under which the values stand in one column."""

MAX_LOOKED_AT = 4096
"""Values that are looked at for some that say something."""


class ValuesGrid(QWidget):
    """Named values in two columns of a name and a value, in one where there is no room for two.

    ``more_wanted`` asks for all of them.
    """

    more_wanted = Signal()

    def __init__(self, title: str, values: Json, parent: QWidget, most: int = MAX_VALUES) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(2)
        if title:
            self._grid.addWidget(Caption(title, self), 0, 0, 1, 4)
        items, count = telling_items(values)
        self.names = [key for key, _ in items[:most]]
        self._pairs = [
            (
                ElidedLabel(display(key, 64), self, colour="text2"),
                ElidedLabel(value_text(value, 1024), self),
            )
            for key, value in items[:most]
        ]
        if count > len(self._pairs):
            more = LinkLabel(tr("All {0} of them").format(integer(count)), self)
            more.clicked.connect(self.more_wanted)
            self._grid.addWidget(more, most + 1, 0, 1, 4, Qt.AlignmentFlag.AlignLeft)
        for column in (1, 3):
            self._grid.setColumnStretch(column, 1)
        self._columns = 0
        self._arrange(2)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        rows = -(-len(self._pairs) // columns)
        for place, pair in enumerate(self._pairs):
            for side, label in enumerate(pair):
                self._grid.removeWidget(label)
                wide = 3 if side and columns == 1 else 1
                self._grid.addWidget(label, 1 + place % rows, 2 * (place // rows) + side, 1, wide)
        self._grid.setColumnStretch(3, columns - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One column where two would leave half of each name away."""
        super().resizeEvent(event)
        self._arrange(1 if self.width() < NARROW else 2)


def telling_items(values: Json) -> tuple[list[tuple[str, Json]], int]:
    """Names and values that were set to something, and how many there are with the others.

    A member of an enumeration, which a pickle makes by its class and one argument, is that argument.
    """
    items: Iterable[tuple[object, Json]] = ()
    if isinstance(values, Mapping):
        items = ((key, value) for key, value in values.items() if key != "__class__")
    elif isinstance(values, list):
        items = enumerate(values)
    looked_at = list(islice(items, MAX_LOOKED_AT))
    told = [(str(key), _argument(value)) for key, value in looked_at if value not in (None, {}, [], "")]
    hidden = len(values) - MAX_LOOKED_AT if isinstance(values, (Mapping, list)) else 0
    return told, len(looked_at) + max(0, hidden)


def _argument(value: Json) -> Json:
    if isinstance(value, Mapping) and value.keys() == {"__class__", "__args__"}:
        arguments = value["__args__"]
        if isinstance(arguments, list) and len(arguments) == 1:
            return arguments[0]
    return value
