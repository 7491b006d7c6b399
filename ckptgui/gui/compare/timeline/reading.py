"""What the timeline says of the epoch under the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from ckptgui.core.display import display
from ckptgui.core.series.scalar_curves import ScalarCurve
from ckptgui.core.series.series import Series
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.numbers import DASH, integer, significant, size_text, tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, ui_font

_LINE, _PAD = 16, 8


def lines_of(series: Series, member: int, curves: Sequence[ScalarCurve]) -> list[tuple[str, str]]:
    """Names and values: what is drawn, then the file."""
    each = series.members[member]
    lines = []
    for curve in curves:
        value = each.scalars.get(curve.path)
        lines.append((curve.name, DASH if value is None else significant(value)))
    if each.step is not None:
        lines.append((tr("step"), integer(each.step)))
    lines.append((display(each.name, 40), size_text(each.nbytes)))
    if each.error:
        lines.append((display(each.error, 70), ""))
    return lines


def paint_reading(
    painter: QPainter, series: Series, member: int, curves: Sequence[ScalarCurve], at: QPointF, room: QRect
) -> None:
    """A framed list beside ``at``, within ``room``."""
    lines = lines_of(series, member, curves)
    title = member_words(series, member)
    metrics, strong = QFontMetrics(ui_font(11)), QFontMetrics(ui_font(11, SEMIBOLD))
    names = max(metrics.horizontalAdvance(name) for name, _ in lines)
    values = max(metrics.horizontalAdvance(value) for _, value in lines)
    width = max(names + values + 14, strong.horizontalAdvance(title)) + 2 * _PAD
    most = max(1, (room.height() - 8) // _LINE - 1)
    lines = lines[:most]
    height = _LINE * (len(lines) + 1) + _PAD
    left = at.x() + 10 if at.x() + 10 + width < room.right() else at.x() - 10 - width
    box = QRectF(left, min(at.y(), room.bottom() - height - 2), width, height)
    painter.setPen(QPen(theme().strong, 1))
    painter.setBrush(theme().panel)
    painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
    line = QRectF(box.left() + _PAD, box.top() + 4, width - 2 * _PAD, _LINE)
    painter.setFont(ui_font(11, SEMIBOLD))
    painter.setPen(theme().text)
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
    painter.setFont(ui_font(11))
    for name, value in lines:
        line.translate(0, _LINE)
        painter.setPen(theme().text2)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(theme().text)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, value)
