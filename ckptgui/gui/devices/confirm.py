"""What a move would take, before it is begun: needed and free memory, and what would fit where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.controls import Button
from ckptgui.gui.devices.popover import Popover
from ckptgui.gui.labels import SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import tr

WIDTH = 380
SPACE = 16


@dataclass(frozen=True)
class Question:
    """``title`` and ``text`` say what it takes, ``note`` what else is to be known. ``verb`` is the word on the
    button that does ``act``; empty where nothing can be done. ``alarming`` where it is not possible as asked.
    """

    title: str
    text: str
    note: str = ""
    verb: str = ""
    act: Callable[[], None] | None = None
    alarming: bool = False


class Confirm(Popover):
    """Shows one question; Return presses its verb."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, WIDTH)
        self._act: Callable[[], None] | None = None
        self.title = PlainLabel("", self, weight=SEMIBOLD, wrap=True)
        self.text = PlainLabel("", self, wrap=True, selectable=True)
        self.note = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.cancel = Button(tr("Cancel"), self)
        self.primary = Button("", self, primary=True)
        self.cancel.clicked.connect(self.put_away)
        self.primary.clicked.connect(self._do)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.primary)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE, 12, SPACE, 12)
        layout.setSpacing(6)
        for part in (self.title, self.text, self.note):
            layout.addWidget(part)
        layout.addSpacing(6)
        layout.addLayout(buttons)

    def ask(self, question: Question, anchor: QWidget) -> None:
        """Show a question in the place of the last one."""
        had_verb = self.primary.isVisible()
        self._act = question.act
        self.title.setText(question.title)
        self.text.setText(question.text)
        self.text.set_colour("danger" if question.alarming else "text")
        self.text.setVisible(bool(question.text))
        self.note.setText(question.note)
        self.note.setVisible(bool(question.note))
        self.primary.setText(question.verb)
        self.primary.setVisible(bool(question.verb))
        self.cancel.setText(tr("Cancel") if question.verb or not question.text else tr("Close"))
        self.open_below(anchor)
        if question.verb and not had_verb:  # who is on another button stays there
            self.primary.setFocus(Qt.FocusReason.PopupFocusReason)

    def _do(self) -> None:
        act = self._act
        self.put_away()
        if act is not None:
            act()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return does it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.primary.isVisible():
            self._do()
        else:
            super().keyPressEvent(event)
