"""The plot over the epochs: paints a scene in one of the ways, reads epochs, and lets ends be chosen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.gui.compare.evolution.modes import MODES, Mode
from ckptgui.gui.compare.evolution.reading import reading
from ckptgui.gui.compare.evolution.scene import Scene
from ckptgui.gui.inspector.histogram.card import Card
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.theme import theme, theme_signal


class EvolutionPlot(QWidget):
    """``chosen`` is a member that was clicked, and whether with Shift; ``read`` the one that is read, or -1.

    What does not change under the mouse is painted once and kept.
    """

    painted = Signal()
    chosen = Signal(int, bool)
    read = Signal(int)
    copy_wanted = Signal()
    pin_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene: Scene | None = None
        self.mode: Mode = MODES[0]
        self.lit = -1
        self.card = Card(self)
        self._still: QPixmap | None = None
        self._painted = True
        self._by_key = True
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        theme_signal().changed.connect(self._forget)

    def sizeHint(self) -> QSize:
        return QSize(480, 280)

    def show_scene(self, scene: Scene | None) -> None:
        """Show another scene; the epoch that is read goes on being read."""
        self.scene = scene
        self._painted = scene is None
        if scene is None or self.lit >= scene.count:
            self.light(-1)
        elif self.lit >= 0 and self.card.isVisible():
            self._tell(None, self.card.pos() - QPoint(14, 0))
        self._forget()

    def show_mode(self, mode: Mode) -> None:
        """Paint in another way."""
        if mode is not self.mode:
            self.mode = mode
            self.light(-1)
            self._forget()

    def light(self, member: int) -> None:
        """Bring one epoch to the front; -1 for none."""
        if member != self.lit:
            self.lit = member
            self.read.emit(member)
            self.update()
        if member < 0:
            self.card.hide()

    def _forget(self) -> None:
        self._still = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._still = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The kept picture, the epoch that is read before it, the ring of focus."""
        painter, scene, rect = QPainter(self), self.scene, QRectF(self.rect())
        if scene is None:
            painter.fillRect(self.rect(), theme().panel)
            return
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.devicePixelRatio() != ratio:
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(theme().panel)
            inner = QPainter(self._still)
            self.mode.paint(inner, rect, scene, theme())
            inner.end()
        painter.drawPixmap(0, 0, self._still)
        if 0 <= self.lit < scene.count:
            self.mode.paint_lit(painter, rect, scene, theme(), self.lit)
        if self.hasFocus() and self._by_key:
            draw_focus(painter, self.rect())
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._tell_painted)

    def _tell_painted(self) -> None:
        self.painted.emit()

    # the mouse

    def member_at(self, point: QPointF) -> int:
        """The epoch at a point; -1 for none."""
        return self.mode.member_at(self.scene, QRectF(self.rect()), point) if self.scene is not None else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the epoch under the mouse."""
        member = self.member_at(event.position())
        self.light(member)
        if member >= 0 and self.scene is not None:
            value = self.mode.value_at(self.scene, QRectF(self.rect()), event.position())
            self._tell(value, event.position().toPoint())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose an end: B, or with Shift A."""
        member = self.member_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and member >= 0:
            self.chosen.emit(member, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def leaveEvent(self, event: QEvent) -> None:
        """Read nothing."""
        self.light(-1)

    def _tell(self, value: float | None, at: QPoint) -> None:
        assert self.scene is not None
        title, lines = reading(self.scene, self.mode.key, self.lit, value)
        self.card.say(title, lines)
        room = self.rect().adjusted(2, 2, -2, -2)
        x = at.x() + 16 if at.x() + 16 + self.card.width() <= room.right() else at.x() - 16 - self.card.width()
        y = min(at.y() + 16, room.bottom() - self.card.height())
        self.card.move(max(x, room.left()), max(y, room.top()))
        self.card.show()
        self.card.raise_()

    # the keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows read the neighbour, Return makes it B (with Shift A), Esc reads none, P pins, Ctrl+C copies."""
        scene = self.scene
        if scene is None or not scene.count:
            event.ignore()
            return
        key = Qt.Key(event.key())
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: scene.count - 1}
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        elif key is Qt.Key.Key_P:
            self.pin_wanted.emit()
        elif key in steps:
            start = self.lit if self.lit >= 0 else scene.b - steps[key]
            self._read_by_key(min(max(start + steps[key], 0), scene.count - 1))
        elif key in ends:
            self._read_by_key(ends[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.lit >= 0:
            self.chosen.emit(self.lit, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key is Qt.Key.Key_Escape and self.lit >= 0:
            self.light(-1)
        else:
            event.ignore()

    def _read_by_key(self, member: int) -> None:
        self.light(member)
        self._tell(None, QPoint(8, 8))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring is for who came with the keys."""
        self._by_key = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
