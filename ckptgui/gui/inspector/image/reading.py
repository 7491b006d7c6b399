"""What is read of a picture, in words: the part that is seen, how large, and the value or the block at a place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QWidget

from ckptgui.analysis.blocks import NOT_FINITE, UNREAD
from ckptgui.engine.plane import Plane
from ckptgui.engine.pyramid import View
from ckptgui.gui.inspector.cells import cell_text
from ckptgui.gui.inspector.image.frame import Frame
from ckptgui.gui.labels import MEDIUM, SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import TIMES, counted, integer, significant, tr
from ckptgui.gui.theme import theme


@dataclass(frozen=True, slots=True)
class Reading:
    """Where, what, and what else is known of it, which may be nothing. ``alarm``: the value is not finite."""

    where: str
    what: str
    more: str = ""
    alarm: bool = False

    @property
    def text(self) -> str:
        """All of it in a line."""
        return " ".join(filter(None, (self.where, self.what, self.more)))


def part_text(plane: Plane, frame: Frame, flipped: bool) -> str:
    """``rows 428 to 671, columns 256 to 687``"""
    rows, columns = frame.visible()
    if not len(rows) or not len(columns):
        return ""
    if not plane.down:
        return tr("values {0} to {1}").format(integer(columns.start), integer(columns.stop - 1))
    tile = plane.tile
    if frame.whole and not frame.exact:
        return tr("all rows and columns")
    if max(tile) > 1:
        words = tr("inputs {0} to {1}"), tr("outputs {0} to {1}")
        names = words if flipped else words[::-1]
        ends = [(part.start // step, (part.stop - 1) // step) for part, step in zip((rows, columns), tile)]
    else:
        words = tr("columns {0} to {1}"), tr("rows {0} to {1}")
        names = words if flipped else words[::-1]
        ends = [(part.start, part.stop - 1) for part in (rows, columns)]
    return ", ".join(name.format(*map(integer, pair)) for name, pair in zip(names, ends))


def scale_text(frame: Frame) -> str:
    """``1 value per pixel, exact``, or with a comma at the end what the choice of a block's number completes."""
    down, across = frame.axes
    if frame.size[0] == 1 and not frame.exact:  # each a pixel or nearly two, where the width is filled
        words = tr("{0} values per pixel, least to greatest and mean")
        if across.pixels > 1:
            words = tr("{0} values per point, least to greatest and mean")
        return words.format(integer(across.values))
    if frame.size[0] == 1 and across.pixels > 1:
        return tr("{0} pixels per value, exact").format(_pixels_text(across.pixels))
    if not frame.exact:
        return tr("{0} values per pixel,").format(f"{integer(down.values)} {TIMES} {integer(across.values)}")
    if down.pixels == across.pixels == 1:
        return tr("1 value per pixel, exact")
    return tr("{0} pixels per value, exact").format(
        f"{_pixels_text(down.pixels)} {TIMES} {_pixels_text(across.pixels)}"
    )


def _pixels_text(pixels: float) -> str:
    return integer(round(pixels)) if pixels == round(pixels) or pixels >= 100 else f"{pixels:.3g}"


def reading(plane: Plane, view: View, place: tuple[int, int]) -> Reading | None:
    """What stands at a place; None where that was not read."""
    cells = view.cells
    row, column = (place[0] - view.row) // cells.block[0], (place[1] - view.column) // cells.block[1]
    if not (0 <= row < cells.low.shape[0] and 0 <= column < cells.low.shape[1]):
        return None
    odd = int(cells.odd[row, column])
    if view.values is not None:
        value = cell_text(view.values[row, column])
        return Reading(index_text(plane.index(*place)), value, alarm=bool(odd & NOT_FINITE))
    ends = zip(place, cells.block, (plane.height, plane.width))
    last = [min(start + step, size) - 1 for start, step, size in ends]
    where = range_text(plane.index(*place), plane.index(last[0], last[1]))
    if odd & UNREAD:
        return Reading(where, tr("not read yet"))
    bad = cells.not_finite(row, column)
    alarm = counted(bad, "value is not finite", "values are not finite") if bad else ""
    low, high, mean = (float(array[row, column]) for array in (cells.low, cells.high, cells.mean))
    if math.isnan(low):
        return Reading(where, tr("no finite value"), alarm, alarm=True)
    more = ", ".join(filter(None, (tr("mean {0}").format(significant(mean)), alarm)))
    return Reading(where, tr("{0} to {1}").format(significant(low), significant(high)), more)


def index_text(index: tuple[int, ...]) -> str:
    """``[546, 518]``"""
    return f"[{', '.join(map(integer, index))}]"


def range_text(first: tuple[int, ...], last: tuple[int, ...]) -> str:
    """``[544 to 559, 512 to 527]``"""
    ends = [integer(a) if a == b else tr("{0} to {1}").format(integer(a), integer(b)) for a, b in zip(first, last)]
    return f"[{', '.join(ends)}]"


class ReadingCard(QWidget):
    """The card beside the place that is read."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QGridLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setHorizontalSpacing(6)
        layout.setVerticalSpacing(0)
        self.where = PlainLabel("", self, colour="text2", pixels=11, weight=MEDIUM)
        self.what = PlainLabel("", self, pixels=11, weight=SEMIBOLD)
        self.more = PlainLabel("", self, colour="text2", pixels=11, weight=MEDIUM)
        layout.addWidget(self.where, 0, 0)
        layout.addWidget(self.what, 0, 1)
        layout.addWidget(self.more, 1, 0, 1, 2)
        self.hide()

    def show_reading(self, reading: Reading, cell: QRect, room: QRect) -> None:
        """Show it beside a cell; both are in the parent's places, and so is the room that it keeps to."""
        self.where.setText(reading.where)
        self.what.setText(reading.what)
        self.what.set_colour("nan" if reading.alarm else "text")
        self.more.setText(reading.more)
        self.more.setVisible(bool(reading.more))
        self.adjustSize()
        x, y = cell.right() + 12, cell.bottom() + 8
        if x + self.width() > room.right() - 2:
            x = cell.left() - 12 - self.width()
        if y + self.height() > room.bottom() - 2:
            y = cell.top() - 8 - self.height()
        self.move(QPoint(max(room.left() + 2, x), max(room.top() + 2, y)))
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().strong, 1))
        painter.setBrush(theme().panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
