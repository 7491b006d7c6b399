"""The head of a histogram: its title, the scales of both axes, and the wish for exact figures of what is large."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ckptgui.analysis.histogram import Scale
from ckptgui.gui.inspector.controls import SectionHead, Segmented
from ckptgui.gui.labels import LinkLabel, plain_tooltip
from ckptgui.gui.numbers import significant, tr

_SCALES: tuple[tuple[Scale, str], ...] = (("linear", "Linear"), ("log", "Log"), ("symlog", "Symlog"))


class HistogramHead(SectionHead):
    """A scale that cannot be had now is not forgotten: it holds again where it can."""

    counts_chosen = Signal()
    scale_chosen = Signal()
    exact_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Distribution"), parent, line=False)
        self._wanted: Scale = "linear"
        self.count_scale = Segmented(tr("Count"), [("linear", tr("Linear")), ("log", tr("Log"))], self)
        self.value_scale = Segmented(tr("Values"), [(key, tr(text)) for key, text in _SCALES], self)
        self.value_scale.buttons["symlog"].setToolTip(tr("Linear near zero, logarithmic beyond, on both sides"))
        self.exact = LinkLabel("", self, pixels=11)
        self.exact.setToolTip(tr("Read the values once more; quantiles and bars are approximate until then"))
        self.exact.hide()
        self.row.insertSpacing(1, 4)
        self.row.insertWidget(2, self.exact)
        self.add(self.count_scale)
        self.row.addSpacing(8)
        self.add(self.value_scale)
        self.exact.clicked.connect(self._want_exact)
        self.count_scale.chosen.connect(self.counts_chosen)
        self.value_scale.chosen.connect(self._choose)

    @property
    def scale(self) -> Scale:
        """Of the values: what was chosen, where it can be had."""
        possible = self._wanted != "log" or self.value_scale.buttons["log"].isEnabled()
        return self._wanted if possible else "linear"

    @property
    def log_count(self) -> bool:
        """Whether counts are on a logarithmic axis."""
        return self.count_scale.current() == "log"

    def offer_log(self, lows: Mapping[str, float]) -> None:
        """A logarithmic axis has no place for zero and below, whichever series has it; the button says so."""
        name, least = min(lows.items(), key=lambda item: item[1])
        button = self.value_scale.buttons["log"]
        button.setEnabled(least > 0)
        reason = tr("A logarithmic axis has no place for 0 and below; the smallest value is {0}.")
        whose = "" if len(lows) == 1 else f"\n{name}"
        button.setToolTip("" if least > 0 else plain_tooltip(reason.format(significant(least)) + whose))
        self.value_scale.choose(self.scale)

    def offer_exact(self, offered: bool) -> None:
        """Offer to read once more, or not."""
        self.exact.setText(tr("Make exact"))
        self.exact.setEnabled(True)
        self.exact.setVisible(offered)

    def fit(self, width: int) -> None:
        """Leave captions away where there is no room for them."""
        for choice in (self.count_scale, self.value_scale):
            choice.caption.setVisible(width > 500)
        self.title.setVisible(width > 400)

    def _choose(self, key: str) -> None:
        self._wanted = next(scale for scale, _ in _SCALES if scale == key)
        self.scale_chosen.emit()

    def _want_exact(self) -> None:
        self.exact.setText(tr("Reading…"))
        self.exact.setEnabled(False)
        self.exact_wanted.emit()
