"""The operations that pickle writes for torch's dataclasses, followed in one loop; anything else is odd.

A comparison after the other, the commonest operations first, and everything in local names: a function for each
operation, as the machine has it, takes three times as long. Objects become what their attributes say as soon as
they have them; who recalls one from the memo, where it still is what it was before, has something odd.
"""

from __future__ import annotations

from typing import Any, Final

from ckptgui.core.dtypes import BY_NAME
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.metadata import Sizes, Slice
from ckptgui.formats.distributed.names import KNOWN
from ckptgui.formats.distributed.quick_idioms import NEW, SIZES, Chunk, Idioms, Index, Opaque
from ckptgui.formats.limits import Limits
from ckptgui.formats.pickles.graph import Ref
from ckptgui.formats.pickles.idioms import numbers_of

_STEPS = 1 << 16
"""Operations between two looks at the wish to stop."""

_LONGEST = 1 << 16
"""Bytes of a text; names are shorter."""

_HARMLESS = frozenset(
    {"torch.Size", "torch.serialization._get_layout", "pathlib.PosixPath", "pathlib.WindowsPath"}
    | {f"torch.{name}" for name in BY_NAME}
    | KNOWN
)


class OddError(Exception):
    """Something is not as torch writes it: the way back to the machine."""


class Pairs(list[Any]):
    """A dictionary: keys and values in turns."""


IGNORED: Final = ("an object that nothing is read of",)


def follow(buf: bytes, check: Check, limits: Limits) -> tuple[dict[str, Any], tuple[Ref, ...]]:
    """Follow the operations up to STOP."""
    memo: list[Any] = []
    stack: list[Any] = []
    marks: list[list[Any]] = []
    refs: dict[str, Ref] = {}
    sizes: dict[bytes, Sizes] = {}
    frame_end = -1
    idioms = Idioms(buf, memo, sizes)
    takes = {"ChunkStorageMetadata": idioms.chunk, "MetadataIndex": idioms.index, "_StorageInfo": idioms.place}
    remember, push, match, whole = memo.append, stack.append, SIZES.match, int.from_bytes
    pos = steps = 0
    while True:
        steps += 1
        if steps >= _STEPS:
            steps = 0
            check()
            if len(memo) > limits.memo_entries:
                raise OddError
        code = buf[pos]
        if code == 0x6A or code == 0x68:  # LONG_BINGET, BINGET
            if code == 0x68:
                value = memo[buf[pos + 1]]
                pos += 2
            else:
                value = memo[whole(buf[pos + 1 : pos + 5], "little")]
                pos += 5
            if value.__class__ is not Ref:
                if value.__class__ is Opaque or value.__class__ is Pairs:
                    raise OddError  # it may have changed since
                push(value)
                continue
            if value.name == "Size":
                found = match(buf, pos)
                if found is not None:
                    token = found[1]
                    numbers = sizes.get(token)
                    if numbers is None:
                        numbers = sizes[token] = numbers_of(token)
                    if token != b")":
                        remember(numbers)
                    remember((numbers,))
                    remember(numbers)
                    push(numbers)
                    value.called, value.arguments = True, 1
                    pos = found.end()
                    continue
            elif buf.startswith(NEW, pos):
                value.made = True
                take = takes.get(value.name)
                if take is not None:
                    taken = take(pos + len(NEW))
                    if taken is not None:
                        made, pos = taken
                        push(made)
                        continue
                made = Opaque(value.name)
                pairs = Pairs()
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
            require(stack[-1].__class__ is Pairs and len(items) % 2 == 0)
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
            require(length <= _LONGEST)
            push(_exactly(buf, start, length).decode("utf-8", "surrogatepass"))
            pos = start + length
        elif code == 0x8A:  # LONG1
            length = buf[pos + 1]
            require(length <= 8)
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
            require(len(items) == count)
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
            require(stack[-1].__class__ is list)
            stack[-1].append(value)
            pos += 1
        elif code == 0x65:  # APPENDS
            items = stack
            stack = marks.pop()
            push = stack.append
            require(stack[-1].__class__ is list)
            stack[-1].extend(items)
            pos += 1
        elif code == 0x7D:  # EMPTY_DICT
            push(Pairs())
            pos += 1
        elif code == 0x73:  # SETITEM
            value, key = stack.pop(), stack.pop()
            require(stack[-1].__class__ is Pairs)
            stack[-1] += (key, value)
            pos += 1
        elif code == 0x81:  # NEWOBJ
            require(stack.pop() == ())
            ref = stack[-1]
            ref.made = True
            stack[-1] = Opaque(ref.name)
            pos += 1
        elif code == 0x52:  # REDUCE
            args = stack.pop()
            stack[-1] = _called(stack[-1], args)
            pos += 1
        elif code == 0x93:  # STACK_GLOBAL
            name, module = stack.pop(), stack.pop()
            require(name.__class__ is str and module.__class__ is str and f"{module}.{name}" in _HARMLESS)
            push(refs.setdefault(f"{module}\n{name}", Ref(module, name, pos)))
            pos += 1
        elif code == 0x95:  # FRAME
            require(frame_end in (-1, pos))
            frame_end = pos + 9 + whole(_exactly(buf, pos + 1, 8), "little")
            pos += 9
        elif code == 0x80:  # PROTO
            require(pos == 0 and buf[1] in (4, 5))
            pos += 2
        elif code == 0x2E:  # STOP
            require(frame_end in (-1, pos + 1) and not marks and stack[-1].__class__ is dict)
            return stack[-1], tuple(refs.values())
        else:
            raise OddError


def require(usual: bool) -> None:
    """Give up where something is not as torch has it."""
    if not usual:
        raise OddError


def _exactly(buf: bytes, start: int, length: int) -> bytes:
    piece = buf[start : start + length]
    require(len(piece) == length)
    return piece


def _called(ref: Any, args: Any) -> Any:
    """What a call gives: a size is its tuple, of other objects nothing is read."""
    require(ref.__class__ is Ref and args.__class__ is tuple)
    if not ref.called:
        ref.arguments = len(args)
    ref.called = True
    if ref.path == "torch.Size":
        (numbers,) = args
        require(numbers.__class__ is tuple and all(number.__class__ is int for number in numbers))
        return numbers
    return IGNORED


def _built(made: Any, state: Any) -> Any:
    """What an object says once it has its attributes."""
    require(made.__class__ is Opaque)
    name: str = made.name
    if name == "TensorProperties":
        dtype = state[0]
        require(state.__class__ is tuple and dtype.__class__ is Ref)
        require(dtype.module == "torch" and dtype.name in BY_NAME)
        return dtype
    require(state.__class__ is Pairs)
    names = state[::2]
    require(all(text.__class__ is str for text in names))
    fields = dict(zip(names, state[1::2]))
    if name == "ChunkStorageMetadata":
        return Chunk(sizes_from(fields["offsets"]), sizes_from(fields["sizes"]))
    if name == "MetadataIndex":
        offset = fields.get("offset")
        return Index(text_from(fields["fqn"]), None if offset is None else sizes_from(offset))
    if name == "_StorageInfo":
        transforms = fields.get("transform_descriptors")
        if transforms is not None:
            transforms = tuple(map(text_from, transforms))
        offset, length = _whole(fields["offset"]), _whole(fields["length"])
        return Slice(text_from(fields["relative_path"]), offset, length, transforms or ())
    if name == "StorageMeta":
        return IGNORED
    require(name in ("TensorStorageMetadata", "Metadata"))
    return fields


def sizes_from(value: Any) -> Sizes:
    """A value that must be a tuple of whole numbers."""
    require(value.__class__ is tuple and all(number.__class__ is int for number in value))
    sizes: Sizes = value
    return sizes


def text_from(value: Any) -> str:
    """A value that must be a text."""
    require(value.__class__ is str)
    text: str = value
    return text


def _whole(value: Any) -> int:
    require(value.__class__ is int)
    number: int = value
    return number
