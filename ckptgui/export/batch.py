"""Several exports one after the other: what each would come to, where it goes, and how it went.

One at a time: two at once were no faster, since each is as fast as the disk, and would need twice the memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Generic, TypeVar

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import Cancelled, CheckpointError, TargetExistsError
from ckptgui.export.atomic import SYSTEM
from ckptgui.export.batch_places import File, Places
from ckptgui.export.naming import proposal
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest
from ckptgui.export.system import System
from ckptgui.export.template import Template
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

R = TypeVar("R")

INTERVAL = 0.05
"""Seconds between two reports of one export's progress."""


@dataclass(frozen=True, slots=True)
class BatchSource:
    """One checkpoint to export. ``checkpoint`` is there where it is open already; else it is opened when its turn
    comes and let go of after it. ``error`` is there where it is known that it cannot be. ``section`` is what of it
    is meant, where that is not what the request says.
    """

    path: str
    checkpoint: Checkpoint | None = field(default=None, compare=False, repr=False)
    section: Path | None = None
    error: CheckpointError | None = field(default=None, compare=False)

    def opened(self, cancel: Cancel) -> Checkpoint:
        """The checkpoint, its headers read. Raises ``CheckpointError``."""
        if self.error is not None:
            raise self.error
        return self.checkpoint if self.checkpoint is not None else open_checkpoint(self.path, cancel.check)

    def request(self, request: ExportRequest) -> ExportRequest:
        """What is asked of this one."""
        return request if self.section is None else replace(request, section=self.section)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the export of one source comes to. ``error`` says why there is none: then there is no name either.

    ``nbytes`` is the exact size of what is written, ``files`` are (device, inode) of what it is read from,
    ``lost`` is how many tensors a rescue leaves out.
    """

    source: BatchSource
    nbytes: int = 0
    source_bytes: int = 0
    error: CheckpointError | None = None
    files: frozenset[File] = frozenset()
    lost: int = 0
    propose: Callable[[Template | None], str] | None = field(default=None, compare=False, repr=False)


def foresee(source: BatchSource, request: ExportRequest, cancel: Cancel) -> Prospect:
    """Plan one export, reading headers alone. Raises ``Cancelled`` and nothing else."""
    try:
        checkpoint = source.opened(cancel)
    except CheckpointError as error:
        return Prospect(source, error=error)
    files = frozenset((each.device, each.inode) for each in checkpoint.sources)
    found = Prospect(source, 0, checkpoint.nbytes, files=files)
    request = source.request(request)
    try:
        plan = plan_export(checkpoint, "", request)
        return replace(found, nbytes=plan.nbytes, lost=len(plan.lost), propose=proposal(checkpoint, request))
    except CheckpointError as error:
        return replace(found, error=error)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One export with its place. ``error`` says why it is not even begun."""

    source: BatchSource
    out: str
    nbytes: int = 0
    source_bytes: int = 0
    error: CheckpointError | None = None


def arrange(
    prospects: Sequence[Prospect],
    folder: str,
    template: Template | None,
    *,
    force: bool,
    sources_too: bool = False,
    system: System = SYSTEM,
) -> tuple[BatchItem, ...]:
    """Give each its place in ``folder``, no two the same one; asks the disk what stands there.

    An item whose place is taken has a ``TargetExistsError`` unless ``force``, or ``sources_too`` where it would
    replace its own source. One whose place is another's source is never written.
    """
    sources = [(each.source.path, each.files) for each in prospects]
    places = Places(folder, sources, force=force, sources_too=sources_too, system=system)
    items = []
    for each in prospects:
        out, error = "", each.error
        if each.propose is not None:
            try:
                out = places.place(each.propose(template), each.source.path)
                places.check(out, each.source.path, each.files)
            except CheckpointError as reason:
                error = reason
        items.append(BatchItem(each.source, out, each.nbytes, each.source_bytes, error))
    return tuple(items)


def plan_of(item: BatchItem, request: ExportRequest, cancel: Cancel) -> ExportPlan:
    """The plan of one item as it is carried out now. Raises ``CheckpointError``."""
    if item.error is not None:
        raise item.error
    return plan_export(item.source.opened(cancel), item.out, item.source.request(request))


class State(Enum):
    """How far an export is."""

    WAITING = "waiting"
    PLANNING = "planning"
    WRITING = "writing"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    EXISTS = "exists"  # not written, as its place is taken
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self in _ENDS


_ENDS = frozenset({State.DONE, State.FAILED, State.EXISTS, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Standing(Generic[R]):
    """How far one export is: ``done`` of ``total`` bytes, at the end what came of it or the reason why nothing."""

    state: State = State.WAITING
    done: int = 0
    total: int = 0
    result: R | None = None
    error: CheckpointError | None = None


Tell = Callable[[int, Standing[R]], None]
"""Is told of an item, by its number, that it stands elsewhere; on the thread that does the work."""

Act = Callable[[ExportPlan, SourcePool, Cancel, Report], R]
"""Carries a plan out, and says what came of it. ``export`` is one."""


class Batch(Generic[R]):
    """Carries out items in their order. One that fails or is cancelled leaves nothing behind, and stops no other.

    ``act`` carries one plan out.
    """

    def __init__(self, items: Sequence[BatchItem], request: ExportRequest, act: Act[R]) -> None:
        self.items = tuple(items)
        self.standings: list[Standing[R]] = [Standing() for _ in self.items]
        self._request, self._act = request, act
        self._tell: Tell[R] = _nobody
        self._cancels = [Cancel() for _ in self.items]

    def cancel(self, row: int | None = None) -> None:
        """Ask one of them to stop, or all; may be called by any thread."""
        for each in self._cancels if row is None else (self._cancels[row],):
            each.cancel()

    def run(self, cancel: Cancel, tell: Tell[R] | None = None) -> tuple[Standing[R], ...]:
        """Do all that can be done; return how each ended. Raises nothing but what is a bug."""
        self._tell = tell or _nobody
        for row in range(len(self.items)):
            self._cancels[row].outer = cancel
            self._carry_out(row)
        return tuple(self.standings)

    def _carry_out(self, row: int) -> None:
        cancel, pool = self._cancels[row], SourcePool()
        try:
            cancel.check()
            self._stand(row, Standing(State.PLANNING))
            plan = plan_of(self.items[row], self._request, cancel)
            result = self._act(plan, pool, cancel, _Throttled(row, self._stand))
            self._stand(row, Standing(State.DONE, 1, 1, result))
        except Cancelled:
            self._stand(row, Standing(State.CANCELLED))
        except TargetExistsError as error:
            self._stand(row, Standing(State.EXISTS, error=error))
        except CheckpointError as error:
            self._stand(row, Standing(State.FAILED, error=error))
        finally:
            pool.close()

    def _stand(self, row: int, standing: Standing[R]) -> None:
        self.standings[row] = standing
        self._tell(row, standing)


def _nobody(row: int, standing: Standing[Any]) -> None:
    """Hears of it where nobody else does."""


class _Throttled:
    """Hands one export's progress on, as often as an eye can use."""

    def __init__(self, row: int, stand: Tell[Any]) -> None:
        self._row, self._stand, self._next = row, stand, 0.0
        self._note = ""

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next or progress.note != self._note:
            self._next, self._note = now + INTERVAL, progress.note
            state = State.VERIFYING if progress.note == "Verifying" else State.WRITING
            self._stand(self._row, Standing(state, progress.done, progress.total))
