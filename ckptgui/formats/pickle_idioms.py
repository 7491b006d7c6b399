"""The 29 operations that torch.save writes for a tensor, taken in one step where they stand as it writes them.

A plain loop over a hundred thousand tensors takes more than a second; the operations are always the same:
recall ``_rebuild_tensor_v2``, build the persistent id of the storage, offset, size, stride, an empty
``OrderedDict`` for hooks. One compiled pattern recognises them; what it leaves on the stack and in the memo
is what the operations one by one would leave. It is only ever tried at one place, and every part of it has a
bounded width and begins with its own byte, so there is nothing to backtrack over.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from ckptgui.formats.pickle_graph import Call, Node, Persistent, Ref

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
    + rb"([\x88\x89])" + _GET + rb"\)R" + _PUT + rb"t" + _PUT + rb"R" + _PUT,
    re.DOTALL,
)  # fmt: skip
_WIDE = struct.Struct("<xIxIxIxIxIxIxI")
_MISS = object()
_PUT_WIDTHS = {b"q": 2, b"r": 5}
_LONGEST_RUN = 512
"""Tensors taken at once; between runs the machine looks at its budgets and at the wish to stop."""

_LONGEST_NAME = 1000


class Run(NamedTuple):
    """Tensors that follow each other, with the names between them, as they should lie on the stack."""

    end: int
    values: list[Node]
    tensors: int
    text: int  # bytes of the names that were decoded


class _Name(NamedTuple):
    """A text that is remembered, in front of the next tensor."""

    text: str
    slot: int
    length: int
    end: int


class TensorIdiom:
    """Recognises the idiom in one buffer against one memo, which it reads and writes."""

    OPERATIONS = 31  # that one tensor and its name stand for

    __slots__ = ("_buf", "_memo", "_numbers", "_recalled", "_sizes")

    def __init__(self, buf: bytes, memo: dict[int, Node]) -> None:
        self._buf = buf
        self._memo = memo
        self._recalled: dict[tuple[bytes, ...], tuple[Node, Node, Node, Ref]] = {}
        self._numbers: dict[bytes, int] = {}
        self._sizes: dict[bytes, tuple[int, ...]] = {b")": ()}

    def forget(self) -> None:
        """A memo entry was replaced, so what was looked up before may be another value now."""
        self._recalled.clear()

    def match(self, pos: int, target: Ref, get: bytes) -> Run | None:
        """The run of tensors that begins at ``pos``, with the memo filled; None when there is not one.

        ``get`` is the operation that recalled ``target``: in a dictionary, a name that is remembered and this
        operation stand before each further tensor.
        """
        first = self._tensor(pos, target)
        if first is None:
            return None
        pos, value = first
        values: list[Node] = [value]
        count, text = 1, 0
        while count < _LONGEST_RUN:
            name = self._name(pos, get)
            if name is None:
                break
            self._memo[name.slot] = name.text  # the tensor behind it may recall it
            following = self._tensor(name.end, target)
            if following is None:
                del self._memo[name.slot]
                break
            pos, value = following
            values += (name.text, value)
            text += name.length
            count += 1
        return Run(pos, values, count, text)

    def _name(self, pos: int, get: bytes) -> _Name | None:
        """A name of moderate length with its memo entry, if the operation ``get`` follows it."""
        buf = self._buf
        head = buf[pos : pos + 5]
        if len(head) < 5 or head[0] != 0x58:
            return None
        length = int.from_bytes(head[1:], "little")
        stop = pos + 5 + length
        width = _PUT_WIDTHS.get(buf[stop : stop + 1])
        if width is None or length > _LONGEST_NAME or not buf.startswith(get, stop + width):
            return None
        slot = int.from_bytes(buf[stop + 1 : stop + width], "little")
        if slot in self._memo:
            return None
        try:
            text = buf[pos + 5 : stop].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None
        return _Name(text, slot, length, stop + width + len(get))

    def _tensor(self, pos: int, target: Ref) -> tuple[int, Call] | None:
        """Where the idiom ends and the value it leaves, if it stands at ``pos``; the memo is then filled."""
        found = _PATTERN.match(self._buf, pos)
        if found is None:
            return None
        (
            get_word, get_class, key_length, key_digits, put_key, get_key, get_place, numel, put_pid,
            offset, size, put_size, stride, put_stride, grad, get_hooks, put_hooks, put_args, put_result,
        ) = found.groups(b"")  # fmt: skip
        recalled = self._recall(get_word, get_class, get_place, get_hooks)
        if recalled is None:
            return None
        word, storage_class, place, hooks_class = recalled
        if get_key:
            key = self._memo.get(int.from_bytes(get_key[1:], "little"), _MISS)
            if key is _MISS:
                return None
        elif len(key_digits) == key_length[0]:
            key = key_digits.decode("ascii")
        else:
            return None
        pid = (word, storage_class, key, place, self._number(numel))
        sizes, strides = self._tuple(size), self._tuple(stride)
        hooks = Call(hooks_class, ())
        args = (Persistent(pid), self._number(offset), sizes, strides, grad == b"\x88", hooks)
        result = Call(target, args)
        target.called = hooks_class.called = True
        self._remember(
            (put_key, put_pid, put_size, put_stride, put_hooks, put_args, put_result),
            (key, pid, sizes, strides, hooks, args, result),
        )
        return found.end(), result

    def _recall(self, *gets: bytes) -> tuple[Node, Node, Node, Ref] | None:
        """The memo's values for the parts that are the same in every tensor."""
        known = self._recalled.get(gets)
        if known is None:
            word, storage_class, place, hooks = (
                self._memo.get(int.from_bytes(get[1:], "little"), _MISS) for get in gets
            )
            if type(hooks) is not Ref or word is _MISS or storage_class is _MISS or place is _MISS:
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
            known = self._sizes[token] = _numbers(token)
        return known

    def _remember(self, puts: tuple[bytes, ...], values: tuple[Node, ...]) -> None:
        joined = b"".join(puts)
        memo = self._memo
        before = len(memo)
        if len(joined) == 35 and joined[::5] == b"rrrrrrr":
            memo.update(zip(_WIDE.unpack(joined), values))
            stored = 7
        elif len(joined) == 14 and joined[::2] == b"qqqqqqq":
            memo.update(zip(joined[1::2], values))
            stored = 7
        else:
            stored = 0
            for put, value in zip(puts, values):
                if put:
                    memo[int.from_bytes(put[1:], "little")] = value
                    stored += 1
        if len(memo) - before != stored:
            self.forget()


def _numbers(token: bytes) -> tuple[int, ...]:
    """The integers of a tuple as it stands in the pickle."""
    numbers = []
    at = 1 if token[:1] == b"(" else 0
    width = {0x4B: 1, 0x4D: 2, 0x4A: 4}
    while (code := token[at]) in width:
        stop = at + 1 + width[code]
        numbers.append(int.from_bytes(token[at + 1 : stop], "little", signed=code == 0x4A))
        at = stop
    return tuple(numbers)
