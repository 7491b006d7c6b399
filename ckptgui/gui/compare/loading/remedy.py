"""What makes it fit: the sentence, and the line of Python that loads under the new names."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.fit.renaming import load_line
from ckptgui.core.fit.search import Fix
from ckptgui.core.fit.words import fix_words, what_the_fix_does
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.overview.load_panel import LoadPanel
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr


class Remedy(QWidget):
    """Hidden as long as nothing helps, or nothing has to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.what = PlainLabel("", self, wrap=True, selectable=True)
        self.code = LoadPanel(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 8, 24, 16)
        layout.setSpacing(8)
        for part in (SectionHead(tr("To make it fit"), self), self.what, self.code):
            layout.addWidget(part)

    def show_fix(self, fix: Fix | None) -> None:
        """Tell of another."""
        self.setVisible(fix is not None)
        if fix is not None:
            words = f"{fix_words(fix.renaming)} {what_the_fix_does(fix)}"
            self.what.setText(display(words, MAX_DETAIL))
            self.code.set_code(load_line(fix.renaming))
