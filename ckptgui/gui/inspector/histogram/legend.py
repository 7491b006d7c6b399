"""Which line is which: the tensor that is looked at, and the pinned ones, which can be gone to and taken away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.gui.controls import IconButton
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.inspector.histogram.painting import outline_pen
from ckptgui.gui.inspector.histogram.series import Pin, Series
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, tr
from ckptgui.gui.theme import theme, theme_signal

_NAME = 44
"""Characters of a name."""


class _Swatch(QWidget):
    """The line of a pin, or the fill of the bars."""

    def __init__(self, slot: int, role: Role, parent: QWidget) -> None:
        super().__init__(parent)
        self._slot, self._role = slot, role
        self.setFixedSize(16, 12)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        if self._slot >= 0:
            painter.setPen(outline_pen(t, self._slot, 2.0))
            painter.drawLine(1, 6, 15, 6)
        else:
            painter.fillRect(1, 2, 14, 9, t.role_pale(self._role))
            painter.fillRect(QRectF(1, 1, 14, 1.5), t.role(self._role))


class _Entry(QWidget):
    """One line of the legend; ``pointed`` says whether the mouse is on it."""

    pointed = Signal(bool)
    removed = Signal()
    followed = Signal()

    def __init__(self, series: Series, slot: int, own: Series, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(_Swatch(slot, series.role, self))
        name = series.title(own, _NAME)
        tip = plain_tooltip(
            f"{display('/'.join(series.path))}\n{counted(series.distribution.total, 'value', 'values')}"
        )
        self.name: LinkLabel | PlainLabel
        if series.file == own.file and slot >= 0:
            self.name = LinkLabel(name, self, pixels=11, colour="text")
            self.name.clicked.connect(self.followed)
        else:
            self.name = PlainLabel(name, self, pixels=11)
        self.name.setToolTip(tip)
        row.addWidget(self.name)
        self.remove: IconButton | None = None
        if slot >= 0:
            self.remove = IconButton("close", tr("Take the pin of {0} away").format(name), self, side=18, size=10)
            self.remove.clicked.connect(self.removed)
            row.addWidget(self.remove)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), 18)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(False)


class Legend(QWidget):
    """Shown while something is pinned. ``shares`` chooses what the heights are."""

    lit = Signal(int)
    removed = Signal(object)  # a Series
    cleared = Signal()
    followed = Signal(object)  # a Path
    measure_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 2)
        outer.setSpacing(12)
        self._flow_place = QWidget(self)
        self._flow = FlowLayout(self._flow_place, gap=14, leading=2)
        grow_with_lines(self._flow_place)
        outer.addWidget(self._flow_place, 1)
        self.measure = Segmented(tr("Heights"), [("counts", tr("Counts")), ("shares", tr("Shares"))], self)
        self.measure.buttons["shares"].setToolTip(tr("Each bar as a share of the values of its own tensor"))
        self.measured = False  # whether somebody chose
        self.measure.chosen.connect(self._choose_measure)
        outer.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignTop)
        self.clear: LinkLabel | None = None
        self.entries: list[_Entry] = []
        self.hide()

    def show_series(self, own: Series, pins: list[Pin]) -> None:
        """List what is drawn; nothing where there is only one."""
        self._flow.clear()
        self.entries = []
        self.setVisible(bool(pins))
        if pins:
            self._add(own, -1, own)
        for pin in pins:
            self._add(pin.series, pin.slot, own)
        self.clear = None
        if len(pins) > 1:
            self.clear = LinkLabel(tr("Remove all"), self._flow_place, pixels=11)
            self.clear.clicked.connect(self.cleared)
            self._flow.addWidget(self.clear)
            self.clear.show()
        self._flow_place.updateGeometry()

    def _choose_measure(self, key: str) -> None:
        self.measured = True
        self.measure_chosen.emit(key)

    def _add(self, series: Series, slot: int, own: Series) -> None:
        entry = _Entry(series, slot, own, self._flow_place)
        entry.pointed.connect(lambda on: self.lit.emit(slot if on else -1))
        entry.removed.connect(lambda: self.removed.emit(series))
        entry.followed.connect(lambda: self.followed.emit(series.path))
        self._flow.addWidget(entry)
        entry.show()
        self.entries.append(entry)
