"""The dialogue while a run is exported, and after: one row of progress each. Closing it stops nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.gui.controls import Hairline
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.export_batch.about import About
from ckptgui.gui.export_batch.going import Going
from ckptgui.gui.export_batch.table import BatchTable, size_within
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr

_LEAST = 280
"""Pixels of its height, however few the rows are."""


class ProgressDialog(Dialog):
    """``cancelled`` carries a row, or -1 for all."""

    cancelled = Signal(int)

    def __init__(self, going: Going, show_folder: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent, tr("Export the whole run"), 720)
        self._going, self._row = going, -1
        self.table = BatchTable(going.model, self, running=True)
        self.said = PlainLabel("", self, pixels=13)
        self.place = PlainLabel(display(going.folder, 300), self, colour="text2", pixels=12, selectable=True)
        self.body.setContentsMargins(0, 20, 0, 0)
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 24, 0)
        self.body.removeWidget(self.heading)
        head.addWidget(self.heading, 1)
        head.addWidget(self.said, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(head)
        self.place.setContentsMargins(24, 0, 24, 4)
        self.body.addWidget(self.place)
        self.body.addWidget(Hairline(self))
        self.body.addWidget(self.table, 1)
        self.about = About(going.model, self.table, self)
        self.body.addWidget(self.about)
        self.stop = self.add_button(tr("Cancel all"), lambda: self.cancelled.emit(-1))
        self.show_folder = self.add_button(tr("Show in folder"), show_folder)
        self.shut = self.add_button("", self.accept, primary=True)
        self.table.cancelled.connect(self.cancelled)
        going.changed.connect(self._describe)
        whole = size_within(parent)
        around = self.sizeHint().height() - self.table.sizeHint().height()
        self.resize(whole.width(), min(whole.height(), max(_LEAST, around + self.table.wanted_height())))
        self.table.setFocus()
        self._describe()

    def _describe(self) -> None:
        going = self._going
        row = going.at()
        if going.running and row != self._row:
            self._row = row
            self.table.scrollTo(going.model.index(row, 0))
        self.said.setText(going.sentence())
        self.stop.setVisible(going.running)
        self.show_folder.setVisible(not going.running)
        self.shut.setText(tr("Go on in the background") if going.running else tr("Close"))
