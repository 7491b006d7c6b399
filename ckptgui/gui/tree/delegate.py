"""Paints a row of the tree: indent, chevron or glyph, name and badges, then numbers aligned by their parts."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ckptgui.core.display import display
from ckptgui.core.tree.build import NodeKind
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW, theme, ui_font
from ckptgui.gui.tree import glyphs
from ckptgui.gui.tree.badges import Badge, Tone
from ckptgui.gui.tree.columns import PAD, SHARE_BAR, SPARKLINE, UNIT_GAP, Column, Widths
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.rows import Rows
from ckptgui.gui.tree.sparklines import HEIGHT, Sparklines, paint_baseline

INDENT = 16
LEFT = 4
SIGN = 16
"""The first level's left edge, the step of a level, and the room of the chevron or glyph before a name."""

_EDGE = 2
_LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


def sign_left(depth: int, width: int) -> int:
    """Where a row's chevron or glyph begins; deep rows stop moving so that a name still fits."""
    return LEFT + min(depth * INDENT, max(0, width // 2 - INDENT) // INDENT * INDENT)


class TreeDelegate(QStyledItemDelegate):
    """One for all columns; keeps fonts, metrics and pixmaps, never a colour."""

    def __init__(self, model: TreeModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.hovered = -1
        self.widths = Widths()
        self.sparklines = Sparklines()
        self._regular = ui_font()
        self._strong = ui_font(weight=QFont.Weight.DemiBold)
        self._metrics = QFontMetrics(self._regular)
        self._strong_metrics = QFontMetrics(self._strong)
        self._cells: tuple[Callable[[QPainter, QRect, Rows, int], None], ...] = (
            self._paint_name,
            self._paint_shape,
            self._paint_type,
            self._paint_device,
            self._paint_size,
            self._paint_share,
            self._paint_mean,
            self._paint_range,
            self._paint_zeros,
            self._paint_distribution,
        )

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.widths.of(Column(index.column())), ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rows = self._model.rows
        if rows is None or index.row() >= len(self._model.visible):
            return
        rect: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._paint_ground(painter, rect, selected, index)
        self._cells[index.column()](painter, rect, rows, self._model.node(index.row()))

    def _paint_ground(self, painter: QPainter, rect: QRect, selected: bool, index: Index) -> None:
        view = self.parent()
        t = theme()
        if selected:
            focused = isinstance(view, QWidget) and view.hasFocus()
            painter.fillRect(rect, t.sel if focused else t.pressed)
            if index.column() == Column.NAME:
                painter.fillRect(QRect(rect.left(), rect.top(), _EDGE, rect.height()), t.accent)
        elif index.row() == self.hovered:
            painter.fillRect(rect, t.hover)

    def _paint_name(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        t, tree = theme(), rows.tree
        left = rect.left() + sign_left(int(tree.depth[node]), rect.width())
        centre = QPointF(left + SIGN / 2, rect.center().y() + 0.5)
        painter.setClipRect(rect)
        if tree.is_branch(node):
            glyphs.chevron(painter, centre, self._model.is_open(node), t.text2)
        elif tree.row[node] >= 0:
            quiet = rows.is_missing(node)
            shape = rows.table.shape(int(tree.row[node]))
            glyphs.tensor_glyph(painter, centre, shape, t.text3 if quiet else t.role(rows.role(node)))
        else:
            glyphs.dot(painter, centre, t.text2, 1.5)
        self._paint_label(
            painter, QRect(left + SIGN + 4, rect.top(), rect.right() - left - SIGN - 4, ROW), rows, node
        )
        painter.setClipping(False)

    def _paint_label(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        """The name, what follows it, and badges at the end, which give way last."""
        t = theme()
        strong = self._is_strong(rows, node)
        metrics = self._strong_metrics if strong else self._metrics
        right = rect.right() - 2
        name = rows.name(node)
        wide = metrics.horizontalAdvance(name)
        for badge in rows.badges(node, self._model.is_open(node)):
            width = glyphs.badge_width(badge)
            if badge.short and right - width - 4 < rect.left() + wide:
                badge = Badge(badge.short, badge.tone)
                width = glyphs.badge_width(badge)
            if right - width - 4 < rect.left() + (wide if badge.tone is Tone.PLAIN else 24):
                continue  # what is merely good to know does not cost the name a letter
            glyphs.paint_badge(painter, badge, right - width, rect.center().y() + 1)
            right -= width + 4
        room = right - rect.left()
        if wide > room:
            name = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
            wide = room
        painter.setFont(self._strong if strong else self._regular)
        painter.setPen(t.text3 if rows.is_missing(node) else t.text)
        painter.drawText(QRect(rect.left(), rect.top(), room, ROW), _LEFT_MIDDLE, name)
        self._paint_note(painter, QRect(rect.left() + wide + 6, rect.top(), room - wide - 6, ROW), rows, node)

    def _paint_note(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        t = theme()
        left = rect.left()
        if rows.is_tied(node) and rect.width() > 14:
            draw_icon(painter, QRect(left, rect.top(), ICON, ROW), "link", size=14)
            left += ICON + 4
        prefix = rows.tree.prefixes.get(node, "")
        if prefix:
            badge = glyphs.fitted(Badge(display(prefix, 48)), rect.right() - left)
            if badge is not None:
                glyphs.paint_badge(painter, badge, left, rect.center().y() + 1)
                left += glyphs.badge_width(badge) + 6
        note = rows.note(node)
        if note and rect.right() - left > 24:
            painter.setFont(self._regular)
            painter.setPen(t.text2)
            room = rect.right() - left
            text = self._metrics.elidedText(note, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRect(left, rect.top(), room, ROW), _LEFT_MIDDLE, text)

    def _is_strong(self, rows: Rows, node: int) -> bool:
        return rows.tree.kind[node] in (NodeKind.ROOT, NodeKind.SECTION)

    def _paint_shape(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        quiet = rows.shape_is_quiet(node) or rows.is_missing(node)
        self._text(painter, rect, rows.shape(node), theme().text2 if quiet else theme().text)

    def _paint_type(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        self._text(painter, rect, rows.type(node), theme().text2)

    def _paint_device(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        t, place = theme(), rows.place(node)
        self._text(painter, rect, place.now, t.text if place.resident else t.text2)
        if place.saved:
            left = self._metrics.horizontalAdvance(place.now + " ")
            self._text(painter, rect.adjusted(left, 0, 0, 0), f"({place.saved})", t.text2)

    def _text(self, painter: QPainter, rect: QRect, text: str, colour: QColor) -> None:
        if text:
            inner = rect.adjusted(PAD, 0, -2, 0)
            painter.setFont(self._regular)
            painter.setPen(colour)
            if self._metrics.horizontalAdvance(text) > inner.width():
                text = self._metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, inner.width())
            painter.drawText(inner, _LEFT_MIDDLE, text)

    def _paint_size(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        size = rows.size(node)
        if size is None or rows.is_missing(node):
            return
        t = theme()
        nothing = rows.nbytes(node) == 0
        split = rect.right() - PAD - self.widths.unit - UNIT_GAP
        painter.setFont(self._strong if self._is_strong(rows, node) else self._regular)
        painter.setPen(t.text2 if nothing else t.text)
        painter.drawText(QRect(rect.left(), rect.top(), split - rect.left(), ROW), _RIGHT_MIDDLE, size[0])
        painter.setFont(self._regular)
        painter.setPen(t.text2)
        unit = QRect(split + UNIT_GAP, rect.top(), self.widths.unit + PAD, ROW)
        painter.drawText(unit, _LEFT_MIDDLE, size[1])

    def _paint_share(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        share = rows.share(node)
        if share:
            t = theme()
            colour = QColor(t.text2 if node == 0 else t.role(rows.role(node)))
            colour.setAlphaF(0.82)
            middle = rect.center().y()
            painter.fillRect(QRect(rect.left() + PAD, middle - 2, max(1, round(share * SHARE_BAR)), 6), colour)

    def _paint_mean(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        pair, w = rows.mean_std(node), self.widths
        if pair is not None:
            self._pair(painter, rect, pair, w.mean, w.plus_minus, "±")
        elif (share := rows.read_share(node)) is not None:
            painter.setPen(theme().text2)
            painter.setFont(self._regular)
            room = QRect(rect.left(), rect.top(), PAD + w.mean, ROW)
            painter.drawText(room, _RIGHT_MIDDLE, f"{int(100 * share)} %")

    def _paint_range(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        pair = rows.extremes(node)
        if pair is not None:
            self._pair(painter, rect, pair, self.widths.mean, self.widths.to, tr("to"))

    def _pair(
        self, painter: QPainter, rect: QRect, pair: tuple[str, str], first: int, between: int, word: str
    ) -> None:
        """Two numbers, the first of them ``first`` wide, aligned on the word between them."""
        split = rect.left() + PAD + first
        painter.setFont(self._regular)
        painter.setPen(theme().text)
        painter.drawText(QRect(rect.left(), rect.top(), split - rect.left(), ROW), _RIGHT_MIDDLE, pair[0])
        if pair[1]:
            right = QRect(split + between, rect.top(), rect.right() - split - between + 1, ROW)
            painter.drawText(right, _LEFT_MIDDLE, pair[1])
            painter.setPen(theme().text2)
            painter.drawText(QRect(split, rect.top(), between, ROW), Qt.AlignmentFlag.AlignCenter, word)

    def _paint_zeros(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        text = rows.zeros(node)
        if text:
            painter.setFont(self._regular)
            painter.setPen(theme().text2 if text.startswith("0 ") else theme().text)
            painter.drawText(rect.adjusted(0, 0, -PAD, 0), _RIGHT_MIDDLE, text)

    def _paint_distribution(self, painter: QPainter, rect: QRect, rows: Rows, node: int) -> None:
        if (share := rows.read_share(node)) is not None:
            self._paint_progress(painter, rect, rows, node, share)
        if not rows.may_have_values(node):
            return
        t = theme()
        place = QRect(rect.left() + PAD, rect.top() + (ROW - HEIGHT) // 2, SPARKLINE, HEIGHT)
        shape = rows.sparkline(node)
        if shape:
            ratio = painter.device().devicePixelRatioF()
            pixmap = self.sparklines.pixmap(node, shape, rows.role(node), SPARKLINE, ratio)
            painter.drawPixmap(place.topLeft(), pixmap)
        paint_baseline(painter, place, t.strong if shape else t.hairline)

    def _paint_progress(self, painter: QPainter, rect: QRect, rows: Rows, node: int, share: float) -> None:
        """How much of a branch was read, until there is a distribution to show."""
        t, place = theme(), QRect(rect.left() + PAD, rect.center().y() - 1, SPARKLINE, 4)
        colour = t.text2 if node == 0 else t.role(rows.role(node))
        painter.fillRect(place, t.hairline)
        painter.fillRect(QRect(place.left(), place.top(), max(1, round(share * SPARKLINE)), 4), colour)
