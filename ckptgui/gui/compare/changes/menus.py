"""What can be done with rows of the table and with its columns, as menus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from ckptgui.gui.compare.changes.columns import CHOICE, Column, title
from ckptgui.gui.compare.changes.view import ChangesView
from ckptgui.gui.numbers import tr


def act_menu(groups: Sequence[Sequence[tuple[str, Callable[[], None]]]], parent: QWidget) -> QMenu:
    """A menu of words and what each does, a line between the groups."""
    menu = QMenu(parent)
    for group in filter(None, groups):
        if not menu.isEmpty():
            menu.addSeparator()
        for words, act in group:
            menu.addAction(words).triggered.connect(lambda _=False, act=act: act())
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


def pop_up(menu: QMenu, place: QPoint) -> None:
    """Show a menu once."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(place)
