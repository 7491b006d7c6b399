"""Controls of a form: a choice from a menu, a tick with its words, a field that counts what it selects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QActionGroup,
    QColor,
    QIcon,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.inspector.flat import Field
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.theme import RADIUS_BADGE, RADIUS_CONTROL, theme, theme_signal, ui_font

HEIGHT = 26
_PAD, _SQUARE, _BOX = 8, 8, 14


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose. ``why`` says why it cannot be chosen now, ``colour`` is of the square before it,
    ``note`` stands at the right of the menu.
    """

    key: str
    text: str
    why: str = ""
    colour: QColor | None = None
    note: str = ""


class Choice(Pressable):
    """A drop-down: what is chosen, and a menu of the others. Up and Down choose the neighbour."""

    chosen = Signal(str)

    def __init__(self, name: str, options: Sequence[Option] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._options, self._key = name, tuple(options), options[0].key if options else ""
        self.setFont(ui_font())
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(self._offer)
        self._tell()
        theme_signal().changed.connect(self.update)

    @property
    def options(self) -> tuple[Option, ...]:
        """What there is to choose."""
        return self._options

    def set_options(self, options: Sequence[Option]) -> None:
        """Offer others; what is chosen stays if it is among them."""
        self._options = tuple(options)
        if self._options and all(option.key != self._key for option in self._options):
            self._key = self._options[0].key
        self._tell()

    def current(self) -> str:
        """The key of what is chosen."""
        return self._key

    def choose(self, key: str) -> None:
        """Let something else be chosen, without telling."""
        self._key = key
        self._tell()

    def _option(self) -> Option | None:
        return next((option for option in self._options if option.key == self._key), None)

    def _tell(self) -> None:
        option = self._option()
        self.setText(option.text if option is not None else self._key)
        self.setAccessibleName(f"{self._name}: {self.text()}")
        self.update()

    def menu(self) -> QMenu:
        """The choice."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.setMinimumWidth(self.width())
        group = QActionGroup(menu)
        for option in self._options:
            text = option.text.replace("&", "&&")
            action = menu.addAction(f"{text}\t{option.note}" if option.note else text)
            action.setCheckable(option.colour is None)
            action.setChecked(option.key == self._key)
            action.setEnabled(not option.why)
            action.setToolTip(option.why)
            if option.colour is not None:
                action.setIcon(_square(option.colour))
            group.addAction(action)
            action.triggered.connect(lambda _=False, key=option.key: self._take(key))
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _take(self, key: str) -> None:
        if key != self._key:
            self.choose(key)
            self.chosen.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down choose the neighbour; with Alt the menu opens."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._offer()
        else:
            able = [option.key for option in self._options if not option.why]
            at = able.index(self._key) + step if self._key in able else 0
            if 0 <= at < len(able):
                self._take(able[at])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page, which scrolls."""
        event.ignore()

    def widest(self) -> int:
        """The width at which every option fits."""
        return max(self.fontMetrics().horizontalAdvance(option.text) for option in self._options) + _PAD + 28

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + _PAD + 28, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        able = self.isEnabled()
        painter.setPen(QPen(t.control if able else t.hairline, 1))
        painter.setBrush(t.hover if able and (self.underMouse() or self.isDown()) else t.panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL)
        option, left = self._option(), _PAD
        if option is not None and option.colour is not None:
            painter.fillRect(left, (self.height() - _SQUARE) // 2, _SQUARE, _SQUARE, option.colour)
            left += _SQUARE + 6
        painter.setPen(t.text if able else t.text3)
        room = QRect(left, 0, self.width() - left - 24, self.height())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        arrow = QRect(self.width() - 24, 0, 20, self.height())
        draw_icon(painter, arrow, "chevron-down", "text2" if able else "text3", 12)
        if self.hasFocus():
            draw_focus(painter, self.rect())


def _square(colour: QColor) -> QIcon:
    picture = QPixmap(16, 16)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.fillRect(4, 4, _SQUARE, _SQUARE, colour)
    painter.end()
    return QIcon(picture)


def draw_tick(
    painter: QPainter, box: QRect, ticked: bool, edge: QColor | None = None, ground: QColor | None = None
) -> None:
    """A box, with a tick in it or empty; in other colours than those of a list's where they are given."""
    t = theme()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(edge or (t.accent if ticked else t.text2), 1))
    painter.setBrush(ground or (t.accent if ticked else t.panel))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_BADGE, RADIUS_BADGE)
    painter.restore()
    if ticked:
        draw_icon(painter, box, "check", "on_accent", 12)


class Tick(Pressable):
    """A box to tick and its words."""

    def __init__(self, text: str, parent: QWidget | None = None, *, ticked: bool = False) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(ticked)
        self.setFont(ui_font())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def setText(self, text: str) -> None:
        """Show other words; an ampersand in them is an ampersand."""
        super().setText(text)
        self.setShortcut("")
        self.setAccessibleName(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + _BOX + 14, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(_BOX + 30, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        box = QRect(2, (self.height() - _BOX) // 2, _BOX, _BOX)
        ticked, able = self.isChecked(), self.isEnabled()
        edge = (t.accent if ticked else t.control) if able else t.text3
        ground = (t.accent if able else t.text3) if ticked else t.hover if self.underMouse() else t.panel
        draw_tick(painter, box, ticked, edge, ground)
        painter.setPen(t.text if able else t.text3)
        room = self.rect().adjusted(_BOX + 10, 0, 0, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class CountField(Field):
    """A field that says at its right end what comes of it; what is wrong with it is in its border and tooltip."""

    def __init__(self, name: str, parent: QWidget | None = None, *, room: int = 0) -> None:
        """``room`` are pixels at the right end for somebody else."""
        super().__init__(name, parent)
        self.trouble = ""
        self._count, self._hint, self._room = "", "", room
        self._make_room()

    def set_hint(self, hint: str) -> None:
        """What the field is for, as its tooltip."""
        self._hint = hint
        self.setToolTip(plain_tooltip(self.trouble or hint))

    def tell(self, count: str, trouble: str = "") -> None:
        """Show a count, and what is wrong, if anything is."""
        if (count, trouble) != (self._count, self.trouble):
            self._count, self.trouble = count, trouble
            self.setToolTip(plain_tooltip(trouble or self._hint))
            self.setAccessibleDescription(trouble or count)
            self._make_room()
            self.update()

    def _make_room(self) -> None:
        width = self.fontMetrics().horizontalAdvance(self._count) + 6 if self._count else 0
        self.setTextMargins(6, 0, 6 + width + self._room, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        t, painter = theme(), QPainter(self)
        painter.setPen(t.danger if self.trouble else t.text2)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(self.rect().adjusted(0, 0, -_PAD, 0), right, self._count)
        if self.trouble and not self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(t.danger, 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_CONTROL, RADIUS_CONTROL)
