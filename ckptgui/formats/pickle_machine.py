"""Reads a pickle of any protocol into an inert graph: the operations are followed, their effects are not.

One loop over one table, no recursion. A global becomes a ``Ref``, a call a ``Call``; every length is
compared with the bytes that remain before anything is taken. What was read is kept when the stream breaks
off, because a checkpoint that was cut still tells most of what it held.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from dataclasses import dataclass

from ckptgui.formats.base import Check
from ckptgui.formats.limits import DEFAULT, Limits, exceeded
from ckptgui.formats.pickle_graph import Call, Dict, LongText, Node, Persistent, Ref, Set
from ckptgui.formats.pickle_idioms import TensorIdiom
from ckptgui.formats.pickle_salvage import fold
from ckptgui.formats.quiet import without_garbage_collection

_STEPS = 4096
"""Operations between two looks at the budgets and at the wish to stop."""

_NO_FRAME = float("inf")

_CALLING = frozenset({"torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"})
"""Functions that call what their first argument names."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The graph of a pickle. ``broken`` is None when it ended with STOP, else what went wrong and where.

    ``refs`` are the names in it in order, ``end`` is one past the last byte read, ``notes`` are sentences
    on things that other programs may read differently.
    """

    root: Node
    broken: str | None
    refs: tuple[Ref, ...]
    end: int
    cut: bool = False  # the bytes ended before the pickle did
    notes: tuple[str, ...] = ()


class _Finished(Exception):  # noqa: N818 - the way out of the loop
    pass


class _Invalid(Exception):  # noqa: N818 - turned into Parsed.broken
    pass


class _Truncated(Exception):  # noqa: N818 - turned into Parsed.broken
    pass


def parse(
    data: bytes,
    check: Check = lambda: None,
    *,
    start: int = 0,
    limits: Limits = DEFAULT,
    idioms: bool = True,
) -> Parsed:
    """Follow the pickle at ``start`` of ``data``. Raises ``LimitExceededError`` and what ``check`` raises."""
    with without_garbage_collection():
        return _Machine(data, check, start, limits, idioms).run()


class _Machine:
    """The state of one parse: position, stack, marks, memo."""

    __slots__ = (
        "before", "buf", "calls", "check", "frame_end", "idiom", "limits", "marks", "memo", "notes", "pos",
        "refs", "size", "stack", "steps", "text",
    )  # fmt: skip

    def __init__(self, data: bytes, check: Check, start: int, limits: Limits, idioms: bool) -> None:
        self.buf = data
        self.size = len(data)
        self.pos = start
        self.before = start
        self.check = check
        self.limits = limits
        self.stack: list[Node] = []
        self.marks: list[list[Node]] = []
        self.memo: dict[int, Node] = {}
        self.refs: dict[str, Ref] = {}
        self.notes: dict[str, None] = {}
        self.frame_end: float = _NO_FRAME
        self.steps = 0
        self.text = 0
        self.idiom = TensorIdiom(data, self.memo) if idioms else None

    def run(self) -> Parsed:
        """Follow operations until STOP, the end of the bytes or one that makes no sense."""
        broken = None
        cut = False
        try:
            self._loop()
        except _Finished:
            pass
        except _Truncated as error:
            broken, cut = str(error), True
        except _Invalid as error:
            broken = f"Its pickle makes no sense at byte {self.before:,}: {error}."
        except IndexError:
            broken, cut = self._out_of_range()
        root = self.stack[-1] if broken is None else fold(self.stack, self.marks)
        return Parsed(root, broken, tuple(self.refs.values()), self.pos, cut, tuple(self.notes))

    def _loop(self) -> None:
        buf, table = self.buf, _TABLE
        while True:
            self.check()
            self._check_budgets()
            for _ in range(_STEPS):
                self.before = pos = self.pos
                self.pos = pos + 1
                table[buf[pos]](self)
                if self.pos > self.frame_end:
                    self._leave_frame()

    def _check_budgets(self) -> None:
        limits = self.limits
        self.steps += _STEPS
        if self.steps > limits.opcodes:
            raise exceeded("opcodes", limits)
        if len(self.memo) > limits.memo_entries:
            raise exceeded("memo_entries", limits)
        if len(self.stack) > limits.stack or (self.marks and sum(map(len, self.marks)) > limits.stack):
            raise exceeded("stack", limits)

    def _out_of_range(self) -> tuple[str, bool]:
        """Which of two things an index error was: no byte to read, or no value to take."""
        if self.before >= self.size:
            return f"Its pickle ends at byte {self.size:,}, before its STOP.", True
        return f"Its pickle makes no sense at byte {self.before:,}: it takes a value that is not there.", False

    def _leave_frame(self) -> None:
        if self.before < self.frame_end:
            self.notes["An operation of its pickle straddles the end of a frame; other programs may read it "
                       "differently."] = None  # fmt: skip
        self.frame_end = _NO_FRAME

    # What the operations take from the stream

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        stop = self.pos + length
        if stop > self.size:
            raise _Truncated(
                f"Its pickle is cut: byte {self.before:,} announces {length:,} bytes, "
                f"{self.size - self.pos:,} are left."
            )
        piece = self.buf[self.pos : stop]
        self.pos = stop
        return piece

    def number(self, width: int) -> int:
        """The next ``width`` bytes as an unsigned number."""
        return int.from_bytes(self.take(width), "little")

    def line(self) -> bytes:
        """Bytes up to the next newline, which is consumed."""
        end = self.buf.find(b"\n", self.pos, self.pos + self.limits.string_bytes)
        if end < 0:
            if self.size - self.pos > self.limits.string_bytes:
                raise exceeded("string_bytes", self.limits)
            raise _Truncated(f"Its pickle ends at byte {self.size:,}, within a line of text.")
        piece = self.buf[self.pos : end]
        self.pos = end + 1
        return piece

    def count_text(self, length: int) -> None:
        """Charge decoded text to its budget."""
        self.text += length
        if self.text > self.limits.text_bytes:
            raise exceeded("text_bytes", self.limits)

    def integer(self, raw: bytes) -> int:
        """A decimal integer of bounded length."""
        if len(raw) > self.limits.integer_bytes:
            raise exceeded("integer_bytes", self.limits)
        try:
            return int(raw)
        except ValueError:
            raise _Invalid("a number is not written in digits") from None

    # What they do to the stack

    def pop_mark(self) -> list[Node]:
        """Everything since the last mark."""
        items = self.stack
        if not self.marks:
            raise _Invalid("it goes back to a mark that is not there")
        self.stack = self.marks.pop()
        return items

    def ref(self, module: str, name: str) -> Ref:
        """The one node for an importable name."""
        key = f"{module}\n{name}"
        found = self.refs.get(key)
        if found is None:
            found = self.refs[key] = Ref(module, name)
        return found

    def call(self, target: Node, args: Node, makes: bool = False, kwargs: Node = None) -> Call:
        """A node for a call, with the name marked as called unless it is only instantiated."""
        if type(target) is Ref and not makes:
            target.called = True
            if target.path in _CALLING and type(args) is tuple and args and type(args[0]) is Ref:
                args[0].called = True
        return Call(target, args, makes, kwargs)


_Operation = Callable[[_Machine], None]


def _unknown(m: _Machine) -> None:
    raise _Invalid(f"there is no operation 0x{m.buf[m.before]:02x}")


_TABLE: list[_Operation] = [_unknown] * 256


def _op(code: bytes) -> Callable[[_Operation], _Operation]:
    def register(function: _Operation) -> _Operation:
        _TABLE[code[0]] = function
        return function

    return register


# Structure of the stream


@_op(b"\x80")
def _proto(m: _Machine) -> None:
    version = m.number(1)
    if version > 5:
        raise _Invalid(f"it is of protocol {version}, the newest known is 5")


@_op(b"\x95")
def _frame(m: _Machine) -> None:
    length = m.number(8)
    if m.frame_end != _NO_FRAME and m.before < m.frame_end:
        raise _Invalid("a frame begins within a frame")
    m.frame_end = m.pos + length
    if m.frame_end > m.size:
        m.frame_end = _NO_FRAME  # cut; what is here is still read


@_op(b".")
def _stop(m: _Machine) -> None:
    if not m.stack:
        raise _Invalid("it ends without a value")
    if m.marks:
        raise _Invalid("it ends within a value")
    raise _Finished


@_op(b"(")
def _mark(m: _Machine) -> None:
    if len(m.marks) >= m.limits.nesting:
        raise exceeded("nesting", m.limits)
    m.marks.append(m.stack)
    m.stack = []


@_op(b"0")
def _pop(m: _Machine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.pop_mark()


@_op(b"1")
def _pop_mark(m: _Machine) -> None:
    m.pop_mark()


@_op(b"2")
def _dup(m: _Machine) -> None:
    m.stack.append(m.stack[-1])


# The memo


def _recall(m: _Machine, index: int) -> None:
    try:
        value = m.memo[index]
    except KeyError:
        raise _Invalid(f"it recalls value {index:,}, which it never stored") from None
    m.stack.append(value)
    if type(value) is Ref and m.idiom is not None and m.buf.startswith(b"((", m.pos):
        found = m.idiom.match(m.pos, value)
        if found is not None:
            m.pos, m.stack[-1] = found
            m.steps += m.idiom.OPERATIONS


@_op(b"h")
def _binget(m: _Machine) -> None:
    _recall(m, m.number(1))


@_op(b"j")
def _long_binget(m: _Machine) -> None:
    _recall(m, m.number(4))


@_op(b"g")
def _get(m: _Machine) -> None:
    _recall(m, m.integer(m.line()))


def _remember(m: _Machine, index: int) -> None:
    value = m.stack[-1]
    if index in m.memo and m.idiom is not None:
        m.idiom.forget()
    m.memo[index] = value


@_op(b"q")
def _binput(m: _Machine) -> None:
    _remember(m, m.number(1))


@_op(b"r")
def _long_binput(m: _Machine) -> None:
    _remember(m, m.number(4))


@_op(b"p")
def _put(m: _Machine) -> None:
    index = m.integer(m.line())
    if index < 0:
        raise _Invalid("it stores a value at a negative place")
    _remember(m, index)


@_op(b"\x94")
def _memoize(m: _Machine) -> None:
    _remember(m, len(m.memo))


# Plain values


def _constant(code: bytes, value: Node) -> None:
    def push(m: _Machine) -> None:
        m.stack.append(value)

    _TABLE[code[0]] = push


for _code, _value in ((b"N", None), (b"\x88", True), (b"\x89", False), (b")", ())):
    _constant(_code, _value)


@_op(b"K")
def _binint1(m: _Machine) -> None:
    m.stack.append(m.number(1))


@_op(b"M")
def _binint2(m: _Machine) -> None:
    m.stack.append(m.number(2))


@_op(b"J")
def _binint(m: _Machine) -> None:
    m.stack.append(int.from_bytes(m.take(4), "little", signed=True))


def _long(m: _Machine, length: int) -> None:
    if length > m.limits.integer_bytes:
        raise exceeded("integer_bytes", m.limits)
    m.stack.append(int.from_bytes(m.take(length), "little", signed=True))


@_op(b"\x8a")
def _long1(m: _Machine) -> None:
    _long(m, m.number(1))


@_op(b"\x8b")
def _long4(m: _Machine) -> None:
    length = int.from_bytes(m.take(4), "little", signed=True)
    if length < 0:
        raise _Invalid("an integer has a negative length")
    _long(m, length)


@_op(b"I")
def _int(m: _Machine) -> None:
    raw = m.line()
    m.stack.append({b"00": False, b"01": True}.get(raw) if raw in (b"00", b"01") else m.integer(raw))


@_op(b"L")
def _long_line(m: _Machine) -> None:
    m.stack.append(m.integer(m.line().rstrip(b"L")))


@_op(b"F")
def _float_line(m: _Machine) -> None:
    try:
        m.stack.append(float(m.line()))
    except ValueError:
        raise _Invalid("a number is not written in digits") from None


@_op(b"G")
def _binfloat(m: _Machine) -> None:
    m.stack.append(struct.unpack(">d", m.take(8))[0])


def _text(m: _Machine, length: int) -> None:
    raw = m.take(length)
    if length > m.limits.string_bytes:
        m.stack.append(LongText(raw))
        return
    m.count_text(length)
    try:
        m.stack.append(raw.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        raise _Invalid("a text is not UTF-8") from None


@_op(b"X")
def _binunicode(m: _Machine) -> None:
    _text(m, m.number(4))


@_op(b"\x8c")
def _short_binunicode(m: _Machine) -> None:
    _text(m, m.number(1))


@_op(b"\x8d")
def _binunicode8(m: _Machine) -> None:
    _text(m, m.number(8))


@_op(b"V")
def _unicode_line(m: _Machine) -> None:
    raw = m.line()
    m.count_text(len(raw))
    try:
        m.stack.append(raw.decode("raw-unicode-escape"))
    except UnicodeDecodeError:
        raise _Invalid("an escape in a text is damaged") from None


def _old_string(m: _Machine, raw: bytes) -> None:
    """A string of Python 2, which did not tell bytes from text; torch takes it for UTF-8, so do we."""
    m.count_text(len(raw))
    m.stack.append(raw.decode("utf-8", "surrogateescape"))


@_op(b"S")
def _string_line(m: _Machine) -> None:
    raw = m.line().strip()
    if len(raw) < 2 or raw[0] != raw[-1] or raw[:1] not in (b"'", b'"'):
        raise _Invalid("a string lacks its quotes")
    try:
        decoded = codecs.escape_decode(raw[1:-1])[0]
    except ValueError:
        raise _Invalid("an escape in a string is damaged") from None
    _old_string(m, decoded)


@_op(b"U")
def _short_binstring(m: _Machine) -> None:
    _old_string(m, m.take(m.number(1)))


@_op(b"T")
def _binstring(m: _Machine) -> None:
    length = int.from_bytes(m.take(4), "little", signed=True)
    if length < 0:
        raise _Invalid("a string has a negative length")
    _old_string(m, m.take(length))


@_op(b"C")
def _short_binbytes(m: _Machine) -> None:
    m.stack.append(m.take(m.number(1)))


@_op(b"B")
def _binbytes(m: _Machine) -> None:
    m.stack.append(m.take(m.number(4)))


@_op(b"\x8e")
def _binbytes8(m: _Machine) -> None:
    m.stack.append(m.take(m.number(8)))


@_op(b"\x96")
def _bytearray8(m: _Machine) -> None:
    m.stack.append(m.take(m.number(8)))


@_op(b"\x97")
def _next_buffer(m: _Machine) -> None:
    raise _Invalid("it refers to a buffer outside the file")


@_op(b"\x98")
def _readonly_buffer(m: _Machine) -> None:
    m.stack[-1]  # an operation without effect here, on a value that must be there


# Containers


@_op(b"}")
def _empty_dict(m: _Machine) -> None:
    m.stack.append(Dict())


@_op(b"]")
def _empty_list(m: _Machine) -> None:
    m.stack.append([])


@_op(b"\x8f")
def _empty_set(m: _Machine) -> None:
    m.stack.append(Set([], frozen=False))


@_op(b"\x91")
def _frozenset(m: _Machine) -> None:
    items = m.pop_mark()
    m.stack.append(Set(items, frozen=True))


@_op(b"t")
def _tuple(m: _Machine) -> None:
    items = m.pop_mark()
    m.stack.append(tuple(items))


@_op(b"\x85")
def _tuple1(m: _Machine) -> None:
    m.stack[-1] = (m.stack[-1],)


@_op(b"\x86")
def _tuple2(m: _Machine) -> None:
    last = m.stack.pop()
    m.stack[-1] = (m.stack[-1], last)


@_op(b"\x87")
def _tuple3(m: _Machine) -> None:
    last = m.stack.pop()
    middle = m.stack.pop()
    m.stack[-1] = (m.stack[-1], middle, last)


@_op(b"l")
def _list(m: _Machine) -> None:
    items = m.pop_mark()
    m.stack.append(items)


@_op(b"d")
def _dict(m: _Machine) -> None:
    items = m.pop_mark()
    made = Dict()
    m.stack.append(made)
    _set_pairs(m, made, items)


def _add(m: _Machine, target: Node, items: list[Node]) -> None:
    if type(target) is list:
        target.extend(items)
    elif type(target) is Set:
        target.items.extend(items)
    elif type(target) is Call:
        if target.items is None:
            target.items = []
        target.items.extend(items)
    else:
        raise _Invalid("it appends to something that is no list")


@_op(b"a")
def _append(m: _Machine) -> None:
    value = m.stack.pop()
    _add(m, m.stack[-1], [value])


@_op(b"e")
def _appends(m: _Machine) -> None:
    items = m.pop_mark()
    _add(m, m.stack[-1], items)


@_op(b"\x90")
def _additems(m: _Machine) -> None:
    items = m.pop_mark()
    _add(m, m.stack[-1], items)


def _set_pairs(m: _Machine, target: Node, flat: list[Node]) -> None:
    if len(flat) % 2:
        raise _Invalid("a key is set without a value")
    if type(target) is Dict:
        target.flat.extend(flat)
    elif type(target) is Call:
        if target.flat is None:
            target.flat = []
        target.flat.extend(flat)
    elif type(target) is Ref:
        target.tampered = True  # a loader would change the named object itself
    else:
        raise _Invalid("it sets a key on something that is no dictionary")


@_op(b"s")
def _setitem(m: _Machine) -> None:
    value = m.stack.pop()
    key = m.stack.pop()
    _set_pairs(m, m.stack[-1], [key, value])


@_op(b"u")
def _setitems(m: _Machine) -> None:
    items = m.pop_mark()
    _set_pairs(m, m.stack[-1], items)


# Names, calls, objects


def _name(m: _Machine, raw: bytes) -> str:
    m.count_text(len(raw))
    return raw.decode("utf-8", "surrogateescape")


@_op(b"c")
def _global(m: _Machine) -> None:
    module = _name(m, m.line())
    m.stack.append(m.ref(module, _name(m, m.line())))


@_op(b"\x93")
def _stack_global(m: _Machine) -> None:
    name = m.stack.pop()
    module = m.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise _Invalid("a name to import is not a text")
    m.stack.append(m.ref(module, name))


def _extension(width: int) -> _Operation:
    def push(m: _Machine) -> None:
        code = m.number(width)
        m.stack.append(m.ref("copyreg", f"<extension {code}>"))

    return push


for _code, _width in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):
    _TABLE[_code[0]] = _extension(_width)


@_op(b"R")
def _reduce(m: _Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args)


@_op(b"\x81")
def _newobj(m: _Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args, makes=True)


@_op(b"\x92")
def _newobj_ex(m: _Machine) -> None:
    kwargs = m.stack.pop()
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args, makes=True, kwargs=kwargs)


@_op(b"i")
def _inst(m: _Machine) -> None:
    module = _name(m, m.line())
    target = m.ref(module, _name(m, m.line()))
    args = m.pop_mark()
    m.stack.append(m.call(target, tuple(args)))


@_op(b"o")
def _obj(m: _Machine) -> None:
    items = m.pop_mark()
    if not items:
        raise _Invalid("an object has no class")
    m.stack.append(m.call(items[0], tuple(items[1:])))


@_op(b"b")
def _build(m: _Machine) -> None:
    state = m.stack.pop()
    target = m.stack[-1]
    if type(target) is Ref:
        target.tampered = True  # a loader would change the named object itself
    elif type(target) is not Call:
        raise _Invalid("a state is given to something that is no object")
    elif type(target.state) is Dict and type(state) is Dict:
        both = Dict()
        both.flat = target.state.flat + state.flat
        target.state = both
    else:
        target.state = state


@_op(b"P")
def _persid(m: _Machine) -> None:
    m.stack.append(Persistent(_name(m, m.line())))


@_op(b"Q")
def _binpersid(m: _Machine) -> None:
    m.stack[-1] = Persistent(m.stack[-1])
