"""The devices panel: CPU and accelerators with their memory, what lies on them, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.device.messages import DeviceInfo
from ckptgui.gui.controls import Button, Hairline
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.device_row import DeviceRow
from ckptgui.gui.devices.held_list import HeldList
from ckptgui.gui.devices.popover import Popover
from ckptgui.gui.devices.words import CPU, LOOKED_FOR, why_no_accelerator
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.notices import Icon
from ckptgui.gui.numbers import tr

WIDTH = 512
SPACE = 16
BUTTONS = ("move_to_device", "move_to_cpu", "resave_for_device")


class DevicesPanel(Popover):
    """Looks at the memory while it is open. Its buttons are the window's own actions."""

    free_asked = Signal(object)

    def __init__(self, devices: Devices, actions: Mapping[str, QAction], window: QWidget) -> None:
        super().__init__(window, WIDTH)
        self._devices = devices
        self._about_file = ""
        self.rows: list[DeviceRow] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.waiting = PlainLabel(tr("Starting PyTorch…"), self, colour="text2")
        self.waiting.setContentsMargins(SPACE, 6, SPACE, 6)
        self._line = Hairline(self)
        self.held = HeldList(self)
        self.buttons = {key: Button("", self) for key in BUTTONS}
        for key, button in self.buttons.items():
            button.clicked.connect(self.put_away)  # before the action opens a sheet of its own
            button.follow(actions[key])
            actions[key].changed.connect(self._name_buttons)
        self._actions = actions
        self.icon = Icon("info", "text2", self)
        self.reason = PlainLabel("", self, wrap=True, selectable=True)
        self.about_file = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.again = LinkLabel(tr("Try again"), self)
        self.again.clicked.connect(devices.ask)
        self.held.free_asked.connect(self.free_asked)
        self._lay_out()
        devices.changed.connect(self._show)
        devices.held_changed.connect(self._show)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in self.buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(4)
        for part in (self.reason, self.about_file):
            words.addWidget(part)
        words.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)
        said = QHBoxLayout()
        said.setSpacing(8)
        said.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        said.addLayout(words, 1)
        below = QVBoxLayout()
        below.setContentsMargins(SPACE, 12, SPACE, 12)
        below.setSpacing(12)
        below.addWidget(self.held)
        below.addLayout(buttons)
        below.addLayout(said)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 8, 1, 1)
        layout.setSpacing(6)
        layout.addLayout(self._rows)
        layout.addWidget(self.waiting)
        layout.addWidget(self._line)
        layout.addLayout(below)

    def tell_file(self, words: str) -> None:
        """Say this of the file in front."""
        self._about_file = words
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._devices.look(True)
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._devices.look(False)

    def _show(self) -> None:
        if self.isHidden():
            return
        devices = self._devices
        inventory, trouble = devices.inventory, devices.trouble
        self.waiting.setVisible(inventory is None and not trouble)
        if inventory is not None:
            self._show_rows(inventory.devices, missing=not inventory.accelerators)
        self.held.show_held(devices.held.values())
        why = trouble or (why_no_accelerator(inventory) if inventory is not None else "")
        self.reason.setText(display(why, 600))
        self.reason.set_colour("danger" if trouble else "text")
        self.reason.setVisible(bool(why))
        about = self._about_file if inventory is not None and not inventory.accelerators else ""
        self.about_file.setText(about)
        self.about_file.setVisible(bool(about))
        self.icon.setVisible(bool(why or about))
        self.again.setVisible(bool(trouble) and not devices.asking)
        self._name_buttons()
        self.fit()

    def _name_buttons(self) -> None:
        for key, button in self.buttons.items():
            if button.text() != self._actions[key].text():
                button.setText(self._actions[key].text())

    def _show_rows(self, devices: Iterable[DeviceInfo], missing: bool) -> None:
        """A row a device; the one that is not there too."""
        known = {device.name: device for device in devices}
        names = [*known, *([LOOKED_FOR] if missing else [])]
        if [row.name for row in self.rows] != names:
            for row in self.rows:
                row.hide()
                self._rows.removeWidget(row)
                row.deleteLater()
            self.rows = [DeviceRow(name, self, reason=tr("not available")) for name in names]
            for row in self.rows:
                self._rows.addWidget(row)
                row.show()
                row.clicked.connect(lambda _=False, name=row.name: self._choose(name))
        target = self._devices.target
        for row in self.rows:
            if row.name in known:
                row.show_device(known[row.name], target is not None and row.name == target.name)

    def _choose(self, name: str) -> None:
        if name != CPU:
            self._devices.choose(name)
