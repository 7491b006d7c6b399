"""The spectrum page: the singular values of a matrix, once somebody asks for them and knows what it costs."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.analysis.spectrum import Spectrum
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Progress
from ckptgui.engine.spectrum import cost, why_no_spectrum
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import Button, ProgressLine
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.inspector.index_plot import IndexPlot
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import Caption, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import duration, exact, integer, shape_text, significant, size_text, tr

KEPT = 64
"""Spectra that are remembered while their file is shown."""


class SpectrumTab(LowerTab):
    """Nothing is read before the button is pressed; cancelling ends the work at once."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._looked_at: LookedAt | None = None
        self._known: dict[int, Spectrum] = {}
        self._shown: Spectrum | None = None
        self.sentence = PlainLabel("", self, wrap=True)
        self.begin = Button("", self)
        self.progress = ProgressLine(self, 160)
        self.stop = Button(tr("Cancel"), self)
        self.scale = Segmented(tr("Values"), (("log", tr("Log")), ("linear", tr("Linear"))), self)
        self.reading = ElidedLabel("", self, colour="text2", pixels=11)
        self.plot = IndexPlot(self)
        self.plot.setAccessibleName(tr("Singular values"))
        self.figures = _Figures(self)
        self._result = QWidget(self)
        self._place()
        self.begin.clicked.connect(self._begin)
        self.stop.clicked.connect(self._lane.cancel)
        self.scale.chosen.connect(self._draw)
        self.plot.hovered.connect(self._tell)

    def _place(self) -> None:
        work = QHBoxLayout()
        work.setSpacing(8)
        for part in (self.begin, self.progress, self.stop):
            work.addWidget(part)
        work.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(self.reading, 1)
        head.addWidget(self.scale)
        result = QVBoxLayout(self._result)
        result.setContentsMargins(0, 0, 0, 0)
        result.setSpacing(6)
        result.addLayout(head)
        result.addWidget(self.plot, 1)
        result.addWidget(self.figures)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(8)
        layout.addWidget(self.sentence)
        layout.addLayout(work)
        layout.addWidget(self._result, 100)
        layout.addStretch(1)

    @property
    def waiting(self) -> bool:
        return False  # it waits for the person

    def set_tensor(self, looked_at: LookedAt) -> None:
        self._lane.cancel()
        if self._looked_at is None or looked_at.checkpoint is not self._looked_at.checkpoint:
            self._known.clear()
        self._looked_at = looked_at
        self._show_idle()
        known = self._known.get(looked_at.info.index)
        if known is not None:
            self._show(known)
        self.filled.emit()

    def _show_idle(self) -> None:
        """What it would cost, or why there is nothing to be had."""
        assert self._looked_at is not None
        info = self._looked_at.info
        self._shown = None
        self._result.hide()
        self.progress.hide()
        self.stop.hide()
        reason = why_no_spectrum(info)
        self.begin.setVisible(not reason)
        self.sentence.set_colour("text2")
        if reason:
            self.sentence.setText(reason)
            return
        price = cost(info)
        words = tr("Taking this {0} matrix apart takes about {1} and {2} of memory.")
        if len(info.shape) > 2:
            words = tr("As a {0} matrix, a row for each place of the first dimension, it takes about {1} and {2}.")
        seconds = tr("a second") if price.seconds < 1.5 else duration(price.seconds)
        self.sentence.setText(words.format(shape_text(price.shape), seconds, size_text(price.nbytes)))
        self.begin.setText(tr("Find {0} singular values").format(integer(min(price.shape))))

    def _begin(self) -> None:
        looked_at = self._looked_at
        if looked_at is None:
            return
        self.begin.hide()
        self.progress.set_share(0, 1)
        self.progress.show()
        self.stop.show()
        info = looked_at.info
        self._lane.start(
            looked_at.spectrum,
            lambda found: self._take(info, found),
            self._fail,
            self._progressed,
            self._show_idle,
        )

    def _progressed(self, progress: Progress) -> None:
        self.progress.set_share(progress.done, progress.total)

    def _fail(self, error: CheckpointError) -> None:
        self._show_idle()
        self.begin.hide()
        self.sentence.set_colour("danger")
        self.sentence.setText(str(error))

    def _take(self, info: TensorInfo, found: Spectrum) -> None:
        self._known[info.index] = found
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        self._show(found)

    def _show(self, found: Spectrum) -> None:
        self._shown = found
        for part in (self.begin, self.progress, self.stop):
            part.hide()
        self.sentence.set_colour("text")
        self.sentence.setText(spectrum_words(found))
        self.figures.show_spectrum(found)
        self._result.show()
        self._draw()

    def _draw(self) -> None:
        found, looked_at = self._shown, self._looked_at
        if found is not None and looked_at is not None:
            rank = np.arange(len(found.values)) >= found.numerical_rank
            self.plot.show_values(found.values, rank, looked_at.role, log=self.scale.current() == "log")
            self._tell(-1)

    def _tell(self, place: int) -> None:
        found = self._shown
        if found is None:
            return
        if place < 0:
            self.reading.setText(tr("Singular values, largest first"))
            return
        squares = np.square(found.values / (found.values[0] or 1.0))
        share = 100 * float(squares[: place + 1].sum() / (squares.sum() or 1.0))
        words = tr("Value {0}: {1}; {2} % of the squared norm up to it")
        value = significant(float(found.values[place]))
        self.reading.setText(words.format(integer(place + 1), value, significant(share, 3)))


class _Figures(QWidget):
    """Pairs of words and numbers in two lines."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self.numbers: dict[str, PlainLabel] = {}
        titles = (
            ("stable", tr("Stable rank")),
            ("effective", tr("Effective rank")),
            ("numerical", tr("Numerical rank")),
            ("largest", tr("Largest")),
            ("smallest", tr("Smallest")),
            ("condition", tr("Condition")),
        )
        for number, (key, title) in enumerate(titles):
            row, column = divmod(number, 3)
            self._grid.addWidget(Caption(title, self), row, 2 * column)
            label = self.numbers[key] = PlainLabel("", self, selectable=True)
            self._grid.addWidget(label, row, 2 * column + 1)
        self._grid.setColumnStretch(6, 1)
        hints = {
            "stable": tr("The squared norm over the square of the largest value"),
            "effective": tr("The exponential of the entropy of the values' shares"),
            "numerical": tr("Values that rounding of float32 does not account for"),
            "condition": tr("The largest value over the smallest"),
        }
        for key, hint in hints.items():
            self.numbers[key].setToolTip(plain_tooltip(hint))

    def show_spectrum(self, found: Spectrum) -> None:
        """Show another's."""
        largest, smallest = float(found.values[0]), float(found.values[-1])
        texts = {
            "stable": significant(found.stable_rank),
            "effective": significant(found.effective_rank),
            "numerical": integer(found.numerical_rank),
            "largest": significant(largest),
            "smallest": significant(smallest),
            "condition": significant(largest / smallest) if smallest else "∞",
        }
        for key, text in texts.items():
            self.numbers[key].setText(text)
        for key, value in (("largest", largest), ("smallest", smallest)):
            self.numbers[key].setToolTip(plain_tooltip(exact(value)))


def spectrum_words(found: Spectrum) -> str:
    """How few directions carry most of it."""
    count = len(found.values)
    if not found.values[0]:
        return tr("The matrix is zero.")
    half, most = found.directions_for(0.5), found.directions_for(0.99)
    words = tr("{0} of {1} directions carry half of the squared norm, {2} carry 99 %.")
    return words.format(integer(half), integer(count), integer(most))
