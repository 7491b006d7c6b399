"""What a plot does not show, in words over its upper right corner: values outside, NaN, what is approximate."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ckptgui.analysis.statistics import Statistics
from ckptgui.gui.inspector.histogram.picture import Picture
from ckptgui.gui.inspector.histogram.series import Series
from ckptgui.gui.labels import MEDIUM, LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, exact, integer, significant, tr
from ckptgui.gui.theme import theme

_BELOW_RAIL = 44


class _Note(PlainLabel):
    """A line on the ground of the panel, so that bars behind it do not make it hard to read."""

    def __init__(self, colour: str, parent: QWidget) -> None:
        super().__init__("", parent, colour=colour, pixels=11, weight=MEDIUM)
        self.setContentsMargins(4, 0, 4, 0)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().panel)
        super().paintEvent(event)


class _WayBack(LinkLabel):
    """A link on the ground of the panel."""

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().panel)
        super().paintEvent(event)


class Notes:
    """The lines, those that have something to say below each other. ``whole`` leads back to the first view."""

    def __init__(self, place: QWidget, show_all: Callable[[], None]) -> None:
        self._place = place
        self.unusual = _Note("nan", place)
        self.constant = _Note("text2", place)
        self.outside = _Note("text2", place)
        self.approximate = _Note("text2", place)
        self.whole = _WayBack(tr("Show all"), place, pixels=11)
        self.whole.setToolTip(tr("Back to the first view (0, Esc or a double click)"))
        self.whole.clicked.connect(show_all)
        self.whole.hide()
        for note in (self.unusual, self.constant, self.outside):
            note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def tell_values(self, statistics: Statistics | None) -> None:
        """Say what of a tensor no bar can show."""
        _say(self.unusual, unusual_text(statistics))
        _say(self.constant, constant_text(statistics))

    def tell_view(self, picture: Picture, zoomed: bool) -> None:
        """Say what lies outside the view."""
        parts = []
        for count, words in ((picture.below, tr("{0} below")), (picture.above, tr("{0} above"))):
            if count >= 0.5:
                parts.append(words.format(integer(round(count))))
        _say(self.outside, ", ".join(parts))
        self.whole.setVisible(zoomed)
        self.arrange()

    def tell_approximate(self, text: str, tip: str = "", *, failed: bool = False) -> None:
        """Say that bars are approximate and what is done about it; nothing where they are exact."""
        self.approximate.set_colour("danger" if failed else "text2")
        self.approximate.setToolTip(plain_tooltip(tip))
        _say(self.approximate, text)
        self.arrange()

    def clear(self) -> None:
        """Say nothing."""
        for note in (self.unusual, self.constant, self.outside, self.approximate, self.whole):
            note.hide()

    def arrange(self) -> None:
        """Put the lines to the right end, below the rail."""
        y, right = _BELOW_RAIL, self._place.width() - 8
        for note in (self.unusual, self.constant, self.outside, self.approximate, self.whole):
            if note.isHidden():
                continue
            size = note.sizeHint()
            width = min(size.width(), right - 60)
            note.setGeometry(QRect(right - width, y, width, size.height()))
            note.raise_()
            y += size.height() + 2


def _say(note: PlainLabel, text: str) -> None:
    note.setText(text)
    note.setVisible(bool(text))


def unusual_text(statistics: Statistics | None) -> str:
    """``2 NaN, 1 +∞ not in the plot``; empty where all values are finite."""
    kinds = _kinds(statistics)
    return tr("{0} not in the plot").format(kinds) if kinds else ""


def _kinds(statistics: Statistics | None) -> str:
    if statistics is None:
        return ""
    found = ((statistics.nan, "NaN"), (statistics.posinf, "+∞"), (statistics.neginf, "−∞"))
    return ", ".join(f"{integer(count)} {name}" for count, name in found if count)


def constant_text(statistics: Statistics | None) -> str:
    """``All 1,024 values are 1.000``; empty where they differ or there is only one."""
    if statistics is None or not statistics.constant or statistics.count < 2 or statistics.min is None:
        return ""
    value = statistics.min
    short = significant(value)
    whole = value == 0 or isinstance(value, int) or float(value).is_integer()
    return tr("All {0} values are {1}").format(integer(statistics.count), exact(value) if not whole else short)


def nothing_text(statistics: Statistics) -> str:
    """Why there is no plot of a tensor without finite values."""
    kinds = _kinds(statistics)
    if not kinds:
        return tr("No finite values to show.")
    if statistics.nan == statistics.count:
        many = tr("All {0} values are NaN.").format(integer(statistics.count))
        return many if statistics.count > 1 else tr("Its value is NaN.")
    values = counted(statistics.count, "value", "values")
    return tr("None of {0} is finite: {1}.").format(values, kinds)


def approximate_tip(series: Series) -> str:
    """Why bars are approximate and by how much."""
    if series.info is None:
        return tr("The values of many tensors are counted together in groups less than 2⁻⁷ wide, relatively.")
    if series.integral and series.info.dtype.bits == 64:
        return tr("Integers are counted in groups less than 2⁻⁷ wide, relatively; beyond 2⁵³ edges are rounded.")
    return tr("Values are counted in groups less than 2⁻⁷ wide, relatively; a group is divided between its bars.")
