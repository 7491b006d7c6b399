"""Lets a person choose the tree's columns, from the button beside the filter and from the header."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu

from ckptgui.gui.tree.column_menu import column_menu, columns_of, keys_of
from ckptgui.gui.tree.columns import Column
from ckptgui.gui.tree.tools import TreeTools
from ckptgui.gui.tree.view import TreeView


class ColumnChoice(QObject):
    """``changed`` carries the words for the columns that somebody has chosen."""

    changed = Signal(object)

    def __init__(self, view: TreeView, tools: TreeTools, parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._button = view, tools.columns_button
        self._button.clicked.connect(
            lambda: self._pop_up(self._button.mapToGlobal(self._button.rect().bottomLeft()))
        )
        view.header.menu_asked.connect(self._pop_up)

    def show(self, keys: Iterable[str]) -> None:
        """Show these of the columns that can be chosen, as far as there is room."""
        self._view.choose_columns(columns_of(keys))

    def _choose(self, column: Column, on: bool) -> None:
        chosen = self._view.chosen_columns
        self._view.choose_columns(chosen | {column} if on else chosen - {column})
        self.changed.emit(keys_of(self._view.chosen_columns))

    def _pop_up(self, place: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self) -> QMenu:
        """A tick for each column."""
        view = self._view
        return column_menu(view.shown_columns, view.hidden_columns(), self._choose, view)
