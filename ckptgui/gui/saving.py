"""Saves what is shown as a file: asks where to, writes it off the window's thread, and says how that went."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr

_LONGEST = 80
"""Characters of a proposed file name."""


class FileSaving(QObject):
    """For one owner, which places ``told``: where something was saved, or why it was not."""

    def __init__(self, background: Background, owner: QWidget) -> None:
        super().__init__(owner)
        self._window_of = owner
        self._lane = background.lane(self)
        self._folder = ""
        self.told = PlainLabel("", owner, colour="text2", pixels=11, wrap=True, selectable=True)
        self.told.hide()

    def quiet(self) -> None:
        """Something else is shown: what was told of the last one goes."""
        self.told.hide()

    def ask(
        self, title: str, folder: str, name: str, suffix: str, kind: str, content: Callable[[], bytes]
    ) -> None:
        """Ask where to, beginning in ``folder`` or where the last one went, and save ``content`` there."""
        dialog = file_dialog(self._window_of.window(), title, self._folder or folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{kind} (*.{suffix})"])
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{_file_name(name)}.{suffix}")
        dialog.fileSelected.connect(lambda target: self.write(target, content))
        dialog.open()

    def write(self, target: str, content: Callable[[], bytes]) -> None:
        """Write a file off this thread; whoever chose it has agreed to replace what is there."""
        self._folder = os.path.dirname(target)  # noqa: PTH120 - bytes that are no text stay a string

        def work(_: Cancel, __: Report) -> None:
            from ckptgui.export.atomic import write_file

            data = content()
            write_file(target, lambda output: output.write(data), nbytes=len(data), force=True)

        name = display(PurePath(target).name)
        self._lane.start(
            work, lambda _: self.tell(tr("Saved as {0}.").format(name)), lambda e: self._failed(name, e)
        )

    def _failed(self, name: str, error: CheckpointError) -> None:
        self.tell(tr("{0} could not be written. {1}").format(name, display(error, 400)), failed=True)

    def tell(self, text: str, *, failed: bool = False) -> None:
        """Say something until something else is shown."""
        self.told.set_colour("danger" if failed else "text2")
        self.told.setText(text)
        self.told.show()


def _file_name(name: str) -> str:
    """A name as a file may be called on every system."""
    plain = "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in name)
    return plain.strip(". ")[:_LONGEST] or "plot"
