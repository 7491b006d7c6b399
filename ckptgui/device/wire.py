"""Messages over a socket between two processes: framed, of bounded size, with bulk bytes beside them."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

_HEAD = struct.Struct("<8sQ")
_MARK = b"ckptgui\n"
"""What stands before each message and its length, so that stray output is known for what it is."""

LONGEST = 64 << 20
"""Bytes; no message of ours is near it, and what claims to be longer is none."""

_LOOK = 50
"""Milliseconds between two looks while the other side takes nothing."""


class HungUpError(Exception):
    """The other end is gone."""


class WireError(Exception):
    """What came is not a message."""


class _Packer(ForkingPickler):
    """Packs plain data only: to make one of torch's objects again would load torch on the other side."""

    def reducer_override(self, thing: object) -> Any:
        named = thing if isinstance(thing, type) else type(thing)
        if named.__module__.partition(".")[0] == "torch":
            raise TypeError(f"{named.__qualname__} is torch's and stays in its process.")
        return NotImplemented


def nothing() -> None:
    """A look at nothing."""


class Wire:
    """One end. Several threads may send; one receives. Raises ``HungUpError`` once the other is gone.

    Only for two processes of one program: what comes is believed to be what the other end's ``send`` packed.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._socket.setblocking(False)  # so that a sender can look around while the other side takes nothing
        self._sending = threading.Lock()

    def send(self, message: object, bulk: memoryview | None = None, look: Callable[[], None] = nothing) -> None:
        """Send a message, and bytes right behind it. ``look`` is called now and then while that has to wait."""
        body = _Packer.dumps(message)
        with self._sending:
            self._push(memoryview(_HEAD.pack(_MARK, len(body)) + body), look)
            if bulk is not None:
                self._push(bulk, look)

    def _push(self, data: memoryview, look: Callable[[], None]) -> None:
        while data:
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                if not self._wait(select.POLLOUT, _LOOK):
                    look()
            except OSError as error:
                raise HungUpError from error

    def receive(self) -> Any:
        """The next message, however long it takes."""
        mark, length = _HEAD.unpack(self._pull(_HEAD.size))
        if mark != _MARK or length > LONGEST:
            raise WireError("What came is not a message.")
        body = self._pull(length)
        try:
            return ForkingPickler.loads(body)
        except Exception as error:
            raise WireError("What came is not a message.") from error

    def _pull(self, length: int) -> bytearray:
        data = bytearray(length)
        self.receive_into(memoryview(data))
        return data

    def receive_into(self, buffer: memoryview) -> None:
        """Fill ``buffer`` with the bytes that follow."""
        while buffer:
            try:
                got = self._socket.recv_into(buffer)
            except BlockingIOError:
                self._wait(select.POLLIN, None)
                continue
            except OSError as error:
                raise HungUpError from error
            if not got:
                raise HungUpError
            buffer = buffer[got:]

    def _wait(self, event: int, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self._socket, event)
        return bool(poll.poll(milliseconds))

    def hang_up(self) -> None:
        """Let both ends know that nothing more comes; the one who receives here is woken."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other end was first
            return

    def close(self) -> None:
        """Give the socket back, once nobody sends any more."""
        self.hang_up()
        with self._sending:
            self._socket.close()
