"""Small windows over the window: a question, a text that can be copied, a bug that was met."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ckptgui.gui.controls import Button, Ground, Hairline
from ckptgui.gui.labels import SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import mono_font


class Dialog(QDialog):
    """A title, something below it, and buttons at the foot; ``Esc`` closes it."""

    def __init__(self, parent: QWidget | None, title: str, width: int = 460) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(width)
        self.heading = PlainLabel(title, self, pixels=16, weight=SEMIBOLD, wrap=True, selectable=True)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(24, 24, 24, 16)
        self.body.setSpacing(8)
        self.body.addWidget(self.heading)
        self._foot = Ground("sunken", self)
        self.buttons = QHBoxLayout(self._foot)
        self.buttons.setContentsMargins(24, 12, 24, 12)
        self.buttons.setSpacing(8)
        self.buttons.addStretch(1)
        ground = Ground("panel", self)
        ground.setLayout(self.body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(ground, 1)
        outer.addWidget(Hairline(self))
        outer.addWidget(self._foot)
        self.primary: Button | None = None

    def add_button(self, text: str, act: Callable[[], object], *, primary: bool = False) -> Button:
        """Append a button at the foot."""
        button = Button(text, self._foot, primary=primary)
        button.clicked.connect(act)
        self.buttons.addWidget(button)
        if primary:
            self.primary = button
            button.setFocus()
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return means the primary button, wherever the keyboard is."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.primary is not None:
            self.primary.click()
        else:
            super().keyPressEvent(event)

    def add_text(self, text: str) -> PlainLabel:
        """Append a paragraph."""
        label = PlainLabel(text, self, wrap=True, selectable=True)
        self.body.addWidget(label)
        return label


def ask(
    parent: QWidget,
    question: str,
    text: str,
    yes: str,
    act: Callable[[], object],
) -> Dialog:
    """Ask whether to do something that cannot be undone; ``yes`` is the verb on the button."""
    dialog = Dialog(parent, question)
    if text:
        dialog.add_text(text)
    dialog.add_button(tr("Cancel"), dialog.reject)

    def agreed() -> None:
        dialog.accept()
        act()

    dialog.add_button(yes, agreed, primary=True)
    dialog.open()
    return dialog


def file_dialog(parent: QWidget, title: str, folder: str) -> QFileDialog:
    """The system's own dialogue for files, or Qt's, which forgets itself when it is closed."""
    dialog = QFileDialog(parent, title, folder)
    if QGuiApplication.platformName() == "offscreen":
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.resize(840, 540)  # Qt's own cuts sizes and dates at first
    dialog.finished.connect(dialog.deleteLater)
    return dialog


class BugDialog(Dialog):
    """An exception that nobody expected, as text that can be copied into a report."""

    def __init__(self, parent: QWidget | None, details: str, log_folder: str) -> None:
        super().__init__(parent, tr("Something went wrong inside ckptgui"), 620)
        self.add_text(tr("This is a mistake in the program, not in your file. You can go on."))
        self.details = QPlainTextEdit(details, self)
        self.details.setReadOnly(True)
        self.details.setFont(mono_font())
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setMinimumHeight(220)
        self.body.addWidget(self.details, 1)
        self.add_text(tr("It also stands in the log in {folder}.").format(folder=log_folder)).set_colour("text2")
        self.add_button(tr("Copy the text"), self.copy)
        self.add_button(tr("Close"), self.accept, primary=True)

    def copy(self) -> None:
        """Put the whole text on the clipboard."""
        self.details.selectAll()
        self.details.copy()

    def add_details(self, details: str) -> None:
        """One more exception while the dialogue is open."""
        self.details.appendPlainText("\n" + details)
