"""The distribution of a tensor's values: a head with two choices, the plot, and the reading of a bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.controls import SectionHead, Segmented
from ckptgui.gui.inspector.picture import QUANTILES, Picture, View, draw, first_view, whole_view
from ckptgui.gui.inspector.ticks import range_texts
from ckptgui.gui.labels import MEDIUM, Caption, LinkLabel, PlainLabel
from ckptgui.gui.numbers import integer, percent, tr
from ckptgui.gui.theme import theme, theme_signal

if TYPE_CHECKING:
    from ckptgui.gui.inspector.plot import HistogramPlot

HEIGHT = 196
"""Of the plot with its axis."""

_BAR = 5
"""Pixels that a bar takes, its gap included."""


class _Reading(QWidget):
    """The card beside the bin that is read."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 5, 12, 5)
        layout.setSpacing(1)
        self.range = PlainLabel("", self, pixels=11, weight=MEDIUM)
        self.count = Caption("", self)
        layout.addWidget(self.range)
        layout.addWidget(self.count)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().strong, 1))
        painter.setBrush(theme().panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)


class _Waiting(QWidget):
    """The place of the plot before there is one: its base line, pale."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line where the bars will stand."""
        QPainter(self).fillRect(44, self.height() - 22, self.width() - 52, 1, theme().hairline)


class Histogram(QWidget):
    """Shows a summary's distribution; pale while it waits. ``painted`` says that bars are on the screen."""

    painted = Signal()
    exact_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._distribution: Distribution | None = None
        self._quantiles: dict[float, float] = {}
        self._view: View | None = None
        self._role = Role.OTHER
        self._integral = False
        self.plot: HistogramPlot | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.head = SectionHead(tr("Distribution"), self, line=False)
        self.count_scale = Segmented(tr("Count"), [("linear", tr("Linear")), ("log", tr("Log"))], self)
        self.value_scale = Segmented(tr("Values"), [("linear", tr("Linear")), ("symlog", tr("Symlog"))], self)
        self.value_scale.buttons["symlog"].setToolTip(tr("Linear near zero, logarithmic beyond, on both sides"))
        self.exact = LinkLabel("", self, pixels=11)
        self.exact.setToolTip(tr("Read the values once more; quantiles and bars are approximate until then"))
        self.exact.clicked.connect(self._want_exact)
        self.head.row.insertSpacing(1, 4)
        self.head.row.insertWidget(2, self.exact)
        self.head.add(self.count_scale)
        self.head.row.addSpacing(8)
        self.head.add(self.value_scale)
        layout.addWidget(self.head)
        self._place = QWidget(self)
        self._place.setFixedHeight(HEIGHT)
        self._pages = QStackedLayout(self._place)
        self._waiting = _Waiting(self._place)
        self._message = PlainLabel("", self._place, colour="text2", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self._waiting)
        self._pages.addWidget(self._message)
        layout.addWidget(self._place)
        self.reading = _Reading(self._place)
        self.outside = Caption("", self._place)
        self.unusual = PlainLabel("", self._place, colour="nan", pixels=11, weight=MEDIUM)
        for label in (self.outside, self.unusual):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.hide()
        self.count_scale.chosen.connect(self._redraw)
        self.value_scale.chosen.connect(self._rescale)
        theme_signal().changed.connect(self.reading.update)

    def picture(self) -> Picture | None:
        """What is shown now."""
        return self.plot.picture if self.plot else None

    def wait(self) -> None:
        """Nothing is known yet."""
        self._forget()
        if self.plot is not None:
            self.plot.show_picture(None, self._role)
            self._pages.setCurrentWidget(self.plot)
        else:
            self._pages.setCurrentWidget(self._waiting)

    def say(self, text: str) -> None:
        """There will be no plot, and why."""
        self._forget()
        self._message.setText(text)
        self._pages.setCurrentWidget(self._message)

    def show_summary(self, summary: Summary, role: Role, integral: bool) -> None:
        """Plot what is known; keeps the view when only the exactness of the same tensor changed."""
        distribution = summary.distribution
        if distribution is None or not distribution.total:
            self.say(tr("No finite values to show."))
            return
        self._forget()
        self._distribution, self._role, self._integral = distribution, role, integral
        self._quantiles = dict(zip(QUANTILES, distribution.quantiles(QUANTILES)))
        plot = self._plot()
        self._pages.setCurrentWidget(plot)
        self._view = first_view(distribution, self._quantiles, integral, self._bins())
        self._redraw()
        self._tell_unusual(summary)
        self.exact.setText(tr("Make exact"))
        self.exact.setEnabled(True)
        self.exact.setVisible(not distribution.exact)

    def prepare(self) -> None:
        """Make the plot before it is wanted."""
        self._plot()

    def _plot(self) -> HistogramPlot:
        if self.plot is None:
            from ckptgui.gui.inspector.plot import HistogramPlot  # imports pyqtgraph, not before it is needed

            self.plot = HistogramPlot(self._place)
            self.plot.setAccessibleName(tr("Histogram. Left and right read a bar."))
            self.plot.painted.connect(self.painted)
            self.plot.bin_read.connect(self._read)
            self.plot.zoomed.connect(self._zoom)
            self.plot.reset.connect(self._reset)
            self._pages.addWidget(self.plot)
            self.plot.resize(self._place.size())
        return self.plot

    def _want_exact(self) -> None:
        self.exact.setText(tr("Reading…"))
        self.exact.setEnabled(False)
        self.exact_wanted.emit()

    def _forget(self) -> None:
        self._distribution = None
        self._view = None
        for widget in (self.reading, self.outside, self.unusual, self.exact):
            widget.hide()

    def _bins(self) -> int:
        width = self.plot.area().width() if self.plot else 0
        return max(24, min(240, int(width // _BAR)))

    def _scale(self) -> Scale:
        return "symlog" if self.value_scale.current() == "symlog" else "linear"

    def _redraw(self) -> None:
        if self._distribution is None or self._view is None or self.plot is None:
            return
        picture = draw(
            self._distribution,
            self._view,
            bins=self._bins(),
            scale=self._scale(),
            log_count=self.count_scale.current() == "log",
            quantiles=self._quantiles,
            integral=self._integral,
        )
        self.plot.show_picture(picture, self._role)
        self._tell_outside(picture)

    def _rescale(self) -> None:
        """A symmetric-log axis has room for everything; the linear one shows the middle."""
        self._reset()

    def _reset(self) -> None:
        if self._distribution is None:
            return
        if self._scale() == "symlog":
            self._view = whole_view(self._distribution, False, 0)
        else:
            self._view = first_view(self._distribution, self._quantiles, self._integral, self._bins())
        self._redraw()

    def _zoom(self, place: float, factor: float) -> None:
        picture = self.picture()
        if self._distribution is None or self._view is None or picture is None:
            return
        whole = whole_view(self._distribution, self._integral, self._bins())
        self._view = self._view.zoomed(picture.value(place), factor).within(whole)
        self._redraw()

    def _read(self, number: int) -> None:
        picture = self.picture()
        if number < 0 or picture is None or self.plot is None:
            self.reading.hide()
            return
        low, high = float(picture.edges[number]), float(picture.edges[number + 1])
        count = float(picture.counts[number])
        if picture.integral and abs(high - low - 1) < 1e-6:
            self.reading.range.setText(integer(round((low + high) / 2)))
        else:
            self.reading.range.setText(tr("{0} to {1}").format(*range_texts(low, high)))
        sign = "" if picture.exact else "≈ "
        values = tr("value") if round(count) == 1 else tr("values")
        share = percent(count, picture.total)
        self.reading.count.setText(f"{sign}{integer(round(count))} {values}, {share}")
        self.reading.setAccessibleName(f"{self.reading.range.text()}: {self.reading.count.text()}")
        self.reading.adjustSize()
        bar = self.plot.bin_rect(number)
        x = int(bar.right()) + 14
        if x + self.reading.width() > self._place.width() - 4:
            x = int(bar.left()) - 14 - self.reading.width()
        self.reading.move(QPoint(max(0, x), 56))
        self.reading.show()
        self.reading.raise_()

    def _tell_outside(self, picture: Picture) -> None:
        parts = []
        if picture.below >= 0.5:
            parts.append(tr("{0} below").format(integer(round(picture.below))))
        if picture.above >= 0.5:
            parts.append(tr("{0} above").format(integer(round(picture.above))))
        self.outside.setText(", ".join(parts))
        self.outside.setVisible(bool(parts))
        self._place_notes()

    def _tell_unusual(self, summary: Summary) -> None:
        figures = summary.statistics
        parts = []
        if figures.nan:
            parts.append(f"{integer(figures.nan)} NaN")
        if figures.posinf:
            parts.append(f"{integer(figures.posinf)} +∞")
        if figures.neginf:
            parts.append(f"{integer(figures.neginf)} −∞")
        self.unusual.setText(tr("{0} not in the plot").format(", ".join(parts)) if parts else "")
        self.unusual.setVisible(bool(parts))
        self._place_notes()

    def _place_notes(self) -> None:
        y = 44
        for label in (self.unusual, self.outside):
            if label.isHidden():
                continue
            label.adjustSize()
            label.move(self._place.width() - label.width() - 10, y)
            label.raise_()
            y += label.height() + 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the captions of the choices where they have no room; bars keep their width."""
        super().resizeEvent(event)
        for choice in (self.count_scale, self.value_scale):
            choice.caption.setVisible(self.width() > 430)
        self.head.title.setVisible(self.width() > 400)
        self._place_notes()
        if self._distribution is not None and self.picture() is not None:
            self._redraw()
