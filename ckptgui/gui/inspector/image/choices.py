"""What a picture's colours are chosen with: the palette in the tab strip, and which number of a block is shown."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from ckptgui.analysis.blocks import Shown
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.labels import MEDIUM, Pressable, draw_focus
from ckptgui.gui.numbers import tr
from ckptgui.gui.palettes import Palette, table
from ckptgui.gui.theme import TAB, theme, theme_signal, ui_font

PALETTES = {
    Palette.BY_SIGN: tr("Automatic, by sign"),
    Palette.DIFFERENCE: tr("Difference from zero"),
    Palette.MAGNITUDE: tr("Magnitude"),
    Palette.GREY: tr("Grey"),
}

SHOWN = {
    Shown.LARGEST: tr("largest magnitude"),
    Shown.MEAN: tr("mean"),
    Shown.LEAST: tr("least"),
    Shown.GREATEST: tr("greatest"),
}

_STRIP, _ARROW = 72, 16


class PaletteButton(Pressable):
    """The colours in use, as a strip; a click offers the others."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.palette_chosen = Palette.BY_SIGN
        self.signed = True
        self.setFixedSize(_STRIP + _ARROW + 14, TAB - 2)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(tr("Palette"))
        self.clicked.connect(self._offer)
        self.show_palette(Palette.BY_SIGN, True)
        theme_signal().changed.connect(self.update)

    def show_palette(self, palette: Palette, signed: bool) -> None:
        """Show which one is in use."""
        self.palette_chosen, self.signed = palette, signed
        self.setAccessibleName(tr("Palette: {0}").format(PALETTES[palette]))
        self.update()

    def menu(self) -> QMenu:
        """The choice."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for palette, text in PALETTES.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(palette is self.palette_chosen)
            group.addAction(action)
            action.triggered.connect(lambda _=False, palette=palette: self.chosen.emit(palette))
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        if self.underMouse() or self.isDown():
            painter.fillRect(self.rect().adjusted(0, 2, 0, -2), t.hover)
        palette = self.palette_chosen
        if palette is Palette.BY_SIGN:
            palette = Palette.DIFFERENCE if self.signed else Palette.MAGNITUDE
        colours = table(palette, t.dark)
        box = QRectF(6, self.height() / 2 - 4, _STRIP, 8)
        gradient = QLinearGradient(box.topLeft(), box.topRight())
        for number in range(13):
            code = int(colours[number * (len(colours) - 1) // 12])
            gradient.setColorAt(number / 12, code)
        painter.fillRect(box, gradient)
        arrow = self.rect().adjusted(_STRIP + 8, 0, -2, 0)
        draw_icon(painter, arrow, "chevron-down", "text2", 12)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class ShownButton(Pressable):
    """The end of a caption that offers a choice: which number of a block its pixel shows."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Shown.LARGEST
        self.setFont(ui_font(11, MEDIUM))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(tr("Which of the values behind a pixel gives it its colour"))
        self.clicked.connect(self._offer)
        self.show_choice(self.shown)
        theme_signal().changed.connect(self.update)

    def show_choice(self, shown: Shown) -> None:
        """Say which one is in use."""
        self.shown = shown
        self.setText(SHOWN[shown])
        self.setAccessibleName(tr("Each pixel shows: {0}").format(SHOWN[shown]))
        self.updateGeometry()
        self.update()

    def menu(self) -> QMenu:
        """The choice."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for shown, text in SHOWN.items():
            action = menu.addAction(text[:1].upper() + text[1:])
            action.setCheckable(True)
            action.setChecked(shown is self.shown)
            group.addAction(action)
            action.triggered.connect(lambda _=False, shown=shown: self.chosen.emit(shown))
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def sizeHint(self) -> QSize:
        """Room for the words and the arrow."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 16, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setFont(self.font())
        painter.setPen(t.accent)
        metrics = self.fontMetrics()
        painter.drawText(QPointF(0, (self.height() + metrics.ascent() - metrics.descent()) / 2), self.text())
        draw_icon(painter, self.rect().adjusted(self.width() - 14, 0, 0, 0), "chevron-down", "accent", 10)
        if self.hasFocus():
            draw_focus(painter, self.rect(), 3)
