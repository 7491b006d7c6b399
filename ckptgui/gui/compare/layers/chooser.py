"""The button that says which figure the map shows, and offers the others."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.compare.layers.figures import EXPLAINED, TITLES
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, theme_signal, ui_font

_HEIGHT, _PAD, _ARROW = 22, 8, 18


class FigureButton(Pressable):
    """``chosen`` carries the key of another figure. Up and Down walk through them."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure = "relative"
        self.setFont(ui_font(12))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._offer)
        theme_signal().changed.connect(self.update)
        self.show_figure(self.figure)

    def show_figure(self, key: str) -> None:
        """Say which one is shown."""
        self.figure = key
        self.setAccessibleName(tr("Figure: {0}").format(TITLES[key]))
        self.setToolTip(plain_tooltip(EXPLAINED[key]))
        self.updateGeometry()
        self.update()

    def menu(self) -> QMenu:
        """The choice."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        for key, text in TITLES.items():
            action = menu.addAction(text)
            action.setToolTip(plain_tooltip(EXPLAINED[key]))
            action.setCheckable(True)
            action.setChecked(key == self.figure)
            group.addAction(action)
            action.triggered.connect(lambda _=False, key=key: self.chosen.emit(key))
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        keys = list(TITLES)
        if step is None:
            super().keyPressEvent(event)
        elif 0 <= (at := keys.index(self.figure) + step) < len(keys):
            self.chosen.emit(keys[at])

    def sizeHint(self) -> QSize:
        """Room for the words and the arrow."""
        wide = self.fontMetrics().horizontalAdvance(TITLES[self.figure])
        return QSize(wide + 2 * _PAD + _ARROW, max(_HEIGHT, self.fontMetrics().height() + 6))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.control, 1))
        painter.setBrush(t.pressed if self.isDown() else t.hover if self.underMouse() else t.panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL)
        painter.setPen(t.text)
        painter.setFont(self.font())
        room = self.rect().adjusted(_PAD, 0, -_ARROW, 0)
        text = self.fontMetrics().elidedText(TITLES[self.figure], Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        draw_icon(painter, self.rect().adjusted(self.width() - _ARROW - 2, 0, -4, 0), "chevron-down", "text2", 12)
        if self.hasFocus():
            draw_focus(painter, self.rect())
