"""Paints a row of the table of changes: glyph and name, sign, bar, figures, and the line over the epochs."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nlargest

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.status import Status
from ckptgui.gui.compare.changes.columns import BAR, LINE, PAD, Column, Widths
from ckptgui.gui.compare.changes.line_pictures import HEIGHT, LinePictures
from ckptgui.gui.compare.changes.lines import EpochLines
from ckptgui.gui.compare.changes.model import ChangesModel
from ckptgui.gui.compare.changes.rows import Cell, Rows
from ckptgui.gui.compare.changes.words import shortened
from ckptgui.gui.compare.signs import sign, status_colour
from ckptgui.gui.labels import token
from ckptgui.gui.numbers import integer
from ckptgui.gui.theme import ROW, theme, ui_font
from ckptgui.gui.tree import glyphs
from ckptgui.gui.tree.badges import Badge
from ckptgui.gui.tree.delegate import INDENT, LEFT, SIGN

Index = QModelIndex | QPersistentModelIndex
_EDGE = 2
_MEASURED = 16
"""Names that are measured for the longest."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def sign_left(depth: int, width: int) -> int:
    """Where a row's chevron or glyph begins in a name column of some width; in a narrow one steps are small."""
    step = INDENT if width >= 16 * INDENT else INDENT // 2
    return LEFT + min(depth * step, max(0, width - 5 * INDENT))


class ChangesDelegate(QStyledItemDelegate):
    """One for all columns; keeps fonts, metrics and pixmaps, never a colour. ``lines`` and ``shares`` are told."""

    def __init__(self, model: ChangesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.hovered = -1  # a row under the mouse
        self.linked = -1  # a node that is under the mouse in another view
        self.widths = Widths()
        self.lines: EpochLines | None = None
        self.shares: tuple[float, ...] = ()
        self.ends = (-1, -1)
        self._longest: tuple[Outline | None, int] = None, 0
        self._pictures = LinePictures()
        self._font, self._small = ui_font(), ui_font(11)
        self._strong = ui_font(weight=QFont.Weight.DemiBold)
        self._metrics, self._small_metrics = QFontMetrics(self._font), QFontMetrics(self._small)
        self._cells: dict[Column, Callable[[QPainter, QRect, Rows, int], None]] = {
            Column.NAME: self._paint_name,
            Column.STATUS: self._paint_status,
            Column.RELATIVE: self._paint_relative,
            Column.EPOCHS: self._paint_epochs,
        }

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.widths.of(Column(index.column())), ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rows, column = self._model.rows, Column(index.column())
        if rows is None or index.row() >= len(self._model.visible):
            return
        rect: QRect = option.rect
        node = self._model.node(index.row())
        self._paint_ground(painter, rect, bool(option.state & QStyle.StateFlag.State_Selected), index, node)
        if Column.RELATIVE <= column < Column.EPOCHS and (cell := rows.relative(node)).spans:
            self._paint_across(painter, rect, cell)
        elif column in self._cells:
            self._cells[column](painter, rect, rows, node)
        else:
            self._write(painter, rect.adjusted(PAD, 0, -PAD, 0), rows.plain(node, column))

    def _paint_ground(self, painter: QPainter, rect: QRect, selected: bool, index: Index, node: int) -> None:
        view, t = self.parent(), theme()
        if selected:
            focused = isinstance(view, QWidget) and view.hasFocus()
            painter.fillRect(rect, t.sel if focused else t.pressed)
            if index.column() == Column.NAME:
                painter.fillRect(QRect(rect.left(), rect.top(), _EDGE, rect.height()), t.accent)
        elif index.row() == self.hovered or node == self.linked:
            painter.fillRect(rect, t.hover)

    def _paint_name(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        t, model = theme(), self._model
        left = rect.left() + sign_left(int(rows.outline.depth[node]) if model.tree else 0, rect.width())
        centre = QPointF(left + SIGN / 2, rect.center().y() + 0.5)
        if rows.is_module(node):
            glyphs.chevron(painter, centre, model.is_open(node), t.text2)
        else:
            tensor = int(rows.outline.tensor[node])
            role = rows.role(tensor)
            waits = rows.unread(node)
            colour = t.nan if rows.broken(node) else t.role_pale(role) if waits else t.role(role)
            glyphs.tensor_glyph(painter, centre, rows.shape(tensor), colour)
        place = QRect(left + SIGN + 4, rect.top(), rect.right() - left - SIGN - 6, ROW)
        self._paint_label(painter, place, rows, node)

    def _paint_label(self, painter: QPainter, place: QRect, rows: Rows, node: int) -> None:
        """The name, and behind it what else there is to say as long as it does not cost the name a letter."""
        t = theme()
        name = self.fitted(rows, node, place.width())
        wide = self._metrics.horizontalAdvance(name)
        painter.setFont(self._font)
        painter.setPen(t.text)
        painter.drawText(place, _LEFT, name)
        left = place.left() + wide + 8
        for text in rows.badges(node):
            badge = glyphs.fitted(Badge(text), place.right() - left)
            if badge is not None:
                glyphs.paint_badge(painter, badge, left, place.center().y() + 1)
                left += glyphs.badge_width(badge) + 4
        counts = rows.counts(node)
        if len(counts) > 1:
            self._paint_counts(painter, QRect(left, place.top(), place.right() - left, ROW), counts)

    def fitted(self, rows: Rows, node: int, room: int) -> str:
        """A row's name in so many pixels. Where one of a flat table is too long, the front that all have goes."""
        name, wide = rows.name(node, not self._model.tree), self._metrics.horizontalAdvance
        if not self._model.tree and self._longest_name(rows.outline) > room:
            name = rows.without_front(name)
        if wide(name) < room:
            return name
        name = shortened(name, lambda text: wide(text) < room)  # what fills it to the pixel is elided by Qt
        return self._metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)

    def _longest_name(self, outline: Outline) -> int:
        """Pixels of the longest name, by those with the most characters."""
        if self._longest[0] is not outline:
            names = nlargest(_MEASURED, outline.names, key=len)
            wide = max((self._metrics.horizontalAdvance(display(name)) for name in names), default=0)
            self._longest = outline, wide
        return self._longest[1]

    def _paint_counts(self, painter: QPainter, place: QRect, counts: tuple[tuple[Status, int], ...]) -> None:
        """``≠ 12  = 3`` in small letters, as many as there is room for."""
        painter.setFont(self._small)
        left = place.left()
        for status, count in counts:
            text = f"{sign(status)} {integer(count)}"
            width = self._small_metrics.horizontalAdvance(text)
            if left + width > place.right():
                return
            painter.setPen(status_colour(status) if status is not Status.SAME else theme().text2)
            painter.drawText(QRect(left, place.top(), width + 2, ROW), _LEFT, text)
            left += width + 8

    def _paint_status(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        status = rows.status(node)
        painter.setFont(self._strong)
        painter.setPen(status_colour(status))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, sign(status))

    def _paint_across(self, painter: QPainter, rect: QRect, cell: Cell) -> None:
        """What stands instead of all figures; each of their cells paints its own part."""
        view = self.parent()
        assert isinstance(view, QTableView)
        left = view.columnViewportPosition(Column.RELATIVE) + PAD
        right = view.viewport().width()
        if not view.isColumnHidden(Column.EPOCHS):
            right = view.columnViewportPosition(Column.EPOCHS)
        place = QRect(left, rect.top(), right - PAD - left, ROW)
        painter.setClipRect(rect)
        painter.setFont(self._small)
        painter.setPen(token(cell.note_token))
        text = self._small_metrics.elidedText(cell.note, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, _LEFT, text)
        painter.setClipping(False)

    def _paint_relative(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        cell = rows.relative(node)
        inner = rect.adjusted(PAD, 0, -PAD, 0)
        split = inner.left() + self.widths.number
        if cell.note:  # beside the number, which makes room for it
            note = self._small_metrics.horizontalAdvance(cell.note) + 1
            split = min(split, max(inner.left() + self.widths.number // 2, inner.right() - note - PAD))
        self._write(painter, QRect(inner.left(), inner.top(), split - inner.left(), ROW), cell)
        inner.setLeft(split + PAD)
        if cell.note:
            painter.setFont(self._small)
            painter.setPen(token(cell.note_token))
            text = self._small_metrics.elidedText(cell.note, Qt.TextElideMode.ElideRight, inner.width())
            painter.drawText(inner, _LEFT, text)
        elif cell.bar > 0:
            width = max(1.0, cell.bar * min(BAR, inner.width()))
            bar = QRectF(inner.left(), rect.top() + (ROW - 8) / 2, width, 8)
            painter.fillRect(bar, status_colour(rows.status(node) or Status.CHANGED))

    def _paint_epochs(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        if self.lines is None or len(self.lines.members) < 2:
            return
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._pictures.pixmap(self.lines.of(node), self.shares, self.ends, ratio)
        painter.drawPixmap(rect.left() + PAD, rect.top() + (ROW - HEIGHT) // 2, LINE, HEIGHT, pixmap)

    def _write(self, painter: QPainter, place: QRect, cell: Cell) -> None:
        painter.setFont(self._strong if cell.strong else self._font)
        painter.setPen(token(cell.token))
        painter.drawText(place, _RIGHT, cell.text)
