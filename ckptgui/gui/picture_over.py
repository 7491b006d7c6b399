"""What lies over the window in a picture: the export dialogue, or the devices. Shown, waited for, and painted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap

from ckptgui.gui.export.dialog import ExportDialog
from ckptgui.gui.page import Page
from ckptgui.gui.theme import RADIUS_DIALOG, TAB, theme, ui_font
from ckptgui.gui.window import MainWindow

LOOK, LOOKS = 50, 4
"""Milliseconds between two looks whether all of it is there, and how many times it must be."""

VEIL = 0.6
"""How much of the window a dialogue before it hides."""


class Over:
    """``export`` or ``devices`` over a window; ``ready`` is called once it is filled."""

    def __init__(self, view: str, window: MainWindow, page: Page, ready: Callable[[], None]) -> None:
        self._view, self._window, self._page, self._ready = view, window, page, ready
        self._seen = 0
        self._timer = QTimer(window, interval=LOOK)
        self._timer.timeout.connect(self._look)

    def show(self) -> str:
        """Show it; answers why that cannot be, in a sentence."""
        if self._view == "devices":
            self._window.show_devices()
        elif why := self._page.able("export"):
            return why
        else:
            self._page.export_state_dict()
        self._timer.start()
        return ""

    def _look(self) -> None:
        self._seen = self._seen + 1 if self._is_filled() else 0
        if self._seen >= LOOKS:
            self._timer.stop()
            self._ready()

    def _is_filled(self) -> bool:
        if self._view == "devices":
            devices = self._window.devices
            return bool(devices.inventory is not None or devices.trouble)
        dialog = self._dialog()
        return dialog is not None and dialog.up_to_date and not dialog.planner.busy

    def _dialog(self) -> ExportDialog | None:
        return self._window.findChild(ExportDialog)

    def paint(self, picture: QPixmap) -> None:
        """Put a dialogue, which is a window of its own, over the picture; the devices are in it already."""
        dialog = self._dialog()
        if dialog is None:
            return
        colours, image = theme(), dialog.grab()
        inside = QRect(QPoint(), dialog.size())
        inside.moveCenter(self._window.rect().center() + QPoint(0, TAB // 2))
        strip = QRectF(inside.left(), inside.top() - TAB, inside.width(), TAB)
        frame = strip | QRectF(inside)
        outline = QPainterPath()
        outline.addRoundedRect(frame, RADIUS_DIALOG, RADIUS_DIALOG)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(VEIL)
        painter.fillRect(self._window.rect(), colours.win)
        painter.setOpacity(1)
        fits = min(self._window.width() / frame.width(), self._window.height() / frame.height(), 1.0)
        if fits < 1:  # a window may be smaller than a dialogue over it; the picture is no larger
            middle = QRectF(self._window.rect()).center()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.translate(middle)
            painter.scale(fits, fits)
            painter.translate(-frame.center())
        painter.setClipPath(outline)
        painter.fillRect(frame, colours.win)
        painter.setFont(ui_font(13))
        painter.setPen(colours.text2)
        painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, dialog.windowTitle())
        painter.drawPixmap(inside.topLeft(), image)
        painter.setClipping(False)
        painter.setPen(QPen(colours.strong, 1))
        painter.drawPath(outline)
        painter.end()
