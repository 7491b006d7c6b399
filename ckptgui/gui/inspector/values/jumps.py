"""Where one may want to go among values: the largest, the smallest, the next NaN; found in the background."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.display import display
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.search_values import Wanted, find_special
from ckptgui.engine.summarise import summarise
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import IconButton
from ckptgui.gui.inspector.values.foot import ValuesFoot
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool

_KEY = "search"
Place = tuple[int, ...]
WORDS: dict[Wanted, str] = {"nan": "NaN", "infinite": tr("infinite value")}


class SpecialSteps(QWidget):
    """``‹ 3 NaN ›``: to the previous and to the next. Hidden once it is known that there is none."""

    stepped = Signal(bool)  # backward

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.previous = IconButton("back", tr("Previous NaN (Shift+F3)"), self, side=22, size=12)
        self.text = PlainLabel("", self, pixels=12)
        self.next = IconButton("forward", tr("Next NaN (F3)"), self, side=22, size=12)
        for part in (self.previous, self.text, self.next):
            row.addWidget(part)
        self.previous.clicked.connect(lambda: self.stepped.emit(True))
        self.next.clicked.connect(lambda: self.stepped.emit(False))

    def show_count(self, word: str, count: int | None) -> None:
        """How many there are, as far as that is known."""
        self.text.setText(word if count is None else f"{integer(count)} {word}")
        self.text.set_colour("danger" if count else "text2")
        for button, text in ((self.previous, tr("Previous {0} (Shift+F3)")), (self.next, tr("Next {0} (F3)"))):
            button.setToolTip(plain_tooltip(text.format(word)))
            button.setAccessibleName(text.format(word))
        self.setVisible(count != 0)


class ValuesJumps(QObject):
    """Uses the figures where they are known, and reads the tensor where they are not."""

    found = Signal(object)  # an index

    def __init__(self, background: Background, foot: ValuesFoot, parent: QWidget) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._foot = foot
        self._info: TensorInfo | None = None
        self._pool: SourcePool | None = None
        self._figures: Statistics | None = None
        self.largest = LinkLabel(tr("Largest"), parent, pixels=12)
        self.smallest = LinkLabel(tr("Smallest"), parent, pixels=12)
        self.steps = SpecialSteps(parent)
        self.current: Callable[[], Place | None] = lambda: None
        self.largest.setToolTip(plain_tooltip(tr("Go to the largest value")))
        self.smallest.setToolTip(plain_tooltip(tr("Go to the smallest value")))
        self.largest.clicked.connect(lambda: self.go("largest"))
        self.smallest.clicked.connect(lambda: self.go("smallest"))
        self.steps.stepped.connect(lambda backward: self.step(backward=backward))

    def set_tensor(self, info: TensorInfo | None, pool: SourcePool) -> None:
        """Look for places of another tensor; what was being searched is given up."""
        self._lane.cancel()
        self._info, self._pool, self._figures = info, pool, None
        many = info is not None and info.numel > 1 and info.dtype.kind is not Kind.BOOL
        self.largest.setVisible(many)
        self.smallest.setVisible(many)
        self._show_steps()

    def set_summary(self, summary: Summary) -> None:
        """Take the figures, once they are known."""
        self._figures = summary.statistics
        self._show_steps()

    @property
    def wanted(self) -> Wanted:
        """What stepping goes through: NaN, or infinities where those are all there is."""
        figures = self._figures
        return "infinite" if figures is not None and figures.nan == 0 and figures.inf else "nan"

    def _show_steps(self) -> None:
        info, figures = self._info, self._figures
        if info is None or info.dtype.kind not in (Kind.FLOAT, Kind.COMPLEX):
            self.steps.setVisible(False)
            return
        count = None if figures is None else figures.inf if self.wanted == "infinite" else figures.nan
        self.steps.show_count("NaN" if self.wanted == "nan" else tr("infinite"), count)

    def go(self, where: str) -> None:
        """To the ``largest``, the ``smallest`` or the farthest from zero (``magnitude``)."""
        if self._figures is not None:
            self._arrive_extreme(self._figures, where)
            return
        info, pool = self._info, self._pool
        if info is None or pool is None:
            return

        def work(cancel: Cancel, report: Report) -> Statistics:
            wait_until_warm(cancel)
            return summarise(info, pool, cancel, report).statistics

        self._start(work, lambda figures: self._arrive_extreme(figures, where))

    def first(self) -> None:
        """To the first NaN, or infinity where there is no NaN."""
        figures = self._figures
        known = None
        if figures is not None:
            known = figures.first_nan
            if self.wanted == "infinite":
                firsts = [f for f in (figures.first_posinf, figures.first_neginf) if f is not None]
                known = min(firsts, default=None)
        if known is not None:
            self.found.emit(known)
        else:
            self._search(None, backward=False)

    def step(self, *, backward: bool) -> None:
        """To the next or the previous one from the cell that the keys are at."""
        here = self.current()
        if here is None and not backward:
            self.first()
        else:
            self._search(here, backward=backward)

    def _search(self, after: Place | None, *, backward: bool) -> None:
        info, pool, wanted = self._info, self._pool, self.wanted
        if info is None or pool is None or self.steps.isHidden():
            return

        def work(cancel: Cancel, report: Report) -> Place | None:
            return find_special(info, pool, wanted, cancel, report, after=after, backward=backward)

        self._start(work, lambda place: self._arrive_special(place, after, wanted))

    def _start(self, work: Callable[[Cancel, Report], object], then: Callable[..., None]) -> None:
        def done(found: object) -> None:
            self._foot.end(_KEY)
            then(found)

        self._lane.start(work, done, self._failed, lambda p: self._foot.progress(_KEY, p), self._cancelled)
        self._foot.begin(_KEY, tr("Searching"), self._lane.cancel)

    def _arrive_extreme(self, figures: Statistics, where: str) -> None:
        place = {"largest": figures.argmax, "smallest": figures.argmin}.get(where)
        if where == "magnitude" and figures.max is not None and figures.min is not None:
            place = figures.argmax if abs(figures.max) >= abs(figures.min) else figures.argmin
        self._arrive(place, tr("No value is finite."))

    def _arrive_special(self, place: Place | None, after: Place | None, wanted: Wanted) -> None:
        if place is not None and place == after:
            self._foot.say(tr("There is no other {0}.").format(WORDS[wanted]))
            return
        self._arrive(place, tr("There is no {0}.").format(WORDS[wanted]))

    def _arrive(self, place: Place | None, otherwise: str) -> None:
        self._foot.say("" if place is not None else otherwise)
        if place is not None:
            self.found.emit(place)

    def _failed(self, error: CheckpointError) -> None:
        self._foot.end(_KEY)
        self._foot.say(display(error, 500), danger=True)

    def _cancelled(self) -> None:
        self._foot.end(_KEY)
