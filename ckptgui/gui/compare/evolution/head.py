"""The head of the panel: what is selected, the ways to see it, the scales, the pin and the menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.compare.evolution.figures import COLUMN
from ckptgui.gui.compare.evolution.modes import MODES
from ckptgui.gui.compare.evolution.scene import figure_title
from ckptgui.gui.controls import IconButton, ToggleButton
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.labels import MEDIUM, SEMIBOLD, ElidedLabel, PlainLabel, Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import shape_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.glyphs import GLYPH, tensor_glyph

_WIDE = 430
"""Width from which the ways stand beside the title."""


class _Glyph(QWidget):
    """A tensor in its own proportions; hidden for a module."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shape: Sequence[int] = ()
        self._role = Role.MODEL
        self.setFixedSize(GLYPH + 2, GLYPH + 2)
        theme_signal().changed.connect(self.update)

    def show_shape(self, shape: Sequence[int], role: Role) -> None:
        self._shape, self._role = shape, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        centre = QPointF(self.width() / 2, self.height() / 2)
        tensor_glyph(QPainter(self), centre, self._shape, theme().role(self._role))


class EvolutionHead(QWidget):
    """Two lines; the ways go into the second where the first is too short for them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.glyph = _Glyph(self)
        self.title = ElidedLabel("", self, weight=SEMIBOLD)
        self.over = PlainLabel(tr("over the epochs"), self, colour="text2")
        self.shape = PlainLabel("", self, colour="text2", pixels=11)
        self.modes = Segmented(tr("Plot"), [(mode.key, tr(mode.title)) for mode in MODES], self)
        self.modes.caption.hide()
        scales = [("linear", tr("Linear")), ("log", tr("Log"))]
        self.values = Segmented(tr("Values"), scales, self)
        self.values.buttons["log"].setToolTip(tr("Linear near zero, logarithmic beyond, on both sides"))
        self.counts = Segmented(tr("Count"), scales, self)
        self.axis = Segmented(tr("Axis"), scales, self)
        self.pin = ToggleButton("pin", tr("Pin the curves"), self, side=24)
        self.more = IconButton("more", tr("Save or copy the plot"), self, side=24)
        self._first, self._second = QHBoxLayout(), QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 0)
        column.setSpacing(4)
        for row in (self._first, self._second):
            row.setSpacing(8)
            column.addLayout(row)
        for widget in (self.glyph, self.title, self.over, self.shape):
            self._first.addWidget(widget)
        self._first.addStretch(1)
        self._second.addStretch(1)
        for switch in (self.values, self.counts, self.axis):
            self._second.addWidget(switch)
        for button in (self.pin, self.more):
            self._second.addWidget(button)
        self._beside: bool | None = None
        self.axis.hide()

    def show_tensor(self, name: str, shape: Sequence[int] | None, role: Role) -> None:
        """Say what is selected; a module has no shape."""
        self.title.setText(name)
        self.glyph.setVisible(shape is not None)
        if shape is not None:
            self.glyph.show_shape(shape, role)
        self.shape.setText(shape_text(shape) if shape is not None else "")
        self._fit()

    def show_mode(self, key: str) -> None:
        """Offer the scales that the way has."""
        self.modes.choose(key)
        self._fit()

    def _fit(self) -> None:
        beside = self.width() >= _WIDE
        if beside is not self._beside:
            self._beside = beside
            self._first.removeWidget(self.modes)
            self._second.removeWidget(self.modes)
            if beside:
                self._first.addWidget(self.modes)
            else:
                self._second.insertWidget(0, self.modes)
        room = self.width() - 24 - (self.modes.sizeHint().width() + 8 if beside else 0)
        room -= self.title.sizeHint().width() + (GLYPH + 10 if not self.glyph.isHidden() else 0)
        for each in (self.over, self.shape):  # the name goes before what explains it
            room -= each.sizeHint().width() + 8
            each.setVisible(room >= 0 and bool(each.text()))
        curves = self.modes.current() == "curves"
        self.axis.setVisible(curves and beside)
        self.values.setVisible(not curves and beside)
        self.counts.setVisible(not curves and beside)

    def minimumSizeHint(self) -> QSize:
        """As narrow as the ways with two buttons; the scales are left away there."""
        return QSize(self.modes.sizeHint().width() + 90, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class FigureButton(Pressable):
    """The word over the column of figures: opens the list of what may stand there."""

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.figure = "std"
        self.setFont(ui_font(11, MEDIUM))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._open)
        theme_signal().changed.connect(self.update)
        self.show_figure("std")

    def show_figure(self, figure: str) -> None:
        """Say which figure stands below."""
        self.figure = figure
        words = tr("Figure beside the ridges: {0}").format(figure_title(figure))
        self.setAccessibleName(words)
        self.setToolTip(plain_tooltip(words))
        self.resize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(ui_font(11, MEDIUM))
        return QSize(metrics.horizontalAdvance(figure_title(self.figure)) + 18, metrics.height() + 3)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setFont(self.font())
        painter.setPen(t.text if self.underMouse() else t.text2)
        room = self.rect().adjusted(2, 0, -14, 0)
        painter.drawText(
            room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, figure_title(self.figure)
        )
        chevron = QRect(self.width() - 13, self.height() // 2 - 5, 11, 11)
        draw_icon(painter, chevron, "chevron-down", "text" if self.underMouse() else "text2", 10)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def menu(self) -> QMenu:
        """What may stand there."""
        menu = QMenu(self)
        for name in COLUMN:
            action = menu.addAction(figure_title(name))
            action.setCheckable(True)
            action.setChecked(name == self.figure)
            action.triggered.connect(lambda _=False, name=name: self.picked.emit(name))
        return menu

    def _open(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))
