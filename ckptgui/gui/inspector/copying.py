"""What is copied by a click: a button that confirms it, and figures that give all their digits."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip, token
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, theme_signal, ui_font

COPIED_MS = 1200
"""How long a copy button says that it has copied, in milliseconds."""


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    QGuiApplication.clipboard().setText(text)


_BACK_SHEET = ((7, 14.25), (5.75, 13), (5.75, 7), (7, 5.75), (13, 5.75), (14.25, 7))


class CopyButton(Pressable):
    """Two sheets; a click copies ``text`` and a tick confirms it for a moment."""

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copied = False
        self._copy = ""
        self.setFixedSize(24, 24)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COPIED_MS)
        self._timer.timeout.connect(self._forget)
        self.clicked.connect(self._on_click)
        theme_signal().changed.connect(self.update)

    def set_copy(self, text: str) -> None:
        """What a click copies."""
        self._copy = text

    def _on_click(self) -> None:
        copy_text(self._copy)
        self.copied = True
        self._timer.start()
        self.update()

    def _forget(self) -> None:
        self.copied = False
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the hover."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint two sheets, or the tick."""
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.pressed if self.isDown() else t.hover)
            painter.drawRoundedRect(self.rect(), RADIUS_CONTROL, RADIUS_CONTROL)
        colour = t.ok if self.copied else t.text2
        painter.setPen(
            QPen(colour, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.copied:
            painter.drawPolyline([QPointF(7, 12.5), QPointF(10.5, 16), QPointF(17, 8.5)])
        else:
            painter.drawRoundedRect(QRectF(9.75, 9.75, 8.5, 8.5), 2, 2)
            painter.drawPolyline([QPointF(x, y) for x, y in _BACK_SHEET])
        if self.hasFocus():
            draw_focus(painter, self.rect())


class CopyFigure(Pressable):
    """A number at the right of its cell. The tooltip has every digit; a click or Enter copies them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exact = ""
        self._mark = ""
        self._colour = "text"
        self._title = ""
        self.setFont(ui_font(13))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_click)
        theme_signal().changed.connect(self.update)

    def set_figure(
        self, title: str, text: str, exact: str, *, mark: str = "", note: str = "", colour: str = "text"
    ) -> None:
        """Show ``text``; ``mark`` stands pale before it, ``note`` is a second line of the tooltip."""
        self._exact, self._mark, self._colour, self._title = exact, mark, colour, title
        self.setText(text)
        self.setShortcut("")
        self.setToolTip(plain_tooltip("\n".join(filter(None, (exact, note)))))
        self.setAccessibleName(f"{title}: {mark}{text}")
        self.setAccessibleDescription(tr("Exactly {0}. Press to copy.").format(exact) if exact else "")
        self.setEnabled(bool(exact))
        self.updateGeometry()
        self.update()

    def exact(self) -> str:
        """What a click copies."""
        return self._exact

    def _on_click(self) -> None:
        copy_text(self._exact)

    def _mark_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._mark + " ") if self._mark else 0

    def sizeHint(self) -> QSize:
        """Room for the mark and the number."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + self._mark_width()
        return QSize(width + 2, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        """The same: a figure is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the number at the right, its mark before it."""
        t, painter = theme(), QPainter(self)
        right = self.rect().adjusted(0, 0, -1, 0)
        if self.underMouse() and self.isEnabled():
            painter.fillRect(self._ink(), t.hover)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(token(self._colour))
        painter.drawText(right, flags, self.text())
        if self._mark:
            painter.setPen(t.text2)
            width = self.fontMetrics().horizontalAdvance(self.text())
            painter.drawText(right.adjusted(0, 0, -width, 0), flags, self._mark + " ")
        if self.hasFocus():
            draw_focus(painter, self._ink())

    def _ink(self) -> QRect:
        width = min(self.sizeHint().width() + 6, self.width())
        return QRect(self.width() - width, 0, width, self.height())
