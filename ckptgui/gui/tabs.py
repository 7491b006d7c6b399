"""The row of tabs, one a document: painted as paper on the ground, dragged to a place, closed by a click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHoverEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QTabBar, QToolButton, QWidget

from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.controls import IconButton
from ckptgui.gui.labels import draw_focus, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, TAB, theme, theme_signal, ui_font

MAX_TEXT = 220
"""Width of the longest title, in pixels; a longer one gives up its middle."""

MIN_TAB = 150
"""A tab gives up so much of its title when there are many; beyond that the bar scrolls."""

_PAD, _GAP, _CLOSE, _EDGE = 10, 8, 20, 12  # the style puts the cross _EDGE from the right


class TabBar(QTabBar):
    """``close_asked`` and ``moved_to`` speak in tab numbers; the window keeps pages in the same order."""

    close_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(ui_font())
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setSelectionBehaviorOnRemove(QTabBar.SelectionBehavior.SelectPreviousTab)
        self.setFixedHeight(TAB)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        for arrow in self.findChildren(QToolButton):
            arrow.setAutoRaise(True)
        self._pressed: QPoint | None = None
        self._hovered = -1
        theme_signal().changed.connect(self.update)

    def add(self, title: str, icon: str, path: str) -> int:
        """Append a tab and return its number."""
        index = self.addTab("")
        button = IconButton("close", tr("Close this tab"), self, side=_CLOSE, size=14)
        button.clicked.connect(lambda: self._close(button))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)
        self.describe(index, title, icon, path)
        return index

    def describe(self, index: int, title: str, icon: str, path: str) -> None:
        """Give a tab its words."""
        if self.tabData(index) != (title, icon, path):
            self.setTabData(index, (title, icon, path))
            self.setTabToolTip(index, plain_tooltip(path))
            self.setAccessibleTabName(index, title)
            self.setTabText(index, " ")  # its change makes Qt lay the bar out again; the words are painted here
            self.setTabText(index, "")

    def _close(self, button: QWidget) -> None:
        for index in range(self.count()):
            if self.tabButton(index, QTabBar.ButtonPosition.RightSide) is button:
                self.close_asked.emit(index)
                return

    def tabSizeHint(self, index: int) -> QSize:
        title = self._title(index)
        text = min(MAX_TEXT, self.fontMetrics().horizontalAdvance(title))
        return QSize(_PAD + ICON + _GAP + text + 4 + _CLOSE + _EDGE, TAB)

    def minimumTabSizeHint(self, index: int) -> QSize:
        return QSize(min(self.tabSizeHint(index).width(), MIN_TAB), TAB)

    def _title(self, index: int) -> str:
        data = self.tabData(index)
        return str(data[0]) if data else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint() if event.button() == Qt.MouseButton.LeftButton else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            over = self.tabAt(place)
            far = (place - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if far and over >= 0 and over != self.currentIndex():
                self.moveTab(self.currentIndex(), over)
                self._pressed = place
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        if event.button() == Qt.MouseButton.MiddleButton:
            index = self.tabAt(event.position().toPoint())
            if index >= 0:
                self.close_asked.emit(index)
            return
        super().mouseReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHoverEvent):
            gone = event.type() == QEvent.Type.HoverLeave
            self._hovered = -1 if gone else self.tabAt(event.position().toPoint())
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(self.count()):
            self._paint_tab(painter, index)

    def _paint_tab(self, painter: QPainter, index: int) -> None:
        t = theme()
        rect, current = self.tabRect(index), index == self.currentIndex()
        title, icon, _ = self.tabData(index) or ("", "checkpoint", "")
        if current:
            shape = _paper(rect)
            painter.fillPath(shape, t.panel)
            painter.setPen(QPen(t.hairline, 1))
            painter.drawPath(shape)
        ink = "text" if current or index == self._hovered else "text2"
        draw_icon(painter, QRect(rect.x() + _PAD, rect.y(), ICON, rect.height()), icon, ink)
        painter.setPen(getattr(t, ink))
        painter.setFont(self.font())
        left = rect.x() + _PAD + ICON + _GAP
        room = QRect(left, rect.y(), rect.right() - _CLOSE - _EDGE - left, rect.height())
        shown = self.fontMetrics().elidedText(title, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        if current and self.hasFocus():
            draw_focus(painter, rect)


def _paper(rect: QRect) -> QPainterPath:
    """A sheet with round upper corners and no lower edge."""
    left, top, right, bottom = rect.left() + 0.5, rect.top() + 0.5, rect.right() + 0.5, rect.bottom() + 1.5
    shape = QPainterPath()
    shape.moveTo(left, bottom)
    shape.lineTo(left, top + RADIUS_CONTROL)
    shape.quadTo(left, top, left + RADIUS_CONTROL, top)
    shape.lineTo(right - RADIUS_CONTROL, top)
    shape.quadTo(right, top, right, top + RADIUS_CONTROL)
    shape.lineTo(right, bottom)
    return shape
