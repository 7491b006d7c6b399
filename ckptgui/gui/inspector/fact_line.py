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
    """One fact: pale words, then the thing itself. It is kept and takes other facts: making one takes 0.5 ms."""

    clicked = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.fact = Fact("")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.lead = PlainLabel("", self, colour="text2")
        self.link = LinkLabel("", self)
        self.text = PlainLabel("", self, selectable=True)
        self.tail = PlainLabel("", self, colour="text2")
        for part in (self.lead, self.link, self.text, self.tail):
            row.addWidget(part)
        self.link.clicked.connect(lambda: self.clicked.emit(self.fact.link))

    def set_fact(self, fact: Fact) -> None:
        """Say another fact."""
        self.fact = fact
        leads = fact.link is not None
        self.link.setText(fact.text if leads else "")
        self.link.setVisible(leads)
        for label, text in (
            (self.lead, fact.lead),
            (self.text, "" if leads else fact.text),
            (self.tail, fact.tail),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self.text.set_colour("warn" if fact.warn else "text")
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
        self._made: list[_FactWidget] = []
        self.widgets: list[_FactWidget] = []
        grow_with_lines(self)
        theme_signal().changed.connect(self.update)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show other facts."""
        self.setVisible(bool(facts))
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        while len(self._made) < len(facts):
            widget = _FactWidget(self)
            widget.clicked.connect(self.link_activated)
            self._flow.addWidget(widget)
            self._made.append(widget)
        for widget, fact in zip(self._made, facts):
            widget.set_fact(fact)
        for number, widget in enumerate(self._made):
            widget.setVisible(number < len(facts))
        self.widgets = self._made[: len(facts)]
        self._flow.invalidate()
        self.updateGeometry()

    def links(self) -> list[LinkLabel]:
        """The links of the line."""
        return [widget.link for widget in self.widgets if widget.fact.link is not None]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        for widget, following in zip(self.widgets, self.widgets[1:]):
            if following.y() == widget.y() and widget.fact.link is None:
                x = (widget.geometry().right() + following.x()) // 2
                painter.fillRect(x, widget.y() + 2, 1, widget.height() - 4, theme().strong)
