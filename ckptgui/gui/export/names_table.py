"""The table of names: what is taken off is struck through, what is new stands beside it, 100,000 rows scroll."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.core.checkpoint import Role
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.export.name_pieces import pieces
from ckptgui.gui.export.names_model import ARROW, GLYPH, NEW, OLD, TYPE, Index, NamesModel
from ckptgui.gui.export.outlook import Fate
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import FlatHeader, flat_rows
from ckptgui.gui.labels import MEDIUM, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW, theme, ui_font
from ckptgui.gui.tree.glyphs import tensor_glyph

MAX_COPIED = 2_000
_BAR = 18
"""Pixels for the scroll bar, whether it is there or not: what is filtered must not jump."""

_MEASURED = 200
"""Names by which their columns are parted."""

_STRUCK = 14
"""Pixels of what is struck out at least."""

_LEAST = 120
"""Pixels of the column of new names at least."""

_HEAD = 4
"""Letters that a name keeps in front when its middle is left out: its end tells it from the others."""


def elided(metrics: QFontMetrics, name: str, width: int) -> str:
    """A name with a part left out near its front, where names are alike."""
    if metrics.horizontalAdvance(name) <= width:
        return name
    head = name[:_HEAD]
    return head + metrics.elidedText(
        name[_HEAD:], Qt.TextElideMode.ElideLeft, max(0, width - metrics.horizontalAdvance(head))
    )


class _Cells(QStyledItemDelegate):
    """Paints the cells; of names that do not fit the front goes, as the end tells them apart."""

    def __init__(self, table: NamesTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell."""
        t, rect, model = theme(), option.rect, self._table.names
        line = model.line(index.row())
        fate = model.names.fates[line]
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if self._table.hasFocus() else t.pressed)
            if index.column() == GLYPH:
                painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, t.hairline)
        column = index.column()
        if column == GLYPH:
            role = self._table.role if fate <= Fate.TIED else Role.OTHER
            shape = model.checkpoint.tensors.shape(int(model.names.rows[line]))
            tensor_glyph(painter, QPointF(rect.center()) + QPointF(2, 0), shape, t.role(role))
        elif column == ARROW:
            renamed = fate == Fate.GOES and model.names.new[line] != model.names.old[line]
            icon = "link" if fate == Fate.TIED else "forward" if renamed else ""
            if icon:
                draw_icon(painter, rect, icon, "text2", 12)
        elif column == OLD:
            painter.setPen(t.text3 if not self._table.isEnabled() else t.text if fate <= Fate.TIED else t.text2)
            new = model.names.new[line] if fate == Fate.GOES else ""
            self._paint_name(painter, rect.adjusted(4, 0, -6, 0), pieces(str(index.data()), new))
        else:
            self._paint_plain(painter, rect, index, fate)

    def _paint_plain(self, painter: QPainter, rect: QRect, index: Index, fate: int) -> None:
        t, model = theme(), self._table.names
        line = model.line(index.row())
        renamed = fate == Fate.GOES and model.names.new[line] != model.names.old[line]
        strong = index.column() == NEW and renamed
        painter.setFont(ui_font(13, MEDIUM if strong else QFont.Weight.Normal))
        ink = t.danger if fate == Fate.LOST and index.column() == NEW else t.text if strong else t.text2
        painter.setPen(ink if self._table.isEnabled() else t.text3)
        if index.column() == TYPE:
            room, side = rect.adjusted(4, 0, -8, 0), Qt.AlignmentFlag.AlignRight
        else:
            room, side = rect.adjusted(4, 0, -4, 0), Qt.AlignmentFlag.AlignLeft
        metrics, text = painter.fontMetrics(), str(index.data())
        if fate == Fate.GOES:
            text = elided(metrics, text, room.width())
        else:
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | side, text)

    @staticmethod
    def _paint_name(painter: QPainter, room: QRect, parts: Sequence[tuple[str, bool]]) -> None:
        font = ui_font()
        metrics = QFontMetrics(font)
        widths = [metrics.horizontalAdvance(part) for part, _ in parts]
        x, total = room.left(), sum(widths)
        painter.setFont(font)
        if len(parts) == 1:
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, elided(metrics, parts[0][0], room.width()))
            return
        kept = sum(width for (_, gone), width in zip(parts, widths) if not gone)
        if kept + _STRUCK * sum(gone for _, gone in parts) > room.width():  # no room to strike anything out
            whole = "".join(part for part, gone in parts if not gone)
            text = metrics.elidedText(f"…{whole}", Qt.TextElideMode.ElideLeft, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
            return
        t, ink = theme(), painter.pen()
        struck = QFont(font)
        struck.setStrikeOut(True)
        over = total - room.width()
        for (part, gone), width in zip(parts, widths):
            if over > 0 and gone:  # what is taken off gives up its room first
                short = metrics.elidedText(part, Qt.TextElideMode.ElideRight, max(width - over, _STRUCK))
                over -= width - metrics.horizontalAdvance(short)
                part, width = short, metrics.horizontalAdvance(short)
            painter.setFont(struck if gone else font)
            painter.setPen(t.text2 if gone else ink)
            painter.drawText(QRect(x, room.top(), width + 1, room.height()), Qt.AlignmentFlag.AlignVCenter, part)
            x += width


class NamesTable(QTableView):
    """Ctrl+C copies the selected rows."""

    def __init__(self, model: NamesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = model
        self.role = Role.MODEL
        self.setModel(model)
        self.setFont(ui_font())
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(tr("Names in the file and in the export"))
        header = FlatHeader(Qt.Orientation.Horizontal, self, trail=8)
        flat_rows(self, header, ROW - 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Part the width among the columns."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """The type as wide as its words; the two names share the rest by what they need."""
        kinds = (tr("Type"), "bfloat16", *self.names.names.kinds)
        kind = max(map(self.fontMetrics().horizontalAdvance, kinds)) + 16
        wide = self.width() - _BAR - 32 - 24 - kind
        old = min(round(wide * self._share(wide)), wide - _LEAST)
        for column, width in (
            (GLYPH, 32),
            (OLD, old),
            (ARROW, 24),
            (NEW, wide - old),
            (TYPE, kind),
        ):
            self.setColumnWidth(column, width)

    def _share(self, wide: int) -> float:
        """How much of the room for both the elder names have; where it is short the others have more of it."""
        names = self.names.names
        if names.same:
            return 0.72
        old, new = (max(each[:_MEASURED], key=len, default="") for each in (names.old, names.new))
        before = self.fontMetrics().horizontalAdvance(old) + 10
        after = max(_LEAST, QFontMetrics(ui_font(13, MEDIUM)).horizontalAdvance(new) + 8)
        return before / (before + after) if before + after <= wide else max(0.45, 1 - after / wide)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard as tab-separated text."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = [self.names.line(row) for row in rows[:MAX_COPIED]]
        copy_text("\n".join("\t".join(self.names.cell(line, c) for c in (OLD, NEW, TYPE)) for line in lines))

    def viewportEvent(self, event: QEvent) -> bool:
        """A row in full under the mouse."""
        if event.type() == QEvent.Type.ToolTip:
            index = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
            told = self.names.told(self.names.line(index.row())) if index.isValid() else ""
            self.viewport().setToolTip(plain_tooltip(told))
        return super().viewportEvent(event)
