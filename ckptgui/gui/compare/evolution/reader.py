"""Reads how the values of the selection went over the epochs, off the window's thread, and has it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.histogram import Scale
from ckptgui.core.dtypes import Kind
from ckptgui.core.series.series import Series
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.evolution.figures import sources_of
from ckptgui.gui.compare.evolution.held import Held, Selections
from ckptgui.gui.warm import wait_until_warm
from ckptgui.workspace.comparing import ProfileTask
from ckptgui.workspace.distributions import MemberValues, read_members
from ckptgui.workspace.evolution import Evolution, evolution_of

_TOGETHER_MS = 60
"""Milliseconds in which what comes is counted and painted once."""

_INTEGRAL = (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


@dataclass(frozen=True)
class Wish:
    """On which axis the values are counted."""

    scale: Scale = "linear"
    whole: bool = False


class Reader(QObject):
    """``changed`` says that more is known of what is looked at, or that it is something else."""

    changed = Signal()

    def __init__(self, comparison: Comparison, parent: QObject) -> None:
        super().__init__(parent)
        self.comparison = comparison
        self.wish = Wish()
        self.pinned: list[str] = []  # paths
        self._with_first = False
        self._selections = Selections()
        self._series: Series = comparison.series
        self._looking = False
        self._reading = comparison.background.lane(self, patient=True)
        self._counting = comparison.background.lane(self)
        self._again = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._count)
        comparison.series_changed.connect(self._take_series)
        comparison.selection_changed.connect(self._select)
        comparison.ends_changed.connect(self._take_ends)
        comparison.profiled.connect(self._profiled)
        comparison.compared.connect(lambda _, b: self._freshen(b))

    @property
    def path(self) -> str:
        """The name of what is selected."""
        return self.comparison.outline.path(self.comparison.selection)

    @property
    def held(self) -> Held:
        """What is known of what is selected."""
        return self.of(self.path)

    def of(self, path: str) -> Held:
        """What is known of a selection."""
        return self._selections.of(path, len(self.comparison.series.members))

    @property
    def evolution(self) -> Evolution | None:
        """The bars of what is selected, as far as they were counted."""
        return self.held.evolution

    @property
    def busy(self) -> bool:
        """Whether values are being read."""
        return self._reading.busy

    @property
    def integral(self) -> bool:
        """Whether the values are integers in all members."""
        matching = self.comparison.matching
        tensor = self.comparison.selected_tensor
        if tensor < 0:
            return False
        kinds = [
            (table := part.checkpoint.tensors).dtypes[table.dtype.item(row)].kind
            for part, row in zip(matching.parts, matching.rows[tensor].tolist())
            if part is not None and row >= 0
        ]
        return all(kind in _INTEGRAL for kind in kinds)

    def look(self, looking: bool) -> None:
        """Whether somebody sees it: nothing is read for nobody."""
        self._looking = looking
        if looking:
            self._begin()
        else:
            self._reading.cancel()

    def choose(self, wish: Wish) -> None:
        """Count on another axis."""
        if wish != self.wish:
            self.wish = wish
            self._count()

    def pin(self, paths: list[str]) -> None:
        """Work the figures of these out too."""
        self.pinned = paths
        self._count()

    def compare_with_first(self) -> None:
        """From now on every member is compared with the first too."""
        self._with_first = True
        self.comparison.compare_with_first()

    def _take_series(self) -> None:
        """Another series: what was read of checkpoints that stay is kept."""
        old, new = self._series.members, self.comparison.series.members
        numbers = {id(member.checkpoint): n for n, member in enumerate(new) if member.checkpoint is not None}
        places = {n: numbers[id(m.checkpoint)] for n, m in enumerate(old) if id(m.checkpoint) in numbers}
        self._selections.move(places, len(new))
        self._series = self.comparison.series
        self._begin()

    def _select(self) -> None:
        self._begin()
        if not self._reading.busy:
            self._retry(range(len(self.comparison.series.members)))

    def _take_ends(self) -> None:
        """What is read goes on, unless A or B is still to come."""
        found = self.held.found
        if any(found[end] is None for end in (self.comparison.a, self.comparison.b) if end < len(found)):
            self._begin()
        else:
            self.changed.emit()

    def _begin(self) -> None:
        """Read what is missing of the selection, A and B first."""
        self._reading.cancel()
        comparison, held = self.comparison, self.held
        self._together()
        self.changed.emit()
        missing = [number for number, each in enumerate(held.found) if each is None]
        if not self._looking or not comparison.selection or not missing:
            return
        ends = [member for member in dict.fromkeys((comparison.b, comparison.a)) if member in missing]
        order = [*ends, *(member for member in missing if member not in ends)]
        series, pool, results = comparison.series, comparison.pool, comparison.background.results
        tensors, gate = comparison.selected_tensors, comparison.background.gate

        def work(cancel: Cancel, report: Report, tell: Callable[[MemberValues], None]) -> None:
            wait_until_warm(cancel)
            with gate.turn(cancel, Urgency.SELECTED) as turn:
                read_members(series, tensors, order, pool, results, tell, turn, report)

        def take(each: MemberValues) -> None:
            held.found[each.member] = each
            self._together()

        self._reading.stream(work, take, lambda _: self._ended())

    def _ended(self) -> None:
        self._selections.shrink()
        self._together()
        self._retry(range(len(self.comparison.series.members)))

    def _profiled(self, member: int) -> None:
        self._freshen(member)
        if not self._reading.busy:
            self._retry([member])

    def _retry(self, members: Iterable[int]) -> None:
        """Of what was too large the distributions are kept once its figures are there: look again, once."""
        held = self.held
        ready = [
            number
            for number in members
            if number < len(held.found)
            and (each := held.found[number]) is not None
            and each.left_out
            and number not in held.retried
            and self.comparison.is_done(ProfileTask(number))
        ]
        if ready and self._looking:
            held.retried.update(ready)
            for number in ready:
                held.found[number] = None
            self._begin()

    def _freshen(self, member: int) -> None:
        self._selections.mark(member)
        if self._looking:
            self._together()

    def _together(self) -> None:
        """Count soon; at once where nothing is shown yet."""
        held = self.held
        if held.evolution is None and any(each is not None for each in held.found):
            self._soon.start(0)
        elif not self._soon.isActive():
            self._soon.start(_TOGETHER_MS)

    def _count(self) -> None:
        """Count bars and figures; while that goes on, once more after it."""
        if self._counting.busy:
            self._again = True
            return
        comparison = self.comparison
        held, wish, integral = self.held, self.wish, self.integral
        found, before = tuple(held.found), held.evolution
        tables: list[tuple[Held, list[int]]] = []
        sources = []
        for path in dict.fromkeys((self.path, *self.pinned)):
            node = comparison.outline.find(path) if path else 0
            if node is not None:
                each = self.of(path)
                stale, each.stale = sorted(each.stale), set()
                tables.append((each, stale))
                sources.append(sources_of(comparison, node, stale, first=self._with_first))
        self.of(self.path)

        def work(cancel: Cancel, _: Report) -> tuple[Evolution, list[list[dict[str, float]]]]:
            evolution = evolution_of(found, wish.scale, whole=wish.whole, integral=integral, before=before)
            figures: list[list[dict[str, float]]] = []
            for some in sources:
                cancel.check()
                figures.append([each.figures() for each in some])
            return evolution, figures

        def take(result: tuple[Evolution, list[list[dict[str, float]]]]) -> None:
            held.evolution = result[0]
            for (each, stale), figures in zip(tables, result[1]):
                for member, known in zip(stale, figures):
                    for name, value in known.items():
                        if member < len(each.table[name]):
                            each.table[name][member] = value
            if self._again:
                self._again = False
                self._count()
            self.changed.emit()

        self._counting.start(work, take)
