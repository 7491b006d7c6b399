"""A ``.metadata`` as torch writes it, read in one tight loop: what a tensor over eight ranks says, eight times.

Ten thousand tensors in eighty thousand pieces are six million operations, of few sorts and always in the same
order. Here is a second reading of that one language: the operations that pickle writes for torch's dataclasses,
and two of their idioms in one step each. It gives the same ``Description`` as the machine and ``describe`` do,
or nothing at all: whatever is out of the ordinary (another class, a value met again where it had changed, a
frame that is not whole) is left to them. As they do, it only builds tuples.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ckptgui.core.dtypes import BY_NAME
from ckptgui.formats.base import Check
from ckptgui.formats.dcp_metadata import Description, Piece, SavedTensor, Sizes, Slice, is_path
from ckptgui.formats.dcp_names import KNOWN
from ckptgui.formats.limits import DEFAULT, Limits
from ckptgui.formats.pickle_graph import Ref

_STEPS = 1 << 16
"""Operations between two looks at the wish to stop."""

_LONGEST = 1 << 16
"""Bytes of a text; names are shorter."""

_MOST_SIZES = 1 << 16
"""Sizes that are remembered, because the same few come again and again."""

_INT = rb"(?:K.|M..|J.{4})"
_INTS = _INT + rb"(?:\x85|" + _INT + rb"(?:\x86|" + _INT + rb"\x87))|\((?:" + _INT + rb"){4,32}+t"
_GET = rb"(h.|j.{4})"
_NUMBER = rb"(K.|M..|J.{4}|\x8a(?:\x05.{5}|\x06.{6}|\x07.{7}))"
_SIZE = rb"(\)|(?:" + _INTS + rb")\x94)\x85\x94R\x94"
"""The numbers of a ``torch.Size``, which is called with their tuple: the tuples and the size are remembered."""

_SIZES = re.compile(_SIZE, re.DOTALL)
_CHUNK = re.compile(_GET + _GET + _SIZE + _GET + _GET + _SIZE + rb"ub", re.DOTALL)
_INDEX = re.compile(_GET + _NUMBER + _GET + _GET + _SIZE + rb"ub", re.DOTALL)
_PLACE = re.compile(_GET + _GET + _GET + _NUMBER + _GET + _NUMBER + rb"ub", re.DOTALL)
"""The attributes of the three classes of which there are many; an index's name stands in front of what is here."""

_NEW = b")\x81\x94}\x94("
"""An object of the class before it, and the beginning of its attributes."""

_HARMLESS = frozenset(
    {"torch.Size", "torch.serialization._get_layout", "pathlib.PosixPath", "pathlib.WindowsPath"}
    | {f"torch.{name}" for name in BY_NAME}
    | KNOWN
)


class _Odd(Exception):  # noqa: N818 - the way back to the machine
    pass


class _Object:
    """An instance before it has its attributes; afterwards it is what they say, unless nothing is read of it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Pairs(list[Any]):
    """A dictionary: keys and values in turns."""


_SIZE_CLASS: Final = object()
_HIDDEN: Final = _Object("")
"""Stands in the memo for an object that was taken in one step, and its attributes; nobody recalls them."""

_WIDTHS = {0x68: 2, 0x6A: 5}
_IGNORED: Final = ("an object that nothing is read of",)


def describe_quickly(
    data: bytes, check: Check, limits: Limits = DEFAULT
) -> tuple[Description, tuple[Ref, ...]] | None:
    """The description and the names in it; None where the machine has to look."""
    try:
        top, refs = _loop(data, check, limits)
        return _description(top), refs
    except (_Odd, IndexError, TypeError, ValueError, AttributeError, KeyError):
        return None


def _loop(buf: bytes, check: Check, limits: Limits) -> tuple[dict[str, Any], tuple[Ref, ...]]:
    """Follow the operations up to STOP."""
    memo: list[Any] = []
    stack: list[Any] = []
    marks: list[list[Any]] = []
    refs: dict[str, Ref] = {}
    sizes: dict[bytes, Sizes] = {}
    frame_end = -1
    idioms = _Idioms(buf, memo, sizes)
    takes = {"ChunkStorageMetadata": idioms.chunk, "MetadataIndex": idioms.index, "_StorageInfo": idioms.place}
    remember, push, match, whole = memo.append, stack.append, _SIZES.match, int.from_bytes
    pos = steps = 0
    while True:
        steps += 1
        if steps >= _STEPS:
            steps = 0
            check()
            if len(memo) > limits.memo_entries:
                raise _Odd
        code = buf[pos]
        if code == 0x6A or code == 0x68:  # LONG_BINGET, BINGET
            if code == 0x68:
                value = memo[buf[pos + 1]]
                pos += 2
            else:
                value = memo[whole(buf[pos + 1 : pos + 5], "little")]
                pos += 5
            if value.__class__ is not Ref:
                if value.__class__ is _Object or value.__class__ is _Pairs:
                    raise _Odd  # it may have changed since
                push(value)
                continue
            if value.name == "Size":
                found = match(buf, pos)
                if found is not None:
                    token = found[1]
                    numbers = sizes.get(token)
                    if numbers is None:
                        numbers = sizes[token] = _numbers(token)
                    if token != b")":
                        remember(numbers)
                    remember((numbers,))
                    remember(numbers)
                    push(numbers)
                    value.called, value.arguments = True, 1
                    pos = found.end()
                    continue
            elif buf.startswith(_NEW, pos):
                value.made = True
                take = takes.get(value.name)
                if take is not None:
                    taken = take(pos + len(_NEW))
                    if taken is not None:
                        made, pos = taken
                        push(made)
                        continue
                made = _Object(value.name)
                pairs = _Pairs()
                remember(made)
                remember(pairs)
                push(made)
                push(pairs)
                marks.append(stack)
                stack = []
                push = stack.append
                pos += 6
                continue
            push(value)
        elif code == 0x94:  # MEMOIZE
            remember(stack[-1])
            pos += 1
        elif code == 0x4B:  # BININT1
            push(buf[pos + 1])
            pos += 2
        elif code == 0x75:  # SETITEMS
            items = stack
            stack = marks.pop()
            push = stack.append
            _require(stack[-1].__class__ is _Pairs and len(items) % 2 == 0)
            stack[-1].extend(items)
            pos += 1
        elif code == 0x62:  # BUILD
            state = stack.pop()
            stack[-1] = _built(stack[-1], state)
            pos += 1
        elif code == 0x4D:  # BININT2
            push(whole(buf[pos + 1 : pos + 3], "little"))
            pos += 3
        elif code == 0x4A:  # BININT
            push(whole(_exactly(buf, pos + 1, 4), "little", signed=True))
            pos += 5
        elif code == 0x8C or code == 0x58:  # SHORT_BINUNICODE, BINUNICODE
            start = pos + 2 if code == 0x8C else pos + 5
            length = buf[pos + 1] if code == 0x8C else whole(buf[pos + 1 : pos + 5], "little")
            _require(length <= _LONGEST)
            push(_exactly(buf, start, length).decode("utf-8", "surrogatepass"))
            pos = start + length
        elif code == 0x8A:  # LONG1
            length = buf[pos + 1]
            _require(length <= 8)
            push(whole(_exactly(buf, pos + 2, length), "little", signed=True))
            pos += 2 + length
        elif code == 0x28:  # MARK
            marks.append(stack)
            stack = []
            push = stack.append
            pos += 1
        elif code == 0x29:  # EMPTY_TUPLE
            push(())
            pos += 1
        elif code == 0x4E or code == 0x89 or code == 0x88:  # NONE, NEWFALSE, NEWTRUE
            push(None if code == 0x4E else code == 0x88)
            pos += 1
        elif 0x85 <= code <= 0x87:  # TUPLE1, TUPLE2, TUPLE3
            count = code - 0x84
            items = stack[-count:]
            _require(len(items) == count)
            del stack[-count:]
            push(tuple(items))
            pos += 1
        elif code == 0x74:  # TUPLE
            items = stack
            stack = marks.pop()
            push = stack.append
            push(tuple(items))
            pos += 1
        elif code == 0x5D:  # EMPTY_LIST
            push([])
            pos += 1
        elif code == 0x61:  # APPEND
            value = stack.pop()
            _require(stack[-1].__class__ is list)
            stack[-1].append(value)
            pos += 1
        elif code == 0x65:  # APPENDS
            items = stack
            stack = marks.pop()
            push = stack.append
            _require(stack[-1].__class__ is list)
            stack[-1].extend(items)
            pos += 1
        elif code == 0x7D:  # EMPTY_DICT
            push(_Pairs())
            pos += 1
        elif code == 0x73:  # SETITEM
            value, key = stack.pop(), stack.pop()
            _require(stack[-1].__class__ is _Pairs)
            stack[-1] += (key, value)
            pos += 1
        elif code == 0x81:  # NEWOBJ
            _require(stack.pop() == ())
            ref = stack[-1]
            ref.made = True
            stack[-1] = _Object(ref.name)
            pos += 1
        elif code == 0x52:  # REDUCE
            args = stack.pop()
            stack[-1] = _called(stack[-1], args)
            pos += 1
        elif code == 0x93:  # STACK_GLOBAL
            name, module = stack.pop(), stack.pop()
            _require(name.__class__ is str and module.__class__ is str and f"{module}.{name}" in _HARMLESS)
            push(refs.setdefault(f"{module}\n{name}", Ref(module, name, pos)))
            pos += 1
        elif code == 0x95:  # FRAME
            _require(frame_end in (-1, pos))
            frame_end = pos + 9 + whole(_exactly(buf, pos + 1, 8), "little")
            pos += 9
        elif code == 0x80:  # PROTO
            _require(pos == 0 and buf[1] in (4, 5))
            pos += 2
        elif code == 0x2E:  # STOP
            _require(frame_end in (-1, pos + 1) and not marks and stack[-1].__class__ is dict)
            return stack[-1], tuple(refs.values())
        else:
            raise _Odd


class _Idioms:
    """Takes a whole object in one step where its attributes stand as torch has them; None where they do not."""

    def __init__(self, buf: bytes, memo: list[Any], sizes: dict[bytes, Sizes]) -> None:
        self._buf = buf
        self._memo = memo
        self._sizes = sizes
        self._right: set[tuple[bytes, ...]] = set()

    def chunk(self, pos: int) -> tuple[Any, int] | None:
        """The ``ChunkStorageMetadata`` whose attributes stand at ``pos``: offsets and sizes."""
        found = _CHUNK.match(self._buf, pos)
        if found is None:
            return None
        key, kind, offsets, key2, kind2, sizes = found.groups()
        gets = key, kind, key2, kind2
        if gets not in self._right and not self._are(gets, ("offsets", _SIZE_CLASS, "sizes", _SIZE_CLASS)):
            return None
        made = self._size(offsets, (_HIDDEN, _HIDDEN)), self._size(sizes, ())
        return made, found.end()

    def index(self, pos: int) -> tuple[Any, int] | None:
        """The ``MetadataIndex`` of a piece: its tensor's name and its offsets."""
        buf = self._buf
        at = pos + _WIDTHS.get(buf[pos], 0)
        key = buf[pos:at]
        if not key:
            return None
        if buf[at] == 0x8C:
            start, stop = at + 2, at + 2 + buf[at + 1]
            if buf[stop] != 0x94:
                return None
            name, at = buf[start:stop].decode("utf-8", "surrogatepass"), stop + 1
            before: tuple[Any, ...] = (_HIDDEN, _HIDDEN, name)
        else:
            width = _WIDTHS.get(buf[at], 0)
            name, before = self._memo[int.from_bytes(buf[at + 1 : at + width], "little")], (_HIDDEN, _HIDDEN)
            at += width
            if not width:
                return None
        found = _INDEX.match(buf, at)
        if found is None or name.__class__ is not str:
            return None
        key2, _, key3, kind, offsets = found.groups()
        gets = key, key2, key3, kind
        if gets not in self._right and not self._are(gets, ("fqn", "index", "offset", _SIZE_CLASS)):
            return None
        return (name, self._size(offsets, before)), found.end()

    def place(self, pos: int) -> tuple[Any, int] | None:
        """The ``_StorageInfo`` of something that went through no transform."""
        found = _PLACE.match(self._buf, pos)
        if found is None:
            return None
        key, file, key2, offset, key3, length = found.groups()
        name = self._memo[int.from_bytes(file[1:], "little")]
        gets = key, key2, key3
        if gets not in self._right and not self._are(gets, ("relative_path", "offset", "length")):
            return None
        if name.__class__ is not str:
            return None
        self._memo += (_HIDDEN, _HIDDEN)
        return Slice(name, _number(offset), _number(length), ()), found.end()

    def _are(self, gets: tuple[bytes, ...], expected: tuple[Any, ...]) -> bool:
        """Whether what is recalled is what torch has there; what is remembered here never changes."""
        for get, right in zip(gets, expected):
            value = self._memo[int.from_bytes(get[1:], "little")]
            if value.__class__ is Ref:
                if right is not _SIZE_CLASS or value.path != "torch.Size" or not value.called:
                    return False
            elif value.__class__ is not str or value != right:
                return False
        self._right.add(gets)
        return True

    def _size(self, token: bytes, before: tuple[Any, ...]) -> Sizes:
        """A size from its tuple as it stands there; it and its tuples are remembered behind ``before``."""
        numbers = self._sizes.get(token)
        if numbers is None:
            numbers = _numbers(token)
            if len(self._sizes) < _MOST_SIZES:
                self._sizes[token] = numbers
        if token == b")":
            self._memo += (*before, _HIDDEN, numbers)
        else:
            self._memo += (*before, numbers, _HIDDEN, numbers)
        return numbers


def _number(token: bytes) -> int:
    code = token[0]
    if code == 0x8A:
        return int.from_bytes(token[2:], "little", signed=True)
    return int.from_bytes(token[1:], "little", signed=code == 0x4A)


def _require(usual: bool) -> None:
    if not usual:
        raise _Odd


def _exactly(buf: bytes, start: int, length: int) -> bytes:
    piece = buf[start : start + length]
    _require(len(piece) == length)
    return piece


def _numbers(token: bytes) -> Sizes:
    """The integers of a tuple as it stands in the pickle."""
    numbers = []
    at = 1 if token[:1] == b"(" else 0
    width = {0x4B: 1, 0x4D: 2, 0x4A: 4}
    while (code := token[at]) in width:
        stop = at + 1 + width[code]
        numbers.append(int.from_bytes(token[at + 1 : stop], "little", signed=code == 0x4A))
        at = stop
    return tuple(numbers)


def _called(ref: Any, args: Any) -> Any:
    """What a call gives: a size is its tuple, of other objects nothing is read."""
    _require(ref.__class__ is Ref and args.__class__ is tuple)
    if not ref.called:
        ref.arguments = len(args)
    ref.called = True
    if ref.path == "torch.Size":
        (numbers,) = args
        _require(numbers.__class__ is tuple and all(number.__class__ is int for number in numbers))
        return numbers
    return _IGNORED


def _built(made: Any, state: Any) -> Any:
    """What an object says once it has its attributes."""
    _require(made.__class__ is _Object)
    name: str = made.name
    if name == "TensorProperties":
        dtype = state[0]
        _require(state.__class__ is tuple and dtype.__class__ is Ref)
        _require(dtype.module == "torch" and dtype.name in BY_NAME)
        return dtype
    _require(state.__class__ is _Pairs)
    names = state[::2]
    _require(all(text.__class__ is str for text in names))
    fields = dict(zip(names, state[1::2]))
    if name == "ChunkStorageMetadata":
        return _sizes(fields["offsets"]), _sizes(fields["sizes"])
    if name == "MetadataIndex":
        offset = fields.get("offset")
        return _text(fields["fqn"]), None if offset is None else _sizes(offset)
    if name == "_StorageInfo":
        transforms = fields.get("transform_descriptors")
        if transforms is not None:
            transforms = tuple(map(_text, transforms))
        offset, length = _whole(fields["offset"]), _whole(fields["length"])
        return Slice(_text(fields["relative_path"]), offset, length, transforms or ())
    if name == "StorageMeta":
        return _IGNORED
    _require(name in ("TensorStorageMetadata", "Metadata"))
    return fields


def _sizes(value: Any) -> Sizes:
    _require(value.__class__ is tuple and all(number.__class__ is int for number in value))
    sizes: Sizes = value
    return sizes


def _text(value: Any) -> str:
    _require(value.__class__ is str)
    text: str = value
    return text


def _whole(value: Any) -> int:
    _require(value.__class__ is int)
    number: int = value
    return number


def _description(top: dict[str, Any]) -> Description:
    """The description in the attributes of a ``Metadata``."""
    described, stored, planned = top["state_dict_metadata"], top["storage_data"], top.get("planner_data")
    _require(described.__class__ is _Pairs and stored.__class__ is _Pairs)
    places: dict[Any, Slice] = {}
    for index, place in zip(stored[::2], stored[1::2]):
        _require(index.__class__ is tuple and len(index) == 2 and place.__class__ is Slice)
        places[index] = place
    found = Description()
    for name, entry in zip(map(_text, described[::2]), described[1::2]):
        found.order[name] = None
        if entry.__class__ is dict:
            found.tensors[name] = _tensor(name, entry, places)
        else:
            _require(entry.__class__ is _Object and entry.name == "BytesStorageMetadata")
            found.objects[name] = places.get((name, None))
    _require(len(found.order) == len(described) // 2)
    if planned is not None:
        _require(planned.__class__ is _Pairs)
        found.paths = {_text(name): keys for name, keys in zip(planned[::2], planned[1::2]) if is_path(keys)}
    return found


def _tensor(name: str, entry: dict[str, Any], places: dict[Any, Slice]) -> SavedTensor:
    shape, dtype = _sizes(entry["size"]), entry["properties"]
    _require(dtype.__class__ is Ref)
    pieces = []
    get = places.get
    for offsets, sizes in entry["chunks"]:
        _require(len(offsets) == len(sizes) == len(shape))
        pieces.append(Piece(offsets, sizes, get((name, offsets))))
    return SavedTensor(shape, BY_NAME[dtype.name], dtype.name, pieces)
