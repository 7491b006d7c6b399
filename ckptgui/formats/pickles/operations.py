"""What each operation of a pickle, protocols 0 to 5, does to the stack: one function a code, in one table."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable

from ckptgui.formats.limits import exceeded
from ckptgui.formats.pickles.graph import Call, Dict, LongText, Node, Ref, Set
from ckptgui.formats.pickles.idioms import TensorIdiom
from ckptgui.formats.pickles.runs import Lead
from ckptgui.formats.pickles.stream import NO_FRAME, Finished, Invalid, Machine

Operation = Callable[[Machine], None]


def _unknown(m: Machine) -> None:
    raise Invalid(f"there is no operation 0x{m.buf[m.before]:02x}")


TABLE: list[Operation] = [_unknown] * 256
"""The function for each byte."""


def _op(code: bytes) -> Callable[[Operation], Operation]:
    def register(function: Operation) -> Operation:
        TABLE[code[0]] = function
        return function

    return register


# Structure of the stream


@_op(b"\x80")
def _proto(m: Machine) -> None:
    version = m.number(1)
    if version > 5:
        raise Invalid(f"it is of protocol {version}, the newest known is 5")
    m.protocol = max(m.protocol, version)


@_op(b"\x95")
def _frame(m: Machine) -> None:
    length = m.number(8)
    if m.frame_end != NO_FRAME and m.before < m.frame_end:
        raise Invalid("a frame begins within a frame")
    m.frame_end = m.pos + length
    if m.frame_end > m.end:
        m.frame_end = NO_FRAME  # cut; what is here is still read


@_op(b".")
def _stop(m: Machine) -> None:
    if not m.stack:
        raise Invalid("it ends without a value")
    if m.marks:
        raise Invalid("it ends within a value")
    raise Finished


@_op(b"(")
def _mark(m: Machine) -> None:
    if len(m.marks) >= m.limits.nesting:
        raise exceeded("nesting", m.limits)
    m.marks.append(m.stack)
    m.stack = []


@_op(b"0")
def _pop(m: Machine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.pop_mark()


@_op(b"1")
def _pop_mark(m: Machine) -> None:
    m.pop_mark()


@_op(b"2")
def _dup(m: Machine) -> None:
    m.stack.append(m.stack[-1])


# The memo


def _recall(m: Machine, index: int) -> None:
    try:
        value = m.memo[index]
    except KeyError:
        raise Invalid(f"it recalls value {index:,}, which it never stored") from None
    m.stack.append(value)
    if (
        type(value) is Ref
        and m.idiom is not None
        and m.frame_end == NO_FRAME  # protocols that have frames do not write it
        and m.buf.startswith(b"((", m.pos)
    ):
        _take_tensors(m, m.idiom, value)


def _take_tensors(m: Machine, idiom: TensorIdiom, target: Ref) -> None:
    """Go over a run of tensors in one step, if one begins here."""
    below = m.stack[-2] if len(m.stack) > 1 else None
    run = idiom.match(m.pos, Lead(target, below if type(below) is Ref else None))
    if run is None:
        return
    m.pos = run.end
    m.stack[-2 if run.outer else -1 :] = run.values
    _charge(m, run.tensors, run.text)
    if run.tensors == idiom.LONGEST and m.marks and m.marks[-1] and len(m.stack) % 2 == 0:
        _take_batches(m, idiom)


def _take_batches(m: Machine, idiom: TensorIdiom) -> None:
    """Go over all that is set on a dictionary by whole batches, if this is one that is being filled."""
    filled = m.marks[-1][-1]
    if type(filled) is not Dict and type(filled) is not Call:
        return
    found = idiom.batches(m.pos)
    if found is None:
        return
    _set_pairs(m, filled, m.pop_mark())
    filled.set_run(found.run)
    m.memo.hold(found.run)
    m.pos = found.end
    _charge(m, len(found.run), found.text)
    m.check_budgets()


def _charge(m: Machine, tensors: int, text: int) -> None:
    """Count what was gone over as the single operations would have been."""
    m.steps += TensorIdiom.OPERATIONS * tensors
    m.count_text(text)
    m.check()


@_op(b"h")
def _binget(m: Machine) -> None:
    _recall(m, m.number(1))


@_op(b"j")
def _long_binget(m: Machine) -> None:
    _recall(m, m.number(4))


@_op(b"g")
def _get(m: Machine) -> None:
    _recall(m, m.integer(m.line()))


def _remember(m: Machine, index: int) -> None:
    value, memo = m.stack[-1], m.memo
    if index > memo.highest:
        memo.highest = index
    elif m.idiom is not None and memo.holds(index):
        memo.release(index)
        m.idiom.forget()
    memo[index] = value


@_op(b"q")
def _binput(m: Machine) -> None:
    _remember(m, m.number(1))


@_op(b"r")
def _long_binput(m: Machine) -> None:
    _remember(m, m.number(4))


@_op(b"p")
def _put(m: Machine) -> None:
    index = m.integer(m.line())
    if index < 0:
        raise Invalid("it stores a value at a negative place")
    _remember(m, index)


@_op(b"\x94")
def _memoize(m: Machine) -> None:
    _remember(m, len(m.memo))


# Plain values


def _constant(code: bytes, value: Node) -> None:
    def push(m: Machine) -> None:
        m.stack.append(value)

    TABLE[code[0]] = push


for _code, _value in ((b"N", None), (b"\x88", True), (b"\x89", False), (b")", ())):
    _constant(_code, _value)


@_op(b"K")
def _binint1(m: Machine) -> None:
    m.stack.append(m.number(1))


@_op(b"M")
def _binint2(m: Machine) -> None:
    m.stack.append(m.number(2))


@_op(b"J")
def _binint(m: Machine) -> None:
    m.stack.append(int.from_bytes(m.take(4), "little", signed=True))


def _long(m: Machine, length: int) -> None:
    raw = m.take(length)
    m.stack.append(
        _undecoded(raw) if length > m.limits.integer_bytes else int.from_bytes(raw, "little", signed=True)
    )


def _undecoded(raw: bytes) -> Call:
    """An integer that would take long to work out, left as the call that would."""
    return Call(Ref("builtins", "int"), (raw,), makes=True)


@_op(b"\x8a")
def _long1(m: Machine) -> None:
    _long(m, m.number(1))


@_op(b"\x8b")
def _long4(m: Machine) -> None:
    length = int.from_bytes(m.take(4), "little", signed=True)
    if length < 0:
        raise Invalid("an integer has a negative length")
    _long(m, length)


@_op(b"I")
def _int(m: Machine) -> None:
    raw = m.line()
    if raw in (b"00", b"01"):
        m.stack.append(raw == b"01")
    else:
        _decimal(m, raw)


def _decimal(m: Machine, raw: bytes) -> None:
    m.stack.append(_undecoded(raw) if len(raw) > m.limits.integer_bytes else m.integer(raw))


@_op(b"L")
def _long_line(m: Machine) -> None:
    _decimal(m, m.line().rstrip(b"L"))


@_op(b"F")
def _float_line(m: Machine) -> None:
    try:
        m.stack.append(float(m.line()))
    except ValueError:
        raise Invalid("a number is not written in digits") from None


@_op(b"G")
def _binfloat(m: Machine) -> None:
    m.stack.append(struct.unpack(">d", m.take(8))[0])


def _text(m: Machine, length: int) -> None:
    raw = m.take(length)
    if length > m.limits.string_bytes:
        m.stack.append(LongText(raw))
        return
    m.count_text(length)
    try:
        m.stack.append(raw.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        raise Invalid("a text is not UTF-8") from None


@_op(b"X")
def _binunicode(m: Machine) -> None:
    _text(m, m.number(4))


@_op(b"\x8c")
def _short_binunicode(m: Machine) -> None:
    _text(m, m.number(1))


@_op(b"\x8d")
def _binunicode8(m: Machine) -> None:
    _text(m, m.number(8))


@_op(b"V")
def _unicode_line(m: Machine) -> None:
    raw = m.line()
    m.count_text(len(raw))
    try:
        m.stack.append(raw.decode("raw-unicode-escape"))
    except UnicodeDecodeError:
        raise Invalid("an escape in a text is damaged") from None


_LONGEST_TEXT = 1 << 16
"""A string of Python 2 beyond this is data: an array's values."""


def _old_string(m: Machine, raw: bytes) -> None:
    """A string of Python 2, which did not tell bytes from text; torch takes it for UTF-8, so do we."""
    m.count_text(len(raw))
    m.old_text = m.old_text or not raw.isascii()
    m.stack.append(raw.decode("utf-8", "surrogateescape"))


@_op(b"S")
def _string_line(m: Machine) -> None:
    raw = m.line().strip()
    if len(raw) < 2 or raw[0] != raw[-1] or raw[:1] not in (b"'", b'"'):
        raise Invalid("a string lacks its quotes")
    try:
        decoded = codecs.escape_decode(raw[1:-1])[0]
    except ValueError:
        raise Invalid("an escape in a string is damaged") from None
    _old_string(m, decoded)


@_op(b"U")
def _short_binstring(m: Machine) -> None:
    _old_string(m, m.take(m.number(1)))


@_op(b"T")
def _binstring(m: Machine) -> None:
    length = int.from_bytes(m.take(4), "little", signed=True)
    if length < 0:
        raise Invalid("a string has a negative length")
    if length <= _LONGEST_TEXT:
        _old_string(m, m.take(length))
    else:
        m.old_text = True
        m.stack.append(m.value(length))


@_op(b"C")
def _short_binbytes(m: Machine) -> None:
    m.stack.append(m.value(m.number(1)))


@_op(b"B")
def _binbytes(m: Machine) -> None:
    m.stack.append(m.value(m.number(4)))


@_op(b"\x8e")
def _binbytes8(m: Machine) -> None:
    m.stack.append(m.value(m.number(8)))


@_op(b"\x96")
def _bytearray8(m: Machine) -> None:
    m.stack.append(m.value(m.number(8)))


@_op(b"\x97")
def _next_buffer(m: Machine) -> None:
    raise Invalid("it refers to a buffer outside the file")


@_op(b"\x98")
def _readonly_buffer(m: Machine) -> None:
    m.stack[-1]  # an operation without effect here, on a value that must be there


# Containers


@_op(b"}")
def _empty_dict(m: Machine) -> None:
    m.stack.append(Dict())


@_op(b"]")
def _empty_list(m: Machine) -> None:
    m.stack.append([])


@_op(b"\x8f")
def _empty_set(m: Machine) -> None:
    m.stack.append(Set([], frozen=False))


@_op(b"\x91")
def _frozenset(m: Machine) -> None:
    items = m.pop_mark()
    m.stack.append(Set(items, frozen=True))


@_op(b"t")
def _tuple(m: Machine) -> None:
    items = m.pop_mark()
    m.stack.append(tuple(items))


@_op(b"\x85")
def _tuple1(m: Machine) -> None:
    m.stack[-1] = (m.stack[-1],)


@_op(b"\x86")
def _tuple2(m: Machine) -> None:
    last = m.stack.pop()
    m.stack[-1] = (m.stack[-1], last)


@_op(b"\x87")
def _tuple3(m: Machine) -> None:
    last = m.stack.pop()
    middle = m.stack.pop()
    m.stack[-1] = (m.stack[-1], middle, last)


@_op(b"l")
def _list(m: Machine) -> None:
    items = m.pop_mark()
    m.stack.append(items)


@_op(b"d")
def _dict(m: Machine) -> None:
    items = m.pop_mark()
    made = Dict()
    m.stack.append(made)
    _set_pairs(m, made, items)


def _add(m: Machine, target: Node, items: list[Node]) -> None:
    if type(target) is list:
        target.extend(items)
    elif type(target) is Set:
        target.items.extend(items)
    elif type(target) is Call:
        if target.items is None:
            target.items = []
        target.items.extend(items)
    else:
        raise Invalid("it appends to something that is no list")


@_op(b"a")
def _append(m: Machine) -> None:
    value = m.stack.pop()
    _add(m, m.stack[-1], [value])


@_op(b"e")
def _appends(m: Machine) -> None:
    items = m.pop_mark()
    _add(m, m.stack[-1], items)


@_op(b"\x90")
def _additems(m: Machine) -> None:
    items = m.pop_mark()
    _add(m, m.stack[-1], items)


def _set_pairs(m: Machine, target: Node, flat: list[Node]) -> None:
    if len(flat) % 2:
        raise Invalid("a key is set without a value")
    if type(target) is Dict or type(target) is Call:
        target.set_pairs(flat)
    elif type(target) is Ref:
        target.tampered = True  # a loader would change the named object itself
    else:
        raise Invalid("it sets a key on something that is no dictionary")


@_op(b"s")
def _setitem(m: Machine) -> None:
    value = m.stack.pop()
    key = m.stack.pop()
    _set_pairs(m, m.stack[-1], [key, value])


@_op(b"u")
def _setitems(m: Machine) -> None:
    items = m.pop_mark()
    _set_pairs(m, m.stack[-1], items)


# Names, calls, objects


def _name(m: Machine, raw: bytes) -> str:
    m.count_text(len(raw))
    return raw.decode("utf-8", "surrogateescape")


@_op(b"c")
def _global(m: Machine) -> None:
    module = _name(m, m.line())
    m.stack.append(m.ref(module, _name(m, m.line())))


@_op(b"\x93")
def _stack_global(m: Machine) -> None:
    name = m.stack.pop()
    module = m.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise Invalid("a name to import is not a text")
    m.stack.append(m.ref(module, name))


def _extension(width: int) -> Operation:
    def push(m: Machine) -> None:
        code = m.number(width)
        m.stack.append(m.ref("copyreg", f"<extension {code}>"))

    return push


for _code, _width in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):
    TABLE[_code[0]] = _extension(_width)


@_op(b"R")
def _reduce(m: Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args)


@_op(b"\x81")
def _newobj(m: Machine) -> None:
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args, makes=True)


@_op(b"\x92")
def _newobj_ex(m: Machine) -> None:
    kwargs = m.stack.pop()
    args = m.stack.pop()
    m.stack[-1] = m.call(m.stack[-1], args, makes=True, kwargs=kwargs)


@_op(b"i")
def _inst(m: Machine) -> None:
    module = _name(m, m.line())
    target = m.ref(module, _name(m, m.line()))
    args = m.pop_mark()
    m.stack.append(m.call(target, tuple(args)))


@_op(b"o")
def _obj(m: Machine) -> None:
    items = m.pop_mark()
    if not items:
        raise Invalid("an object has no class")
    m.stack.append(m.call(items[0], tuple(items[1:])))


@_op(b"b")
def _build(m: Machine) -> None:
    state = m.stack.pop()
    target = m.stack[-1]
    if type(target) is Ref:
        target.tampered = True  # a loader would change the named object itself
    elif type(target) is not Call:
        raise Invalid("a state is given to something that is no object")
    elif type(target.state) is Dict and type(state) is Dict:
        both = Dict()
        both.flat = target.state.flat + state.flat
        target.state = both
    else:
        target.state = state


@_op(b"P")
def _persid(m: Machine) -> None:
    m.stack.append(m.outside(_name(m, m.line())))


@_op(b"Q")
def _binpersid(m: Machine) -> None:
    m.stack[-1] = m.outside(m.stack[-1])
