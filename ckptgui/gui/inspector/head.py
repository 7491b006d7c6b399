"""The head of a panel: where a thing hangs, what it is called, and its path for the clipboard."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.gui.controls import Hairline, IconButton
from ckptgui.gui.inspector.copying import CopyButton
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel
from ckptgui.gui.numbers import tr


class PanelHead(QWidget):
    """Where a thing hangs, its name, and a button that copies its path."""

    def __init__(self, parent: QWidget | None = None, pixels: int = 16) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        self.crumbs = ElidedLabel("", self, colour="text2", pixels=11)
        layout.addWidget(self.crumbs)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.title = ElidedLabel("", self, pixels=pixels, weight=SEMIBOLD)
        self.copy = CopyButton(tr("Copy the path"), self)
        row.addWidget(self.title, 1)
        row.addWidget(self.copy)
        self._row = row
        layout.addLayout(row)

    def add_before_copy(self, button: IconButton) -> None:
        """Put a button left of the one that copies."""
        self._row.insertWidget(self._row.indexOf(self.copy), button)

    def add_last(self, button: IconButton) -> None:
        """Put a button at the right end."""
        self._row.addWidget(button)

    def show_name(self, crumbs: list[str], title: str, path: str) -> None:
        """Name another thing."""
        self.crumbs.setText("  ›  ".join(map(display, crumbs)))
        self.crumbs.setVisible(bool(crumbs))
        self.title.setText(display(title, 1024))
        self.copy.set_copy(path)


def add_head(layout: QVBoxLayout, panel: QWidget, *lines: QWidget, below: int = 10) -> None:
    """Put the lines of a panel's head on top of its ``layout``, with the hairline that ends it."""
    top = QWidget(panel)
    column = QVBoxLayout(top)
    column.setContentsMargins(16, 12, 16, below)
    column.setSpacing(4)
    for line in lines:
        column.addWidget(line)
    layout.addWidget(top)
    layout.addWidget(Hairline(panel))
