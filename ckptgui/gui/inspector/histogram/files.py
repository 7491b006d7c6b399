"""A histogram as it is saved: a drawing and a picture that need no program beside them, and a table of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.histogram.chart import lay_out
from ckptgui.gui.inspector.histogram.painting import (
    frame_in,
    outline_pen,
    paint_axes,
    paint_bars,
    paint_grid,
    paint_outlines,
)
from ckptgui.gui.inspector.histogram.picture import Bars, Picture
from ckptgui.gui.inspector.histogram.rail import paint_rail
from ckptgui.gui.labels import MEDIUM, SEMIBOLD
from ckptgui.gui.numbers import significant, tr
from ckptgui.gui.paper import PNG_RATIO, drawing, painted
from ckptgui.gui.theme import LIGHT, ui_font

SIZE = QSize(880, 480)
"""Of the paper, in pixels."""

_MARGIN = 24


@dataclass(frozen=True)
class Sheet:
    """What stands on the paper. ``names`` are of the bars and then of each outline; white paper in either mode."""

    title: str
    note: str
    picture: Picture
    role: Role
    names: tuple[str, ...]
    slots: tuple[int, ...] = ()
    axis: str = ""


def svg(sheet: Sheet) -> bytes:
    """A drawing of vectors."""
    return drawing(SIZE, sheet.title, sheet.note, lambda painter: _paint(painter, sheet))


def image(sheet: Sheet) -> QImage:
    """A picture of two device pixels to a pixel."""
    return painted(SIZE, sheet.title, lambda painter: _paint(painter, sheet, PNG_RATIO))


def table(sheet: Sheet, separator: str = ",") -> str:
    """A line a bar: its ends and its values, then those of each outline, with every digit."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(["bin_low", "bin_high", "count", *sheet.names[1:]])
    columns = [_numbers(bars) for bars in (sheet.picture.bars, *sheet.picture.outlines)]
    edges = [repr(edge) for edge in sheet.picture.edges.tolist()]
    writer.writerows(zip(edges, edges[1:], *columns))
    return text.getvalue()


def _numbers(bars: Bars) -> list[str]:
    """Whole counts; where groups of values were divided, with their fractions."""
    return [repr(int(count)) if count.is_integer() else repr(count) for count in bars.counts.tolist()]


def _paint(painter: QPainter, sheet: Sheet, ratio: float = 1.0) -> None:
    ink, picture = LIGHT, sheet.picture
    painter.fillRect(QRectF(QPointF(0, 0), SIZE), ink.panel)
    wide = SIZE.width() - 2 * _MARGIN
    y = _line(painter, sheet.title, _MARGIN, _MARGIN, wide, ui_font(16, SEMIBOLD), sheet, bold=True)
    y = _line(painter, sheet.note, _MARGIN, y + 2, wide, ui_font(12), sheet) + 6
    if sheet.slots:
        y = _legend(painter, sheet, y)
    foot = _quantiles(picture)
    caption = QFontMetricsF(ui_font(11, MEDIUM)).height()
    bottom = SIZE.height() - _MARGIN - (len(foot) + 1) * (caption + 3)
    chart_rect = QRectF(_MARGIN + caption, y, wide - caption, bottom - y)
    chart = lay_out(picture, chart_rect.width() - 60)
    frame = frame_in(chart_rect, picture.bins, ratio)
    paint_grid(painter, frame, chart, ink)
    paint_bars(painter, frame, chart, ink, sheet.role)
    paint_outlines(painter, frame, chart, ink, sheet.role, sheet.slots)
    paint_rail(painter, frame, picture, ink)
    paint_axes(painter, frame, chart, ink)
    painter.setFont(ui_font(11, MEDIUM))
    painter.setPen(ink.text2)
    middle = Qt.AlignmentFlag.AlignHCenter
    painter.drawText(QRectF(frame.left, bottom + 2, frame.width, caption + 2), middle, sheet.axis)
    painter.save()
    painter.translate(_MARGIN, frame.base)
    painter.rotate(-90)
    measure = tr("Share of the values") if picture.wish.shares else tr("Values in a bar")
    painter.drawText(QRectF(0, 0, frame.base - frame.top, caption + 2), middle, measure)
    painter.restore()
    for number, line in enumerate(foot):
        painter.drawText(
            QPointF(_MARGIN, SIZE.height() - _MARGIN - (len(foot) - 1 - number) * (caption + 3)), line
        )


def _line(
    painter: QPainter, text: str, x: float, y: float, wide: float, font: QFont, sheet: Sheet, bold: bool = False
) -> float:
    """One line of text with its top at ``y``; returns where the next one may begin."""
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setPen(LIGHT.text if bold else LIGHT.text2)
    painter.drawText(
        QPointF(x, y + metrics.ascent()), metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, wide)
    )
    return y + metrics.height()


def _legend(painter: QPainter, sheet: Sheet, y: float) -> float:
    font = ui_font(11, MEDIUM)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    x = float(_MARGIN)
    for number, name in enumerate(sheet.names):
        text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, 260)
        width = 24 + metrics.horizontalAdvance(text) + 18
        if x + width > SIZE.width() - _MARGIN and x > _MARGIN:
            x, y = float(_MARGIN), y + metrics.height() + 3
        line = y + metrics.height() / 2
        if number:
            painter.setPen(outline_pen(LIGHT, sheet.slots[number - 1], 2.0))
            painter.drawLine(QPointF(x, line), QPointF(x + 16, line))
        else:
            painter.fillRect(QRectF(x, line - 5, 16, 10), LIGHT.role_pale(sheet.role))
            painter.fillRect(QRectF(x, line - 5, 16, 1.5), LIGHT.role(sheet.role))
        painter.setPen(LIGHT.text)
        painter.drawText(QPointF(x + 22, y + metrics.ascent()), text)
        x += width
    return y + metrics.height() + 8


def _quantiles(picture: Picture) -> list[str]:
    """The quantiles in words, and what the bars leave out."""
    shares = {share: QLocale().toString(share * 100, "g", 3) for share in picture.quantiles}
    parts = [f"{shares[share]} %: {significant(value)}" for share, value in picture.quantiles.items()]
    lines = [tr("Quantiles: {0}").format("  ".join(parts))]
    outside: Sequence[str] = [
        words.format(significant(round(count)))
        for words, count in ((tr("{0} below"), picture.below), (tr("{0} above"), picture.above))
        if count >= 0.5
    ]
    if outside:
        lines.append(tr("Values outside: {0}").format(", ".join(outside)))
    return lines
