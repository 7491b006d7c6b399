"""How to load this file with torch: code made from its own keys, to be read and copied."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import (
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.gui.controls import Button
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.copying import COPIED_MS, copy_text
from ckptgui.gui.inspector.plain_text import PlainText
from ckptgui.gui.labels import Caption, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, theme_signal

_RULES = (
    (re.compile(r"\b(?:import|from|as|with|for|in|if|else|def|return|True|False|None)\b"), "keyword"),
    (re.compile(r"(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"), "string"),
    (re.compile(r"#.*$"), "comment"),
)


class Tint(QSyntaxHighlighter):
    """A calm tint: words of the language a little stronger, strings in the accent's neighbour, comments pale."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        theme_signal().changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        """Tint a line."""
        formats = self._formats()
        for pattern, kind in _RULES:
            for match in pattern.finditer(text):
                if kind != "comment" or not _inside_string(text, match.start()):
                    self.setFormat(match.start(), match.end() - match.start(), formats[kind])

    def _formats(self) -> dict[str, QTextCharFormat]:
        t = theme()
        keyword, string, comment = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
        keyword.setFontWeight(QFont.Weight.DemiBold)
        string.setForeground(t.accent)
        comment.setForeground(t.text2)
        return {"keyword": keyword, "string": string, "comment": comment}


def _inside_string(text: str, place: int) -> bool:
    return any(match.start() < place < match.end() for match in _RULES[1][0].finditer(text))


class _Code(PlainText):
    """As high as its lines; long ones go on below, and what is copied has them whole."""

    def fit(self) -> None:
        """Take the height that the lines have as they are laid out; at other scales that is no whole pixel."""
        layout, block = self.document().documentLayout(), self.document().begin()
        height = self.document().documentMargin()  # the one above; the last block has the one below in it
        while block.isValid():
            height += layout.blockBoundingRect(block).height()
            block = block.next()
        self.setFixedHeight(math.ceil(height) + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines wrap elsewhere. A height set from within a resize would not reach the viewport."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            QTimer.singleShot(0, self, self.fit)


class LoadPanel(QWidget):
    """The code, and a button that copies it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exact = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.head = SectionHead(tr("How to load this"), self)
        self.note = Caption(tr("Python, made from this file's keys"), self)
        self.head.add(self.note)
        layout.addWidget(self.head)
        self.why = PlainLabel("", self, colour="text2", wrap=True)
        layout.addWidget(self.why)
        self._frame = QWidget(self)
        inner = QVBoxLayout(self._frame)
        inner.setContentsMargins(1, 1, 1, 1)
        self.code = _Code(tr("Python code that loads this file"), self._frame)
        self.code.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.code.viewport().setAutoFillBackground(False)
        self.code.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.code.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._tint = Tint(self.code.document())
        inner.addWidget(self.code)
        layout.addWidget(self._frame)
        self.copy = Button(tr("Copy"), self, icon="copy")
        self.copy.setFixedHeight(24)
        self.head.row.setContentsMargins(0, 0, 0, 6)
        self.head.add(self.copy)
        self.copy.setAccessibleName(tr("Copy the code"))
        self.copy.clicked.connect(self._on_copy)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COPIED_MS)
        self._timer.timeout.connect(lambda: self._label(tr("Copy")))
        theme_signal().changed.connect(self.update)

    def set_code(self, code: str | None) -> None:
        """Show another file's code; None where torch cannot load it."""
        for part in (self._frame, self.copy):
            part.setVisible(code is not None)
        self.note.setVisible(code is not None and self.width() > 420)
        self.why.setVisible(code is None)
        self.why.setText(tr("torch cannot load it as it is, so there is no code for it."))
        self._exact = code or ""
        self.code.setPlainText(
            "\n".join(display(line, MAX_DETAIL) for line in self._exact.split("\n")).rstrip("\n")
        )
        self.code.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The note gives way to the button."""
        super().resizeEvent(event)
        self.note.setVisible(bool(self._exact) and self.width() > 420)

    def _on_copy(self) -> None:
        copy_text(self._exact)
        self._label(tr("Copied"))
        self._timer.start()

    def _label(self, text: str) -> None:
        self.copy.setText(text)
        self.copy.setAccessibleName(tr("Copy the code") if text == tr("Copy") else text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        if self._frame.isHidden():
            return
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.hairline, 1))
        painter.setBrush(t.sunken)
        box = QRectF(self._frame.geometry()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
