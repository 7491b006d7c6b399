"""A device in the panel: its name and hardware, a bar of its memory, and what of that is free."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.core.display import display
from ckptgui.device.messages import DeviceInfo, DeviceKind
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.devices.words import device_words, memory_words
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.badges import Badge
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

PAD, GAP, EDGE = 16, 8, 2
BAR, BAR_HEIGHT = 92, 4
ONE_LINE, TWO_LINES = 28, 44
_MEMORY = "999.9 of 999.9 GiB free"
"""What the column of free memory has room for."""


class DeviceRow(Pressable):
    """Checked where things are moved to it; only an accelerator can be clicked. ``reason`` stands in the place of
    the memory of one that is not there.
    """

    def __init__(self, name: str, parent: QWidget | None = None, *, reason: str = "") -> None:
        super().__init__(parent)
        self.name, self._reason = name, reason
        self._device: DeviceInfo | None = None
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFont(ui_font())
        self._small = ui_font(11)
        self._tell()
        theme_signal().changed.connect(self.update)

    def show_device(self, device: DeviceInfo, target: bool) -> None:
        """Show what is known of it now."""
        self._device = device
        self.setChecked(target)
        self.setEnabled(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if device.is_accelerator else Qt.FocusPolicy.NoFocus)
        self._tell()
        self.updateGeometry()
        self.update()

    def _tell(self) -> None:
        words = [device_words(self.name), self._title(), self.memory()]
        self.setEnabled(self._device is not None)
        self.setAccessibleName(", ".join(filter(None, words)))
        device = self._device
        if device is None:
            self.setToolTip("")
            return
        lines = [self._title()]
        if device.total:
            lines.append(tr("{0} of {1} are free").format(size_text(device.free), size_text(device.total)))
        if device.is_accelerator:
            chosen = self.isChecked()
            lines.append(tr("Tensors are moved to it.") if chosen else tr("Click to move tensors to it."))
        self.setToolTip(plain_tooltip("\n".join(filter(None, lines))))

    def nextCheckState(self) -> None:
        """A click asks for it alone; who owns the rows decides."""

    def memory(self) -> str:
        """What stands at the right."""
        return memory_words(self._device) if self._device is not None else self._reason

    def _title(self) -> str:
        return display(self._device.title, 120) if self._device is not None else ""

    def sizeHint(self) -> QSize:
        return QSize(380, TWO_LINES if self._title() else ONE_LINE)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter, device = theme(), QPainter(self), self._device
        if self.isChecked():
            painter.fillRect(self.rect(), t.sel)
            painter.fillRect(QRect(0, 0, EDGE, self.height()), t.accent)
        elif device is not None and device.is_accelerator and self.underMouse():
            painter.fillRect(self.rect(), t.hover)
        two = bool(self._title())
        line = QRect(0, 4 if two else 0, self.width(), 20 if two else self.height())
        ink = t.text if device is not None else t.text3
        place = QRect(PAD, line.y(), ICON, line.height())
        draw_icon(painter, place, "chip", "text" if device is not None else "text3")
        metrics, middle = self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        x = PAD + ICON + GAP
        painter.setPen(ink)
        painter.drawText(QRect(x, line.y(), line.width(), line.height()), middle, self._name())
        if device is not None and device.kind is DeviceKind.SIMULATED:
            badge = Badge(tr("simulated"))
            left = x + metrics.horizontalAdvance(self._name()) + GAP
            paint_badge(painter, badge, left, line.center().y() + 1)
            x = left + badge_width(badge)
        painter.setPen(t.text2 if device is not None else t.text3)
        right = QRect(0, line.y(), self.width() - PAD, line.height())
        painter.drawText(right, middle | Qt.AlignmentFlag.AlignRight, self.memory())
        if device is not None and device.total:
            self._paint_bar(painter, line, device)
        if two:
            below = QRect(PAD + ICON + GAP, line.bottom() - 1, self.width() - 2 * PAD - ICON - GAP, 18)
            painter.setFont(self._small)
            painter.setPen(t.text2)
            text = QFontMetrics(self._small).elidedText(self._title(), Qt.TextElideMode.ElideMiddle, below.width())
            painter.drawText(below, middle, text)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _name(self) -> str:
        return tr("CPU") if self.name == "cpu" else display(self.name, 24)

    def _paint_bar(self, painter: QPainter, line: QRect, device: DeviceInfo) -> None:
        room = self.fontMetrics().horizontalAdvance(_MEMORY)
        bar = QRect(self.width() - PAD - room - 2 * GAP - BAR, line.center().y() - 1, BAR, BAR_HEIGHT)
        used = min(1.0, max(0.0, 1 - device.free / device.total))
        painter.fillRect(bar, theme().hairline)
        painter.fillRect(QRect(bar.x(), bar.y(), round(bar.width() * used), bar.height()), theme().accent)
