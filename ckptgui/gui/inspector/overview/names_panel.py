"""What a full load would do: every name that a file's pickles hold, what it is able to do, and where it stands.

It says and lists; nothing here loads, and there is no button that would.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.core.display import display
from ckptgui.core.names_used import UsedName
from ckptgui.gui.controls import Hairline
from ckptgui.gui.inspector.copying import CopyButton, copy_text
from ckptgui.gui.inspector.flat import Field, SortedHeader, flat_rows
from ckptgui.gui.inspector.overview.names_model import Column, NamesModel, cell_text
from ckptgui.gui.labels import Caption, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.gui.theme import mono_font, theme, ui_font

ROW = 24
MAX_COPIED = 100_000
_FILTER_MS = 60
_ELIDED = {Column.EFFECT: Qt.TextElideMode.ElideRight, Column.WHERE: Qt.TextElideMode.ElideLeft}
_TOKENS = {GlobalClass.CALLABLE: "danger", GlobalClass.CLASS: "warn", GlobalClass.KNOWN: "text2"}


class _Cells(QStyledItemDelegate):
    """Plain text, elided in its middle; what is able to run code is said in the colour of danger."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint a cell."""
        model, view = index.model(), option.widget
        if not isinstance(model, NamesModel) or not isinstance(view, QTableView):
            return
        t, rect, column = theme(), option.rect, Column(index.column())
        name = model.name(index.row())
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view.hasFocus() else t.pressed)
            if column is Column.NAME:
                painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        token = "text"
        if column is Column.USE:
            token = _TOKENS[name.use]
        elif column is not Column.NAME and not (column is Column.RESTRICTED and not name.allowed):
            token = "text2"
        painter.setFont(mono_font() if column is Column.NAME else view.font())
        painter.setPen(getattr(t, token))
        room = rect.adjusted(24 if column is Column.NAME else 4, 0, -8, 0)
        mode = _ELIDED.get(column, Qt.TextElideMode.ElideMiddle)
        text = painter.fontMetrics().elidedText(cell_text(name, column), mode, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class NamesTable(QTableView):
    """One row a name. Ctrl+C and the context menu copy the selected rows."""

    def __init__(self, model: NamesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = model
        self.setModel(model)
        self.setFont(ui_font(12))
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(tr("Names"))
        header = SortedHeader(Qt.Orientation.Horizontal, self, lead=24)
        flat_rows(self, header)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def forget_order(self) -> None:
        """Worst first again."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The effect has a column where there is room for it; it is told below the table anyway."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Part the width among the columns."""
        wide, metrics = self.viewport().width(), self.fontMetrics()
        use = metrics.horizontalAdvance(tr("runs code")) + 24
        restricted = metrics.horizontalAdvance("weights_only") + 26
        where = min(metrics.horizontalAdvance("archive/data.pkl, byte 1,234,567") + 12, round(wide * 0.3))
        shown = [column for column in Column if wide >= _NEEDED[column]]
        rest = wide - sum(
            w for c, w in ((Column.USE, use), (Column.RESTRICTED, restricted), (Column.WHERE, where)) if c in shown
        )
        effect = round(rest * 0.5) if Column.EFFECT in shown else 0
        widths = {
            Column.NAME: rest - effect,
            Column.USE: use,
            Column.RESTRICTED: restricted,
            Column.WHERE: where,
            Column.EFFECT: effect,
        }
        for column in Column:
            self.setColumnHidden(column, column not in shown)
            if column in shown:
                self.setColumnWidth(column, widths[column])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.currentIndex().isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(tr("Copy")).triggered.connect(self.copy_rows)
            menu.popup(event.globalPos())

    def copy_rows(self) -> None:
        """Put the selected rows, every column of them, on the clipboard as tab-separated text."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())[:MAX_COPIED]
        copy_text(table_text([self.names.name(row) for row in rows]))


_NEEDED = {Column.NAME: 0, Column.USE: 0, Column.RESTRICTED: 360, Column.WHERE: 520, Column.EFFECT: 900}
"""Pixels of the table from which on a column is shown."""


def table_text(names: Sequence[UsedName]) -> str:
    """Names as lines of tab-separated cells."""
    return "\n".join("\t".join(cell_text(name, column) for column in Column) for name in names)


class NamesPanel(QWidget):
    """The verdict, a box to filter, the table, and in full what a load would do with the selected name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(24, 10, 24, 8)
        top.setSpacing(8)
        self.verdict = PlainLabel("", self, wrap=True, selectable=True)
        top.addWidget(self.verdict)
        line = QHBoxLayout()
        line.setSpacing(8)
        self.box = Field(tr("Filter the names"), self)
        self.box.setPlaceholderText(tr("Filter by name, class or place"))
        self.box.setClearButtonEnabled(True)
        self.count = Caption("", self)
        self.copy = CopyButton(tr("Copy all that are listed"), self)
        line.addWidget(self.box, 1)
        line.addWidget(self.count)
        line.addWidget(self.copy)
        top.addLayout(line)
        layout.addLayout(top)
        layout.addWidget(Hairline(self))
        self.model = NamesModel()
        self.model.setParent(self)
        self.table = NamesTable(self.model, self)
        layout.addWidget(self.table, 1)
        self.detail = QWidget(self)
        pane = QVBoxLayout(self.detail)
        pane.setContentsMargins(24, 8, 24, 10)
        pane.setSpacing(3)
        self.name = ElidedLabel("", self.detail)
        self.name.setFont(mono_font())
        self.effect = PlainLabel("", self.detail, wrap=True, selectable=True)
        self.place = PlainLabel("", self.detail, wrap=True, colour="text2", selectable=True)
        for part in (self.name, self.effect, self.place):
            pane.addWidget(part)
        layout.addWidget(Hairline(self))
        layout.addWidget(self.detail)
        self.copy.pressed.connect(self._prepare_copy)
        self._delay = QTimer(self, singleShot=True, interval=_FILTER_MS)
        self._delay.timeout.connect(self._filter)
        self.box.textChanged.connect(lambda: self._delay.start())
        self.box.returnPressed.connect(self._filter)
        self.table.selectionModel().currentRowChanged.connect(self._show_detail)
        self.model.modelReset.connect(self._arranged)

    def set_names(self, names: Sequence[UsedName], verdict: str) -> None:
        """Show another file's names."""
        self._delay.stop()
        self.box.blockSignals(True)
        self.box.clear()
        self.box.blockSignals(False)
        self.verdict.setText(display(verdict, 1024))
        self.table.forget_order()
        self.model.set_names(names)
        self._total = len(names)
        self._arranged()
        self.table.fit()

    _total = 0

    def _filter(self) -> None:
        self._delay.stop()
        self.model.set_filter(self.box.text())

    def _arranged(self) -> None:
        shown = self.model.rowCount()
        all_of_them = counted(self._total, "name", "names")
        self.count.setText(
            all_of_them if shown == self._total else tr("{0} of {1}").format(integer(shown), all_of_them)
        )
        if shown:
            self.table.selectRow(0)
        self._show_detail()

    def _prepare_copy(self) -> None:
        """The text is made when it is wanted: that of ten thousand names takes as long as a pause is felt."""
        rows = range(min(self.model.rowCount(), MAX_COPIED))
        self.copy.set_copy(table_text([self.model.name(row) for row in rows]))

    def _show_detail(self) -> None:
        row = self.table.currentIndex().row()
        self.detail.setVisible(0 <= row < self.model.rowCount())
        if not self.detail.isHidden():
            name = self.model.name(row)
            self.name.setText(display(name.name, 1024))
            self.effect.setText(display(name.effect, 2048))
            takes = tr("weights_only=True takes it.") if name.allowed else tr("weights_only=True refuses it.")
            stands = tr("Stands first in {0}.").format(cell_text(name, Column.WHERE)) if name.where else ""
            self.place.setText(f"{takes} {stands}".strip())
