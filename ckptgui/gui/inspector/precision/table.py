"""What casts would lose as a table: a row a type, a bar of what becomes of the values, and the figures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.analysis.precision import Loss
from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import FlatHeader, slim
from ckptgui.gui.inspector.precision.bar import paint_bar, parts_of
from ckptgui.gui.inspector.precision.text import decibels, name, share
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import counted, integer, percent, size_text, tr
from ckptgui.gui.theme import ROW, theme, theme_signal, ui_font

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

NAME, BAR, ZERO, BEYOND, MEAN, LARGEST, SNR, SIZE = range(8)
HEADS = (
    (tr("Cast to"), "", "float8_e4m3fn"),
    (tr("How far off"), tr("What becomes of the finite values"), ""),
    (tr("To zero"), tr("Values that would become zero"), "0.00278 %"),
    (tr("Beyond"), tr("Values beyond the range"), "0.00278 %"),
    (tr("Mean error"), tr("Mean relative error of values within the range"), "0.00278 %"),
    (tr("Largest error"), tr("Largest relative error of values that do not become zero"), "0.0488 %"),
    (tr("SNR, dB"), tr("Root mean square of the values to that of the errors, in decibels"), "exact.."),
    (tr("Size"), tr("Bytes after the cast, with int8's scales as float32"), "1,023.9 MiB"),
)
"""Caption, tooltip, and the widest text of each column."""

LESS_TELLING = (LARGEST, SIZE, MEAN, SNR)
"""Columns that go where there is no room, in this order; their figures stay in the tooltip of the name."""

LEAST_BAR = 64
"""Pixels that the bars have at least."""

MUCH = 0.01
"""A larger part of the values that become zero is marked."""


class PrecisionModel(QAbstractTableModel):
    """The losses, a row each."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.losses: tuple[Loss, ...] = ()
        self.role = Role.OTHER

    def set_losses(self, losses: Sequence[Loss], role: Role) -> None:
        """Show others."""
        self.beginResetModel()
        self.losses, self.role = tuple(losses), role
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.losses)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Captions over the figures, at the right as they are."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if section in (NAME, BAR) else _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(HEADS[section][1])
        return HEADS[section][0] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A figure in short, and in full in the tooltip."""
        loss = self.losses[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(loss, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(full(loss, index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{HEADS[index.column()][0]}: {cell(loss, index.column()) or full(loss, BAR)}"
        return None


def cell(loss: Loss, column: int) -> str:
    """What a cell shows."""
    within = loss.count - loss.overflowed
    return {
        NAME: name(loss.target),
        BAR: "",
        ZERO: share(loss.zeroed, loss.count),
        BEYOND: share(loss.overflowed, loss.count),
        MEAN: percent(loss.mean_relative or 0.0, 1 if within else 0),
        LARGEST: percent(loss.max_relative, 1 if within else 0),
        SNR: decibels(loss.snr),
        SIZE: size_text(loss.nbytes),
    }[column]


def full(loss: Loss, column: int) -> str:
    """Every digit of a figure."""
    if column in (NAME, BAR):
        lines = [f"{integer(part.count)} {part.word}" for part in parts_of(loss)]
        some = [tr("{0} exact").format(integer(loss.exact)), tr("{0} subnormal").format(integer(loss.subnormal))]
        figures = [f"{HEADS[other][0]}: {cell(loss, other)}" for other in (MEAN, LARGEST, SNR, SIZE)]
        return "\n".join([*lines, *some, "", *figures])
    return {
        ZERO: counted(loss.zeroed, "value", "values"),
        BEYOND: counted(loss.overflowed, "value", "values"),
        MEAN: repr(loss.mean_relative) if loss.mean_relative is not None else "",
        LARGEST: tr("relative {0!r}\nabsolute {1!r}").format(loss.max_relative, loss.max_absolute),
        SNR: repr(loss.snr) if loss.snr is not None else "",
        SIZE: f"{integer(loss.nbytes)} B",
    }[column]


class _Painter(QStyledItemDelegate):
    """Rows with the accent's edge where they are selected; the bar is drawn to scale."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, view, rect = index.model(), option.widget, option.rect
        if not isinstance(model, PrecisionModel) or not isinstance(view, QTableView):
            return
        t, loss, column = theme(), model.losses[index.row()], index.column()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view.hasFocus() else t.pressed)
            if column == NAME:
                painter.fillRect(rect.x(), rect.y(), 2, rect.height(), t.accent)
        if column == BAR:
            paint_bar(painter, rect.adjusted(4, 7, -10, -7), loss, model.role)
        else:
            painter.setFont(view.font())
            painter.setPen(_colour(loss, column))
            room = rect.adjusted(16 if column == NAME else 2, 0, -16 if column == SIZE else -6, 0)
            text = option.fontMetrics.elidedText(cell(loss, column), Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, _LEFT if column == NAME else _RIGHT, text)


def _colour(loss: Loss, column: int) -> QColor:
    t = theme()
    if column == BEYOND and loss.overflowed:
        return t.danger
    if column == ZERO and loss.zeroed > MUCH * loss.count:
        return t.warn
    nothing = (column == ZERO and not loss.zeroed) or (column == BEYOND and not loss.overflowed)
    return t.text2 if nothing else t.text


class PrecisionTable(QTableView):
    """Rows are selected whole; Ctrl+C copies all of them as tab-separated text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.losses = PrecisionModel(self)
        self.setModel(self.losses)
        self.setFont(ui_font(12))
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setItemDelegate(_Painter(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Precision"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        slim(self)
        self.setHorizontalHeader(FlatHeader(Qt.Orientation.Horizontal, self, lead=16, trail=16))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.losses.modelReset.connect(self.updateGeometry)
        theme_signal().changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """All rows."""
        bar = self.horizontalScrollBar()
        below = bar.sizeHint().height() if bar.maximum() > 0 else 0
        return QSize(super().sizeHint().width(), self._head() + ROW * self.losses.rowCount() + below)

    def minimumSizeHint(self) -> QSize:
        """Two rows; the others are scrolled to."""
        return QSize(120, self._head() + 2 * ROW)

    def _head(self) -> int:
        return self.horizontalHeader().sizeHint().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The bar takes what the figures leave; where there is too little, some figures go."""
        super().resizeEvent(event)
        metrics, heads = self.fontMetrics(), self.horizontalHeader().fontMetrics()
        widths = {}
        for column, (caption, _, widest) in enumerate(HEADS):
            more = 22 if column in (NAME, SIZE) else 10
            widths[column] = max(metrics.horizontalAdvance(widest), heads.horizontalAdvance(caption)) + more
        widths[BAR] = max(widths[BAR], LEAST_BAR)
        left = self.viewport().width() - sum(widths.values())
        for column in LESS_TELLING:
            hidden = left < 0
            self.setColumnHidden(column, hidden)
            left += widths[column] if hidden else 0
        widths[BAR] += max(0, left)
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys named above."""
        if not event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
            return
        columns = [column for column in range(len(HEADS)) if column != BAR]
        rows = [[HEADS[column][0] for column in columns]]
        rows += [[cell(loss, column) for column in columns] for loss in self.losses.losses]
        copy_text("\n".join("\t".join(row) for row in rows))
