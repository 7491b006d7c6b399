"""Facts in a line, a hairline between neighbours; what leads somewhere is a link."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.inspector.facts import Fact
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.theme import theme, theme_signal

_GAP = 21


class _FactWidget(QWidget):
    """One fact: pale words, then the thing itself."""

    def __init__(self, fact: Fact, parent: QWidget) -> None:
        super().__init__(parent)
        self.fact = fact
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.link: LinkLabel | None = None
        if fact.lead:
            row.addWidget(PlainLabel(fact.lead, self, colour="text2"))
        if fact.link is not None:
            self.link = LinkLabel(fact.text, self)
            row.addWidget(self.link)
        elif fact.text:
            row.addWidget(PlainLabel(fact.text, self, colour="warn" if fact.warn else "text", selectable=True))
        if fact.tail:
            row.addWidget(PlainLabel(fact.tail, self, colour="text2"))
        if fact.tip:
            self.setToolTip(plain_tooltip(fact.tip))


class FactLine(QWidget):
    """Shows facts; hidden when there are none."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._flow = FlowLayout(None, gap=_GAP, leading=2)
        outer.addLayout(self._flow)
        self._facts: tuple[Fact, ...] = ()
        self.widgets: list[_FactWidget] = []
        grow_with_lines(self)
        theme_signal().changed.connect(self.update)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show other facts."""
        self.setVisible(bool(facts))
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        self._flow.clear()
        self.widgets = []
        for fact in facts:
            widget = _FactWidget(fact, self)
            if widget.link is not None:
                widget.link.clicked.connect(lambda _=False, path=fact.link: self.link_activated.emit(path))
            self._flow.addWidget(widget)
            widget.show()
            self.widgets.append(widget)
        self.updateGeometry()

    def links(self) -> list[LinkLabel]:
        """The links of the line."""
        return [widget.link for widget in self.widgets if widget.link is not None]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        for widget, following in zip(self.widgets, self.widgets[1:]):
            if following.y() == widget.y() and not widget.fact.link:
                x = (widget.geometry().right() + following.x()) // 2
                painter.fillRect(x, widget.y() + 2, 1, widget.height() - 4, theme().strong)
