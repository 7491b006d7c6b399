"""The sheets that hang on the window's devices button: the panel, and the question before a move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ckptgui.gui.devices.desk import Devices

if TYPE_CHECKING:  # imported when first shown: most windows never are asked for devices
    from ckptgui.gui.devices.confirm import Confirm, Question
    from ckptgui.gui.devices.panel import DevicesPanel


class DeviceSheets(QObject):
    """One of them at a time. ``about_file`` is a sentence about the file in front, for where there is no GPU."""

    def __init__(
        self,
        devices: Devices,
        actions: Mapping[str, QAction],
        anchor: QWidget,
        about_file: Callable[[], str],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._devices, self._actions, self._anchor = devices, actions, anchor
        self._about_file, self._window = about_file, window
        self._panel: DevicesPanel | None = None
        self._confirm: Confirm | None = None

    @property
    def panel(self) -> DevicesPanel:
        """The devices and their memory."""
        if self._panel is None:
            from ckptgui.gui.devices.panel import DevicesPanel

            self._panel = DevicesPanel(self._devices, self._actions, self._window)
            self._panel.free_asked.connect(self._devices.free)
        return self._panel

    @property
    def confirm(self) -> Confirm:
        """The question before a move."""
        if self._confirm is None:
            from ckptgui.gui.devices.confirm import Confirm

            self._confirm = Confirm(self._window)
        return self._confirm

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return self._confirm is not None and not self._confirm.isHidden()

    def toggle_panel(self) -> None:
        """Show the panel, or put it away."""
        if not self.panel.isHidden():
            self.panel.put_away()
            return
        if self.asking:
            self.confirm.put_away()
        self.panel.tell_file(self._about_file())
        self.panel.open_below(self._anchor)

    def ask(self, question: Question) -> None:
        """Ask, in the place of whatever is open."""
        if self._panel is not None:
            self._panel.put_away()
        self.confirm.ask(question, self._anchor)
