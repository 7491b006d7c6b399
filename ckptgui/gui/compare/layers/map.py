"""The map of layers × epochs: painted rows and columns that scroll, with names and epochs that stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from ckptgui.core.display import display
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.layers.beyond import Beyond, beyond_of
from ckptgui.gui.compare.layers.geometry import HEAD, ROW, Geometry
from ckptgui.gui.compare.layers.painting import (
    Scene,
    paint_beyond,
    paint_broken,
    paint_head,
    paint_names,
    paint_selected,
)
from ckptgui.gui.compare.layers.raster import Window, raster
from ckptgui.gui.compare.layers.scroll_bar import SlimAcross
from ckptgui.gui.compare.layers.source import MapSource
from ckptgui.gui.compare.layers.words import reading_of, row_name
from ckptgui.gui.compare.words import counter_of, member_number, member_words
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.image.reading import Reading, ReadingCard
from ckptgui.gui.labels import MEDIUM, SEMIBOLD, draw_focus, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.scroll_bar import SlimScrollBar

NAMES = -1
"""The column of the cursor where it stands on a row's name."""

Place = tuple[int, int]
"""Row and column."""

_LONGEST_BLOCK, _LONGEST_NAME = 110, 200
_MEASURED = 400
"""Rows by whose names the place for names is made."""


class LayersMap(QAbstractScrollArea):
    """``menu_wanted`` carries where a menu is asked for, on the screen. Keys and clicks go to the comparison."""

    menu_wanted = Signal(QPoint)
    table_wanted = Signal()

    def __init__(self, source: MapSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source, self.comparison = source, source.comparison
        self.cursor_place: Place | None = None
        self.hovered: Place | None = None
        self._image: tuple[object, QImage] | None = None
        self._version = 0
        self._numbers: list[str] = []
        self._widths = 0, 0
        self._beyond: list[tuple[QRect, Beyond]] = []
        self._column_count = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(SlimScrollBar(self))
        self.setHorizontalScrollBar(SlimAcross(self))
        self.setCornerWidget(Ground("panel", self))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Layers by epochs"))
        self.card = ReadingCard(self.viewport())
        self._repaint = QTimer(self, singleShot=True, interval=0)
        self._repaint.timeout.connect(self.viewport().update)
        source.changed.connect(self._changed)
        source.laid_out.connect(self._laid_out)
        comparison: Comparison = source.comparison
        comparison.ends_changed.connect(self._show_end)
        comparison.selection_changed.connect(self._selected)
        comparison.hovered_changed.connect(self._repaint.start)
        theme_signal().changed.connect(self._changed)
        self._laid_out()

    def sizeHint(self) -> QSize:
        return QSize(380, 500)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)

    # what there is

    @property
    def geometry_now(self) -> Geometry:
        """Where everything stands in the room that there is."""
        rows, room = self.source.rows, self.viewport().size()
        scale = max(ROW, QFontMetrics(ui_font(11)).height() - 2)
        return Geometry(
            self.source.blocks.of[rows.nodes],
            len(self._numbers),
            room.width(),
            max(1, room.height() - HEAD),
            *self._widths,
            scale,
        )

    def scene(self) -> Scene:
        """What is painted now."""
        series, comparison = self.comparison.series, self.comparison
        unreadable = frozenset(number for number, member in enumerate(series.members) if member.error)
        return Scene(
            self.source.layers,
            self.source.blocks,
            self.geometry_now,
            self._numbers,
            comparison.a,
            comparison.b,
            unreadable,
            theme(),
            self.horizontalScrollBar().value(),
            self.verticalScrollBar().value(),
        )

    def _laid_out(self) -> None:
        """Measure the names of other rows, and the epochs' numbers."""
        source, series = self.source, self.comparison.series
        named = counter_of(series) == "name"
        count = len(series.members)
        self._numbers = [integer(m + 1) if named else member_number(series, m) for m in range(count)]
        nodes = source.rows.nodes[:: max(1, len(source.rows) // _MEASURED)].tolist()
        metrics, strong = QFontMetrics(ui_font(11, MEDIUM)), QFontMetrics(ui_font(11, SEMIBOLD))
        blocks = {int(block) for block in np.unique(source.blocks.of[nodes]) if block >= 0} if nodes else set()
        labels = [display(source.blocks.label(block), 80) for block in list(blocks)[:_MEASURED]]
        wide = max((strong.horizontalAdvance(label) for label in labels), default=0)
        wide = max(wide, metrics.horizontalAdvance(tr("block"))) if blocks else 0
        names = [display(source.blocks.name(node), 120) or tr("{0} tensors").format("00") for node in nodes]
        name = max((strong.horizontalAdvance(each) for each in names), default=40)
        self._widths = min(wide, _LONGEST_BLOCK), min(name + 2, _LONGEST_NAME)
        rows = len(source.rows)
        if self.cursor_place is not None:
            row, column = self.cursor_place
            self.cursor_place = (min(row, rows - 1), min(column, count - 1)) if rows else None
        self.hovered = None
        self._changed()
        self._take_room()
        if self._column_count != count:
            self._column_count = count
            self._show_column(self.comparison.b)

    def _changed(self) -> None:
        self._version += 1
        self._repaint.start()
        if self.hovered is not None:
            self._show_card(self.hovered)

    def _take_room(self) -> None:
        size = self.geometry_now
        down, across = self.verticalScrollBar(), self.horizontalScrollBar()
        down.setRange(0, max(0, size.content_height - size.height))
        down.setPageStep(size.height)
        down.setSingleStep(size.row * 3)
        across.setRange(0, max(0, size.content_width - size.room))
        across.setPageStep(size.room)
        across.setSingleStep(size.pitch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.card.hide()
        self.hovered = None
        self.viewport().update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        scene = self.scene()
        painter.fillRect(self.viewport().rect(), scene.ink.panel)
        if not len(self.source.rows) or not self._numbers:
            return
        hovered = self._hovered_row()
        marked = self.marked()
        paint_names(painter, scene, marked if len(marked) == 1 else range(0), hovered)
        painter.drawImage(QPointF(scene.area.topLeft()), self._cells(scene))
        paint_head(painter, scene)
        paint_broken(painter, scene)
        paint_selected(painter, scene, marked, scene.ink.text)
        self._paint_places(painter, scene)
        self._paint_beyond(painter, scene)

    def _cells(self, scene: Scene) -> QImage:
        """The cells that are seen, kept for as long as they are the same."""
        size, ratio = scene.geometry, self.devicePixelRatioF()
        window = Window(scene.x, scene.y, size.room, size.height, ratio)
        key = window, self._version, scene.ink.dark, size.labels
        if self._image is None or self._image[0] != key:
            self._image = key, raster(scene.layers, self.source.scale, size, window, scene.ink)
        return self._image[1]

    def _paint_places(self, painter: QPainter, scene: Scene) -> None:
        painter.save()
        painter.setClipRect(scene.area.adjusted(-3, -3, 4, 0))
        if self.hovered is not None and self.hovered[1] >= 0:
            painter.setPen(scene.ink.text)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(scene.cell(*self.hovered).adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.restore()
        if self.hasFocus() and self.cursor_place is not None:
            draw_focus(painter, self._cursor_rect(scene, self.cursor_place), 2)
        elif self.hasFocus():
            draw_focus(painter, self.viewport().rect())

    def _cursor_rect(self, scene: Scene, place: Place) -> QRect:
        row, column = place
        if column == NAMES:
            cell = scene.cell(row, 0)
            return QRectF(2, cell.top() - 2, scene.geometry.labels - 4, cell.height() + 4).toRect()
        return scene.cell(row, column).adjusted(-3, -3, 3, 3).toRect()

    def _paint_beyond(self, painter: QPainter, scene: Scene) -> None:
        self._beyond = []
        metrics = QFontMetrics(ui_font(11, SEMIBOLD))
        area = scene.area.toRect()
        for found in beyond_of(self.source.layers.broken, scene.geometry, scene.x, scene.y):
            wide, tall = metrics.horizontalAdvance(found.text) + 14, metrics.height() + 4
            rect = found.rect(area, wide, tall)
            paint_beyond(painter, rect, found.text, scene.ink)
            self._beyond.append((rect, found))

    def _hovered_row(self) -> int:
        if self.hovered is not None:
            return self.hovered[0]
        node = self.comparison.hovered
        if not 0 < node < len(self.source.outline):
            return -1
        rows = self.source.rows.of(node)
        return rows.start if len(rows) == 1 else -1

    def marked(self) -> range:
        """The rows of what is selected."""
        node = self.comparison.selection
        return self.source.rows.of(node) if 0 < node < len(self.source.outline) else range(0)

    def _selected(self) -> None:
        """Bring what was selected elsewhere into view."""
        rows = self.marked()
        if len(rows):
            self.show_row(rows.start)
        self._repaint.start()

    def _show_end(self) -> None:
        """Bring B into view, where epochs scroll."""
        self._show_column(self.comparison.b)
        self._repaint.start()

    def show_row(self, row: int) -> None:
        """Scroll as little as brings a row into view."""
        size, bar = self.geometry_now, self.verticalScrollBar()
        top = int(size.tops[row])
        if top < bar.value():
            bar.setValue(max(0, top - size.row))
        elif top + 2 * size.row > bar.value() + size.height:
            bar.setValue(top + 2 * size.row - size.height)

    def _show_place(self, row: int, column: int) -> None:
        self.show_row(row)
        if column >= 0:
            self._show_column(column)

    def _show_column(self, column: int) -> None:
        size, bar = self.geometry_now, self.horizontalScrollBar()
        left = column * size.pitch
        if left < bar.value():
            bar.setValue(left)
        elif left + size.pitch > bar.value() + size.room:
            bar.setValue(left + size.pitch - size.room)

    # the mouse

    def _at(self, position: QPointF) -> Place | None:
        """The row and column at a place of the viewport; the names are column ``NAMES``."""
        size, scene_y = self.geometry_now, self.verticalScrollBar().value()
        x, y = int(position.x()), int(position.y())
        if y < HEAD or not self._numbers:
            return None
        row = size.row_at(y - HEAD + scene_y)
        if row < 0:
            return None
        if x < size.labels:
            return row, NAMES
        column = size.column_at(x - size.labels + self.horizontalScrollBar().value()) if x < self._right() else -1
        return (row, column) if column >= 0 else None

    def _right(self) -> int:
        size = self.geometry_now
        return size.labels + size.room

    def _column_at(self, position: QPointF) -> int:
        """The column whose head is at a place, -1 for none."""
        size, x = self.geometry_now, int(position.x())
        if not 0 <= position.y() < HEAD or not size.labels <= x < self._right():
            return -1
        return size.column_at(x - size.labels + self.horizontalScrollBar().value())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place != self.hovered:
            self.hovered = place
            self.comparison.hover(int(self.source.rows.nodes[place[0]]) if place is not None else -1)
            self._show_card(place)
            self.viewport().update()
        on_mark = any(rect.contains(event.position().toPoint()) for rect, _ in self._beyond)
        hand = on_mark or self._column_at(event.position()) >= 0
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered = None
        self.comparison.hover(-1)
        self._show_card(None)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        for rect, found in self._beyond:
            if rect.contains(event.position().toPoint()):
                self._show_place(found.row, found.column)
                return
        column = self._column_at(event.position())
        if column >= 0:
            self.take_end(column, first=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return
        place = self._at(event.position())
        if place is None:
            return
        self.cursor_place = place
        if place[1] == NAMES and event.position().x() < self.geometry_now.name_left:
            self.toggle_block(place[0])
        else:
            self.comparison.select(int(self.source.rows.nodes[place[0]]))
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place is not None and place[1] == NAMES and event.position().x() >= self.geometry_now.name_left:
            self.unfold(place[0]) if self.source.rows.folded[place[0]] else self.fold(place[0])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.cursor_place = self._at(QPointF(self.viewport().mapFromGlobal(event.globalPos())))
        self.card.hide()
        self.menu_wanted.emit(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            column = self._column_at(QPointF(event.pos()))
            QToolTip.showText(
                event.globalPos(), plain_tooltip(self.head_text(column)) if column >= 0 else "", self
            )
            return True
        return super().viewportEvent(event)

    def head_text(self, column: int) -> str:
        """What is told of a column: its name and file, and why it cannot be read."""
        series = self.comparison.series
        member = series.members[column]
        lines = [member_words(series, column), display(member.name, 200)]
        if member.error:
            lines.append(display(member.error, 400))
        else:
            lines.append(tr("Click: B. Shift+click: A."))
        return "\n".join(dict.fromkeys(lines))

    def _show_card(self, place: Place | None) -> None:
        if place is None or place[0] >= len(self.source.rows):
            self.card.hide()
            return
        scene = self.scene()
        if place[1] == NAMES:
            reading, cell = Reading(row_name(self.source, place[0]), ""), scene.cell(place[0], 0)
        else:
            reading, cell = reading_of(self.source, *place), scene.cell(*place)
        self.card.show_reading(reading, cell.toRect(), self.viewport().rect())
        self.setAccessibleDescription(reading.text)

    # folding and ends

    def take_end(self, column: int, *, first: bool) -> None:
        """Let a column be A or B; what would be both takes the other's place."""
        a, b = self.comparison.a, self.comparison.b
        if column not in self.comparison.series.whole:
            return
        if first:
            self.comparison.set_ends(column, b if column != b else a)
        else:
            self.comparison.set_ends(a if column != a else b, column)

    def toggle_block(self, row: int) -> None:
        """Close or open the block around a row, else the row itself."""
        node = int(self.source.rows.nodes[row])
        block = int(self.source.blocks.of[node])
        if self.source.rows.folded[row]:
            self.unfold(row)
        elif block >= 0:
            self._fold(block)

    def fold(self, row: int) -> None:
        """Close the innermost module around a row."""
        module = self.source.around(row)
        if module:
            self._fold(module)

    def unfold(self, row: int) -> None:
        """Open the module that a row stands for."""
        if self.source.rows.folded[row]:
            self.source.set_folded(self.source.rows.nodes[row : row + 1], False)
            self._keep_row(row)

    def _fold(self, module: int) -> None:
        self.source.set_folded(np.array([module]), True)
        rows = self.source.rows.of(module)
        if len(rows):
            self._keep_row(rows.start)

    def _keep_row(self, row: int) -> None:
        column = self.cursor_place[1] if self.cursor_place is not None else NAMES
        self.cursor_place = row, column
        self.show_row(row)

    def fold_all(self, folded: bool) -> None:
        """Close all blocks, or open all modules."""
        nodes = self.source.foldable() if folded else np.flatnonzero(self.source.outline.tensor < 0)
        self.source.set_folded(nodes, folded)

    # the keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._begin_at()
        self.viewport().update()

    def _begin_at(self) -> None:
        """Without a cursor, begin at the name of what is selected, else at the first."""
        if self.cursor_place is None and len(self.source.rows):
            rows = self.marked()
            self.cursor_place = (rows.start if len(rows) else 0), NAMES

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.card.hide()
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._begin_at()
        act = _KEYS.get(Qt.Key(event.key()))
        copy = event.key() == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if copy:
            self.table_wanted.emit()
        elif act is None or self.cursor_place is None or event.modifiers() & _OTHERS:
            super().keyPressEvent(event)
        else:
            act(self, *self.cursor_place)

    def _move(self, row: int, column: int) -> None:
        """Put the cursor to a place, as near as there is one, and read it."""
        row = min(max(row, 0), len(self.source.rows) - 1)
        column = min(max(column, NAMES), len(self._numbers) - 1)
        self.cursor_place = row, column
        self._show_place(row, column)
        self.hovered = None
        self.comparison.hover(int(self.source.rows.nodes[row]))
        self._show_card(self.cursor_place)
        self.viewport().update()

    def _left(self, row: int, column: int) -> None:
        if column == NAMES:
            self.fold(row)
        else:
            self._move(row, column - 1)

    def _rightwards(self, row: int, column: int) -> None:
        if column == NAMES and self.source.rows.folded[row]:
            self.unfold(row)
        else:
            self._move(row, column + 1)

    def _take(self, row: int, _: int) -> None:
        self.comparison.select(int(self.source.rows.nodes[row]))

    def _page(self, row: int, column: int, way: int) -> None:
        size = self.geometry_now
        self._move(row + way * max(1, size.height // size.row - 1), column)


_OTHERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_KEYS: dict[Qt.Key, Callable[[LayersMap, int, int], None]] = {
    Qt.Key.Key_Up: lambda view, row, column: view._move(row - 1, column),
    Qt.Key.Key_Down: lambda view, row, column: view._move(row + 1, column),
    Qt.Key.Key_Left: LayersMap._left,
    Qt.Key.Key_Right: LayersMap._rightwards,
    Qt.Key.Key_PageUp: lambda view, row, column: view._page(row, column, -1),
    Qt.Key.Key_PageDown: lambda view, row, column: view._page(row, column, 1),
    Qt.Key.Key_Home: lambda view, _, column: view._move(0, column),
    Qt.Key.Key_End: lambda view, _, column: view._move(len(view.source.rows), column),
    Qt.Key.Key_Return: LayersMap._take,
    Qt.Key.Key_Enter: LayersMap._take,
    Qt.Key.Key_Minus: lambda view, row, _: view.fold(row),
    Qt.Key.Key_Plus: lambda view, row, _: view.unfold(row),
    Qt.Key.Key_Equal: lambda view, row, _: view.unfold(row),
}
