"""The line below the list: what a row has no room for, in full, of the one that is selected."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ckptgui.core.display import display
from ckptgui.export.batch import State
from ckptgui.gui.export_batch.lines import Line
from ckptgui.gui.export_batch.model import BatchModel
from ckptgui.gui.export_batch.table import BatchTable
from ckptgui.gui.labels import PlainLabel


class About(PlainLabel):
    """Nothing where all is well with the row."""

    def __init__(self, model: BatchModel, table: BatchTable, parent: QWidget) -> None:
        super().__init__("", parent, pixels=12, wrap=True, selectable=True)
        self._model, self._row = model, table.currentIndex().row()
        self.setContentsMargins(24, 4, 24, 4)
        table.turned.connect(self._turned)
        model.dataChanged.connect(self._changed)
        self._tell()

    def _turned(self, row: int) -> None:
        self._row = row
        self._tell()

    def _changed(self, *_: object) -> None:
        self._tell()

    def _tell(self) -> None:
        line = self._model.lines[self._row] if 0 <= self._row < len(self._model.lines) else None
        text = (
            f"{display(line.title, 60)}: {line.told}" if line is not None and line.told and not _well(line) else ""
        )
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


def _well(line: Line) -> bool:
    """Whether its state is told in a word."""
    standing = line.standing
    if standing is None or standing.state in (State.FAILED, State.EXISTS):
        return False
    return standing.result is None or not standing.result.lost
