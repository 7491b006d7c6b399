"""The buttons beside the filter: the order of rows, which columns there are, whether equal layers are one row."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from ckptgui.core.tree.sort import SortKey
from ckptgui.gui.controls import IconButton, ToggleButton
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr

ORDERS: tuple[tuple[str, SortKey | None, bool], ...] = (
    ("As saved", None, False),
    ("Name, A to Z", SortKey.NAME, False),
    ("Size, largest first", SortKey.SIZE, True),
    ("Size, smallest first", SortKey.SIZE, False),
    ("Elements, most first", SortKey.ELEMENTS, True),
    ("Type", SortKey.TYPE, False),
    ("Mean, highest first", SortKey.MEAN, True),
    ("Standard deviation, largest first", SortKey.STD, True),
    ("Standard deviation, smallest first", SortKey.STD, False),
    ("Magnitude, largest first", SortKey.MAGNITUDE, True),
    ("Minimum, lowest first", SortKey.LOW, False),
    ("Maximum, highest first", SortKey.HIGH, True),
    ("Zeros, most first", SortKey.ZEROS, True),
    ("NaN and infinite, most first", SortKey.ALARMS, True),
)
"""What the menu of orders offers."""


class TreeTools(QWidget):
    """``sort_asked`` carries what to sort by (None: as saved) and whether the largest come first."""

    sort_asked = Signal(object, bool)
    fold_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sort_button = IconButton("sort", tr("Sort rows"), self, side=28)
        self.columns_button = IconButton("columns", tr("Choose columns"), self, side=28)
        self.fold_button = ToggleButton("layers-fold", tr("Fold repeated layers"), self, side=28)
        self.menu = QMenu(self)
        group = QActionGroup(self)
        group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)  # a caption can sort otherwise
        self._actions = {}
        for text, key, descending in ORDERS:
            action = group.addAction(tr(text))
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, key=key, down=descending: self.sort_asked.emit(key, down))
            self._actions[key, descending] = action
            if key is SortKey.MEAN:
                self.menu.addSeparator()  # from here on by values, which are read first
            self.menu.addAction(action)
        self._actions[None, False].setChecked(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.sort_button)
        layout.addWidget(self.columns_button)
        layout.addWidget(self.fold_button)
        self.sort_button.clicked.connect(self._open_menu)
        self.fold_button.clicked.connect(self.fold_asked)
        self.show_folding(False, possible=True)

    def _open_menu(self) -> None:
        corner = self.sort_button.rect().bottomLeft()
        self.menu.popup(self.sort_button.mapToGlobal(corner))

    def show_sorting(self, key: SortKey | None, descending: bool) -> None:
        """Tick what rows are sorted by."""
        for order, action in self._actions.items():
            action.setChecked(order == (key, descending))

    def show_folding(self, folded: bool, possible: bool) -> None:
        """Say whether equal layers are one row; a file without any has nothing to fold."""
        button = self.fold_button
        button.setChecked(folded and possible)
        button.setEnabled(possible)
        text = tr("Fold repeated layers") + " (Ctrl+L)" if possible else tr("No layers are equal here.")
        button.setToolTip(plain_tooltip(text))
