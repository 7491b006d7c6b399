"""What the window's actions do to the page in front, to the window, and to the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from ckptgui.gui.opening import Look
from ckptgui.gui.outside import show_outside
from ckptgui.gui.page import Page
from ckptgui.gui.theme import apply_theme
from ckptgui.workspace.logs import log_folder

if TYPE_CHECKING:
    from ckptgui.gui.window import MainWindow

THEMES: dict[str, bool | None] = {"system": None, "light": False, "dark": True}


class Commands(QObject):
    """A method an action, of the same name as its key in ``actions.ACTIONS``."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def _page(self) -> Page | None:
        return self._window.current

    def open_file(self) -> None:
        """Ask for files."""
        self._window.open_file()

    def open_folder(self) -> None:
        """Ask for a folder: a checkpoint of several files, or a run."""
        self._window.open_folder()

    def export_state_dict(self) -> None:
        """Re-save the state dict of the page in front."""
        if self._page is not None:
            self._page.export_state_dict()

    def close_tab(self) -> None:
        """Close the tab in front."""
        if self._page is not None:
            self._window.close_page(self._window.top.tabs.currentIndex())

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def copy(self) -> None:
        """Tell the part that has the keyboard to copy what it has."""
        target = QApplication.focusWidget()
        if target is not None:
            for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
                event = QKeyEvent(kind, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
                QApplication.sendEvent(target, event)

    def copy_path(self) -> None:
        """Copy the path of what is selected."""
        if self._page is not None:
            self._page.copy_path()

    def find_row(self) -> None:
        """Go to the filter box."""
        if self._page is not None:
            self._page.focus_filter()

    def go_to_tensor(self) -> None:
        """Go to the box above."""
        self._window.top.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._window.top.box.selectAll()

    def next_finding(self) -> None:
        """Select the next tensor that something is wrong with."""
        if self._page is not None:
            self._page.next_finding()

    def show_overview(self) -> None:
        """Select the file or the run itself."""
        if self._page is not None:
            self._page.go_to(())

    def fold_layers(self, folded: bool) -> None:
        """Show equal layers as one row, or each."""
        self._window.fold_layers(folded)

    def back(self) -> None:
        """Select what was selected before."""
        if self._page is not None:
            self._page.step_selection(-1)

    def forward(self) -> None:
        """Select what was selected after."""
        if self._page is not None:
            self._page.step_selection(1)

    def next_tab(self) -> None:
        """Bring the next tab to the front; after the last comes the first."""
        self._step_tab(1)

    def previous_tab(self) -> None:
        """Bring the tab before to the front."""
        self._step_tab(-1)

    def _step_tab(self, step: int) -> None:
        tabs = self._window.top.tabs
        if tabs.count():
            tabs.setCurrentIndex((tabs.currentIndex() + step) % tabs.count())

    # exporting

    def export_plain(self) -> None:
        """Write the state dict beside the checkpoint, without a question."""
        self._export_at_once("state-dict")

    def export_safetensors(self) -> None:
        """The same as safetensors."""
        self._export_at_once("safetensors")

    def export_half(self) -> None:
        """The same in half the size."""
        self._export_at_once("half")

    def export_for_cpu(self) -> None:
        """The same, so that it opens without a GPU."""
        self._export_at_once("cpu")

    def _export_at_once(self, preset: str) -> None:
        if self._page is not None:
            self._page.export_at_once(preset)

    def export_series(self) -> None:
        """Let somebody export every checkpoint of a run."""
        if self._page is not None:
            self._page.export_series()

    # devices

    def show_devices(self) -> None:
        """Show or hide the devices and their memory."""
        self._window.show_devices()

    def move_to_device(self) -> None:
        """Move what is selected to the accelerator that was chosen."""
        if self._page is not None:
            self._page.move_to_device()

    def move_to_cpu(self) -> None:
        """Bring what is selected to the memory of the process that has torch."""
        if self._page is not None:
            self._page.move_to_cpu()

    def free_memory(self) -> None:
        """Let go of what is selected."""
        if self._page is not None:
            self._page.free_memory()

    def resave_for_device(self) -> None:
        """Export with the tag of the accelerator."""
        if self._page is not None:
            self._page.resave_for_device()

    # comparing

    def compare(self) -> None:
        """Compare the checkpoint in front with its siblings; of a run turn to the comparison, or choose for it."""
        page = self._page
        if page is None or page.series() is None:
            self.compare_siblings()
        elif page.document() is not None:
            page.show_comparison()
        else:
            page.arrange_members()

    def compare_siblings(self) -> None:
        """Open the run that the checkpoint in front is of."""
        if self._page is not None:
            self._window.open_together((self._page.checkpoint_path(),), Look.SIBLINGS)

    def compare_file(self) -> None:
        """Ask for checkpoints to compare the one in front with, or to add to the run."""
        self._window.ask_to_compare()

    def compare_average(self) -> None:
        """Compare the model in a file with the average of it that is kept there."""
        if self._page is not None:
            self._window.open_together((self._page.checkpoint_path(),), Look.AVERAGE)

    def arrange_members(self) -> None:
        """Choose which checkpoints are compared, and in which order."""
        if self._page is not None:
            self._page.arrange_members()

    def check_loading(self) -> None:
        """Find out whether a model of other names and shapes would take the checkpoint."""
        if self._page is not None:
            self._page.check_loading()

    def save_report(self) -> None:
        """Write the comparison into a file."""
        if self._page is not None:
            self._page.save_report()

    def previous_epoch(self) -> None:
        """Step a run back."""
        if self._page is not None:
            self._page.step_epoch(-1)

    def next_epoch(self) -> None:
        """Step a run on."""
        if self._page is not None:
            self._page.step_epoch(1)

    def play(self) -> None:
        """Let a run step by itself, or stop it."""
        if self._page is not None:
            self._page.play()

    # the look, and help

    def theme_system(self) -> None:
        """Follow the system."""
        self._use_theme("system")

    def theme_light(self) -> None:
        """Stay light."""
        self._use_theme("light")

    def theme_dark(self) -> None:
        """Stay dark."""
        self._use_theme("dark")

    def _use_theme(self, name: str) -> None:
        self._window.settings.change(theme=name)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, THEMES[name])

    def show_shortcuts(self) -> None:
        """List the keys."""
        from ckptgui.gui.about import shortcuts

        shortcuts(self._window)

    def show_about(self) -> None:
        """Say what this is."""
        from ckptgui.gui.about import about

        about(self._window)

    def open_log_folder(self) -> None:
        """Show where the log lies."""
        show_outside(str(log_folder()))
