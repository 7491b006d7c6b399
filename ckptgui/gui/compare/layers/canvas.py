"""The map as it is painted: rows and columns that scroll, names and epochs that stay, and what is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QFontMetrics,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from ckptgui.core.display import display
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.layers.beyond import Beyond, beyond_of
from ckptgui.gui.compare.layers.broken import paint_broken
from ckptgui.gui.compare.layers.geometry import HEAD, ROW, TALL, Geometry
from ckptgui.gui.compare.layers.painting import (
    Scene,
    paint_beyond,
    paint_head,
    paint_names,
    paint_selected,
    paint_signs,
)
from ckptgui.gui.compare.layers.raster import Window, raster
from ckptgui.gui.compare.layers.scroll_bar import SlimAcross
from ckptgui.gui.compare.layers.source import MapSource
from ckptgui.gui.compare.layers.words import block_reading, column_numbers, reading_of, row_name
from ckptgui.gui.compare.words import map_title
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.image.reading import Reading, ReadingCard
from ckptgui.gui.labels import MEDIUM, SEMIBOLD, draw_focus
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.scroll_bar import SlimScrollBar

NAMES, BLOCK = -1, -2
"""The columns of a row's name and of its block."""

Place = tuple[int, int]
"""Row and column."""

_LONGEST_BLOCK, _LONGEST_NAME = 110, 200
_MEASURED = 400
"""Rows by whose names the place for names is made."""


class MapCanvas(QAbstractScrollArea):
    """Follows the comparison; ``hovered`` is read under the mouse, ``cursor_place`` by the keyboard."""

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
        room = self.viewport().size()
        size = self._geometry(room, max(ROW, QFontMetrics(ui_font(11)).height() - 2))
        return replace(size, row=size.fitting_row)

    @property
    def wanted_height(self) -> int:
        """Pixels in which all rows stand as tall as rows become."""
        size = self._geometry(self.viewport().size(), TALL)
        across = self.horizontalScrollBar()
        wide = size.content_width > size.room
        return HEAD + size.content_height + (across.sizeHint().height() if wide else 0)

    def _geometry(self, room: QSize, row: int) -> Geometry:
        blocks = self.source.blocks.of[self.source.rows.nodes]
        height = max(1, room.height() - HEAD)
        return Geometry(blocks, len(self._numbers), room.width(), height, *self._widths, row)

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
        count = len(series.members)
        self._numbers = column_numbers(series)
        self.setAccessibleName(map_title(series))
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
        paint_signs(painter, scene)
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

    # what is read

    def _show_card(self, place: Place | None) -> None:
        if place is None or place[0] >= len(self.source.rows):
            self.card.hide()
            return
        scene = self.scene()
        if place[1] == BLOCK:
            reading, cell = block_reading(self.source, place[0]), scene.cell(place[0], 0)
        elif place[1] == NAMES:
            reading, cell = Reading(row_name(self.source, place[0]), ""), scene.cell(place[0], 0)
        else:
            reading, cell = reading_of(self.source, *place), scene.cell(*place)
        self.card.show_reading(reading, cell.toRect(), self.viewport().rect())
        self.setAccessibleDescription(reading.text)
