"""The details tab: every fact of a tensor, a row each, that can be copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_COPY = Qt.ItemDataRole.UserRole


class _Plain(QStyledItemDelegate):
    """Rows are selected whole, so the style's frame around one cell would say less than the row does."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Leave the frame out."""
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus


class DetailsTable(QTableWidget):
    """Titles and texts. Ctrl+C and the context menu copy a row's exact text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setFont(ui_font())
        self.setShowGrid(False)
        self.setFrameShape(QTableWidget.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setItemDelegate(_Plain(self))
        slim(self)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setStretchLastSection(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName(tr("Details"))
        theme_signal().changed.connect(self._recolour)

    def set_rows(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Show other facts."""
        self.setRowCount(len(rows))
        for number, (title, text, exact) in enumerate(rows):
            name, value = QTableWidgetItem(title), QTableWidgetItem(text)
            value.setData(_COPY, exact)
            value.setToolTip(plain_tooltip(text))
            self.setItem(number, 0, name)
            self.setItem(number, 1, value)
        self._recolour()
        widest = max((self.fontMetrics().horizontalAdvance(title) for title, _, _ in rows), default=0)
        self.setColumnWidth(0, widest + 28)

    def _recolour(self) -> None:
        for number in range(self.rowCount()):
            item = self.item(number, 0)
            if item is not None:
                item.setForeground(theme().text2)

    def copy_row(self) -> None:
        """Put the current row's exact text on the clipboard."""
        item = self.item(self.currentRow(), 1)
        if item is not None:
            copy_text(str(item.data(_COPY)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys named above."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_row()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy."""
        if self.currentRow() >= 0:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(tr("Copy")).triggered.connect(self.copy_row)
            menu.popup(event.globalPos())


class DetailsTab(LowerTab):
    """The table with the panel's margins; its rows come from the panel, which knows the tensor's relations."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 4, 0)
        self._rows: Sequence[tuple[str, str, str]] | None = None  # that the table does not show yet
        self._table = DetailsTable(self)
        layout.addWidget(self._table)

    @property
    def table(self) -> DetailsTable:
        """The rows, which are filled in when somebody looks at them."""
        rows, self._rows = self._rows, None
        if rows is not None:
            self._table.set_rows(rows)
        return self._table

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        _ = self.table

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Nothing to do: see above."""

    def set_rows(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Show other facts."""
        self._rows = rows
        if self.isVisible():
            _ = self.table
