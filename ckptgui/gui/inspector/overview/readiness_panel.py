"""What is here to go on with a training: a quiet list of what was saved, and what the lack of the rest costs."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.training.readiness import Item, Need, Presence, Readiness
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip, token
from ckptgui.gui.numbers import significant, tr
from ckptgui.gui.theme import theme_signal

STACKED = 440
"""Under this width a text stands below its title instead of beside it."""

_TITLE = 128


class Mark(QWidget):
    """A tick, a half-filled ring, or a dash."""

    def __init__(self, presence: Presence, parent: QWidget) -> None:
        super().__init__(parent)
        self.presence = presence
        self.setFixedSize(ICON, ICON + 2)
        self.setToolTip(_presence_words(presence))
        self.setAccessibleName(_presence_words(presence))
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        box = QRect(0, 1, ICON, ICON)
        if self.presence is Presence.PRESENT:
            draw_icon(painter, box, "check", "ok")
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        partly = self.presence is Presence.PARTLY
        painter.setPen(QPen(token("warn" if partly else "text2"), 1.5))
        if partly:
            ring = box.adjusted(3, 3, -3, -3)
            painter.drawEllipse(ring)
            painter.setBrush(token("warn"))
            painter.drawPie(ring, 90 * 16, 180 * 16)
        else:
            middle = box.center().y() + 1
            painter.drawLine(box.left() + 5, middle, box.right() - 4, middle)


def _presence_words(presence: Presence) -> str:
    return {
        Presence.PRESENT: tr("present"),
        Presence.PARTLY: tr("partly there"),
        Presence.ABSENT: tr("absent"),
    }[presence]


class ItemRow(QWidget):
    """One need: its mark, its name, which leads to where it stands, and what is to be said of it."""

    link_activated = Signal(object)

    def __init__(self, item: Item, parent: QWidget) -> None:
        super().__init__(parent)
        self.item = item
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(Mark(item.presence, self), 0, 0, top)
        self.title: LinkLabel | PlainLabel
        if item.path is not None:
            self.title = LinkLabel(tr(item.title), self)
            self.title.clicked.connect(lambda: self.link_activated.emit(item.path))
            self.title.setToolTip(plain_tooltip(display(" › ".join(item.path), 1024) or tr("the whole file")))
        else:
            self.title = PlainLabel(tr(item.title), self, colour="text2")
        self.text = PlainLabel(item_words(item), self, wrap=True, selectable=True)
        self.text.set_colour("text" if item.presence is Presence.PRESENT else "text2")
        self.text.setToolTip(plain_tooltip(display(item.text, 2048)))
        self._stacked: bool | None = None
        grow_with_lines(self)
        self._place(stacked=False)

    def _place(self, *, stacked: bool) -> None:
        if stacked == self._stacked:
            return
        self._stacked = stacked
        self._grid.removeWidget(self.title)
        self._grid.removeWidget(self.text)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.setColumnMinimumWidth(1, 0 if stacked else _TITLE)
        self._grid.addWidget(self.title, 0, 1, 1, 2 if stacked else 1, top | Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(self.text, 1 if stacked else 0, 1 if stacked else 2, 1, 2 if stacked else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the text below the title where both have no room side by side."""
        super().resizeEvent(event)
        self._place(stacked=self.width() < STACKED)


def item_words(item: Item) -> str:
    """What there is; for what is absent its price alone, since the mark says that it is."""
    if item.presence is Presence.ABSENT and item.cost:
        return display(item.cost, 1024)
    return display(f"{item.text} {item.cost}".strip(), 2048)


class ReadinessPanel(QWidget):
    """A sentence, then the needs. Weights alone get the sentence and no list of what they are not."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        grow_with_lines(self)
        self.head = SectionHead(tr("Resume readiness"), self)
        self.sentence = PlainLabel("", self, wrap=True, selectable=True)
        self.reminder = PlainLabel("", self, colour="warn", wrap=True, selectable=True)
        for part in (self.head, self.sentence, self.reminder):
            self._layout.addWidget(part)
        self.rows: list[ItemRow] = []

    def set_readiness(self, readiness: Readiness, best: float | None = None) -> None:
        """Show another file's; ``best`` is the best score where that had to be read."""
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []
        self.head.title.setText(tr("Resume readiness") if readiness.items else tr("What it is good for"))
        self.sentence.setText(display(readiness.sentence, 1024))
        self.reminder.setText(display(readiness.reminder or "", 1024))
        self.reminder.setVisible(bool(readiness.reminder))
        self.show()
        for item in readiness.items:
            if item.need is Need.BEST and best is not None:
                item = replace(item, text=f"{item.text.partition(': ')[0]}: {significant(best)}.")
            row = ItemRow(item, self)
            row.link_activated.connect(self.link_activated)
            self._layout.addWidget(row)
            row.show()
            self.rows.append(row)
