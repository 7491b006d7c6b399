"""The process that has torch: one thread receives and answers what is short, another one works on what is long.

How to add a kind of request stands at the head of ``handlers``.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from ckptgui.core.display import display
from ckptgui.device.messages import OutOfMemoryError
from ckptgui.device.requests import (
    PART,
    SHORT,
    Answer,
    Ask,
    Bug,
    Free,
    Hello,
    Part,
    Raw,
    ReadRange,
    Refused,
    Sign,
    Stop,
    TakeInventory,
    Unusable,
)
from ckptgui.device.wire import HungUpError, Wire
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.job import Cancel, Progress
from ckptgui.errors import Cancelled, CheckpointError

if TYPE_CHECKING:
    from ckptgui.device.inside.devices import Devices

_TELL = 0.05
"""Seconds between two words on how far it came."""


def main(number: int, simulated: str) -> None:
    """Serve the other end of the socket with this descriptor until it is gone. Never returns."""
    give_way()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then hangs up
    try:
        Server(Wire(socket.socket(fileno=number)), simulated).serve()
    except HungUpError:
        os._exit(0)  # nobody is there any more; whatever a driver or torch still does is of no use
    except BaseException:  # noqa: BLE001 - its last words are kept by who started it
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


class Server:
    """Receives on the thread that calls ``serve``; it alone reads the wire."""

    def __init__(self, wire: Wire, simulated: str) -> None:
        self._wire, self._simulated = wire, simulated
        self._devices: Devices
        self._parts: dict[int, list[Any]] = {}
        self._cancels: dict[int, Cancel] = {}
        self._queue: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()  # None: memory was freed

    def serve(self) -> None:
        """Until the other end hangs up, which raises ``HungUpError``."""
        threading.Thread(target=self._work, name="work", daemon=True).start()
        while True:
            match self._wire.receive():
                case Part(number, items):
                    self._parts.setdefault(number, []).extend(items)
                case Stop(number):
                    self._parts.pop(number, None)
                    if (cancel := self._cancels.get(number)) is not None:
                        cancel.cancel()
                case Ask() as ask if isinstance(ask.request, SHORT):
                    self._answer(ask, self._short)
                case Ask() as ask:
                    self._cancels[ask.number] = Cancel()
                    self._queue.put(ask)

    def _work(self) -> None:
        """The working thread: loads torch, then takes one request after the other."""
        try:
            self._load()
            while True:
                ask = self._queue.get()
                if ask is None:
                    self._give_back()
                    continue
                self._answer(ask, self._long)
                self._parts.pop(ask.number, None)
                self._cancels.pop(ask.number, None)
        except HungUpError:
            os._exit(0)

    def _load(self) -> None:
        try:
            warnings.simplefilter("ignore")  # nobody reads them here
            from ckptgui.device.inside.devices import Devices

            self._devices = Devices(self._simulated)
        except CheckpointError as error:
            self._end(Unusable(str(error), lost=False))
        except Exception as error:  # noqa: BLE001 - whatever torch, a driver or their libraries stumble over
            first = display(str(error).partition("\n")[0]) or type(error).__name__
            self._end(Unusable(f"PyTorch cannot be loaded here: {first}", lost=False))
        self._wire.send(Hello())

    def _give_back(self) -> None:
        """On the working thread, as a device may have to end its work first."""
        from ckptgui.device.inside.backend import DeviceGone

        try:
            self._devices.give_back()
        except DeviceGone as error:
            self._end(Unusable(str(error)))

    def _short(self, ask: Ask) -> None:
        match ask.request:
            case TakeInventory():
                self._wire.send(Answer(ask.number, self._devices.inventory()))
            case Free(tokens):
                self._devices.holding.free(tokens)
                self._wire.send(Answer(ask.number))
                self._queue.put(None)
            case ReadRange(token, start, length):
                data = self._devices.read(token, start, length)
                self._wire.send(Raw(ask.number, len(data)), data)

    def _long(self, ask: Ask) -> None:
        from ckptgui.device.inside.handlers import LONG
        from ckptgui.device.inside.work import Work

        told = 0.0

        def report(progress: Progress) -> None:
            nonlocal told
            if time.monotonic() - told >= _TELL:
                told = time.monotonic()
                self._wire.send(Sign(ask.number, progress))

        def patience(seconds: float) -> None:
            self._wire.send(Sign(ask.number, patience=seconds))

        cancel, devices = self._cancels[ask.number], self._devices
        parts = tuple(self._parts.pop(ask.number, ()))
        self._wire.send(Sign(ask.number))  # its turn has come
        cancel.check()
        work = Work(devices.holding, devices.backends, cancel, report, patience, parts)
        value = LONG[type(ask.request)](ask.request, work)
        if isinstance(value, tuple):
            for start in range(0, len(value), PART):
                self._wire.send(Part(ask.number, value[start : start + PART]))
            value = ()
        self._wire.send(Answer(ask.number, value, work.fell_back))

    def _answer(self, ask: Ask, answer: Any) -> None:
        """Let ``answer`` do it, and say how it failed if it does."""
        from ckptgui.device.inside.backend import DeviceGone

        try:
            answer(ask)
        except HungUpError:
            raise
        except Cancelled:
            self._wire.send(Refused(ask.number, None))
        except CheckpointError as error:
            self._wire.send(Refused(ask.number, error))
        except MemoryError:
            self._wire.send(Refused(ask.number, OutOfMemoryError("The process that has torch ran out of memory.")))
        except DeviceGone as error:
            self._end(Unusable(str(error)))
        except Exception:  # noqa: BLE001 - told whole, and raised as a bug where it was asked for
            self._wire.send(Bug(ask.number, traceback.format_exc()))

    def _end(self, last: Unusable) -> None:
        self._wire.send(last)
        os._exit(0)
