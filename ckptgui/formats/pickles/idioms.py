"""The 29 operations that torch.save writes for a tensor, taken in one step where they stand as it writes them.

A parameter has nine more around them, and a type that has no storage class of its own one within.

A plain loop over a hundred thousand tensors takes more than a second; the operations are always the same:
recall ``_rebuild_tensor_v2``, build the persistent id of the storage, offset, size, stride, an empty
``OrderedDict`` for hooks. One compiled pattern recognises them; what it leaves on the stack and in the memo
is what the operations one by one would leave. It is only ever tried at one place, and every part of it has a
bounded width and begins with its own byte, so there is nothing to backtrack over.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from ckptgui.formats.pickles.batches import Batches, Constants, match_batches
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref
from ckptgui.formats.pickles.runs import NOTHING, Lead, Memo

_GET = rb"(h.|j.{4})"
_PUT = rb"(q.|r.{4})?+"
_INT = rb"(?:K.|M..|J.{4})"
_INTS = (
    rb"(\)|" + _INT + rb"(?:\x85|" + _INT + rb"(?:\x86|" + _INT + rb"\x87))|\((?:" + _INT + rb"){4,64}+t)" + _PUT
)
_PATTERN = re.compile(
    rb"\(\(" + _GET + _GET  # "storage", its class
    + rb"(?:X(.)\0\0\0([0-9]{1,18}+)" + _PUT + rb"|" + _GET + rb")"  # key of the storage
    + _GET + rb"(" + _INT + rb")t" + _PUT + rb"Q"  # location, number of elements
    + rb"(" + _INT + rb")" + _INTS + _INTS  # offset, size, stride
    + rb"([\x88\x89])" + _GET + rb"\)R" + _PUT + rb"(h.|j.{4})?+"  # requires_grad, hooks, the type where told
    + rb"t" + _PUT + rb"R" + _PUT,
    re.DOTALL,
)  # fmt: skip
_OUTER = re.compile(rb"([\x88\x89])" + _GET + rb"\)R" + _PUT + rb"\x87" + _PUT + rb"R" + _PUT, re.DOTALL)
_OUTER_ARGUMENTS = 3
_LEAD = re.compile(_GET + rb"(h.|j.{4})?+(?=\(\()", re.DOTALL)
_WIDE = struct.Struct("<xIxIxIxIxIxIxI")
_PUT_WIDTHS = {b"q": 2, b"r": 5}
_LONGEST_NAME = 1000
_WINDOW = 1 << 18
"""Bytes in which batches are looked for at first; as long as that pays it is doubled ..."""

_MOST_WINDOW = 1 << 22
"""... up to so many."""

_FAR = 0.5
"""The part of a window behind which batches reach far enough for a larger one."""

_WORTH = 0.1
"""Where they take less of it, looking for them costs more than it saves."""

_MOST_FAILURES = 10
"""After so many windows in vain the pause is no longer doubled."""


class Stacked(NamedTuple):
    """Tensors that follow each other, with the names between them, as they should lie on the stack."""

    end: int
    values: list[Node]
    tensors: int
    text: int  # bytes of the names that were decoded
    outer: bool  # the first is a parameter, whose function lies on the stack as well


class _Tensor(NamedTuple):
    """A tensor or parameter and where its operations end."""

    end: int
    value: Call
    outer: bool


class _Name(NamedTuple):
    """A text that is remembered, in front of the next tensor."""

    text: str
    slot: int
    length: int
    end: int
    lead: Lead


class TensorIdiom:
    """Recognises the idiom in one buffer against one memo, which it reads and writes."""

    OPERATIONS = 31  # that one tensor and its name stand for
    LONGEST = 128
    """Tensors taken at once; between runs the machine looks at its budgets and at the wish to stop."""

    __slots__ = (
        "_buf", "_constants", "_failures", "_leads", "_memo", "_numbers", "_pause", "_recalled", "_sizes",
        "_window",
    )  # fmt: skip

    def __init__(self, buf: bytes, memo: Memo) -> None:
        self._buf = buf
        self._memo = memo
        self._constants = Constants(b"", b"")
        self._leads: dict[bytes, Lead] = {}
        self._window = _WINDOW
        self._failures = 0
        self._pause = 0
        self._recalled: dict[tuple[bytes, ...], tuple[Node, Node, Node, Ref]] = {}
        self._numbers: dict[bytes, int] = {}
        self._sizes: dict[bytes, tuple[int, ...]] = {b")": ()}

    def forget(self) -> None:
        """A memo entry was replaced, so what was looked up before may be another value now."""
        self._recalled.clear()
        self._leads.clear()

    def match(self, pos: int, lead: Lead) -> Stacked | None:
        """The run of tensors that begins at ``pos``, with the memo filled; None when there is not one.

        ``lead`` was put on the stack before: in a dictionary, a name that is remembered and the operations that
        recall a lead stand before each further tensor. The first may turn out to be no parameter.
        """
        first = self._tensor(pos, lead) or (self._tensor(pos, Lead(lead.target)) if lead.outer else None)
        if first is None:
            return None
        pos = first.end
        values: list[Node] = [first.value]
        count, text = 1, 0
        while count < self.LONGEST:
            name = self._name(pos)
            if name is None:
                break
            self._memo[name.slot] = name.text  # the tensor behind it may recall it
            self._memo.highest = max(self._memo.highest, name.slot)
            following = self._tensor(name.end, name.lead)
            if following is None:
                del self._memo[name.slot]
                break
            pos = following.end
            values += (name.text, following.value)
            text += name.length
            count += 1
        return Stacked(pos, values, count, text, first.outer)

    def batches(self, pos: int) -> Batches | None:
        """The batches of names and tensors that follow a long run, which ``match`` has just taken.

        Looks farther ahead as long as that pays, and less often where it does not.
        """
        if self._pause:
            self._pause -= 1
            return None
        found = match_batches(self._buf, pos, pos + self._window, self._memo, self._leads, self._constants)
        part = 0.0 if found is None else (found.end - pos) / self._window
        if part < _WORTH:
            self._failures = min(self._failures + 1, _MOST_FAILURES)
            self._pause = 1 << self._failures
        else:
            self._failures = 0
        self._window = min(2 * self._window, _MOST_WINDOW) if part > _FAR else _WINDOW
        return found

    def _name(self, pos: int) -> _Name | None:
        """A name of moderate length with its memo entry, if a lead follows it."""
        buf = self._buf
        head = buf[pos : pos + 5]
        if len(head) < 5 or head[0] != 0x58:
            return None
        length = int.from_bytes(head[1:], "little")
        stop = pos + 5 + length
        width = _PUT_WIDTHS.get(buf[stop : stop + 1])
        if width is None or length > _LONGEST_NAME:
            return None
        leading = _LEAD.match(buf, stop + width)
        lead = None if leading is None else self._lead(leading)
        if leading is None or lead is None:
            return None
        slot = int.from_bytes(buf[stop + 1 : stop + width], "little")
        if self._memo.holds(slot):
            return None
        try:
            text = buf[pos + 5 : stop].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None
        return _Name(text, slot, length, leading.end(), lead)

    def _lead(self, leading: re.Match[bytes]) -> Lead | None:
        """What the operations recall, if it is something to call."""
        known = self._leads.get(leading.group())
        if known is None:
            refs = [self._memo.recall(int.from_bytes(get[1:], "little")) for get in leading.groups() if get]
            if any(type(ref) is not Ref for ref in refs):
                return None
            known = self._leads[leading.group()] = Lead(*reversed(refs))
        return known

    def _tensor(self, pos: int, lead: Lead) -> _Tensor | None:
        """The value that the idiom leaves, if it stands at ``pos``; the memo is then filled."""
        found = _PATTERN.match(self._buf, pos)
        outer = None if found is None or lead.outer is None else _OUTER.match(self._buf, found.end())
        if found is None or (outer is None and lead.outer is not None):
            return None
        (
            get_word, get_class, key_length, key_digits, put_key, get_key, get_place, numel, put_pid,
            offset, size, put_size, stride, put_stride, grad, get_hooks, put_hooks, get_told, put_args, put_result,
        ) = found.groups(b"")  # fmt: skip
        recalled = self._recall(get_word, get_class, get_place, get_hooks)
        if recalled is None:
            return None
        word, storage_class, place, hooks_class = recalled
        told = self._memo.recall(int.from_bytes(get_told[1:], "little")) if get_told else None
        if told is NOTHING:
            return None
        self._constants = Constants(get_word, get_hooks)
        if get_key:
            key = self._memo.recall(int.from_bytes(get_key[1:], "little"))
            if key is NOTHING:
                return None
        elif len(key_digits) == key_length[0]:
            key = key_digits.decode("ascii")
        else:
            return None
        pid = (word, storage_class, key, place, self._number(numel))
        sizes, strides = self._tuple(size), self._tuple(stride)
        hooks = Call(hooks_class, ())
        args: tuple[Node, ...] = (Persistent(pid), self._number(offset), sizes, strides, grad == b"\x88", hooks)
        args = (*args, told) if get_told else args
        result = Call(lead.target, args)
        puts: tuple[bytes, ...] = (put_key, put_pid, put_size, put_stride, put_hooks, put_args, put_result)
        made: tuple[Node, ...] = (key, pid, sizes, strides, hooks, args, result)
        if outer is not None:
            parameter_grad, get_again, *outer_puts = outer.groups(b"")
            if self._memo.recall(int.from_bytes(get_again[1:], "little")) is not hooks_class:
                return None
            again = Call(hooks_class, ())
            outer_args = (result, parameter_grad == b"\x88", again)
            result = Call(lead.outer, outer_args)
            puts += tuple(outer_puts)
            made += (again, outer_args, result)
        if not self._remember(puts, made):
            return None
        lead.target.note_call(len(args))
        hooks_class.note_call(0)
        if lead.outer is not None:
            lead.outer.note_call(_OUTER_ARGUMENTS)
        return _Tensor((outer or found).end(), result, outer is not None)

    def _recall(self, *gets: bytes) -> tuple[Node, Node, Node, Ref] | None:
        """The memo's values for the parts that are the same in every tensor."""
        known = self._recalled.get(gets)
        if known is None:
            word, storage_class, place, hooks = (
                self._memo.recall(int.from_bytes(get[1:], "little")) for get in gets
            )
            if type(hooks) is not Ref or any(value is NOTHING for value in (word, storage_class, place)):
                return None
            known = self._recalled[gets] = (word, storage_class, place, hooks)
        return known

    def _number(self, token: bytes) -> int:
        known = self._numbers.get(token)
        if known is None:
            known = self._numbers[token] = int.from_bytes(token[1:], "little", signed=token[:1] == b"J")
        return known

    def _tuple(self, token: bytes) -> tuple[int, ...]:
        known = self._sizes.get(token)
        if known is None:
            known = self._sizes[token] = numbers_of(token)
        return known

    def _remember(self, puts: tuple[bytes, ...], values: tuple[Node, ...]) -> bool:
        """Put values in their places, unless one is not behind all that were used, as a pickler never has it."""
        joined = b"".join(puts)
        if len(joined) == 35 and joined[::5] == b"rrrrrrr":
            places: Sequence[int] = _WIDE.unpack(joined)
        elif len(joined) == 14 and joined[::2] == b"qqqqqqq":
            places = joined[1::2]
        else:
            places = [int.from_bytes(put[1:], "little") for put in puts if put]
            values = tuple(value for put, value in zip(puts, values) if put)
        if places and min(places) <= self._memo.highest:
            return False
        if not self._memo.remember(places, values):
            self.forget()
        return True


def numbers_of(token: bytes) -> tuple[int, ...]:
    """The integers of a tuple as it stands in the pickle."""
    numbers = []
    at = 1 if token[:1] == b"(" else 0
    width = {0x4B: 1, 0x4D: 2, 0x4A: 4}
    while (code := token[at]) in width:
        stop = at + 1 + width[code]
        numbers.append(int.from_bytes(token[at + 1 : stop], "little", signed=code == 0x4A))
        at = stop
    return tuple(numbers)
