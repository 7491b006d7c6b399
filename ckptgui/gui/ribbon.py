"""The byte ribbon: the file as one line, every record at its place; map, progress and alarm in 48 pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.tree.build import ROLES, Tree
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import counted, integer, percent, size_text, tr
from ckptgui.gui.ribbon_map import Pixels, RibbonMap
from ckptgui.gui.theme import theme, theme_signal, ui_font

HEIGHT = 48
_MARGIN = 12
_BAR_TOP, _BAR_HEIGHT = 25, 14
_CAPTION = QRect(0, 4, 0, 16)
_SQUARE, _GAP = 7, 16
_MOST_BOXES = 64
"""Pieces of a selected tensor that are outlined; more would fill the line anyway."""


@dataclass(frozen=True)
class _Caption:
    """A section over the bar: ``place`` is where its first byte is, in bytes of the file."""

    name: str
    size: str
    role: Role
    nbytes: int
    place: int


class Ribbon(QWidget):
    """Shows one checkpoint's file. A click on a record asks for its tensor."""

    row_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checkpoint: Checkpoint | None = None
        self._map: RibbonMap | None = None
        self._captions: list[_Caption] = []
        self._selected = -1
        self._image: QImage | None = None
        self._errors: np.ndarray = np.zeros(0, np.int64)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("The file's records"))
        theme_signal().changed.connect(self._repaint)

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def set_document(self, checkpoint: Checkpoint, tree: Tree, places: RibbonMap) -> None:
        """Show a checkpoint's file, of which ``places`` know nothing to be read yet."""
        self._checkpoint = checkpoint
        self._map = places
        self._captions = _captions(checkpoint, tree, self._map)
        self._selected = -1
        self.setAccessibleDescription(", ".join(f"{c.name} {c.size}" for c in self._captions))
        self._repaint()

    def clear_document(self) -> None:
        """Show nothing."""
        self._checkpoint = self._map = None
        self._captions, self._selected = [], -1
        self._repaint()

    def mark_read(self, rows: np.ndarray) -> None:
        """These tensors' bytes were read: their records take their full colour."""
        if self._map is not None and self._map.mark_read(rows):
            self._repaint()

    def mark_errors(self, rows: np.ndarray) -> None:
        """These tensors cannot be read, or hold NaN: a mark below their records."""
        if self._map is not None and self._map.mark_errors(rows):
            self._repaint()

    def select_row(self, row: int) -> None:
        """Outline a tensor's bytes; -1 for none."""
        self._selected = row
        self.update()

    def _repaint(self) -> None:
        self._image = None
        self.update()

    def _bar(self) -> QRect:
        return QRect(_MARGIN, _BAR_TOP, max(1, self.width() - 2 * _MARGIN), _BAR_HEIGHT)

    def resizeEvent(self, event: QEvent) -> None:
        self._image = None

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), t.panel)
        painter.fillRect(QRect(0, HEIGHT - 1, self.width(), 1), t.hairline)
        if self._map is None:
            painter.fillRect(self._bar(), t.sunken)
            return
        painter.drawImage(self._bar(), self._picture(self._map))
        self._paint_errors(painter)
        self._paint_selected(painter, self._map)
        self._paint_captions(painter)

    def _picture(self, places: RibbonMap) -> QImage:
        ratio = self.devicePixelRatioF()
        bar = self._bar()
        width, height = max(1, round(bar.width() * ratio)), max(1, round(bar.height() * ratio))
        if self._image is None or self._image.width() != width:
            pixels = places.pixels(width)
            self._errors = pixels.errors / ratio
            self._image = _image(pixels, height, ratio)
        return self._image

    def _paint_errors(self, painter: QPainter) -> None:
        """A tick through the bar and a small triangle below it; never more than a pixel apart."""
        nan, bottom = theme().nan, self._bar().bottom() + 1
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(nan)
        for place in np.unique(np.round(self._errors)).tolist():
            x = _MARGIN + place
            painter.fillRect(QRectF(x - 0.5, _BAR_TOP, 2, _BAR_HEIGHT), nan)
            painter.drawPolygon(
                QPolygonF([QPointF(x + 0.5, bottom), QPointF(x + 4.5, bottom + 5), QPointF(x - 3.5, bottom + 5)])
            )
        painter.restore()

    def _paint_selected(self, painter: QPainter, places: RibbonMap) -> None:
        bar = self._bar()
        for span in places.spans(self._selected, bar.width())[:_MOST_BOXES] if self._selected >= 0 else ():
            self._paint_box(painter, bar, span)

    def _paint_box(self, painter: QPainter, bar: QRect, span: tuple[float, float]) -> None:
        """An outline around one stretch, wide enough to be seen."""
        middle, wide = (span[0] + span[1]) / 2, max(5.0, span[1] - span[0])
        left = min(max(bar.left() - 1.0, bar.left() + middle - wide / 2), bar.right() + 1 - wide)
        box = QRectF(round(left), bar.top() - 3, round(wide), bar.height() + 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_sharp(theme().panel, 1))
        painter.drawRect(box.adjusted(2.5, 2.5, -2.5, -2.5) if wide > 10 else box.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setPen(_sharp(theme().text, 2))
        painter.drawRect(box.adjusted(1, 1, -1, -1) if wide > 10 else box)

    def _paint_captions(self, painter: QPainter) -> None:
        t = theme()
        quiet, loud = ui_font(11), ui_font(11, QFont.Weight.Medium)
        for caption, left, room in self._placed(QFontMetrics(quiet), QFontMetrics(loud)):
            middle = _CAPTION.center().y() + 1
            painter.fillRect(QRect(left, middle - _SQUARE // 2, _SQUARE, _SQUARE), t.role(caption.role))
            text = QFontMetrics(quiet).elidedText(caption.name, Qt.TextElideMode.ElideMiddle, room)
            wide = QFontMetrics(quiet).horizontalAdvance(text)
            line = QRect(left + _SQUARE + 5, _CAPTION.top(), self.width(), _CAPTION.height())
            painter.setFont(quiet)
            painter.setPen(t.text2)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, text)
            painter.setFont(loud)
            painter.setPen(t.text)
            painter.drawText(line.adjusted(wide + 5, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, caption.size)

    def _placed(self, quiet: QFontMetrics, loud: QFontMetrics) -> list[tuple[_Caption, int, int]]:
        """Captions with their left edges and the room of their names, in file order, none on another.

        Where not all have room the smallest go.
        """
        bar, total = self._bar(), self._map.total if self._map is not None else 1
        rooms = {c: min(quiet.horizontalAdvance(c.name) + 2, max(60, bar.width() // 3)) for c in self._captions}
        wide = {c: _SQUARE + 10 + rooms[c] + loud.horizontalAdvance(c.size) for c in self._captions}
        shown = sorted(self._captions, key=lambda c: c.place)
        while shown and sum(wide[c] + _GAP for c in shown) - _GAP > bar.width():
            shown.remove(min(shown, key=lambda c: c.nbytes))
        lefts: list[int] = []
        free = bar.left()
        for caption in shown:
            lefts.append(max(free, bar.left() + round(caption.place * bar.width() / total)))
            free = lefts[-1] + wide[caption] + _GAP
        limit = bar.right() + 1
        for number in range(len(shown) - 1, -1, -1):
            lefts[number] = min(lefts[number], limit - wide[shown[number]])
            limit = lefts[number] - _GAP
        return [(caption, left, rooms[caption]) for caption, left in zip(shown, lefts)]

    def _byte(self, x: float) -> int:
        bar = self._bar()
        total = self._map.total if self._map is not None else 1
        return int((x - bar.left()) / bar.width() * total)

    def _row(self, event: QMouseEvent) -> tuple[int, int]:
        """The record and the tensor under the mouse, -1 where there is none."""
        place = event.position()
        if self._map is None or not self._bar().adjusted(0, -4, 0, 6).contains(place.toPoint()):
            return -1, -1
        byte = self._byte(place.x() + 0.5)
        record = self._map.at(byte)
        return record, self._map.row_at(record, byte)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        record, row = self._row(event)
        self.setCursor(Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor)
        if record >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), plain_tooltip(self.words(record, row)), self)
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        _record, row = self._row(event)
        if row >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.row_clicked.emit(row)

    def words(self, record: int, row: int) -> str:
        """What the tooltip says of a record and the tensor in it."""
        checkpoint, places = self._checkpoint, self._map
        if checkpoint is None or places is None:
            return ""
        length, start = int(places.length[record]), int(places.start[record])
        file, within = places.file_at(start)
        if row < 0:
            index = int(places.index[record])
            name = checkpoint.records[index].name if index >= 0 else tr("seen by no tensor")
            return f"{display(name)}\n{_where(within, file)}\n{size_text(length)}"
        info = checkpoint.info(row)
        lines = [
            display(info.name),
            _where(info.file_offset if info.file_offset is not None else within, file),
            tr("{}, {} of the file").format(size_text(info.nbytes), percent(info.nbytes, places.total)),
        ]
        others = len(checkpoint.tied_to(row))
        if others:
            lines.append(tr("tied to {}").format(counted(others, "other name", "other names")))
        if info.error is not None:
            lines.append(display(info.error))
        lines.append(tr("Click to select it in the tree"))
        return "\n".join(lines)


def _where(byte: int, file: str) -> str:
    """``file`` is the name of the one of several that it is in."""
    words = tr("at byte {0} of {1}") if file else tr("at byte {0}")
    return words.format(integer(byte), display(file, 80))


def _captions(checkpoint: Checkpoint, tree: Tree, places: RibbonMap) -> list[_Caption]:
    """One caption a section that has bytes; a file that is one section is captioned by what that is."""
    found = []
    for section in checkpoint.sections:
        if section.stop <= section.start:
            continue
        node = tree.node_of_path(section.path) if section.path else 0
        nbytes = section.nbytes or int(tree.nbytes[node or 0])
        if not nbytes:
            continue
        records = [record for row in (section.start, section.stop - 1) for record in places.records_of(row)]
        place = min((int(places.start[record]) for record in records), default=0)
        name = display(".".join(section.path)) or tr(section.role.value)
        found.append(_Caption(name, size_text(nbytes), section.role, nbytes, place))
    return found


def _image(pixels: Pixels, height: int, ratio: float) -> QImage:
    """The bar in device pixels: full where read, pale where not, hatched where no tensor looks."""
    t = theme()
    full = np.array([t.role(role).rgb() for role in ROLES], np.uint32)
    pale = np.array([t.role_pale(role).rgb() for role in ROLES], np.uint32)
    line = np.where(pixels.read, full[pixels.role], pale[pixels.role])
    picture = np.repeat(line[np.newaxis, :], height, axis=0)
    if pixels.wasted.any():
        step = max(2, round(3 * ratio))
        x, y = np.meshgrid(np.arange(len(line)), np.arange(height))
        stripes = (x + y) // (step // 2 or 1) % 3 == 0
        picture[:, pixels.wasted] = np.where(stripes, full[pixels.role], np.uint32(t.panel.rgb()))[
            :, pixels.wasted
        ]
    picture[:, pixels.gap] = t.panel.rgb()
    data = np.ascontiguousarray(picture)
    return QImage(data.data, data.shape[1], height, data.shape[1] * 4, QImage.Format.Format_RGB32).copy()


def _sharp(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
