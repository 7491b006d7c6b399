"""A pane for text that is read and copied, never edited and never taken for markup."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.theme import mono_font


class PlainText(QPlainTextEdit):
    """Monospace, read-only, without a frame."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFont(mono_font())
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(name)
        self.document().setDocumentMargin(8)
        self.setTabChangesFocus(True)
        slim(self)
