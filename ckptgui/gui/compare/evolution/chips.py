"""Which curves are shown: a chip each, taken away by a click, and one more from a menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from ckptgui.core.display import display
from ckptgui.gui.compare.evolution.figures import BAND, WORDS
from ckptgui.gui.compare.evolution.scene import figure_title
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.inspector.histogram.painting import outline_pen
from ckptgui.gui.labels import MEDIUM, LinkLabel, Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

MOST_CURVES = 6
"""Curves below each other that can still be read."""

_LONGEST = 34
_SWATCH, _CLOSE = 18, 14


class Chip(Pressable):
    """A word with a cross; with the line of a pin before it."""

    def __init__(self, text: str, tip: str, parent: QWidget, slot: int = -1) -> None:
        super().__init__(parent)
        self._slot = slot
        self.setText(text)
        self.setShortcut("")
        self.setFont(ui_font(11, MEDIUM))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tip)
        self.setToolTip(plain_tooltip(tip))
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        wide = self.fontMetrics().horizontalAdvance(self.text()) + 16 + _CLOSE
        return QSize(wide + (_SWATCH if self._slot >= 0 else 0), self.fontMetrics().height() + 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.control if self.underMouse() else t.strong, 1))
        painter.setBrush(t.hover if self.underMouse() else t.panel)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        left = 8
        if self._slot >= 0:
            painter.setPen(outline_pen(t, self._slot, 2.0))
            painter.drawLine(left, self.height() // 2, left + 12, self.height() // 2)
            left += _SWATCH
        painter.setPen(t.text)
        painter.drawText(self.rect().adjusted(left, 0, -_CLOSE, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setPen(QPen(t.text2, 1.2))
        x, y = self.width() - 13.0, self.height() / 2
        for way in (-1, 1):
            by = QPointF(2.5, 2.5 * way)
            painter.drawLine(QPointF(x, y) - by, QPointF(x, y) + by)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class Chips(QWidget):
    """``changed`` says that other curves are wanted, ``unpinned`` which pin is not."""

    changed = Signal()
    unpinned = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves: list[str] = ["quantiles", "std", "relative"]
        self._banded = True
        self._pins: list[tuple[str, int]] = []
        self._flow = FlowLayout(self, gap=6, leading=4)
        grow_with_lines(self)
        self.chips: dict[str, Chip] = {}
        self._fill()

    @property
    def shown(self) -> list[str]:
        """The curves that are wanted, of what is looked at now."""
        return [name for name in self.curves if self._banded or name != BAND] or ["std"]

    def show_banded(self, banded: bool) -> None:
        """Whether quantiles are known of what is looked at."""
        if banded is not self._banded:
            self._banded = banded
            self._fill()

    def show_pins(self, pins: Sequence[tuple[str, int]]) -> None:
        """Names that are pinned, with their slots."""
        if list(pins) != self._pins:
            self._pins = list(pins)
            self._fill()

    def _fill(self) -> None:
        self._flow.clear()
        self.chips = {}
        for name in self.shown:
            title = figure_title(name)
            chip = self.chips[name] = Chip(title, tr("Take the curve of {0} away").format(title), self)
            chip.clicked.connect(lambda _=False, name=name: self.toggle(name))
            chip.setEnabled(len(self.curves) > 1)
        for path, slot in self._pins:
            shown = display(path, _LONGEST)
            chip = self.chips[path] = Chip(shown, tr("Take the pin of {0} away").format(display(path)), self, slot)
            chip.clicked.connect(lambda _=False, path=path: self.unpinned.emit(path))
        self.add = LinkLabel(tr("Add a curve"), self, pixels=11)
        self.add.clicked.connect(self._open)
        for widget in (*self.chips.values(), self.add):
            self._flow.addWidget(widget)
            widget.show()
        self.updateGeometry()

    def toggle(self, name: str) -> None:
        """Show a curve, or not; one always stays."""
        if name in self.curves and len(self.curves) > 1:
            self.curves.remove(name)
        elif name not in self.curves and len(self.curves) < MOST_CURVES:
            self.curves = [each for each in WORDS if each in (*self.curves, name)]
        else:
            return
        self._fill()
        self.changed.emit()

    def menu(self) -> QMenu:
        """All curves; those that are shown are ticked."""
        menu = QMenu(self)
        for name in (each for each in WORDS if self._banded or each != BAND):
            action = menu.addAction(figure_title(name))
            action.setCheckable(True)
            action.setChecked(name in self.curves)
            full = len(self.curves) >= MOST_CURVES and name not in self.curves
            action.setEnabled(not full and self.curves != [name])
            action.triggered.connect(lambda _=False, name=name: self.toggle(name))
        return menu

    def _open(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))
