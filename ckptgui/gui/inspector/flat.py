"""Item views' furniture without relief: a header that is text on the panel, and slim scroll bars."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from ckptgui.gui.labels import MEDIUM, draw_focus
from ckptgui.gui.theme import RADIUS_CONTROL, ROW, theme, theme_signal, ui_font
from ckptgui.gui.tree.scroll_bar import SlimScrollBar


class _Lying(SlimScrollBar):
    """The same, from left to right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setOrientation(Qt.Orientation.Horizontal)

    def sizeHint(self) -> QSize:
        """As thin as the upright one is."""
        return super().sizeHint().transposed()


def slim(area: QAbstractScrollArea) -> None:
    """Give an area slim scroll bars."""
    area.setVerticalScrollBar(SlimScrollBar(area))
    area.setHorizontalScrollBar(_Lying(area))
    area.setCornerWidget(QWidget(area))  # without it the style paints its own, in relief


def flat_rows(table: QTableView, header: QHeaderView, height: int = ROW) -> None:
    """Rows of one height (pixels) without lines, chosen whole, below ``header``, whose sections nobody drags."""
    table.setShowGrid(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setWordWrap(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    slim(table)
    table.setHorizontalHeader(header)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().hide()
    table.verticalHeader().setMinimumSectionSize(height)
    table.verticalHeader().setDefaultSectionSize(height)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)


class Field(QLineEdit):
    """One line to type into, with the control's border and the ring of focus."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrame(False)
        self.setFont(ui_font())
        self.setFixedHeight(26)
        self.setTextMargins(6, 0, 6, 0)
        self.setAccessibleName(name)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text, then the border over its edge."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().control, 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class _Corner(QObject):
    """Paints the corner between a table's headers like them."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take over the painting."""
        if event.type() != QEvent.Type.Paint or not isinstance(watched, QWidget):
            return False
        painter = QPainter(watched)
        painter.fillRect(watched.rect(), theme().panel)
        painter.fillRect(0, watched.height() - 1, watched.width(), 1, theme().hairline)
        return True


def flat_corner(table: QTableView) -> None:
    """Take the relief off a table's corners."""
    button = table.findChild(QAbstractButton)
    if button is not None:
        button.installEventFilter(_Corner(table))


class FlatHeader(QHeaderView):
    """Caption text on the panel, a hairline between it and the cells."""

    def __init__(
        self, orientation: Qt.Orientation, parent: QWidget | None = None, *, lead: int = 4, trail: int = 4
    ) -> None:
        super().__init__(orientation, parent)
        self._trail = trail  # pixels behind the last section's text
        self._lead = lead  # pixels before the first section's text, where a tree's names stand
        self.setFont(ui_font(11, MEDIUM))
        self.setHighlightSections(False)
        theme_signal().changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """One line of captions; Qt would ask hundreds of sections for their texts."""
        return QSize(self.minimumWidth(), self.fontMetrics().height() + 6)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt calls it so
        """Paint one section's text."""
        t, model = theme(), self.model()
        painter.fillRect(rect, t.panel)
        if model is None:
            return
        text = model.headerData(logicalIndex, self.orientation(), Qt.ItemDataRole.DisplayRole)
        wanted = model.headerData(logicalIndex, self.orientation(), Qt.ItemDataRole.TextAlignmentRole)
        flags = wanted if isinstance(wanted, Qt.AlignmentFlag) else self.defaultAlignment()
        painter.setFont(self.font())
        painter.setPen(t.text2)
        last = logicalIndex == self.count() - 1
        room = rect.adjusted(self._lead if logicalIndex == 0 else 4, 0, -self._trail if last else -4, 0)
        shown = self.fontMetrics().elidedText(str(text), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, flags, shown)
        if self.orientation() == Qt.Orientation.Horizontal:
            painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, t.hairline)
        else:
            painter.fillRect(rect.right(), rect.top(), 1, rect.height(), t.hairline)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sections, and the panel where there are none."""
        super().paintEvent(event)
        t, painter = theme(), QPainter(self.viewport())
        end = self.length() - self.offset()
        if self.orientation() == Qt.Orientation.Horizontal:
            painter.fillRect(end, 0, self.width() - end, self.height(), t.panel)
            painter.fillRect(end, self.height() - 1, self.width() - end, 1, t.hairline)
        else:
            painter.fillRect(0, end, self.width(), self.height() - end, t.panel)
        painter.end()


class SortedHeader(FlatHeader):
    """A flat header with a small arrow on the column that the rows are sorted by."""

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt calls it so
        super().paintSection(painter, rect, logicalIndex)
        if self.sortIndicatorSection() != logicalIndex:
            return
        model = self.model()
        text = str(model.headerData(logicalIndex, Qt.Orientation.Horizontal)) if model is not None else ""
        x = rect.left() + (self._lead if logicalIndex == 0 else 4) + self.fontMetrics().horizontalAdvance(text) + 8
        y = rect.center().y()
        tip = 2 if self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder else -2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().text2, 1.25))
        painter.drawLine(x - 3, y + tip, x, y - tip)
        painter.drawLine(x, y - tip, x + 3, y + tip)
        painter.restore()
