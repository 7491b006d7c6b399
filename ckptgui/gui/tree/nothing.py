"""What stands in the tree's place when a filter fits no row: the sentence, and the way back."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_BADGE, theme, theme_signal, ui_font


class NothingFound(QWidget):
    """Says that no tensor matches. The link can be clicked, or reached with Tab and Enter."""

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self._sentence = ""
        self.show_so_far(False)
        theme_signal().changed.connect(self.update)

    def show_so_far(self, so_far: bool) -> None:
        """Say whether tensors are still to be read that may match."""
        self._sentence = tr("No tensor matches so far") if so_far else tr("No tensor matches")
        self.setAccessibleName(f"{self._sentence}. {tr('Clear the filter')}")
        self.update()

    def _link(self) -> QRect:
        metrics = QFontMetrics(ui_font())
        width = metrics.horizontalAdvance(tr("Clear the filter"))
        return QRect((self.width() - width) // 2, self.height() // 3 + 38, width, metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, third = theme(), self.height() // 3
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), t.panel)
        draw_icon(painter, QRect(0, third - 24, self.width(), 24), "no-match", "text2", 20)
        painter.setFont(ui_font(weight=QFont.Weight.DemiBold))
        painter.setPen(t.text)
        painter.drawText(QRect(0, third + 12, self.width(), 20), Qt.AlignmentFlag.AlignCenter, self._sentence)
        painter.setFont(ui_font())
        painter.setPen(t.accent)
        painter.drawText(self._link(), Qt.AlignmentFlag.AlignCenter, tr("Clear the filter"))
        if self.hasFocus():
            painter.setPen(QPen(t.focus, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self._link()).adjusted(-4, -2, 4, 2), RADIUS_BADGE, RADIUS_BADGE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._link().contains(event.position().toPoint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._link().contains(event.position().toPoint()):
            self.cleared.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Escape):
            self.cleared.emit()
        else:
            super().keyPressEvent(event)
