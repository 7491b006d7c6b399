"""What can be done with rows of the table and with its columns, as menus."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtWidgets import QMenu, QWidget

from ckptgui.gui.compare.changes.columns import CHOICE, Column, title
from ckptgui.gui.compare.changes.view import ChangesView
from ckptgui.gui.numbers import counted, tr


class RowActs(NamedTuple):
    """Who does what."""

    copy_name: Callable[[], None]
    copy_rows: Callable[[], None]
    copy_table: Callable[[], None]
    show_in: Callable[[int], None]


def row_menu(members: list[tuple[int, str]], rows: int, acts: RowActs, parent: QWidget) -> QMenu:
    """For ``rows`` selected rows; ``members`` are those that have the tensor, with what they are called."""
    menu = QMenu(parent)
    for member, words in members:
        action = menu.addAction(tr("Show in {0}").format(words))
        action.triggered.connect(lambda _=False, member=member: acts.show_in(member))
    if members:
        menu.addSeparator()
    menu.addAction(tr("Copy name")).triggered.connect(lambda: acts.copy_name())
    words = tr("Copy row") if rows == 1 else tr("Copy {0}").format(counted(rows, "row", "rows"))
    menu.addAction(words + "\tCtrl+C").triggered.connect(lambda: acts.copy_rows())
    menu.addAction(tr("Copy table as CSV")).triggered.connect(lambda: acts.copy_table())
    return menu


def column_menu(view: ChangesView, choose: Callable[[Column, bool], None]) -> QMenu:
    """A tick for each column; of a chosen one that is not shown it says why."""
    menu, hidden = QMenu(view), view.hidden_columns()
    for column in CHOICE:
        text = title(column)
        if column in view.unfit:
            text += "\t" + tr("from three checkpoints on")
        elif column in view.chosen_columns and column in hidden:
            text += "\t" + tr("no room now")
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setEnabled(column not in view.unfit)
        action.setChecked(column in view.chosen_columns)
        action.toggled.connect(lambda on, column=column: choose(column, on))
    return menu
