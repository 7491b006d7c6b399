"""Which columns are shown, as a menu, and as words for the settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from PySide6.QtWidgets import QMenu, QWidget

from ckptgui.gui.numbers import tr
from ckptgui.gui.tree.columns import CHOICE, Column, title


def column_menu(
    chosen: Collection[Column], hidden: Collection[Column], choose: Callable[[Column, bool], None], parent: QWidget
) -> QMenu:
    """A tick for each column; of a ``chosen`` one that is ``hidden`` it says that there is no room."""
    menu = QMenu(parent)
    for column in CHOICE:
        text = title(column)
        if column in chosen and column in hidden:
            text += "\t" + tr("no room now")
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(column in chosen)
        action.toggled.connect(lambda on, column=column: choose(column, on))
    return menu


def keys_of(columns: Collection[Column]) -> tuple[str, ...]:
    """Words that stay the same in every language."""
    return tuple(column.name.lower() for column in CHOICE if column in columns)


def columns_of(keys: Iterable[str]) -> frozenset[Column]:
    """The columns that these words name; words of other versions name none."""
    known = set(keys)
    return frozenset(column for column in CHOICE if column.name.lower() in known)
