"""The distribution of a tensor's values, or a module's: a head with choices, the plot, and a legend of pins."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.statistics import Statistics
from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.histogram.card import Card
from ckptgui.gui.inspector.histogram.choices import HistogramHead
from ckptgui.gui.inspector.histogram.closer_look import CloserLook, Found, Look, is_read_at_once
from ckptgui.gui.inspector.histogram.lattice import WHOLE, Lattice, lattice_of
from ckptgui.gui.inspector.histogram.legend import Legend
from ckptgui.gui.inspector.histogram.notes import Notes, approximate_tip, nothing_text
from ckptgui.gui.inspector.histogram.picture import QUANTILES, Picture, Wish, draw
from ckptgui.gui.inspector.histogram.plot import HistogramPlot
from ckptgui.gui.inspector.histogram.saving import PlotSaving
from ckptgui.gui.inspector.histogram.series import Pins, Series
from ckptgui.gui.inspector.histogram.view import View, first_view, part_of, whole_view
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr

HEIGHT, LOW_HEIGHT = 196, 148
"""Of the plot with its axis, and where the panel is low."""

_BAR = 5
"""Pixels that a bar takes, its gap included."""

_ROOM_FOR_PINS = 1.0
"""How far the first view may reach to either side for the sake of pins, in widths of what is shown."""


@dataclass
class _Shown:
    """What is plotted: a series as it is known by now, and what was worked out of it once."""

    series: Series
    quantiles: dict[float, float]
    lattice: Lattice | None
    view: View | None = None  # None: the first one
    finer: Found = field(default_factory=dict)

    def now(self, series: Series) -> Distribution:
        """The finest that is known of a series in this view."""
        return self.finer.get(series.key, series.distribution)


class Histogram(QWidget):
    """Shows a series; pale while it waits. ``painted`` says that its bars are on the screen."""

    painted = Signal()
    exact_wanted = Signal()
    series_changed = Signal()
    looked = Signal()  # the view was read closer, or could not be
    link_activated = Signal(object)  # the path of a pinned tensor

    def __init__(self, background: Background, pins: Pins, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: _Shown | None = None
        self._left: tuple[Series, View] | None = None  # what somebody had zoomed into until now
        self._insisted = False  # on exact figures of this tensor, whatever it weighs
        self.pins = pins
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.head = HistogramHead(self)
        layout.addWidget(self.head)
        self._make_plot(layout)
        self.legend = Legend(self)
        layout.addWidget(self.legend)
        self.saving = PlotSaving(background, self)
        layout.addWidget(self.saving.told)
        self._closer = CloserLook(background, self)
        self._closer.found.connect(self._take_finer)
        self._closer.failed.connect(self._not_finer)
        self._connect()

    def _make_plot(self, layout: QVBoxLayout) -> None:
        self._place = QWidget(self)
        self._place.setFixedHeight(HEIGHT)
        self._pages = QStackedLayout(self._place)
        self.plot = HistogramPlot(self._place)
        self.plot.setAccessibleName(tr("Histogram. Left and right read a bar, plus and minus zoom, P pins."))
        self._message = PlainLabel("", self._place, colour="text2", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self.plot)
        self._pages.addWidget(self._message)
        layout.addWidget(self._place)
        self.reading = Card(self._place)
        self.notes = Notes(self._place, self.show_all)

    def _connect(self) -> None:
        self.plot.painted.connect(self.painted)
        self.plot.bin_read.connect(self._read)
        self.plot.part_wanted.connect(self._zoom)
        self.plot.all_wanted.connect(self.show_all)
        self.plot.pin_wanted.connect(self.toggle_pin)
        self.plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.plot.customContextMenuRequested.connect(lambda at: self.open_menu(self.plot.mapToGlobal(at)))
        self.head.counts_chosen.connect(self._redraw)
        self.head.scale_chosen.connect(self.show_all)
        self.head.exact_wanted.connect(self._want_exact)
        self.pins.changed.connect(self._pins_changed)
        self.legend.lit.connect(self.plot.light)
        self.legend.removed.connect(self.pins.remove)
        self.legend.cleared.connect(self.pins.clear)
        self.legend.followed.connect(self.link_activated)
        self.legend.measure_chosen.connect(self._redraw)

    # what is shown

    def be_low(self, low: bool) -> None:
        """Leave more of a low panel to what stands below."""
        self._place.setFixedHeight(LOW_HEIGHT if low else HEIGHT)

    def picture(self) -> Picture | None:
        """What is shown now."""
        return self.plot.picture

    @property
    def series(self) -> Series | None:
        """Whose values are shown now."""
        return self._shown.series if self._shown is not None else None

    @property
    def looking(self) -> bool:
        """Whether the view is being read once more."""
        return self._closer.busy

    def wait(self) -> None:
        """Nothing is known yet."""
        self._forget()
        self.plot.show_picture(None, Role.OTHER)
        self._pages.setCurrentWidget(self.plot)

    def say(self, text: str, *, alarming: bool = False) -> None:
        """There will be no plot, and why."""
        self._forget()
        self.plot.show_picture(None, Role.OTHER)
        self._message.setText(text)
        self._message.set_colour("nan" if alarming else "text2")
        self._pages.setCurrentWidget(self._message)

    def say_nothing(self, statistics: Statistics) -> None:
        """There are no finite values."""
        self.say(nothing_text(statistics), alarming=bool(statistics.nan or statistics.inf))

    def show_series(self, series: Series, statistics: Statistics | None = None) -> None:
        """Plot what is known; the view stays when more is known of the same series."""
        if not series.distribution.total:
            self.say_nothing(statistics or Statistics(0))
            return
        elder = self._shown if self._shown is not None and self._shown.series.key == series.key else None
        if elder is None:
            self._forget()
        quantiles = dict(zip(QUANTILES, series.distribution.quantiles(QUANTILES)))
        lattice = WHOLE if series.integral else lattice_of(series.distribution)
        self._shown = _Shown(series, quantiles, lattice)
        if elder is not None:
            self._shown.view, self._shown.finer = elder.view, elder.finer
        elif self._left is not None and self._left[0].path == series.path:  # the same tensor of another epoch
            self._shown.view = self._left[1].within(self._whole(self._shown))
        self._left = None
        self.head.title.setText(tr("Distribution of the modulus") if series.modulus else tr("Distribution"))
        self._pages.setCurrentWidget(self.plot)
        self.notes.tell_values(statistics)
        self._offer_scales()
        self._list_pins()
        self._redraw(same=elder is not None)
        self._offer_exact()
        self.series_changed.emit()

    def _forget(self) -> None:
        if self._shown is not None:
            self._left = (self._shown.series, self._shown.view) if self._shown.view is not None else None
        self._shown = None
        self._insisted = False
        self._closer.drop()
        self.notes.clear()
        self.legend.hide()
        self.saving.quiet()
        self.reading.hide()
        self.head.offer_exact(False)
        self.series_changed.emit()

    # axes

    def _all_series(self, shown: _Shown) -> list[Series]:
        """The pinned ones besides what is shown."""
        return [pin.series for pin in self.pins if pin.series.key != shown.series.key]

    def _offer_scales(self) -> None:
        shown = self._shown
        if shown is not None:
            every = (shown.series, *self._all_series(shown))
            self.head.offer_log({each.title(shown.series): each.distribution.bounds()[0] for each in every})

    def _bins(self) -> int:
        return max(24, min(240, int(self.plot.area().width() // _BAR)))

    # the view

    def show_all(self) -> None:
        """Show the first view again."""
        if self._shown is not None:
            self._shown.view = None
            self._redraw()

    def _first(self, shown: _Shown) -> View:
        """With pins theirs too, but what is shown keeps its share of the width."""
        bins, scale = self._bins(), self.head.scale
        own = first_view(shown.series.distribution, shown.quantiles, shown.series.integral, bins, scale)
        view = own
        for other in self._all_series(shown):
            quantiles = dict(zip(QUANTILES, other.distribution.quantiles(QUANTILES)))
            view = view.joined(first_view(other.distribution, quantiles, other.integral, bins, scale))
        if view == own:
            return own
        wide = part_of(own, -_ROOM_FOR_PINS, 1 + _ROOM_FOR_PINS, scale, shown.series.distribution.threshold)
        return View(max(view.low, wide.low), min(view.high, wide.high))

    def _whole(self, shown: _Shown) -> View:
        bins, scale = self._bins(), self.head.scale
        view = whole_view(shown.series.distribution, shown.series.integral, bins, scale)
        for other in self._all_series(shown):
            view = view.joined(whole_view(other.distribution, other.integral, bins, scale))
        return view

    def _zoom(self, start: float, end: float) -> None:
        """Show the part of the view between two shares of its width."""
        shown, picture = self._shown, self.picture()
        if shown is None or picture is None:
            return
        now = View(float(picture.edges[0]), float(picture.edges[-1]))
        wanted = part_of(now, start, end, picture.scale, picture.threshold)
        shown.view = wanted.within(self._whole(shown))
        self._redraw()

    def _redraw(self, *_: object, same: bool = False) -> None:
        shown = self._shown
        if shown is None:
            return
        pins = [pin for pin in self.pins if pin.series.key != shown.series.key]
        wish = Wish(
            self._bins(),
            self.head.scale,
            self.head.log_count,
            bool(pins) and self.legend.measure.current() == "shares",
        )
        picture = draw(
            shown.now(shown.series),
            shown.view or self._first(shown),
            wish,
            shown.quantiles,
            shown.lattice,
            integral=shown.series.integral,
            others=[shown.now(pin.series) for pin in pins],
        )
        self.plot.show_picture(picture, shown.series.role, [pin.slot for pin in pins], same=same)
        self.notes.tell_view(picture, shown.view is not None)
        self._read(self.plot.read_bin)
        self._look_closer(shown, picture)

    # a closer look

    def _look_closer(self, shown: _Shown, picture: Picture) -> None:
        series = [shown.series, *self._all_series(shown)]
        looks = []
        for each, bars in zip(series, (picture.bars, *picture.outlines)):
            wanted = bars.coarse or is_read_at_once(each) or self._insisted
            if each.info is not None and not bars.exact and wanted:
                looks.append(Look(each, shown.now(each), bars.coarse))
        if looks:
            self._closer.want(looks, picture.edges, picture.scale)
        else:
            self._closer.drop()
        if picture.exact:
            self.notes.tell_approximate("")
        else:
            text = tr("≈ until it is read closer") if self.looking else tr("≈ approximate")
            self.notes.tell_approximate(text, approximate_tip(shown.series))

    def _take_finer(self, found: Found) -> None:
        if self._shown is not None:
            self._shown.finer.update(found)
            self._redraw(same=True)
            self.looked.emit()

    def _not_finer(self, reason: str) -> None:
        text = tr("≈ approximate, as it could not be read again")
        self.notes.tell_approximate(text, reason, failed=True)
        self.looked.emit()

    def _offer_exact(self) -> None:
        """A large tensor is read once more only when somebody wants to; a small one is anyway."""
        shown = self._shown
        large = shown is not None and shown.series.info is not None and not is_read_at_once(shown.series)
        self.head.offer_exact(large and not self._insisted)

    def _want_exact(self) -> None:
        """Quantiles and, in each view from now on, bars."""
        self._insisted = True
        self._redraw(same=True)
        self.exact_wanted.emit()

    # pins

    def toggle_pin(self) -> None:
        """Pin what is shown, or take its pin away."""
        if self._shown is not None:
            self.pins.toggle(self._shown.series)

    def _list_pins(self) -> None:
        shown = self._shown
        if shown is None:
            return
        pins = [pin for pin in self.pins if pin.series.key != shown.series.key]
        self.legend.show_series(shown.series, pins)
        totals = {each.distribution.total for each in (shown.series, *(pin.series for pin in pins))}
        if len(totals) > 1 and not self.legend.measured:
            self.legend.measure.choose("shares")

    def _pins_changed(self) -> None:
        self._list_pins()
        self._offer_scales()
        self._redraw()

    # reading, saving

    def _read(self, number: int) -> None:
        picture = self.picture()
        if number < 0 or picture is None:
            self.reading.hide()
            return
        self.reading.tell(picture, number, self.plot.slots)
        away = number < int(picture.counts.argmax())  # from the tallest bars, which are looked at most
        self.reading.stand_beside(self.plot.bin_rect(number), self._place.rect(), left=away)

    def open_menu(self, at: QPoint) -> None:
        """What can be done with the plot."""
        if self._shown is not None and self.picture() is not None:
            self.saving.open_menu(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the captions of the choices where they have no room; bars keep their width."""
        super().resizeEvent(event)
        self.head.fit(self.width())
        self.notes.arrange()
        if self._shown is not None and self.picture() is not None and self.picture_is_stale():
            self._redraw(same=True)

    def picture_is_stale(self) -> bool:
        """Whether the plot has room for more bars, or fewer."""
        picture = self.picture()
        return picture is not None and picture.wish.bins != self._bins()
