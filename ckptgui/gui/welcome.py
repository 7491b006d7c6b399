"""The empty window: where to drop a checkpoint, a button to open one, and what was open lately."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.controls import Button, Ground
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, PlainLabel, Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import size, tr
from ckptgui.gui.theme import RADIUS_CONTROL, RADIUS_DIALOG, ROW, theme, theme_signal, ui_font
from ckptgui.workspace.recent import Recent, describe, unexamined

_WIDTH = 560


class Welcome(Ground):
    """``open_asked`` for the button, ``chosen`` with the path of a recent line."""

    open_asked = Signal()
    chosen = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self._lane = background.lane(self)
        self.drop = _DropArea(self)
        self.button = Button(tr("Open…"), self.drop, icon="open", hint="Ctrl O")
        self.button.clicked.connect(self.open_asked)
        inner = QVBoxLayout(self.drop)
        inner.setContentsMargins(24, 24, 24, 24)
        inner.setSpacing(8)
        middle = Qt.AlignmentFlag.AlignHCenter
        inner.addStretch(1)
        inner.addWidget(PlainLabel(tr("Drop a checkpoint here"), self.drop, pixels=16, weight=SEMIBOLD), 0, middle)
        inner.addWidget(
            PlainLabel(tr("a file, a folder that is one, or a folder of epochs"), self.drop, colour="text2"),
            0,
            middle,
        )
        inner.addSpacing(4)
        inner.addWidget(self.button, 0, middle)
        inner.addStretch(1)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        column = QWidget(self)
        column.setFixedWidth(_WIDTH)
        stack = QVBoxLayout(column)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(12)
        stack.addWidget(self.drop)
        stack.addLayout(self._lines)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.addStretch(1)
        outer.addWidget(column, 0, middle)
        outer.addStretch(2)

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """List ``paths`` at once; their sizes follow when the disk has answered."""
        self._show([unexamined(path) for path in paths])

        def work(cancel: Cancel, _: Report) -> list[Recent]:
            return describe(paths, cancel.check)

        if paths:
            self._lane.start(work, self._show)

    def lines(self) -> list[RecentLine]:
        """The lines that are shown."""
        items = [self._lines.itemAt(i) for i in range(self._lines.count())]
        found = [item.widget() for item in items if item is not None]
        return [line for line in found if isinstance(line, RecentLine)]

    def _show(self, recent: list[Recent]) -> None:
        lines = self.lines()
        while len(lines) > len(recent):
            line = lines.pop()
            self._lines.removeWidget(line)
            line.deleteLater()
        while len(lines) < len(recent):
            line = RecentLine(self)
            line.clicked.connect(lambda _=False, line=line: self.chosen.emit(line.path))
            self._lines.addWidget(line)
            lines.append(line)
        for line, entry in zip(lines, recent, strict=True):
            line.show_entry(entry)


class _DropArea(QWidget):
    """A dashed field."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumHeight(172)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().strong, 1, Qt.PenStyle.DashLine))
        painter.setBrush(theme().sunken)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS_DIALOG, RADIUS_DIALOG)


class RecentLine(Pressable):
    """One recent path: icon, name, folder, size."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.path = ""
        self._entry = unexamined("")
        self.setFont(ui_font())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def show_entry(self, entry: Recent) -> None:
        """Take over one entry."""
        self.path, self._entry = entry.path, entry
        self.setToolTip(plain_tooltip(display(entry.path, 1000)))
        self.setAccessibleName(display(entry.name))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, ROW + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, entry = theme(), self._entry
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.hover)
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS_CONTROL, RADIUS_CONTROL)
        box = self.rect().adjusted(6, 0, -6, 0)
        icon = box.adjusted(0, 0, ICON - box.width(), 0)
        draw_icon(painter, icon, "run" if entry.is_folder else "clock")
        middle = Qt.AlignmentFlag.AlignVCenter
        metrics = self.fontMetrics()
        elide = Qt.TextElideMode.ElideMiddle
        name_room = box.adjusted(ICON + 8, 0, -box.width() // 2, 0)
        painter.setPen(t.text)
        painter.drawText(name_room, middle, metrics.elidedText(display(entry.name), elide, name_room.width()))
        folder_room = box.adjusted(box.width() // 2 + 8, 0, -96, 0)
        painter.setPen(t.text2)
        painter.drawText(
            folder_room, middle, metrics.elidedText(display(entry.folder), elide, folder_room.width())
        )
        self._paint_size(painter)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _paint_size(self, painter: QPainter) -> None:
        if self._entry.nbytes is None:
            return
        number, unit = size(self._entry.nbytes)
        metrics = self.fontMetrics()
        unit_width = metrics.horizontalAdvance("MiB")
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme().text)
        painter.drawText(self.rect().adjusted(0, 0, -6 - unit_width - 4, 0), right, number)
        painter.setPen(theme().text2)
        unit_room = self.rect().adjusted(self.width() - 6 - unit_width, 0, 0, 0)
        painter.drawText(unit_room, Qt.AlignmentFlag.AlignVCenter, unit)
