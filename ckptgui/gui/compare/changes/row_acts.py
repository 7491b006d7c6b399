"""What somebody does with rows of the table: copy them, or see a tensor in the page of its epoch."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, Signal

from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.changes.arranger import Arranger
from ckptgui.gui.compare.changes.copying import table_text
from ckptgui.gui.compare.changes.menus import act_menu, pop_up
from ckptgui.gui.compare.changes.view import ChangesView
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.numbers import counted, tr


class RowActs(QObject):
    """``show_asked`` carries a member and a node. Texts are made off the GUI's thread: a table may be long."""

    show_asked = Signal(int, int)

    def __init__(self, arranger: Arranger, view: ChangesView, comparison: Comparison, parent: QObject) -> None:
        super().__init__(parent)
        self._arranger, self._view, self._comparison = arranger, view, comparison
        self.lane = comparison.background.lane(self)

    def pop_up_menu(self, node: int, place: QPoint) -> None:
        """What can be done with a node, and with the rows that are selected."""
        rows, comparison = self._arranger.rows, self._comparison
        if rows is None:
            return
        tensor, outline = int(rows.outline.tensor[node]), rows.outline
        there = [
            (
                tr("Show in {0}").format(member_words(comparison.series, end)),
                partial(self.show_asked.emit, end, node),
            )
            for end in dict.fromkeys((comparison.a, comparison.b))
            if tensor >= 0 and rows.row_of(tensor, end) >= 0
        ]
        count = len(self._view.selected())
        words = tr("Copy row") if count < 2 else tr("Copy {0}").format(counted(count, "row", "rows"))
        copies = [
            (tr("Copy name"), lambda: copy_text(outline.path(node))),
            (words + "\tCtrl+C", self.copy_rows),
            (tr("Copy table as CSV"), self.copy_table),
        ]
        pop_up(act_menu((there, copies), self._view), place)

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard, tab-separated, with every digit."""
        self._copy(self._view.selected(), tabs=True)

    def copy_table(self) -> None:
        """Put all rows that are shown on the clipboard as CSV."""
        self._copy(self._arranger.visible.tolist(), tabs=False)

    def _copy(self, nodes: list[int], *, tabs: bool) -> None:
        rows = self._arranger.rows
        if rows is None or not nodes:
            return

        def work(cancel: Cancel, report: Report) -> str:
            return table_text(rows, nodes, tabs=tabs, cancel=cancel)

        self.lane.start(work, copy_text)
