"""The dialogue "Members and order": which checkpoints are compared, and which comes before which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath

from PySide6.QtWidgets import QFileDialog, QWidget

from ckptgui.core.series.members import order
from ckptgui.gui.compare.members.choice import Choice, choices_of
from ckptgui.gui.compare.members.model import MembersModel
from ckptgui.gui.compare.members.table import MembersTable
from ckptgui.gui.controls import Button, Hairline
from ckptgui.gui.dialogs import Dialog, file_dialog
from ckptgui.gui.numbers import counted, tr
from ckptgui.workspace.run import Run

_LISTED = 360
"""Height of the list, in pixels."""


class MembersDialog(Dialog):
    """``act`` gets the lines in their order, and whether that was made by hand."""

    def __init__(
        self, run: Run, act: Callable[[Sequence[Choice], bool], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, tr("Members and order"), 860)
        self._act = act
        self._folder = run.path
        self.body.setContentsMargins(0, 24, 0, 0)
        self.heading.setContentsMargins(24, 0, 24, 0)
        self.model = MembersModel(choices_of(run), by_hand=run.members != order(run.members))
        self.model.setParent(self)
        self.model.changed.connect(self._describe)
        self.table = MembersTable(self.model, self)
        self.table.setMinimumHeight(_LISTED)
        self.summary = self.add_text(tr("Drag a line, or press Alt and an arrow, to change the order."))
        self.summary.set_colour("text2")
        self.summary.setContentsMargins(24, 0, 24, 4)
        self.body.addWidget(Hairline(self))
        self.body.addWidget(self.table, 1)
        self.add = Button(tr("Add files…"), self._foot, icon="open")
        self.up, self.down = Button(tr("Up"), self._foot), Button(tr("Down"), self._foot)
        self.by_epoch = Button(tr("Order by epoch"), self._foot)
        for place, button in enumerate((self.add, self.up, self.down, self.by_epoch)):
            self.buttons.insertWidget(place, button)
        self.add.clicked.connect(self.add_files)
        self.up.clicked.connect(lambda: self.table.move_current(-1))
        self.down.clicked.connect(lambda: self.table.move_current(1))
        self.by_epoch.clicked.connect(self.model.order_by_epoch)
        self.add_button(tr("Cancel"), self.reject)
        self.compare = self.add_button("", self._agree, primary=True)
        self.table.setFocus()
        self.table.selectRow(0)
        self._describe()

    def _describe(self) -> None:
        taken = sum(choice.taken for choice in self.model.choices)
        self.compare.setText(
            tr("Compare {checkpoints}").format(checkpoints=counted(taken, "checkpoint", "checkpoints"))
        )
        self.compare.setEnabled(taken > 0)
        self.by_epoch.setEnabled(self.model.by_hand)
        self.by_epoch.setToolTip("" if self.model.by_hand else tr("They are in the order of the epochs inside."))

    def add_files(self) -> None:
        """Ask for more."""
        dialog = file_dialog(self, tr("Add checkpoints"), self._folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda paths: self.model.add([str(PurePath(path)) for path in paths]))
        dialog.open()

    def _agree(self) -> None:
        self.accept()
        self._act(tuple(self.model.choices), self.model.by_hand)
