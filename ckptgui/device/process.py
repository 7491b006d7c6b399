"""The process that has torch, as the rest of the program asks it (``service.DeviceService``)."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale
from ckptgui.analysis.spectrum import Spectrum
from ckptgui.analysis.summary import Summary
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.channel import Channel, Settle, unsettled
from ckptgui.device.messages import DeviceError, DeviceLostError, Inventory, Resident, Token
from ckptgui.device.requests import (
    READ,
    Arrived,
    Bring,
    Compare,
    Free,
    Move,
    ReadRange,
    Refine,
    RefineBars,
    TakeDigest,
    TakeInventory,
    TakeSpectrum,
    TakeSummary,
)
from ckptgui.device.resident_source import ResidentSource
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.errors import Cancelled

LIMIT = 30.0
"""Seconds without a sign of life after which a process is given up."""

START_LIMIT = 120.0
"""Seconds that torch has to be loaded, from a slow disk for instance."""

SIMULATED = "CKPTGUI_SIMULATED_DEVICE"
"""The environment variable that asks for a device that is none."""

_MANY = 5_000

_GONE = "The tensor is no longer on a device."


class DeviceProcess:
    """One process at a time, started by the first call and replaced when it has died. For any number of threads.

    ``simulated`` is what ``CKPTGUI_SIMULATED_DEVICE`` holds unless it is given. The functions in ``changed`` are
    called after what the process holds has changed, those in ``lost`` with the reason after it has died; on any
    thread, so they must only pass it on.
    """

    def __init__(
        self, simulated: str | None = None, limit: float = LIMIT, start_limit: float = START_LIMIT
    ) -> None:
        self._simulated, self._limit, self._start_limit = simulated, limit, start_limit
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._generation = 0
        self._closed = False
        self._next: Token = 1
        self._residents: Mapping[Token, Resident] = MappingProxyType({})
        self._name = f"<device {uuid.uuid4().hex}>"
        self.changed: list[Callable[[], None]] = []
        self.lost: list[Callable[[DeviceLostError], None]] = []
        self.fell_back = ""

    def inventory(self, cancel: Cancel) -> Inventory:
        """The devices and their memory now."""
        found: Inventory
        found, _ = self._ready(cancel).ask(TakeInventory(), cancel)
        return found

    def move(
        self, infos: Sequence[TensorInfo], device: str, cancel: Cancel, report: Report = silent
    ) -> tuple[Resident, ...]:
        """Bring tensors of files to ``device``, all or none of them; ``report`` counts bytes."""
        with self._lock:
            first, self._next = self._next, self._next + len(infos)

        def settle(rows: tuple[Arrived, ...], abandoned: bool) -> None:
            tokens = [row.token for row in rows]
            if abandoned:
                threading.Thread(target=self.free, args=(tokens,), name="ckptgui-late", daemon=True).start()
            else:
                self._put({row.token: _resident(row, infos[row.token - first]) for row in rows})

        with _quiet(len(infos)):
            rows = self._work(Move(first, device), cancel, report, infos, settle)
        if cancel.requested:  # it came too late for the process, and is meant all the same
            self.free([row.token for row in rows])
            raise Cancelled
        return self._told(row.token for row in rows)

    def bring(
        self, tokens: Sequence[Token], device: str, cancel: Cancel, report: Report = silent
    ) -> tuple[Resident, ...]:
        """Bring resident tensors to another device, all or none; they keep their tokens and leave the old one."""

        def settle(rows: tuple[Arrived, ...], _abandoned: bool) -> None:
            held = self._residents
            self._put({row.token: _resident(row, held[row.token].info) for row in rows if row.token in held})

        with _quiet(len(tokens)):
            rows = self._work(Bring(tuple(tokens), device), cancel, report, settle=settle)
        return self._told(row.token for row in rows)

    def free(self, tokens: Sequence[Token]) -> None:
        """Let go of tensors; a token that is not held any more is no error."""
        with self._lock:
            held = dict(self._residents)
            gone = tuple(token for token in tokens if held.pop(token, None) is not None)
            self._residents = MappingProxyType(held)
            channel = self._channel
        if channel is not None and channel.is_ready:
            try:
                channel.ask(Free(tuple(tokens)), Cancel())
            except DeviceLostError:  # so they are gone
                return
        if gone:
            self._tell_changed()

    def residents(self) -> Mapping[Token, Resident]:
        """What the process holds, as it is known here; a value that does not change any more."""
        return self._residents

    def source(self, token: Token) -> ResidentSource:
        """The bytes of a resident tensor where they lie, for everything that reads bytes: figures, exports."""
        with self._lock:
            resident, channel, generation = self._residents.get(token), self._channel, self._generation
        if resident is None or channel is None:
            raise DeviceError(_GONE)
        identity = SourceIdentity(self._name, generation, token, resident.nbytes, 0)
        return ResidentSource(identity, partial(self._read, channel, token))

    def _read(self, channel: Channel, token: Token, start: int, buffer: memoryview) -> int:
        done = 0
        while done < len(buffer):
            if token not in self._residents:
                raise DeviceError(_GONE)
            piece = buffer[done : done + READ]
            got, _ = channel.ask(ReadRange(token, start + done, len(piece)), Cancel(), buffer=piece)
            done += got
            if got < len(piece):
                break
        return done

    def digest(self, token: Token, cancel: Cancel, report: Report = silent) -> str:
        """SHA-256 of the values as they lie there, in hexadecimal; that of ``info --digest`` for the file."""
        found: str = self._work(TakeDigest(token), cancel, report)
        return found

    def summarise(self, token: Token, cancel: Cancel, report: Report = silent, *, exact: bool = False) -> Summary:
        """Figures and distribution (``engine.summarise``)."""
        found: Summary = self._work(TakeSummary(token, exact), cancel, report)
        return found

    def refine(
        self,
        token: Token,
        distribution: Distribution,
        low: float,
        high: float,
        cancel: Cancel,
        report: Report = silent,
        scale: Scale = "linear",
    ) -> Distribution:
        """A closer look at a part of the distribution (``engine.refine``)."""
        found: Distribution = self._work(Refine(token, distribution, low, high, scale), cancel, report)
        return found

    def refine_bars(
        self, token: Token, distribution: Distribution, edges: np.ndarray, cancel: Cancel, report: Report = silent
    ) -> Distribution:
        """The distribution with no span across any of ``edges`` (``engine.refine_bars``)."""
        found: Distribution = self._work(RefineBars(token, distribution, edges), cancel, report)
        return found

    def spectrum(self, token: Token, cancel: Cancel, report: Report = silent) -> Spectrum:
        """Singular values (``engine.spectrum``)."""
        found: Spectrum = self._work(TakeSpectrum(token), cancel, report)
        return found

    def compare(self, a: Token, b: Token, cancel: Cancel, report: Report = silent) -> np.ndarray | None:
        """The record (``DIFFERENCE``, 1) of two tensors of one shape (``engine.compare_one``)."""
        found: np.ndarray | None = self._work(Compare(a, b), cancel, report)
        return found

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now, if one does."""
        channel = self._channel
        return channel.pid if channel is not None else None

    def close(self) -> None:
        """Free everything and end the process. Nothing may be asked any more."""
        with self._lock:
            self._closed, channel = True, self._channel
        if channel is not None:
            channel.close()

    def _work(
        self,
        request: object,
        cancel: Cancel,
        report: Report,
        parts: Sequence[object] = (),
        settle: Settle = unsettled,
    ) -> Any:
        """Ask for what takes long."""
        value, self.fell_back = self._ready(cancel).ask(request, cancel, report, parts, settle=settle)
        return value

    def _ready(self, cancel: Cancel) -> Channel:
        """The process, started now if there is none, once torch is loaded there."""
        with self._lock:
            if self._closed:
                raise DeviceError("Devices are not used any more: the program is ending.")
            if self._channel is None:
                simulated = os.environ.get(SIMULATED, "") if self._simulated is None else self._simulated
                self._generation += 1
                self._channel = Channel(simulated, self._limit, self._start_limit, self._ended)
            channel = self._channel
        channel.ready(cancel)
        return channel

    def _ended(self, channel: Channel, error: DeviceError) -> None:
        """A process has died, and with it what it held."""
        with self._lock:
            if self._channel is not channel:
                return
            self._channel = None
            held, self._residents = self._residents, MappingProxyType({})
            closed = self._closed
        if held:
            self._tell_changed()
        if isinstance(error, DeviceLostError) and not closed:
            for hear in list(self.lost):
                hear(error)

    def _put(self, arrived: Mapping[Token, Resident]) -> None:
        with self._lock:
            self._residents = MappingProxyType({**self._residents, **arrived})
        self._tell_changed()

    def _told(self, tokens: Iterable[Token]) -> tuple[Resident, ...]:
        """Those that are still held: it may have died since."""
        held = self._residents
        try:
            return tuple(held[token] for token in tokens)
        except KeyError:
            raise DeviceError(_GONE) from None

    def _tell_changed(self) -> None:
        for hear in list(self.changed):
            hear()


def _quiet(count: int) -> AbstractContextManager[None]:
    """What is told of very many tensors is very many objects, through which the collector would look each time."""
    return without_garbage_collection() if count >= _MANY else nullcontext()


def _resident(row: Arrived, info: TensorInfo) -> Resident:
    return Resident(row.token, info, row.device, row.nbytes, row.digest, row.checked)
