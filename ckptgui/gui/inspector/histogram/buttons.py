"""The buttons of a panel's head that belong to its histogram: a pin that stays pressed, and the menu."""

from __future__ import annotations

from ckptgui.gui.controls import IconButton, ToggleButton
from ckptgui.gui.inspector.head import PanelHead
from ckptgui.gui.inspector.histogram.widget import Histogram
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr


class PinButton(ToggleButton):
    """Pressed while what is shown is pinned."""

    def __init__(self, histogram: Histogram) -> None:
        super().__init__("pin", tr("Pin the distribution"), side=24)
        self._histogram = histogram
        self.clicked.connect(self._pin)
        histogram.pins.changed.connect(self.settle)
        histogram.series_changed.connect(self.settle)
        self.settle()

    def _pin(self) -> None:
        self._histogram.toggle_pin()
        self.settle()

    def settle(self) -> None:
        """Say what a click does now, or why it does nothing."""
        series, pins = self._histogram.series, self._histogram.pins
        held = series is not None and pins.holds(series)
        self.setChecked(held)
        self.setEnabled(series is not None and (held or not pins.full))
        if held:
            words = tr("Unpin: its outline goes from the plots of other tensors (P in the plot)")
        elif series is None:
            words = tr("There is no distribution to pin yet.")
        elif pins.full:
            words = tr("{0} are pinned; take one away first.").format(len(pins))
        else:
            words = tr("Pin: keep its outline in the plots of other tensors (P in the plot)")
        self.setToolTip(plain_tooltip(words))


class MenuButton(IconButton):
    """Opens the menu of the histogram."""

    def __init__(self, histogram: Histogram) -> None:
        super().__init__("more", tr("Save or copy the plot"), side=24)
        self._histogram = histogram
        self.clicked.connect(self._open)
        histogram.series_changed.connect(self.settle)
        self.settle()

    def _open(self) -> None:
        self._histogram.open_menu(self.mapToGlobal(self.rect().bottomLeft()))

    def settle(self) -> None:
        """Be there only while there is a plot."""
        there = self._histogram.series is not None
        self.setEnabled(there)
        self.setToolTip(plain_tooltip(tr("Save or copy the plot") if there else tr("There is no plot yet.")))


def add_plot_buttons(head: PanelHead, histogram: Histogram) -> tuple[PinButton, MenuButton]:
    """Put both into a panel's head."""
    pin, menu = PinButton(histogram), MenuButton(histogram)
    head.add_before_copy(pin)
    head.add_last(menu)
    return pin, menu
