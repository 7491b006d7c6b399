"""Reads a pickle of any protocol into an inert graph: the operations are followed, their effects are not.

One loop over one table, no recursion. A global becomes a ``Ref``, a call a ``Call``. What was read is kept
when the stream breaks off, because a checkpoint that was cut still tells most of what it held.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.quiet import without_garbage_collection
from ckptgui.formats.base import Check
from ckptgui.formats.limits import DEFAULT, Limits
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref
from ckptgui.formats.pickles.operations import TABLE
from ckptgui.formats.pickles.salvage import fold
from ckptgui.formats.pickles.stream import NO_FRAME, Finished, Invalid, Machine, Outside, Truncated

_STEPS = 4096
"""Operations between two looks at the budgets and at the wish to stop."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The graph of a pickle. ``broken`` is None when it ended with STOP, else what went wrong and where.

    ``refs`` are the names in it in order, ``end`` is one past the last byte read, ``notes`` are sentences
    on things that other programs may read differently. ``inner`` are calls that would unpickle in turn.
    ``protocol`` is the newest that it announces. ``old_text`` says that it has strings of Python 2 beyond ASCII.
    """

    root: Node
    broken: str | None
    refs: tuple[Ref, ...]
    end: int
    cut: bool = False  # the bytes ended before the pickle did
    notes: tuple[str, ...] = ()
    inner: tuple[Call, ...] = ()
    protocol: int = 0
    old_text: bool = False


def parse(
    data: bytes,
    check: Check = lambda: None,
    *,
    start: int = 0,
    limits: Limits = DEFAULT,
    idioms: bool = True,
    outside: Outside = Persistent,
) -> Parsed:
    """Follow the pickle at ``start`` of ``data``; ``outside`` makes the nodes of persistent ids.

    Raises ``LimitExceededError`` and what ``check`` raises."""
    with without_garbage_collection():
        return _run(Machine(data, check, start, limits, idioms and outside is Persistent, outside))


def parse_file(
    feed: Feed,
    start: int,
    check: Check = lambda: None,
    *,
    limits: Limits = DEFAULT,
    outside: Outside = Persistent,
) -> Parsed:
    """Follow the pickle at ``start`` of a file, of which long values of bytes stay where they are (``FileBytes``).

    Raises what ``parse`` does and ``UnreadableFileError``.
    """
    with without_garbage_collection():
        return _run(Machine(b"", check, start, limits, outside is Persistent, outside, feed))


def _run(m: Machine) -> Parsed:
    """Follow operations until STOP, the end of the bytes or one that makes no sense."""
    broken, cut = _follow(m)
    root = m.stack[-1] if broken is None else fold(m.stack, m.marks)
    end = m.base + m.pos
    return Parsed(
        root, broken, tuple(m.refs.values()), end, cut, tuple(m.notes), tuple(m.inner), m.protocol, m.old_text
    )


def _follow(m: Machine) -> tuple[str | None, bool]:
    """What went wrong, and whether that is the end of the bytes."""
    while True:
        try:
            _loop(m)
        except Finished:
            return None, False
        except Truncated as error:
            if not m.refill():  # an operation takes from the bytes before it changes anything
                return str(error), True
        except Invalid as error:
            return f"Its pickle makes no sense at byte {m.base + m.before:,}: {error}.", False
        except IndexError:
            if m.before < m.size or not m.refill():
                return _out_of_range(m)


def _loop(m: Machine) -> None:
    buf, table = m.buf, TABLE
    while True:
        m.check()
        m.steps += _STEPS
        m.check_budgets()
        for _ in range(_STEPS):
            m.before = pos = m.pos
            m.pos = pos + 1
            table[buf[pos]](m)
            if m.pos > m.frame_end:
                _leave_frame(m)


def _out_of_range(m: Machine) -> tuple[str, bool]:
    """Which of two things an index error was: no byte to read, or no value to take."""
    if m.before >= m.size:
        return f"Its pickle ends at byte {m.base + m.end:,}, before its STOP.", True
    return f"Its pickle makes no sense at byte {m.base + m.before:,}: it takes a value that is not there.", False


def _leave_frame(m: Machine) -> None:
    if m.before < m.frame_end:
        m.notes["An operation of its pickle straddles the end of a frame; other programs may read it "
                   "differently."] = None  # fmt: skip
    m.frame_end = NO_FRAME
