"""A sheet over the window that belongs to a button; Esc, or a click beside it, puts it away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from ckptgui.gui.theme import RADIUS_DIALOG, theme, theme_signal

GAP, EDGE = 2, 8
"""Pixels between the button and the sheet, and from the sheet to the window's edge."""


class _Beside(QWidget):
    """All of the window around the sheet: it takes the click that puts the sheet away."""

    pressed = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take it."""
        event.accept()
        self.pressed.emit()


class Popover(QWidget):
    """``closed`` whenever it goes. The keyboard stays inside while it is open, and goes back afterwards."""

    closed = Signal()

    def __init__(self, window: QWidget, width: int) -> None:
        self._beside = _Beside(window)
        super().__init__(window)
        self._window, self._anchor = window, window
        self._before: QWidget | None = None
        self.setFixedWidth(width)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._beside.hide()
        self.hide()
        self._beside.pressed.connect(self.put_away)
        theme_signal().changed.connect(self.update)

    def open_below(self, anchor: QWidget) -> None:
        """Show it under a button, inside the window."""
        self._anchor = anchor
        if self.isHidden():
            self._before = QApplication.focusWidget()
            self._window.installEventFilter(self)
        self._beside.setGeometry(self._window.rect())
        self._beside.show()
        self._beside.raise_()
        self.show()
        self.raise_()
        self.fit()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def put_away(self) -> None:
        """Hide it."""
        if not self.isHidden():
            self._window.removeEventFilter(self)
            self._beside.hide()
            self.hide()
            if self._before is not None and isValid(self._before):  # its page may be closed
                self._before.setFocus(Qt.FocusReason.PopupFocusReason)
            self.closed.emit()

    def fit(self) -> None:
        """Be as high as what it shows, at its place. Call it when that has changed."""
        layout = self.layout()
        if layout is None or self.isHidden():
            return
        layout.activate()
        height = layout.totalHeightForWidth(self.width()) if layout.hasHeightForWidth() else -1
        place = self._anchor.mapTo(self._window, QPoint(self._anchor.width(), self._anchor.height() + GAP))
        room = self._window.rect().adjusted(EDGE, EDGE, -EDGE, -EDGE)
        height = min(height if height > 0 else self.sizeHint().height(), room.bottom() - place.y())
        left = min(max(place.x() - self.width(), room.left()), room.right() - self.width())
        self.setGeometry(left, place.y(), self.width(), height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the button when the window is another size."""
        if event.type() is QEvent.Type.Resize and not self.isHidden():
            self._beside.setGeometry(self._window.rect())
            self.fit()
        return super().eventFilter(watched, event)

    def focusNextPrevChild(self, following: bool) -> bool:
        """Tab goes round inside."""
        inside = [part for part in self.findChildren(QWidget) if _takes_tab(part)]
        if inside:
            now = QApplication.focusWidget()
            at = inside.index(now) if now in inside else (-1 if following else 0)
            inside[(at + (1 if following else -1)) % len(inside)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc puts it away."""
        if event.key() == Qt.Key.Key_Escape:
            self.put_away()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sheet."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().strong, 1))
        painter.setBrush(theme().panel)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS_DIALOG, RADIUS_DIALOG)


def _takes_tab(part: QWidget) -> bool:
    return part.isVisible() and part.isEnabled() and bool(part.focusPolicy() & Qt.FocusPolicy.TabFocus)
