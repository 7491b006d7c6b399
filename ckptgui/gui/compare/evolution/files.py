"""The plot over the epochs as it is saved: on white paper with its title, and as a table of numbers."""

from __future__ import annotations

import csv
import io

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from ckptgui.gui.compare.evolution.figures import BAND
from ckptgui.gui.compare.evolution.modes import Mode
from ckptgui.gui.compare.evolution.scene import Scene
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.theme import LIGHT, ui_font

SIZE = QSize(880, 560)
"""Of the paper, in pixels."""

_MARGIN = 24
_QUANTILES = ("q0.1", "q1", "q5", "q25", "q50", "q75", "q95", "q99", "q99.9")


def paint_sheet(painter: QPainter, mode: Mode, scene: Scene, title: str, note: str) -> None:
    """White paper in either mode of the window."""
    painter.fillRect(QRectF(QPointF(0, 0), SIZE), LIGHT.panel)
    wide = SIZE.width() - 2 * _MARGIN
    y = _line(painter, title, _MARGIN, wide, ui_font(16, SEMIBOLD), bold=True)
    y = _line(painter, note, y + 2, wide, ui_font(12)) + 8
    mode.paint(painter, QRectF(_MARGIN, y, wide, SIZE.height() - _MARGIN - y), scene, LIGHT)


def _line(painter: QPainter, text: str, y: float, wide: float, font: QFont, bold: bool = False) -> float:
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setPen(LIGHT.text if bold else LIGHT.text2)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, wide)
    painter.drawText(QPointF(_MARGIN, y + metrics.ascent()), shown)
    return y + metrics.height()


def table(mode: str, scene: Scene, separator: str = ",") -> str:
    """Of curves a line an epoch, of everything else a line a bar with a column an epoch; every digit."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    if mode == "curves":
        writer.writerows(_of_curves(scene))
    else:
        edges = [repr(edge) for edge in scene.evolution.axis.edges.tolist()]
        there = np.flatnonzero(scene.evolution.has_values).tolist()
        writer.writerow(["bin_low", "bin_high", *(scene.words[member] for member in there)])
        columns = [[_number(count) for count in scene.evolution.counts[member].tolist()] for member in there]
        writer.writerows(zip(edges, edges[1:], *columns))
    return text.getvalue()


def _of_curves(scene: Scene) -> list[list[str]]:
    plain = [name for name in scene.curves if name != BAND]
    several = len(scene.lines) > 1
    head = [f"{line.name} {name}" if several else name for line in scene.lines for name in plain]
    band = list(_QUANTILES) if BAND in scene.curves else []
    rows = [[scene.counter, *head, *band, "NaN", "infinite"]]
    for member in range(scene.count):
        values = [float(line.table[name][member]) for line in scene.lines for name in plain]
        values += scene.evolution.quantiles[member].tolist() if band else []
        values += [float(scene.table[name][member]) for name in ("nan", "inf")]
        rows.append([scene.words[member], *map(_number, values)])
    return rows


def _number(value: float) -> str:
    """Whole numbers whole, nothing for what is not known."""
    if np.isnan(value):
        return ""
    return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
