"""The foot of the dialogue: where it goes, and the button that says how much is written."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from ckptgui.gui.controls import Button, Ground, IconButton
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.form import CountField
from ckptgui.gui.labels import PlainLabel, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import PRIMARY

_FILTERS = ("PyTorch (*.pt)", "safetensors (*.safetensors)")


class SaveLine(Ground):
    """``typed`` carries a path that somebody wrote or chose."""

    typed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("win", parent)
        self.field = CountField(tr("Save as"), self, room=28)
        self.field.setFixedHeight(PRIMARY)
        self.browse = IconButton("open", tr("Choose a place"), self.field)
        self.cancel = Button(tr("Cancel"), self)
        self.export = Button(tr("Export"), self, icon="export", primary=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 20, 12)
        row.setSpacing(10)
        label = PlainLabel(tr("Save as"), self, colour="text2")
        label.setBuddy(self.field)
        row.addWidget(label)
        row.addWidget(self.field, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.export)
        self.field.textEdited.connect(self.typed)
        self.browse.clicked.connect(self.choose)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        self.layout().activate()  # type: ignore[union-attr]  # it has one
        self.browse.move(self.field.width() - self.browse.width() - 3, (PRIMARY - self.browse.height()) // 2)

    def path(self) -> str:
        """Where it goes, as it is written."""
        return self.field.text()

    def show_path(self, path: str) -> None:
        """Write a path, its end in sight."""
        if path != self.field.text():
            self.field.setText(path)
            self.field.setToolTip(plain_tooltip(path))

    def show_state(self, words: str, why: str) -> None:
        """What the button says, and why it cannot be pressed, if it can't."""
        self.export.setText(words)
        self.export.setEnabled(not why)
        self.export.setToolTip(plain_tooltip(why))
        self.export.setAccessibleDescription(why)
        self._place()

    def choose(self) -> QFileDialog:
        """Show the system's own dialogue; a target that is there is asked about later, once."""
        folder, name = os.path.split(self.path())
        dialog = file_dialog(self.window(), tr("Export to"), folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setNameFilters(_FILTERS if not name.endswith(".safetensors") else _FILTERS[::-1])
        dialog.selectFile(name)
        dialog.fileSelected.connect(self._chosen)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.open()
        return dialog

    def _chosen(self, path: str) -> None:
        self.show_path(path)
        self.typed.emit(path)
