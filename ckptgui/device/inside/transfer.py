"""Tensors brought to a device, all or none: read in chunks, hashed, written, read back and hashed again.

Several lanes (threads with staging memory of their own) work at once, so that while one reads the file another
one's chunk is on its way to the device and a third one's on its way back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ckptgui.analysis.digest import BLOCK, Blocks
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend, flat_bytes, require_memory
from ckptgui.device.inside.holding import Held, as_values, torch_dtype
from ckptgui.device.inside.supplies import FromDevice, FromFile, Supply
from ckptgui.device.messages import DeviceError, DeviceKind, Token
from ckptgui.engine.executors import worker_count
from ckptgui.engine.gather import require_whole
from ckptgui.engine.identity import plain_tag
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool

CHUNK = 4 * BLOCK
"""Bytes of staging memory, twice for each lane; whole blocks of the digest."""

_TELL = 0.05
"""Seconds between two reports."""


@dataclass(slots=True)
class _Arrival:
    """A tensor that is coming; ``there`` collects the digests of what was read back."""

    token: Token
    info: TensorInfo
    supply: Supply
    raw: Tensor
    there: Blocks = field(default_factory=Blocks)


_Task = tuple[_Arrival, int, int]
"""A tensor, and where a piece of it begins and ends; the whole of it where that can only be had in order."""


def move(
    infos: Sequence[TensorInfo], first: Token, backend: Backend, cancel: Cancel, report: Report
) -> list[Held]:
    """Bring tensors of files to a device; they get the tokens from ``first`` on. All of them, or it raises."""
    for info in infos:
        require_movable(info, backend)
    pool = SourcePool()
    try:
        supplies = [FromFile(info, pool) for info in infos]
        return _transfer(list(infos), range(first, first + len(infos)), supplies, backend, cancel, report)
    finally:
        pool.close()


def bring(held: Sequence[Held], backend: Backend, cancel: Cancel, report: Report) -> list[Held]:
    """The same tensors on another device, which is for the caller to put in their place. All, or it raises."""
    for each in held:
        require_movable(each.info, backend)
    infos, supplies = [each.info for each in held], [FromDevice(each) for each in held]
    moved = _transfer(infos, [each.token for each in held], supplies, backend, cancel, report)
    for old, new in zip(held, moved):
        if old.digest != new.digest:
            _let_go(backend, [each.raw for each in moved])
            raise DeviceError(f"“{old.info.name}” has changed on {old.device}: its digest is another one.")
    return moved


def require_movable(info: TensorInfo, backend: Backend) -> None:
    """Raise a ``CheckpointError`` for what cannot be a tensor of these bytes on that device."""
    if "components" in info.extra or info.layout not in ("strided", "packed"):
        raise UnsupportedError(f"It is made of other tensors ({info.layout}): move those.")
    require_whole(info)
    dtype = torch_dtype(info.dtype)
    if backend.kind is DeviceKind.MPS and dtype in (torch.float64, torch.complex128):
        raise UnsupportedError(f"MPS has no {info.dtype}, so it cannot be moved there.")


def _transfer(
    infos: Sequence[TensorInfo],
    tokens: Sequence[Token],
    supplies: Sequence[Supply],
    backend: Backend,
    cancel: Cancel,
    report: Report,
) -> list[Held]:
    total = sum(info.nbytes for info in infos)
    require_memory(backend.info(), total)
    raws: list[Tensor] = []
    try:
        with backend.transfer(total):
            for info in infos:
                cancel.check()
                raws.append(backend.allocate(info.nbytes))
            arrivals = [_Arrival(*each) for each in zip(tokens, infos, supplies, raws)]
            backend.synchronise()
            _Lanes(backend, arrivals, total, cancel, report).run()
            return [_held(arrival, backend) for arrival in arrivals]
    except BaseException:
        _let_go(backend, raws)
        raise


def _let_go(backend: Backend, raws: list[Tensor]) -> None:
    for raw in raws:
        backend.free(raw)
        raw.untyped_storage().resize_(0)  # what failed still refers to it
    raws.clear()
    backend.give_back()


def _held(arrival: _Arrival, backend: Backend) -> Held:
    info = arrival.info
    digest = arrival.there.digest(plain_tag(info.dtype.name, info.shape))
    return Held(arrival.token, info, backend, arrival.raw, as_values(arrival.raw, info), digest, checked=True)


class _Lanes:
    """The threads that carry it, until all is there or one of them fails."""

    def __init__(
        self, backend: Backend, arrivals: list[_Arrival], total: int, cancel: Cancel, report: Report
    ) -> None:
        self._backend, self._cancel, self._report = backend, cancel, report
        self._tasks = _tasks(arrivals)
        self._lock = threading.Lock()
        self._done, self._total = 0, total
        self._told = 0.0
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Raises what the first lane that failed did."""
        lanes = [threading.Thread(target=self._lane, name=f"lane-{n}", daemon=True) for n in range(worker_count())]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if self._failure is not None:
            raise self._failure
        self._report(Progress(self._done, self._total))

    def _lane(self) -> None:
        try:
            there, back = (self._backend.staging(CHUNK) for _ in range(2))
            with self._backend.lane():
                while (task := self._next()) is not None:
                    self._carry(*task, there, back)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the lanes
            with self._lock:
                self._failure = self._failure or error

    def _next(self) -> _Task | None:
        self._cancel.check()
        with self._lock:
            return next(self._tasks, None) if self._failure is None else None

    def _carry(self, arrival: _Arrival, start: int, stop: int, there: Tensor, back: Tensor) -> None:
        if not arrival.supply.in_order:
            arrival.supply.read_into(start, there[: stop - start])
            self._place(arrival, start, there[: stop - start], back)
            return
        for length in arrival.supply.in_turn(there, self._cancel):
            self._cancel.check()
            self._place(arrival, start, there[:length], back)
            start += length

    def _place(self, arrival: _Arrival, start: int, chunk: Tensor, back: Tensor) -> None:
        """Write a chunk, and see that what lies there then is what was read."""
        back = back[: chunk.numel()]
        self._backend.write(arrival.raw, start, chunk)
        self._backend.read(arrival.raw, start, back)
        lies = Blocks().add(start, flat_bytes(back))
        if lies != Blocks().add(start, flat_bytes(chunk)):
            raise DeviceError(
                f"“{arrival.info.name}” lies on {self._backend.name} otherwise than it was read, "
                f"at bytes {start:,} to {start + chunk.numel():,}."
            )
        with self._lock:
            arrival.there.merge(lies)
            self._done += chunk.numel()
            if time.monotonic() - self._told < _TELL:
                return
            self._told = time.monotonic()
        self._report(Progress(self._done, self._total))


def _tasks(arrivals: list[_Arrival]) -> Iterator[_Task]:
    for arrival in arrivals:
        if arrival.supply.in_order:
            yield arrival, 0, arrival.info.nbytes
        else:
            for start in range(0, arrival.info.nbytes, CHUNK):
                yield arrival, start, min(arrival.info.nbytes, start + CHUNK)


def bytes_of(held: Held, cancel: Cancel) -> Iterator[memoryview]:
    """A resident tensor's bytes in order; each piece is good until the next one is asked for."""
    staging = held.backend.staging(CHUNK)
    with held.backend.lane():
        for start in range(0, held.raw.numel(), CHUNK):
            cancel.check()
            piece = staging[: min(CHUNK, held.raw.numel() - start)]
            held.backend.read(held.raw, start, piece)
            yield flat_bytes(piece)
