"""Reads many places of one buffer at the same time: a cursor for each place, and numpy moves them all.

What a program wrote a hundred thousand times in one manner is read so in a few hundred array operations
instead of a few million steps. A cursor that meets something else is marked and wanders on harmlessly: where
all are good the text was exactly what was expected, and where one is not the reader's plain way has to judge.
"""

from __future__ import annotations

import numpy as np

from ckptgui.core.columns import ragged
from ckptgui.core.names import NamePool

MOST_DIGITS = 18
"""Decimal digits that always fit in an int64."""

_KEPT = np.array([(1 << 8 * kept) - 1 for kept in range(8)] + [-1], np.int64)
"""Masks that keep the first bytes of eight."""


class Lockstep:
    """Cursors ``at`` (int64) into ``data``; ``good`` tells which have met only what was expected.

    Every method that takes something looks at, and moves, the cursors chosen by ``where`` (bool), else all.
    """

    __slots__ = ("_bytes", "at", "good")

    def __init__(self, data: bytes | bytearray, at: np.ndarray) -> None:
        self._bytes = np.frombuffer(data, np.uint8)
        self.at = at.astype(np.int64)
        self.good = np.ones(len(at), np.bool_)

    def peek(self, ahead: int = 0) -> np.ndarray:
        """The byte (uint8) that is ``ahead`` of each cursor; behind the end, any."""
        found: np.ndarray = self._bytes.take(self.at + ahead if ahead else self.at, mode="clip")
        return found

    def literal(self, text: bytes, where: np.ndarray | None = None) -> None:
        """Expect these bytes."""
        for code in text:
            right = self.peek() == code
            self.good &= right if where is None else right | ~where
            self.at += 1 if where is None else where

    def little(self, width: int, ahead: int = 0) -> np.ndarray:
        """The unsigned number (int64) in the next ``width`` bytes; nothing moves."""
        number = np.zeros(len(self.at), np.int64)
        for place in range(width):
            number |= self.peek(ahead + place).astype(np.int64) << (8 * place)
        return number

    def decimal(self, where: np.ndarray | None = None) -> np.ndarray:
        """Expect a decimal number (int64) as JSON writes it: digits, no leading zero."""
        start, first = self.at.copy(), self.peek()
        number = np.zeros(len(self.at), np.int64)
        active = np.ones(len(self.at), np.bool_) if where is None else where
        for _ in range(MOST_DIGITS):
            digit = self.peek() - np.uint8(ord("0"))
            active = active & (digit < 10)
            if not active.any():
                break
            number = np.where(active, 10 * number + digit, number)
            self.at += active
        taken = self.at - start
        right = (taken > 0) & ((taken == 1) | (first != ord("0")))
        self.good &= right if where is None else right | ~where
        return number

    def word(self) -> tuple[np.ndarray, list[str]]:
        """Expect up to 15 bytes of ASCII before a quotation mark: which word each is, and the distinct words."""
        length = np.zeros(len(self.at), np.int64)
        inside = np.ones(len(self.at), np.bool_)
        for ahead in range(16):
            inside &= self.peek(ahead) != ord('"')
            length += inside
        low = self.little(8) & _KEPT[np.minimum(length, 8)]
        high = self.little(8, 8) & _KEPT[np.maximum(length - 8, 0)]
        _, first = np.unique(low, return_inverse=True)
        others, second = np.unique(high, return_inverse=True)
        _, examples, which = np.unique(first * len(others) + second, return_index=True, return_inverse=True)
        words = [
            bytes(self._bytes[at : at + size]).decode("ascii", "replace")
            for at, size in zip(self.at[examples].tolist(), length[examples].tolist())
        ]
        self.good &= (length < 16) & np.array([word.isascii() for word in words], np.bool_)[which]
        self.at += length
        return which, words

    def settled(self) -> np.ndarray:
        """Which cursors are good and still within the bytes."""
        self.good &= self.at <= len(self._bytes)
        return self.good

    def texts(self, start: np.ndarray, length: np.ndarray) -> NamePool | None:
        """The stretches of bytes as names; None when one of them is not UTF-8."""
        raw = self._bytes[ragged(start, length)].tobytes()
        ends = np.cumsum(length)
        if raw.isascii():
            return NamePool.of_text(raw.decode("ascii"), ends)
        stops = ends.tolist()
        try:
            return NamePool(raw[begin:end].decode() for begin, end in zip([0, *stops], stops))
        except UnicodeDecodeError:
            return None
