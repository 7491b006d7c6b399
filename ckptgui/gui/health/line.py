"""The health line at the foot of a checkpoint: the worst finding in a sentence, the next by name, how many."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ckptgui.analysis.health.finding import Finding
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tree.build import Tree
from ckptgui.gui.health.sign import Sign
from ckptgui.gui.health.words import badge, count_words, is_quiet, name
from ckptgui.gui.labels import ElidedLabel, LinkLabel, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal

HEIGHT = 30
MOST = 4
"""Findings on the line; the list has all."""

LEAST_SENTENCE = 120
"""Pixels under which a sentence says too little to be shown."""


class _Item(QWidget):
    """One finding: its sign, its name as a link, its sentence where there is room."""

    def __init__(self, finding: Finding, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.finding = finding
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.sign = Sign(badge(finding), self)
        self.link = LinkLabel(text, self)
        self.link.setToolTip(plain_tooltip(f"{text}\n{finding.text}"))
        self.sentence = ElidedLabel(finding.text, self, mode=Qt.TextElideMode.ElideRight)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row.addWidget(self.sign)
        row.addWidget(self.link)
        row.addSpacing(2)
        row.addWidget(self.sentence, 1)

    def width_without_sentence(self) -> int:
        """Pixels that the sign and the name take."""
        return self.sign.sizeHint().width() + 8 + min(self.link.sizeHint().width(), 320)


class HealthLine(QWidget):
    """Shown only where something is amiss. A name leads to its tensor, the count to the whole list."""

    link_activated = Signal(object)
    list_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[_Item] = []
        self.amiss = False
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(tr("Health"))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 1, 12, 0)
        self._row.setSpacing(25)
        self.more = LinkLabel("", self)
        self.more.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.more.clicked.connect(self.list_wanted)
        self._row.addStretch(1)
        self._row.addWidget(self.more)
        theme_signal().changed.connect(self.update)
        self.hide()

    def set_findings(
        self, findings: Sequence[Finding], tree: Tree, slots: SlotMap | None, *, complete: bool
    ) -> None:
        """Show another list."""
        for item in self._items:
            self._row.removeWidget(item)
            item.hide()
            item.deleteLater()
        self._items = [_Item(finding, name(finding, tree, slots), self) for finding in findings[:MOST]]
        for number, item in enumerate(self._items):
            self._row.insertWidget(number, item, 0)
            item.link.clicked.connect(lambda _=False, found=item.finding: self.link_activated.emit(found.path))
        self.more.setText(f"{count_words(findings, complete)} ›")
        self.amiss = any(not is_quiet(finding) for finding in findings)
        self.setVisible(self.amiss)
        self._make_room()

    def shown(self) -> list[Finding]:
        """The findings that there is room for."""
        return [item.finding for item in self._items if not item.isHidden()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """The first has its sentence; as many of the others as leave it whole show their names."""
        if not self._items:
            return
        first, *others = self._items
        room = self.width() - 24 - self.more.sizeHint().width() - 25
        named = first.width_without_sentence() + 8
        sentence = first.sentence.sizeHint().width() + 6
        first.sentence.setVisible(room - named >= min(sentence, LEAST_SENTENCE))
        first.setFixedWidth(max(40, min(room, named + sentence)))
        room -= min(room, named + sentence)
        for item in others:
            item.sentence.hide()
            width = item.width_without_sentence() + 8
            room -= width + 25
            item.setFixedWidth(width)
            item.setVisible(room >= 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.fillRect(self.rect(), t.sunken)
        painter.fillRect(0, 0, self.width(), 1, t.hairline)
        for item in self._items[1:]:
            if not item.isHidden():
                painter.fillRect(item.x() - 13, 8, 1, HEIGHT - 15, t.hairline)
