"""The row of tabs and the few actions beside it; short of room, the actions become icons."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.controls import Button, IconButton
from ckptgui.gui.goto import GoToBox
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.tabs import TabBar
from ckptgui.gui.theme import TOOLBAR, theme, theme_signal

COMPACT = 1000
"""Under this width the buttons are their icons."""


class TopRow(QWidget):
    """Back and forward, tabs, open; at the right the box and the most wanted actions."""

    def __init__(self, background: Background, actions: dict[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.back = IconButton("back", tr("Back"), self)
        self.forward = IconButton("forward", tr("Forward"), self)
        self.tabs = TabBar(self)
        self.open = IconButton("open", tr("Open…") + " (Ctrl+O)", self)
        self.box = GoToBox(background, self)
        self.compare = Button(tr("Compare"), self, icon="compare", flat=True)
        self.devices = Button(tr("CPU"), self, icon="chip", flat=True, opens=True)
        self.report = Button(tr("Save report…"), self, icon="export", hint="Ctrl S")
        self.export = Button(tr("Export state dict…"), self, icon="export", hint="Ctrl E")
        self.back.follow(actions["back"])
        self.forward.follow(actions["forward"])
        self.open.follow(actions["open_file"])
        self.compare.follow(actions["compare"])
        self.devices.clicked.connect(actions["show_devices"].trigger)
        self.name_device(tr("CPU"))
        self.report.follow(actions["save_report"])
        self.export.follow(actions["export_state_dict"])
        self.report.hide()
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(2)
        row.addWidget(self.back)
        row.addWidget(self.forward)
        row.addSpacing(6)
        row.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignBottom)
        row.addSpacing(6)
        row.addWidget(self.open)
        row.addSpacing(8)
        row.addStretch(1)
        row.addWidget(self.box)
        row.addSpacing(4)
        row.addWidget(self.compare)
        row.addWidget(self.devices)
        row.addSpacing(4)
        row.addWidget(self.report)
        row.addWidget(self.export)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(row)
        self.setFixedHeight(TOOLBAR + 2)
        theme_signal().changed.connect(self.update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for button in (self.compare, self.devices, self.report, self.export):
            button.set_compact(self.width() < COMPACT)

    def name_device(self, name: str) -> None:
        """Say on the button where things are moved to."""
        self.devices.setText(name)
        self.devices.setToolTip(plain_tooltip(tr("Devices: {0}").format(name) + " (Ctrl+D)"))

    def offer_report(self, offered: bool) -> None:
        """Put the report of a comparison in the place of the export of a checkpoint."""
        self.report.setVisible(offered)
        self.export.setVisible(not offered)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), t.win)
        line = QRect(0, self.height() - 1, self.width(), 1)
        painter.fillRect(line, t.hairline)
        index = self.tabs.currentIndex()
        if index >= 0:  # the paper of the current tab goes on into the page
            tab = self.tabs.tabRect(index).translated(self.tabs.pos())
            painter.fillRect(QRect(tab.left() + 1, line.y(), tab.width() - 1, 1), t.panel)
