"""Paints what is around the cells, on the screen or into a picture: epochs, names, what broke, what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from ckptgui.analysis.layer_map import LayerMap
from ckptgui.analysis.layer_rows import Blocks
from ckptgui.core.display import display
from ckptgui.core.series.status import Status
from ckptgui.gui.compare.layers.geometry import HEAD, Geometry
from ckptgui.gui.compare.signs import sign, status_colour
from ckptgui.gui.labels import MEDIUM, SEMIBOLD
from ckptgui.gui.numbers import counted, tr
from ckptgui.gui.theme import Theme, ui_font

_CENTRE = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Scene:
    """What is painted, in the places of the widget. ``x`` and ``y`` say where it is scrolled to."""

    layers: LayerMap
    blocks: Blocks
    geometry: Geometry
    numbers: Sequence[str]  # a column each
    a: int
    b: int
    unreadable: frozenset[int]
    ink: Theme
    x: int = 0
    y: int = 0

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell stands in the widget."""
        size = self.geometry
        left = size.labels + column * size.pitch - self.x
        top = HEAD + int(size.tops[row]) - self.y
        return QRectF(left, top, size.pitch - size.gap, size.row - 1)

    @property
    def area(self) -> QRectF:
        """Where cells are seen."""
        return QRectF(self.geometry.labels, HEAD, self.geometry.room, self.geometry.height)


def paint_head(painter: QPainter, scene: Scene) -> None:
    """The epochs' numbers over their colours; of crowded ones some, A and B always."""
    size, ink = scene.geometry, scene.ink
    painter.setFont(ui_font(11, MEDIUM))
    painter.setPen(ink.text2)
    if size.block_width:
        painter.drawText(QRectF(size.block_left, 0, size.labels, HEAD - 9), _LEFT, tr("block"))
    painter.save()
    painter.setClipRect(QRectF(size.labels - 2, 0, size.room + 12, HEAD))
    seen = size.columns_seen(scene.x)
    last = max(1, size.columns - 1)
    for column in seen:
        strong = column in (scene.a, scene.b)
        left = size.labels + column * size.pitch - scene.x
        tall = 4 if strong else 3
        painter.fillRect(QRectF(left, HEAD - 4 - tall, size.pitch - size.gap, tall), ink.epoch(column / last))
    taken: list[tuple[float, float]] = []
    ends = [column for column in (scene.b, scene.a) if column in seen]
    stride = 1
    widest = max((QFontMetricsF(painter.font()).horizontalAdvance(scene.numbers[c]) for c in seen), default=0.0)
    while stride * size.pitch < widest + 5:
        stride = {1: 2, 2: 5, 5: 10}.get(stride, stride * 2)
    for column in [*ends, *(c for c in seen if c % stride == 0 and c not in ends)]:
        _paint_number(painter, scene, column, taken)
    painter.restore()


def _paint_number(painter: QPainter, scene: Scene, column: int, taken: list[tuple[float, float]]) -> None:
    size, ink = scene.geometry, scene.ink
    ends = [letter for letter, end in (("A", scene.a), ("B", scene.b)) if end == column]
    font = ui_font(11, SEMIBOLD if ends else MEDIUM)
    metrics = QFontMetricsF(font)
    text = scene.numbers[column]
    lettered = f"{text} {''.join(ends)}" if ends and scene.a != scene.b else text
    if column in scene.unreadable:
        lettered = text = f"{text} !"
    wide = metrics.horizontalAdvance(lettered)
    if wide > size.pitch + 2 and size.pitch >= metrics.horizontalAdvance(text):
        lettered, wide = text, metrics.horizontalAdvance(text)
    middle = size.labels + column * size.pitch - scene.x + (size.pitch - size.gap) / 2
    left = min(max(middle - wide / 2, size.labels - 2.0), size.labels + size.room + 10 - wide)
    if ends and taken:  # beside the other end
        start, right = taken[0]
        left = min(left, start - wide - 5) if column < scene.b else max(left, right + 5)
    if any(left < right + 3 and left + wide + 3 > start for start, right in taken):
        return
    taken.append((left, left + wide))
    painter.setFont(font)
    painter.setPen(ink.danger if column in scene.unreadable else ink.text if ends else ink.text2)
    painter.drawText(QRectF(left, 0, wide + 1, HEAD - 9), _LEFT, lettered)


def paint_signs(painter: QPainter, scene: Scene) -> None:
    """The sign of what was added, removed or reshaped, in place of the dash of a cell that has no figure."""
    size, ink = scene.geometry, scene.ink
    rows, columns = size.rows_seen(scene.y), size.columns_seen(scene.x)
    font = ui_font(11, SEMIBOLD)
    if size.pitch < QFontMetricsF(font).horizontalAdvance("⤢"):
        return
    painter.save()
    painter.setClipRect(scene.area)
    painter.setFont(font)
    part = scene.layers.status[rows.start : rows.stop, columns.start : columns.stop]
    for row, column in zip(*(axis.tolist() for axis in part.nonzero())):
        cell, status = scene.cell(rows.start + row, columns.start + column), Status(int(part[row, column]))
        painter.fillRect(cell, ink.panel)
        painter.setPen(status_colour(status, ink))
        painter.drawText(cell.adjusted(0, -1, 0, 1), _CENTRE, sign(status))
    painter.restore()


def paint_names(painter: QPainter, scene: Scene, marked: range, hovered: int) -> None:
    """Blocks and names before the rows that are seen; ``marked`` rows are selected."""
    size, ink, layers = scene.geometry, scene.ink, scene.layers
    painter.save()
    painter.setClipRect(QRectF(0, HEAD, size.labels, size.height))
    plain, strong = ui_font(11), ui_font(11, SEMIBOLD)
    seen = size.rows_seen(scene.y)
    broken = np.any(layers.broken[seen.start : seen.stop], axis=1).tolist()
    nodes = layers.rows.nodes[seen.start : seen.stop].tolist()
    folded = layers.rows.folded[seen.start : seen.stop].tolist()
    before = -1
    for row, node, bad, closed in zip(seen, nodes, broken, folded):
        top = HEAD + int(size.tops[row]) - scene.y
        block = int(size.blocks[row])
        if row == hovered:
            painter.fillRect(QRectF(0, top - 0.5, size.labels, size.row), ink.hover)
        if block >= 0 and block != before:
            first = max(top, HEAD) if row + 1 < len(size.blocks) and size.blocks[row + 1] == block else top
            _paint_block(painter, scene, block, QRectF(size.block_left, first - 1, size.block_width, size.row + 1))
        before = block
        name = display(scene.blocks.name(node), 120)
        room = QRectF(size.name_left, top - 1, size.labels - size.name_left - 7, size.row + 1)
        painter.setFont(strong if row in marked or bad else plain)
        painter.setPen(ink.text if row in marked or bad or row == hovered else ink.text2)
        metrics, wide = painter.fontMetrics(), int(room.width())
        if not name:  # the block itself is folded
            count = int(layers.rows.outline.stop[node] - layers.rows.outline.start[node])
            name = counted(count, "tensor", "tensors")
        fitted = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, wide)
        painter.drawText(room, _RIGHT, fitted)
        if closed:
            left = room.right() - painter.fontMetrics().horizontalAdvance(fitted) - 7
            at = max(left, size.name_left - 4.0) if node != block else 6.0
            _paint_chevron(painter, QPointF(at, top + size.row / 2 - 0.5), ink)
    painter.restore()


def _paint_block(painter: QPainter, scene: Scene, block: int, room: QRectF) -> None:
    painter.setFont(ui_font(11, SEMIBOLD))
    painter.setPen(scene.ink.text)
    text = display(scene.blocks.label(block), 80)
    wide = int(room.width()) + 2
    painter.drawText(
        room.adjusted(0, 0, 2, 0),
        _LEFT,
        painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, wide),
    )


def _paint_chevron(painter: QPainter, middle: QPointF, ink: Theme) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink.text2, 1.2))
    painter.drawPolyline([middle + QPointF(-1.5, -3), middle + QPointF(1.5, 0), middle + QPointF(-1.5, 3)])
    painter.restore()


def paint_selected(painter: QPainter, scene: Scene, marked: range, colour: QColor) -> None:
    """A frame around the cells of the selected rows."""
    if not len(marked) or not scene.geometry.columns:
        return
    first, last = scene.cell(marked.start, 0), scene.cell(marked.stop - 1, scene.geometry.columns - 1)
    painter.save()
    painter.setClipRect(scene.area.adjusted(-3, -3, 4, 0))
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(first.united(last).adjusted(-1.5, -1.5, 1.5, 1.5))
    painter.restore()


def paint_beyond(painter: QPainter, rect: QRect, text: str, ink: Theme) -> None:
    """A mark at an edge: there is something broken further on."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink.panel, 2))
    painter.setBrush(ink.nan)
    painter.drawRoundedRect(QRectF(rect), 3, 3)
    painter.setFont(ui_font(11, SEMIBOLD))
    painter.setPen(ink.panel)
    painter.drawText(rect, _CENTRE, text)
    painter.restore()
