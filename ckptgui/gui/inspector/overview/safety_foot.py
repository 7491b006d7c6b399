"""The foot of the overview: what the pickle names, that none of it was run, and what a full load would do."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, GlobalClass
from ckptgui.core.display import display
from ckptgui.core.loading.how_to_load import safety_sentence
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, LinkLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.gui.theme import theme, theme_signal

_LEAST_NAMES = 160
"""Pixels under which the names are left away: one that is cut says nothing."""


class _Shield(QWidget):
    """The sign of the line: calm, or alarmed when a full load would call something."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.token = "ok"
        self.setFixedSize(ICON, ICON)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        draw_icon(QPainter(self), QRect(0, 0, ICON, ICON), "shield", self.token)


class SafetyFoot(QWidget):
    """One line, and a link to the whole list."""

    names_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentences = ("", "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 9, 24, 9)
        line = QHBoxLayout()
        line.setSpacing(8)
        self._shield = _Shield(self)
        self.sentence = ElidedLabel("", self, weight=SEMIBOLD)
        self.names = ElidedLabel("", self, colour="text2", mode=Qt.TextElideMode.ElideRight)
        self.names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # takes what is left
        self.more = LinkLabel(tr("What a full load would do"), self)
        self.more.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.more.clicked.connect(self.names_wanted)
        line.addWidget(self._shield)
        line.addWidget(self.sentence)
        line.addWidget(self.names, 1)
        line.addWidget(self.more)
        layout.addLayout(line)
        theme_signal().changed.connect(self.update)

    def set_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Show another file."""
        self._shield.token = {"inert": "ok", "classes": "warn", "calls": "danger"}[checkpoint.verdict]
        self._shield.update()
        self._sentences = foot_sentences(checkpoint)
        self.names.setText(_names(checkpoint))
        self.more.setVisible(bool(checkpoint.globals))
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The names give way to the sentence and the link."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        long, short = self._sentences
        self.sentence.setText(long)
        around = 48 + 3 * 8 + ICON
        if self.width() < around + self.sentence.sizeHint().width() + (0 if self.more.isHidden() else 70):
            self.sentence.setText(short)
        self.sentence.setToolTip(plain_tooltip(long) if self.sentence.text() != long else "")
        taken = self.sentence.sizeHint().width() + around
        link = tr("What a full load would do")
        room = self.width() - taken - self.more.fontMetrics().horizontalAdvance(link)
        self.more.setText(link if room >= 0 or self.more.isHidden() else tr("Its names"))
        self.names.setVisible(room >= min(_LEAST_NAMES, self.names.sizeHint().width()) + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().sunken)
        painter.fillRect(0, 0, self.width(), 1, theme().hairline)


def foot_sentences(checkpoint: Checkpoint) -> tuple[str, str]:
    """The verdict in a line: as long as it may be, and for a narrow foot. The list has the names."""
    uses = [name.use for name in checkpoint.globals]
    calls, classes = uses.count(GlobalClass.CALLABLE), uses.count(GlobalClass.CLASS)
    if calls > 1:
        many = integer(calls)
        long = tr("A full load would call {0} functions; nothing was run.").format(many)
        return long, tr("A full load calls {0} functions.").format(many)
    if calls:
        return safety_sentence(checkpoint), tr("A full load calls a function.")
    if classes:
        return safety_sentence(checkpoint), tr("Names {0}.").format(counted(classes, "class", "classes"))
    return safety_sentence(checkpoint), tr("Plain data; nothing was run.")


def _names(checkpoint: Checkpoint) -> str:
    """The names' last parts, and whether all are known."""
    names = checkpoint.globals
    if not names:
        return ""
    order = sorted(names, key=lambda name: name.use is GlobalClass.KNOWN)
    shown = ", ".join(display(name.name.rpartition(".")[2], 48) for name in order[:8])
    if len(names) > 8:
        shown += ", …"
    return tr("{0}, all known.").format(shown) if checkpoint.verdict == "inert" else shown
