"""Works figures out of one checkpoint's tensors: here from their bytes, or on the device that holds them.

This is the one place that decides between the engine and the process that has torch. Everything here may be called
from any thread but the GUI's, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.messages import DeviceError, Token
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.profile import profile
from ckptgui.engine.profiled import Profiled
from ckptgui.engine.sparse import summarise_row
from ckptgui.errors import CheckpointError
from ckptgui.sources.base import ByteSource
from ckptgui.sources.locate import SourcePool

if TYPE_CHECKING:  # the window paints sooner without them
    from ckptgui.analysis.histogram import Scale
    from ckptgui.analysis.spectrum import Spectrum
    from ckptgui.device.service import DeviceService

R = TypeVar("R")


@dataclass(frozen=True)
class Held:
    """What of a checkpoint lies on devices: ``tokens`` by row, and in words where each is.

    ``checkpoint`` is the same checkpoint, the bytes of these tensors being in ``sources``.
    """

    checkpoint: Checkpoint
    tokens: Mapping[int, Token]
    places: Mapping[int, str]
    sources: tuple[ByteSource, ...]
    service: DeviceService


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tensor's figures were worked out, in words, and why not on its device if that was meant."""

    place: str
    reason: str = ""


class Figures:
    """Of one checkpoint. ``hold`` says what lies on devices from now on; all else follows it."""

    def __init__(self, checkpoint: Checkpoint, pool: SourcePool) -> None:
        self._checkpoint, self.pool = checkpoint, pool
        self._held: Held | None = None
        self._origins: dict[int, Origin] = {}

    def expect(self, held: Held) -> None:
        """Get ready for ``hold``: there may be a hundred thousand sources."""
        for source in held.sources:
            self.pool.add(source)

    def hold(self, held: Held | None) -> None:
        """Take tensors from devices from now on, or none any more; for any thread, once they are expected."""
        self._held = held

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint with the bytes of each tensor where it is now. In a moment, so for any thread."""
        held = self._held
        return held.checkpoint if held is not None else self._checkpoint

    def new_pool(self) -> SourcePool:
        """A pool that has what lies on devices too, for work that outlives this document. For any thread."""
        pool = SourcePool()
        held = self._held
        for source in held.sources if held is not None else ():
            pool.add(source)
        return pool

    def info(self, row: int) -> TensorInfo:
        """One tensor, with its bytes where they are now. In a moment, so for any thread."""
        return self.checkpoint.info(row)

    def place(self, row: int) -> str:
        """On which device a tensor is, in words; empty while it is in the file. For any thread."""
        held = self._held
        return held.places.get(row, "") if held is not None else ""

    def origin(self, row: int) -> Origin | None:
        """Where the figures that are known of it came from; None where it was the file. For any thread."""
        return self._origins.get(row) if self.place(row) else None

    def summarise(self, row: int, cancel: Cancel, report: Report = silent, *, exact: bool = False) -> Summary:
        """A tensor's figures and distribution (``engine.summarise``)."""
        return self._asked(
            row,
            lambda service, token: service.summarise(token, cancel, report, exact=exact),
            lambda: summarise_row(self._checkpoint, row, self.pool, cancel, report, exact=exact),
        )

    def refine(
        self,
        info: TensorInfo,
        distribution: Distribution,
        low: float,
        high: float,
        cancel: Cancel,
        report: Report = silent,
        scale: Scale = "linear",
    ) -> Distribution:
        """A closer look at a part of its distribution (``engine.refine``)."""
        from ckptgui.engine import refine as closer

        return self._asked(
            info.index,
            lambda service, token: service.refine(token, distribution, low, high, cancel, report, scale),
            lambda: closer.refine(info, self.pool, distribution, low, high, cancel, report, scale),
        )

    def spectrum(self, info: TensorInfo, cancel: Cancel, report: Report = silent) -> Spectrum:
        """Its singular values (``engine.spectrum``)."""
        from ckptgui.engine.spectrum import find_spectrum

        return self._asked(
            info.index,
            lambda service, token: service.spectrum(token, cancel, report),
            lambda: find_spectrum(self._checkpoint.info(info.index), cancel, report),
        )

    def profile(
        self,
        rows: Sequence[int] | np.ndarray,
        take: Callable[[Profiled], None],
        cancel: Cancel,
        report: Report = silent,
    ) -> None:
        """The figures of many (``engine.profile``); what lies on a device goes first, as it needs no file."""
        held = self._held
        nbytes = self._checkpoint.tensors.nbytes
        there = [row for row in np.asarray(rows).tolist() if row in held.tokens] if held is not None else []
        done = 0
        for row in there:
            take(self._profiled(row, cancel))
            done += int(nbytes[row])
            report(Progress(done, int(nbytes[rows].sum())))
        if there:
            rows = np.setdiff1d(rows, there)
        if len(rows):
            profile(
                self._checkpoint,
                rows,
                self.pool,
                take,
                cancel,
                lambda now: report(Progress(done + now.done, done + now.total, now.note)),
            )

    def _profiled(self, row: int, cancel: Cancel) -> Profiled:
        try:
            summary = self.summarise(row, cancel)
        except CheckpointError as error:
            return Profiled.failed(row, str(error))
        return Profiled.of_one(row, self._checkpoint.tensors.shape(row), summary, keep=True)

    def _asked(self, row: int, there: Callable[[DeviceService, Token], R], here: Callable[[], R]) -> R:
        """An answer of the device that holds the tensor; where that fails, or none does, from the file."""
        held = self._held
        token = held.tokens.get(row) if held is not None else None
        if held is None or token is None:
            return here()
        try:
            found = there(held.service, token)
        except DeviceError as error:
            found, reason = here(), str(error)
        else:
            reason = held.service.fell_back
        self._origins[row] = Origin(held.places[row], reason)
        return found
