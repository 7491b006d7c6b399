"""The map as it is saved: all its rows as a picture, a drawing, or a table with every digit. For any thread."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from ckptgui.analysis.colour_scale import ColourScale
from ckptgui.analysis.layer_map import Cell
from ckptgui.core.display import display
from ckptgui.gui.compare.layers.broken import paint_broken
from ckptgui.gui.compare.layers.geometry import HEAD, USUAL
from ckptgui.gui.compare.layers.legend import HEIGHT, paint_legend
from ckptgui.gui.compare.layers.painting import Scene, paint_head, paint_names, paint_signs
from ckptgui.gui.compare.layers.raster import Window, cell_colours, raster
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.numbers import tr
from ckptgui.gui.paper import PNG_RATIO, drawing, painted
from ckptgui.gui.theme import LIGHT, ui_font

TALLEST, WIDEST = 12_000, 6_000
"""Pixels of paper; what is beyond is in the table alone."""

MOST_VECTORS = 20_000
"""Cells that are drawn one by one."""

_TITLE, _MARGIN = 34, 12


@dataclass(frozen=True)
class Sheet:
    """What stands on the paper, white in either mode; ``members`` are named in full for the table."""

    title: str
    members: tuple[str, ...]
    scene: Scene
    scale: ColourScale

    def whole(self) -> Scene:
        """The scene where nothing is scrolled and all of it is seen."""
        size = self.scene.geometry
        across = min(max(USUAL, size.pitch) * size.columns, WIDEST)
        width = max(size.labels + across + 24, 360)
        geometry = replace(size, width=width, height=min(size.content_height, TALLEST))
        return replace(self.scene, geometry=geometry, ink=LIGHT, x=0, y=0)


def image(sheet: Sheet) -> QImage:
    """A picture of two device pixels to a pixel."""
    scene = sheet.whole()
    return painted(_paper(scene), sheet.title, lambda painter: _paint(painter, sheet, scene, PNG_RATIO))


def svg(sheet: Sheet) -> bytes:
    """A drawing of vectors; of very many cells their picture stands in it."""
    scene = sheet.whole()
    vectors = sheet.scene.layers.values.size <= MOST_VECTORS
    note = tr("Rows are layers, columns checkpoints.")
    return drawing(
        _paper(scene), sheet.title, note, lambda painter: _paint(painter, sheet, scene, 1.0, vectors=vectors)
    )


def table(sheet: Sheet, separator: str = ",") -> str:
    """A line a row: its name and its figure in each member, empty where there is none, ``NaN`` where it broke."""
    layers = sheet.scene.layers
    outline = layers.rows.outline
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(["name", *sheet.members])
    whole = layers.figure.key == "nan"
    words = np.full(layers.values.shape, "", object)
    shown = (layers.cells == Cell.VALUE) & (~layers.broken | whole)
    words[shown] = [repr(int(each)) if whole else repr(each) for each in layers.values[shown].tolist()]
    words[layers.broken & ~shown] = "NaN"
    for node, line in zip(layers.rows.nodes.tolist(), words.tolist()):
        writer.writerow([display(outline.path(node), 400), *line])
    return text.getvalue()


def _paper(scene: Scene) -> QSize:
    size = scene.geometry
    return QSize(size.width + 2 * _MARGIN, _TITLE + HEAD + size.height + HEIGHT + _MARGIN)


def _paint(painter: QPainter, sheet: Sheet, scene: Scene, ratio: float, *, vectors: bool = False) -> None:
    size, ink = scene.geometry, scene.ink
    painter.fillRect(QRectF(QPointF(0, 0), _paper(scene)), ink.panel)
    painter.setFont(ui_font(16, SEMIBOLD))
    painter.setPen(ink.text)
    painter.drawText(QPointF(_MARGIN, 24), sheet.title)
    painter.translate(_MARGIN, _TITLE)
    paint_names(painter, scene, range(0), -1)
    window = Window(0, 0, size.room, size.height, ratio)
    if vectors:
        _paint_cells(painter, sheet, scene)
    else:
        painter.drawImage(scene.area.topLeft(), raster(scene.layers, sheet.scale, size, window, ink))
    paint_signs(painter, scene)
    paint_head(painter, scene)
    paint_broken(painter, scene)
    room = QRectF(size.labels, HEAD + size.height + 4, size.width - size.labels, HEIGHT)
    key = scene.layers.figure.key
    paint_legend(painter, room, sheet.scale, key, ink, absent=bool((scene.layers.cells == Cell.ABSENT).any()))


def _paint_cells(painter: QPainter, sheet: Sheet, scene: Scene) -> None:
    """A rectangle for each cell that has a figure, and a dash for each that has none."""
    layers, size, ink = scene.layers, scene.geometry, scene.ink
    rows, columns = size.rows_seen(0), size.columns_seen(0)
    colours = cell_colours(layers.values, layers.cells, sheet.scale, ink)
    painter.setPen(Qt.PenStyle.NoPen)
    for row in rows:
        for column in columns:
            rect, cell = scene.cell(row, column), layers.cells[row, column]
            if cell in (Cell.VALUE, Cell.FAILED):
                painter.fillRect(rect, QColor.fromRgb(int(colours[row, column])))
            elif cell == Cell.ABSENT:
                painter.fillRect(rect, ink.hairline)
            if cell in (Cell.NONE, Cell.FAILED):
                dash = QRectF(rect.center().x() - 4, rect.center().y() - 0.5, 8, 1)
                painter.fillRect(dash, ink.text2 if cell == Cell.NONE else ink.danger)
