"""The values of every tensor of a model side by side, in network order: middle half, middle 98 %, NaN."""

from __future__ import annotations

import numpy as np
import shiboken6
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ckptgui.analysis.histogram import from_symlog, to_symlog
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.overview.values_strip_map import StripMap, StripValues, strip_values
from ckptgui.gui.inspector.ticks import symlog_ticks
from ckptgui.gui.labels import Caption, draw_focus, plain_tooltip
from ckptgui.gui.numbers import integer, significant, tr
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.badges import alarms
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

HEIGHT = 136
_TOP, _BOTTOM = 8, 18
_WIDEST = 7.0
"""Pixels of the bar of the middle half at most, however few tensors there are."""

_LARGEST = 1e308

NARROW = 440
"""Width under which the head has its title alone."""

TICK_MS = 120
"""Between two pictures while figures come in."""


class ValuesStrip(QWidget):
    """A head and the strip; hidden where no model has floating-point values."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.head = SectionHead(tr("Values of every model tensor"), self)
        self.note = Caption(tr("middle 50 % and 98 %, in network order"), self)
        self.head.add(self.note)
        self.strip = _Strip(self)
        self.strip.chosen.connect(self.link_activated)
        layout.addWidget(self.head)
        layout.addWidget(self.strip)
        self._summaries: Summaries | None = None
        self._map: StripMap | None = None
        self._tick = QTimer(self, singleShot=True, interval=TICK_MS)
        self._tick.timeout.connect(self._ticked)
        self._late = False
        self.hide()

    def set_document(self, checkpoint: Checkpoint, summaries: Summaries, places: StripMap) -> None:
        """Show another file's, as far as it was read."""
        if self._summaries is not None and shiboken6.isValid(self._summaries):
            self._summaries.arrived.disconnect(self._arrived)
        if not shiboken6.isValid(summaries):  # the document was closed while its overview was being filled
            return
        self._summaries, self._map = summaries, places
        summaries.arrived.connect(self._arrived)
        self.setVisible(len(places.rows) > 1)
        self.strip.set_document(checkpoint, places)
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The note has its place where there is room for it."""
        super().resizeEvent(event)
        self.note.setVisible(self.width() >= NARROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _arrived(self, _: np.ndarray) -> None:
        """Show the first at once, and those that follow closely together."""
        if self._tick.isActive():
            self._late = True
        else:
            self._refresh()
            self._tick.start()

    def _ticked(self) -> None:
        if self._late:
            self._refresh()
            self._tick.start()

    def _refresh(self) -> None:
        self._late = False
        if self._summaries is not None and self._map is not None and shiboken6.isValid(self._summaries):
            self.strip.set_values(strip_values(self._summaries.profile, self._map.rows))


class _Strip(QWidget):
    """``chosen`` has the row of the tensor that was clicked."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._checkpoint: Checkpoint | None = None
        self._map: StripMap | None = None
        self._values: StripValues | None = None
        self._threshold = 1.0
        self._top = 1.0  # where the axis ends, in symmetric-log steps
        self._at = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Values of every model tensor"))
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def set_document(self, checkpoint: Checkpoint, places: StripMap) -> None:
        """Show another file's tensors; their values come apart."""
        self._checkpoint, self._map, self._at = checkpoint, places, -1

    def set_values(self, values: StripValues) -> None:
        """Take what is known now. The axis fits nine tensors of ten, so that one that exploded leaves the others
        their shape; it goes on to the edge.
        """
        self._values = values
        sizes = np.fmax(np.abs(values.low), np.abs(values.high))
        sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
        if sizes.size:
            # By logarithms: the sum of two numbers near the end of float64 has no place in it.
            middle, most = (float(np.exp(x)) for x in np.quantile(np.log(sizes), (0.5, 0.98)))
            self._threshold = float(10.0 ** np.floor(np.log10(max(middle / 3, 1e-320))))
            self._top = float(to_symlog(min(max(most, middle) * 1.3, _LARGEST), self._threshold))
        self.update()

    def _left(self) -> int:
        metrics = QFontMetrics(ui_font(11))
        return max((metrics.horizontalAdvance(text) for _, text in self._ticks()), default=10) + 8

    def _end(self) -> float:
        """The value at which the axis ends."""
        return float(from_symlog(np.array([self._top]), self._threshold)[0])

    def _ticks(self) -> list[tuple[float, str]]:
        end = self._end()
        marks = symlog_ticks(-end, end, self._threshold)
        places = sorted((float(to_symlog(value, self._threshold)), value, text) for value, text in marks)
        kept: list[tuple[float, str]] = []
        last = -np.inf
        room = 2 * self._top / max(1, self.height() - _TOP - _BOTTOM) * 15  # a line of text
        for place, value, text in sorted(places, key=lambda mark: (mark[1] != 0, mark[0])):
            others = [float(to_symlog(each, self._threshold)) for each, _ in kept]
            if all(abs(place - other) >= room for other in others):
                kept.append((value, text))
                last = place
        return kept if np.isfinite(last) else []

    def _area(self) -> QRectF:
        left = self._left()
        return QRectF(left, _TOP, max(1, self.width() - left - 2), self.height() - _TOP - _BOTTOM)

    def _y(self, area: QRectF, values: np.ndarray) -> np.ndarray:
        share = np.clip(to_symlog(values, self._threshold) / self._top, -1.0, 1.0)
        y: np.ndarray = area.center().y() - share * area.height() / 2
        return y

    def _x(self, area: QRectF) -> np.ndarray:
        assert self._map is not None
        count = len(self._map.rows)
        x: np.ndarray = area.left() + (np.arange(count) + 0.5) / max(count, 1) * area.width()
        return x

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._map is None or self._values is None:
            return
        area = self._area()
        painter.setFont(ui_font(11))
        self._paint_axis(painter, area)
        self._paint_groups(painter, area)
        self._paint_values(painter, area)
        self._paint_alarms(painter, area)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _paint_axis(self, painter: QPainter, area: QRectF) -> None:
        t = theme()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, text in self._ticks():
            y = float(self._y(area, np.array([value]))[0])
            line = t.strong if value == 0 else t.hairline
            painter.fillRect(QRectF(area.left(), round(y), area.width(), 1), line)
            painter.setPen(t.text2)
            painter.drawText(QRectF(0, y - 8, area.left() - 6, 16), right, text)

    def _paint_groups(self, painter: QPainter, area: QRectF) -> None:
        """A line before each group, and its name where it has room."""
        assert self._map is not None
        t, metrics, count = theme(), painter.fontMetrics(), len(self._map.rows)
        free = area.left() - 1
        for group in self._map.groups:
            x = area.left() + group.start / count * area.width()
            wide = (group.stop - group.start) / count * area.width()
            name = metrics.horizontalAdvance(group.name)
            if wide >= 5:
                painter.fillRect(QRectF(round(x), area.top(), 1, area.height() + 4), t.strong)
            if x >= free and x + name <= area.right() + 2 and (wide >= name or wide >= 12):
                painter.setPen(t.text2)
                painter.drawText(QPointF(x + 3, self.height() - 4), group.name)
                free = x + name + 12

    def _paint_values(self, painter: QPainter, area: QRectF) -> None:
        """One column a tensor, or the widest of those that share a pixel."""
        assert self._map is not None and self._values is not None and self._checkpoint is not None
        values, count = self._values, len(self._map.rows)
        known = np.isfinite(values.low)
        if not known.any():
            return
        section = self._checkpoint.section_of(int(self._map.rows[0]))
        colour = theme().role(section.role if section else Role.MODEL)
        step = area.width() / count
        columns = np.arange(count) if step >= 2 else np.floor(self._x(area)).astype(np.int64)
        groups = np.flatnonzero(np.diff(columns[known], prepend=-1))
        top = np.minimum.reduceat(self._y(area, values.high[known]), groups)
        bottom = np.maximum.reduceat(self._y(area, values.low[known]), groups)
        upper = np.minimum.reduceat(self._y(area, values.upper[known]), groups)
        lower = np.maximum.reduceat(self._y(area, values.lower[known]), groups)
        x = self._x(area)[known][groups]
        thick, thin = min(_WIDEST, max(1.0, step * 0.6)), 2.0 if step >= 4 else 1.0
        for at, a, b, c, d in zip(x.tolist(), top.tolist(), upper.tolist(), lower.tolist(), bottom.tolist()):
            painter.fillRect(QRectF(at - thin / 2, a, thin, max(1.0, d - a)), colour)
            painter.fillRect(QRectF(at - thick / 2, b, thick, max(1.0, c - b)), colour)
        self._paint_beyond(painter, area, x, values.high[known][groups], values.low[known][groups])

    def _paint_beyond(
        self, painter: QPainter, area: QRectF, x: np.ndarray, high: np.ndarray, low: np.ndarray
    ) -> None:
        """A small arrow at the edge for what goes beyond the axis."""
        end = self._end()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().text2)
        for places, y, way in ((x[high > end], area.top(), -1), (x[low < -end], area.bottom(), 1)):
            for at in np.unique(np.round(places)).tolist():
                corners = [QPointF(at - 3, y - 3 * way), QPointF(at + 3, y - 3 * way), QPointF(at, y + 2 * way)]
                painter.drawPolygon(QPolygonF(corners))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_alarms(self, painter: QPainter, area: QRectF) -> None:
        """A full-height line for NaN and infinities, with a sign where one has room."""
        assert self._values is not None
        values, nan = self._values, theme().nan
        found = np.flatnonzero((values.nan > 0) | (values.inf > 0))
        x, free = self._x(area), area.left()
        for place in found.tolist():
            at = float(x[place])
            painter.fillRect(QRectF(round(at) - 1, area.top() - 4, 3, area.height() + 8), nan)
        for place in found.tolist():
            at = float(x[place])
            badge = alarms(int(values.nan[place]), int(values.inf[place]))[0]
            wide = badge_width(badge)
            left = at + 4 if at + 4 + wide <= area.right() else at - 4 - wide
            if left >= free:
                paint_badge(painter, badge, round(left), round(area.top()) + 6)
                free = left + wide + 4

    def _place(self, x: float) -> int:
        area = self._area()
        count = len(self._map.rows) if self._map is not None else 0
        if not count or not area.left() <= x <= area.right():
            return -1
        return min(count - 1, int((x - area.left()) / area.width() * count))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().x())
        self.setCursor(Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor)
        if place >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), plain_tooltip(self.words(place)), self)
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().x())
        if place >= 0 and event.button() is Qt.MouseButton.LeftButton and self._map is not None:
            self.chosen.emit(int(self._map.rows[place]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk from tensor to tensor, Return goes to one."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if self._map is None or not len(self._map.rows):
            return
        if step is not None:
            self._at = min(max(self._at + step, 0), len(self._map.rows) - 1)
            area = self._area()
            point = QPointF(float(self._x(area)[self._at]), area.top())
            QToolTip.showText(self.mapToGlobal(point.toPoint()), plain_tooltip(self.words(self._at)), self)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at >= 0:
            self.chosen.emit(int(self._map.rows[self._at]))
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()

    def words(self, place: int) -> str:
        """What the tooltip says of a tensor."""
        if self._map is None or self._checkpoint is None or self._values is None:
            return ""
        lines = [display(self._checkpoint.info(int(self._map.rows[place])).name)]
        v = self._values
        if np.isfinite(v.low[place]):
            half = tr("middle 50 %: {0} to {1}")
            most = tr("middle 98 %: {0} to {1}")
            lines.append(half.format(significant(float(v.lower[place])), significant(float(v.upper[place]))))
            lines.append(most.format(significant(float(v.low[place])), significant(float(v.high[place]))))
        for count, word in ((v.nan[place], tr("NaN")), (v.inf[place], tr("infinite"))):
            if count:
                lines.append(f"{integer(int(count))} {word}")
        return "\n".join(lines)
