"""Writes a protocol-2 pickle opcode by opcode: only what we mean to say can come out.

No ``pickle`` module takes part, so no object can smuggle its own reduction in. The opcodes and the memo
are those that torch's own saving produces, and all of them are known to its ``weights_only`` reader.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

MARK = b"("
EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b")", b"]", b"}"
TUPLE, TUPLES = b"t", {1: b"\x85", 2: b"\x86", 3: b"\x87"}
SETITEM, SETITEMS, APPEND, APPENDS = b"s", b"u", b"a", b"e"
REDUCE, BUILD, PERSISTENT, STOP = b"R", b"b", b"Q", b"."
NONE, TRUE, FALSE = b"N", b"\x88", b"\x89"
_BATCH = 1000  # items a mark, as Python's pickler sets them
MAX_LONG_BYTES = 255
"""The longest integer that ``weights_only`` reads, in bytes of two's complement."""


_SIZE = struct.Struct("<I").pack
_NARROW = 255
"""The greatest number in the memo that has a shorter opcode."""
_PACKED = 8_192
"""Numbers that are packed ahead."""


class PickleWriter:
    """A growing pickle. Constants and names that come again are fetched from the memo."""

    def __init__(self) -> None:
        self._out = bytearray(b"\x80\x02")
        self._memo = 0
        self._known: dict[tuple[str, str], int] = {}
        self._packed = b""  # numbers to come, four bytes each, from _packed_from on
        self._packed_from = 0

    def op(self, opcode: bytes) -> None:
        """An opcode without an argument."""
        self._out += opcode

    def put(self) -> int:
        """Remember the top of the stack; returns its number for ``get``."""
        number, self._memo = self._memo, self._memo + 1
        self._out += b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)
        return number

    def get(self, number: int) -> None:
        """Push what was remembered."""
        self._out += b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)

    def text(self, string: str) -> int:
        """A string, remembered; lone surrogates pass, as they do in Python's own pickles."""
        encoded = string.encode("utf-8", "surrogatepass")
        self._out += b"X" + struct.pack("<I", len(encoded)) + encoded
        return self.put()

    def constant(self, string: str) -> None:
        """A string that comes often."""
        self._once(("", string))

    def name(self, module: str, attribute: str) -> None:
        """An importable name; the callers' names are all written in this package."""
        self._once((module, attribute))

    def _once(self, key: tuple[str, str]) -> None:
        if key in self._known:
            self.get(self._known[key])
        elif key[0]:
            self._out += f"c{key[0]}\n{key[1]}\n".encode("ascii")
            self._known[key] = self.put()
        else:
            self._known[key] = self.text(key[1])

    def integer(self, number: int) -> None:
        """An integer in its shortest form."""
        if 0 <= number < 1 << 8:
            self._out += b"K" + bytes([number])
        elif 0 <= number < 1 << 16:
            self._out += b"M" + struct.pack("<H", number)
        elif -(1 << 31) <= number < 1 << 31:
            self._out += b"J" + struct.pack("<i", number)
        else:
            encoded = long_bytes(number)
            self._out += b"\x8a" + bytes([len(encoded)]) + encoded

    def real(self, number: float) -> None:
        """A float; NaN and infinities pass."""
        self._out += b"G" + struct.pack(">d", number)

    def truth(self, value: bool) -> None:
        """True or False."""
        self._out += TRUE if value else FALSE

    def tuple_end(self, length: int) -> int:
        """Close a tuple of ``length`` that had a mark only if it is longer than three; remembered."""
        self._out += TUPLES.get(length, TUPLE)
        return self.put()

    def numbers(self, values: tuple[int, ...]) -> None:
        """A tuple of integers."""
        if not values:
            self.op(EMPTY_TUPLE)
            return
        if len(values) > len(TUPLES):
            self.op(MARK)
        for value in values:
            self.integer(value)
        self.tuple_end(len(values))

    def ordered_dict(self) -> int:
        """An empty ``collections.OrderedDict``, remembered."""
        self.name("collections", "OrderedDict")
        self.op(EMPTY_TUPLE)
        self.op(REDUCE)
        return self.put()

    def pairs(self, items: Sequence[T], say: Callable[[T], object]) -> None:
        """Set pairs on the dictionary at the top; ``say`` pushes an item's key and value."""
        self._batched(items, say, SETITEM, SETITEMS)

    def elements(self, items: Sequence[T], say: Callable[[T], object]) -> None:
        """Append to the list at the top; ``say`` pushes an item."""
        self._batched(items, say, APPEND, APPENDS)

    def _batched(self, items: Sequence[T], say: Callable[[T], object], one: bytes, many: bytes) -> None:
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            if len(batch) > 1:
                self.op(MARK)
            for item in batch:
                say(item)
            self.op(many if len(batch) > 1 else one)

    def recorder(self) -> Recorder | None:
        """What records a template of what would be said next; None before numbers are all of one width."""
        return Recorder(self._known) if self._memo > _NARROW else None

    def say_like(self, template: Template, *texts: str) -> int:
        """What was recorded, with these texts in place of its own; the number of what it left at the top."""
        begin, count = 4 * (self._memo - self._packed_from), template.memos
        if begin + 4 * count > len(self._packed):
            self._packed = struct.pack(f"<{_PACKED}I", *range(self._memo, self._memo + _PACKED))
            self._packed_from, begin = self._memo, 0
        numbers = template.numbers(self._packed, begin)
        holes: list[bytes] = []
        for text, number in zip(texts, numbers):
            encoded = text.encode("utf-8", "surrogatepass")
            holes += (_SIZE(len(encoded)), encoded, number)
        self._out += template.form % (*holes, *numbers[len(texts) :])
        self._memo += count
        return self._memo - 1

    def finish(self) -> bytes:
        """The pickle."""
        self.op(STOP)
        return bytes(self._out)


class Template:
    """Opcodes of many objects that differ in texts, remembered before all else, and in the numbers of the memo."""

    __slots__ = ("form", "memos", "numbers")

    def __init__(self, form: bytes, memos: int) -> None:
        self.form = form
        self.memos = memos
        self.numbers = struct.Struct("4s" * memos).unpack_from


class Recorder(PickleWriter):
    """Takes down what is said as a template; what is not known to the pickle yet cannot be said."""

    def __init__(self, known: Mapping[tuple[str, str], int]) -> None:
        super().__init__()
        self._known = dict(known)
        self._out = bytearray()
        self._form = bytearray()
        self._holes = ""

    def put(self) -> int:
        """A place for the next number."""
        return self._hole("n", b"r%b")

    def text(self, string: str) -> int:
        """A place for a text."""
        self._hole("t", b"X%b%b")
        return self.put()

    def _once(self, key: tuple[str, str]) -> None:
        if key not in self._known:
            raise KeyError(key)
        super()._once(key)

    def _hole(self, kind: str, form: bytes) -> int:
        self._form += self._out.replace(b"%", b"%%") + form
        self._out.clear()
        self._holes += kind
        return -1

    def template(self) -> Template:
        """What was said so far."""
        if not self._holes.startswith("tn" * self._holes.count("t")):
            raise AssertionError(f"recorded {self._holes}")
        return Template(bytes(self._form + self._out.replace(b"%", b"%%")), self._holes.count("n"))


def long_bytes(number: int) -> bytes:
    """Two's complement, little-endian, as short as it goes."""
    if number == 0:
        return b""
    length = (number.bit_length() >> 3) + 1
    encoded = number.to_bytes(length, "little", signed=True)
    if number < 0 and length > 1 and encoded[-1] == 0xFF and encoded[-2] & 0x80:
        return encoded[:-1]
    return encoded
