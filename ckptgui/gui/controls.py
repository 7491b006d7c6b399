"""Buttons, boxes and lines as the tokens have them, painted: Fusion's own shapes would not fit beside them."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QSplitter, QSplitterHandle, QWidget

from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.theme import BUTTON, PRIMARY, RADIUS_CONTROL, theme, theme_signal, ui_font

_PAD, _GAP = 12, 6


class Button(Pressable):
    """A verb with its object. ``hint`` is its shortcut in grey; ``compact`` leaves only the icon, ``flat`` the
    border away; one that ``opens`` something below it has an arrow.
    """

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        *,
        icon: str = "",
        hint: str = "",
        primary: bool = False,
        flat: bool = False,
        opens: bool = False,
    ) -> None:
        super().__init__(parent)
        self._icon, self._hint, self._primary, self._flat, self._opens = icon, hint, primary, flat, opens
        self._compact = False
        self.setFont(ui_font())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setText(text)
        theme_signal().changed.connect(self.update)

    def setText(self, text: str) -> None:
        """Show another text; an ampersand in it is an ampersand."""
        super().setText(text)
        self.setShortcut("")
        self.setAccessibleName(text)
        self.updateGeometry()

    def follow(self, action: QAction) -> None:
        """Trigger ``action`` and be enabled as it is; a disabled one says why in its tooltip."""
        self.clicked.connect(action.trigger)

        def changed() -> None:
            self.setEnabled(action.isEnabled())
            self.setToolTip(plain_tooltip(action.statusTip() or self.text()))

        action.changed.connect(changed)
        changed()

    @property
    def compact(self) -> bool:
        """Whether only the icon is shown."""
        return self._compact

    def set_compact(self, compact: bool) -> None:
        """Leave the text away, or bring it back."""
        if compact != self._compact:
            self._compact = compact
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        height = PRIMARY if self._primary else BUTTON
        if self._compact and self._icon:
            return QSize(BUTTON + 4, height)
        width = 2 * _PAD + self.fontMetrics().horizontalAdvance(self.text())
        width += ICON + _GAP if self._icon else 0
        width += ICON + _GAP // 2 if self._opens else 0
        return QSize(width + (self._hint_width() + 2 * _GAP if self._hint else 0), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _hint_width(self) -> int:
        return QFontMetrics(ui_font(11)).horizontalAdvance(self._hint)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, border, ink = self._colours()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(border, 1) if border is not None else Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        icon_token = "on_accent" if self._primary and self.isEnabled() else "text" if self.isEnabled() else "text3"
        if self._compact and self._icon:
            draw_icon(painter, self.rect(), self._icon, icon_token)
        else:
            self._paint_text(painter, ink, icon_token)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _paint_text(self, painter: QPainter, ink: QColor, icon_token: str) -> None:
        x = _PAD
        if self._icon:
            draw_icon(painter, QRect(x, 0, ICON, self.height()), self._icon, icon_token)
            x += ICON + _GAP
        painter.setPen(ink)
        painter.setFont(self.font())
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(x, 0, self.width() - x, self.height()), centre, self.text())
        if self._opens:
            x += self.fontMetrics().horizontalAdvance(self.text()) + _GAP // 2
            draw_icon(painter, QRect(x, 0, ICON, self.height()), "chevron-down", icon_token)
        if self._hint:
            painter.setFont(ui_font(11))
            painter.setPen(ink if self._primary else theme().text2 if self.isEnabled() else theme().text3)
            room = QRect(0, 0, self.width() - _PAD, self.height())
            painter.drawText(room, centre | Qt.AlignmentFlag.AlignRight, self._hint)

    def _colours(self) -> tuple[QColor, QColor | None, QColor]:
        t = theme()
        if self._flat:
            ground = t.pressed if self.isEnabled() and (self.underMouse() or self.isDown()) else t.win
            return ground, None, t.text if self.isEnabled() else t.text3
        if not self.isEnabled():
            return t.panel, t.hairline, t.text3
        if self._primary:
            ground = t.accent.darker(112) if self.isDown() or self.underMouse() else t.accent
            return ground, None, t.on_accent
        return (t.pressed if self.isDown() else t.hover if self.underMouse() else t.panel), t.control, t.text


class IconButton(Pressable):
    """An icon that does something; its name is its tooltip and what a screen reader says."""

    def __init__(
        self, icon: str, name: str, parent: QWidget | None = None, *, side: int = 26, size: int = ICON
    ) -> None:
        super().__init__(parent)
        self._icon, self._size = icon, size
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setToolTip(plain_tooltip(name))
        theme_signal().changed.connect(self.update)

    def set_icon(self, icon: str, name: str) -> None:
        """Become the button for something else."""
        if icon != self._icon:
            self._icon = icon
            self.setAccessibleName(name)
            self.setToolTip(plain_tooltip(name))
            self.update()

    def follow(self, action: QAction) -> None:
        """Trigger ``action`` and be enabled as it is; a disabled one says why in its tooltip."""
        self.clicked.connect(action.trigger)

        def changed() -> None:
            self.setEnabled(action.isEnabled())
            self.setToolTip(plain_tooltip(action.statusTip() or self.accessibleName()))

        action.changed.connect(changed)
        changed()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isEnabled() and (self.underMouse() or self.isDown()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.pressed)
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS_CONTROL, RADIUS_CONTROL)
        draw_icon(painter, self.rect(), self._icon, "text2" if self.isEnabled() else "text3", self._size)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class ToggleButton(IconButton):
    """An icon that stays pressed."""

    def __init__(self, icon: str, name: str, parent: QWidget | None = None, *, side: int) -> None:
        super().__init__(icon, name, parent, side=side)
        self.setCheckable(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isChecked():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme().control)
            painter.setBrush(theme().pressed)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
            painter.end()
        super().paintEvent(event)


class ProgressLine(QWidget):
    """A thin bar that fills from left to right and never bounces; without a total it stays empty."""

    def __init__(self, parent: QWidget | None = None, width: int = 120) -> None:
        super().__init__(parent)
        self.setFixedSize(width, 4)
        self._share = 0.0
        theme_signal().changed.connect(self.update)

    def set_share(self, done: int, total: int) -> None:
        """Show how much of the whole is done."""
        self._share = min(1.0, done / total) if total > 0 else 0.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), t.hairline)
        painter.fillRect(QRect(0, 0, round(self.width() * self._share), self.height()), t.accent)


class Hairline(QFrame):
    """One pixel between two areas."""

    def __init__(self, parent: QWidget | None = None, *, vertical: bool = False) -> None:
        super().__init__(parent)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().hairline)


class _Handle(QSplitterHandle):
    """A hairline that can be dragged."""

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().hairline)


class Splitter(QSplitter):
    """Two areas with a hairline between them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)

    def createHandle(self) -> QSplitterHandle:
        return _Handle(self.orientation(), self)


class Ground(QWidget):
    """An area in the colour of one token."""

    def __init__(self, token: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token = token
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), getattr(theme(), self._token))
