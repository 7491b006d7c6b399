"""The plain values of two checkpoints beside each other, as a small painted table: name, at A, at B."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QLocale, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.series.metadata_difference import ABSENT, Absent, MetadataDifference
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.labels import draw_focus, plain_tooltip
from ckptgui.gui.numbers import MINUS, integer, short_number, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.plain_values import value_text
from ckptgui.gui.tree.scroll_bar import SlimScrollBar

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
ROW = 18
_PAD, _ARROW = 12, 22
_MEASURED = 200
"""Rows whose texts decide how wide the columns are."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A value by its path at A and at B, and whether the two differ."""

    found: MetadataDifference
    differs: bool

    @property
    def name(self) -> str:
        """The keys that lead to it."""
        return display(" › ".join(self.found.path))

    def text(self, end: int) -> str:
        """What stands at A (0) or at B (1), short."""
        return shown(self.found.values)[end]


def shown(values: Sequence[Json | Absent]) -> tuple[str, ...]:
    """Values as the window shows numbers, with equally many decimals; unlike ones never read alike."""
    texts = [_shown(value) for value in values]
    if all(isinstance(value, float) for value in values):
        if len(set(texts)) < len(set(values)) or len({"e" in text for text in texts}) > 1:
            return _told_apart([value for value in values if isinstance(value, float)])
        texts = _aligned(texts)
    return tuple(texts)


def _told_apart(values: Sequence[float]) -> tuple[str, ...]:
    """With as few digits as tell them apart."""
    for digits in range(3, 17):
        texts = tuple(f"{value:.{digits}g}" for value in values)
        if len(set(texts)) == len(set(values)):
            point = QLocale().decimalPoint()
            return tuple(text.replace("-", MINUS).replace(".", point) for text in texts)
    return tuple(value_text(value) for value in values)


def _shown(value: Json | Absent) -> str:
    if value is ABSENT:
        return tr("not there")
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(value)
    return short_number(value) if isinstance(value, float) else value_text(value)


def _aligned(texts: list[str]) -> list[str]:
    """``2.2`` beside ``2.17`` is ``2.20``."""
    point = QLocale().decimalPoint()
    decimals = [len(text.partition(point)[2]) for text in texts]
    if any("e" in text or not count for text, count in zip(texts, decimals)):
        return texts
    return [text + "0" * (max(decimals) - count) for text, count in zip(texts, decimals)]


def written(value: Json | Absent) -> str:
    """A value with every digit, for the clipboard."""
    return "" if value is ABSENT else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class ValuesModel(QAbstractTableModel):
    """Name, value at A, value at B."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.values: tuple[ValueRow, ...] = ()

    def show(self, values: Sequence[ValueRow]) -> None:
        """List other values."""
        self.beginResetModel()
        self.values = tuple(values)
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.values)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.values[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.text(column - 1) if column else row.name
        if role == Qt.ItemDataRole.ToolTipRole:
            sides = (value_text(v, 1024, True) if v is not ABSENT else tr("not there") for v in row.found.values)
            between = " → " if row.differs else " = "
            return plain_tooltip(f"{display(' › '.join(row.found.path), 1024)}\n{between.join(sides)}")
        return None


class _Cells(QStyledItemDelegate):
    """Names in secondary text, both values aligned at the right, an arrow between those that differ."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, view, t = index.model(), option.widget, theme()
        if not isinstance(model, ValuesModel) or not isinstance(view, QWidget):
            return
        rect, row, column = option.rect, model.values[index.row()], index.column()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view.hasFocus() else t.pressed)
        painter.setFont(ui_font(12))
        centre = Qt.AlignmentFlag.AlignVCenter
        if column == 0:
            painter.setPen(t.text2)
            self._write(painter, rect.adjusted(_PAD, 0, -4, 0), row.name, centre | Qt.AlignmentFlag.AlignLeft)
            return
        absent = row.found.values[column - 1] is ABSENT
        room = rect.adjusted(4, 0, -_ARROW if column == 1 else -_PAD, 0)
        painter.setPen(t.text2 if absent or not row.differs else t.text)
        self._write(painter, room, row.text(column - 1), centre | Qt.AlignmentFlag.AlignRight)
        if column == 1 and row.differs:
            painter.setPen(t.text2)
            arrow = QRect(rect.right() - _ARROW + 1, rect.top(), _ARROW, rect.height())
            painter.drawText(arrow, Qt.AlignmentFlag.AlignCenter, "→")

    def _write(self, painter: QPainter, room: QRect, text: str, flags: Qt.AlignmentFlag) -> None:
        metrics = painter.fontMetrics()
        painter.drawText(room, flags, metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room.width()))


class ValuesTable(QTableView):
    """Ctrl+C and the context menu copy the selected rows with every digit."""

    def __init__(self, model: ValuesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._by_key = False  # only then does the focus need a ring
        self.setModel(model)
        self.setItemDelegate(_Cells(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Other values"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBar(SlimScrollBar(self, "sunken"))
        self.viewport().setAutoFillBackground(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setVisible(False)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(ROW)
        self.verticalHeader().setDefaultSectionSize(ROW)
        model.modelReset.connect(self.fit)
        theme_signal().changed.connect(self.viewport().update)

    def fit(self) -> None:
        """Give the values the room that their texts need, and what is left to the names."""
        metrics, some = QFontMetrics(ui_font(12)), self._model.values[:_MEASURED]
        width = self.viewport().width()
        needs = [
            max((metrics.horizontalAdvance(row.text(end)) for row in some), default=0) + 8 + extra
            for end, extra in ((0, _ARROW), (1, _PAD))
        ]
        name = max((metrics.horizontalAdvance(row.name) for row in some), default=0) + _PAD + 12
        most = max(96, min(width * 3 // 10, (width - name) // 2))  # a long value does not draw all others apart
        first, second = (min(need, most) for need in needs)
        name = max(0, min(name, width - first - second))
        for column, wide in enumerate((name, first, second)):
            self.setColumnWidth(column, wide)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()
        super().resizeEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_key = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self._by_key:
            draw_focus(QPainter(self.viewport()), self.viewport().rect())

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
        """Put the selected rows on the clipboard, tab-separated."""
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = (self._model.values[row] for row in chosen)
        copy_text("\n".join("\t".join((".".join(r.found.path), *map(written, r.found.values))) for r in rows))
