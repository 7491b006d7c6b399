"""Whole batches of names and tensors, as torch.save writes a state dict, read in lockstep.

``SETITEMS`` comes after a thousand pairs; between two of them the operations are the same for every tensor:
a name, then the idiom of ``pickle_idioms``. The pickler numbers what it remembers in order, so the places of
a row in the memo are known by its first. Where anything at all differs, the plain loop goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ckptgui.core.names import NamePool
from ckptgui.formats.lockstep import Lockstep
from ckptgui.formats.pickles.graph import Node, Ref
from ckptgui.formats.pickles.runs import Lead, Memo, TensorRun

_WIDEST = 8
"""Dimensions; a tensor of more is left to the plain loop."""

_MOST_LEADS = 16
"""Ways to recall what is called for a tensor; torch.save has four, and a file can have any number."""

_TELLS_TYPE = {"torch._utils._rebuild_tensor_v2": False, "torch._utils._rebuild_tensor_v3": True}
"""The functions that rebuild a tensor, and whether they are told its type."""

_PARAMETER = "torch._utils._rebuild_parameter"

_WIDTHS = np.zeros(256, np.int64)
_WIDTHS[[ord("K"), ord("M"), ord("J")]] = 1, 2, 4
"""Bytes of an integer, by its operation."""


class Constants(NamedTuple):
    """Operations that are the same for every tensor, as they stand in the pickle: what recalls which value."""

    word: bytes
    hooks: bytes


class Batches(NamedTuple):
    """The run that was read, the place behind the operation that sets its last pair, and the bytes of names."""

    run: TensorRun
    end: int
    text: int


def match_batches(
    buf: bytes, pos: int, stop: int, memo: Memo, leads: Mapping[bytes, Lead], constants: Constants
) -> Batches | None:
    """The batches that begin, or go on, with a name at ``pos`` and end before ``stop``, if there are any.

    ``leads`` are the operations that recall what is called for a tensor, with what that is.
    """
    known = {get: lead for get, lead in leads.items() if _is_known(lead)}
    if len(known) > _MOST_LEADS or not memo.is_dense:
        return None
    head = b"|".join(b"(" + re.escape(get + b"((" + constants.word) + b")" for get in known)
    heads = [(m.start(), m.end(), m.lastindex) for m in re.compile(head).finditer(buf, pos, stop)] if known else []
    if not heads:
        return None
    starts, behind, number = np.array(heads, np.int64).T
    rows = _tensors(buf, behind, constants.hooks, list(known.values()), number - 1)
    ends = rows.cursors.at
    closes = rows.cursors.peek() == ord("u")
    opens = closes & (rows.cursors.peek(1) == ord("("))
    names = _Cursors(buf, np.concatenate([[pos], (ends + 2 * opens)[:-1]]))
    texts = _Texts(names)
    names.good &= (texts.put == rows.first) & (names.at == starts)
    values = np.where(rows.ndim > 0, 8, 6) + 3 * rows.outer
    expected = memo.highest + 1 + np.cumsum(values) - values
    good = names.settled() & rows.cursors.settled() & (rows.first == expected)
    reached = len(good) if good.all() else int(np.argmin(good))
    closed = np.flatnonzero(closes[:reached])
    if not len(closed):
        return None
    count = int(closed[-1]) + 1
    called = names.texts(texts.start[:count], texts.length[:count])
    run = None if called is None else _run(rows, called, memo, list(known.values()), constants)
    return None if run is None else Batches(run, int(ends[count - 1]) + 1, int(texts.length[:count].sum()))


def _is_known(lead: Lead) -> bool:
    return lead.target.path in _TELLS_TYPE and (lead.outer is None or lead.outer.path == _PARAMETER)


class _Cursors(Lockstep):
    """Cursors that take operations of a pickle."""

    def recalled(self, where: np.ndarray | None = None) -> np.ndarray:
        """Expect an operation that recalls, and give the place in the memo."""
        return self._place(ord("h"), ord("j"), where)

    def put(self, where: np.ndarray | None = None) -> np.ndarray:
        """Expect an operation that remembers, and give the place in the memo."""
        return self._place(ord("q"), ord("r"), where)

    def makes(self, operations: bytes, place: np.ndarray, where: np.ndarray | None = None) -> None:
        """Expect operations and that what they make is remembered at ``place``."""
        self.literal(operations, where)
        right = self.put(where) == place
        self.good &= right if where is None else right | ~where

    def flag(self, where: np.ndarray | None = None) -> np.ndarray:
        """Expect True or False."""
        code = self.peek()
        self._step((code == 0x88) | (code == 0x89), np.ones(len(code), np.int64), where)
        is_true: np.ndarray = code == 0x88
        return is_true

    def _place(self, short: int, wide: int, where: np.ndarray | None = None) -> np.ndarray:
        code = self.peek()
        is_wide = code == wide
        number = np.where(is_wide, self.little(4, 1), self.peek(1))
        self._step(is_wide | (code == short), np.where(is_wide, 5, 2), where)
        return number

    def integer(self, where: np.ndarray | None = None) -> np.ndarray:
        """Expect an integer of at most four bytes."""
        width = _WIDTHS[self.peek()]
        number = self.little(4, 1)
        signed = np.where(number >= 1 << 31, number - (1 << 32), number)
        self._step(width > 0, 1 + width, where)
        return np.where(width == 4, signed, number & np.where(width == 2, 0xFFFF, 0xFF))

    def _step(self, right: np.ndarray, step: np.ndarray, where: np.ndarray | None) -> None:
        self.good &= right if where is None else right | ~where
        self.at += step if where is None else np.where(where, step, 0)

    def integers(self, filler: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expect a tuple of integers: a matrix of them, how many they are, and where the tuple is remembered."""
        code = self.peek()
        some, marked = code != ord(")"), code == ord("(")
        self.at += ~some | marked
        count = np.zeros(len(code), np.int64)
        numbers: list[np.ndarray] = []
        more = some & (_WIDTHS[self.peek()] > 0)
        while more.any() and len(numbers) < _WIDEST:
            numbers.append(np.where(more, self.integer(more), filler))
            count += more
            more = more & (_WIDTHS[self.peek()] > 0)
        closing = np.where(marked, ord("t"), 0x84 + count)
        fits = np.where(marked, count > 3, (count > 0) & (count < 4))
        self.good &= ~some | (~more & fits & (self.peek() == closing))
        self.at += some
        matrix = np.stack(numbers, axis=1) if numbers else np.full((len(code), 0), filler, np.int64)
        return matrix, count, self.put(some)

    def digits(self) -> tuple[np.ndarray, np.ndarray]:
        """Expect a text of at most 18 digits: where they begin and how many they are."""
        self.literal(b"X")
        length = self.little(4)
        self.at += 4
        self.good &= (length > 0) & (length <= 18)
        for ahead in range(int(length[self.good].max(initial=0))):
            digit = self.peek(ahead) - np.uint8(ord("0"))
            self.good &= (ahead >= length) | (digit < 10)
        start = self.at.copy()
        self.at += np.where(self.good, length, 0)
        return start, length


class _Texts:
    """A text at each cursor: where it begins, its length in bytes and where it is remembered."""

    def __init__(self, cursors: _Cursors) -> None:
        cursors.literal(b"X")
        self.length = cursors.little(4)
        self.start = cursors.at + 4
        cursors.at = self.start + self.length
        self.put = cursors.put()


class _Rows(NamedTuple):
    """Columns of what was read, right where ``cursors`` are good. ``first`` is where a name is remembered.

    ``told`` is the place of the type in the memo, -1 where none is told; ``outer`` tells the parameters.
    """

    cursors: _Cursors
    lead: np.ndarray
    outer: np.ndarray
    told: np.ndarray
    storage_class: np.ndarray
    key_start: np.ndarray
    key_length: np.ndarray
    place: np.ndarray
    numel: np.ndarray
    offset: np.ndarray
    shape: np.ndarray
    strides: np.ndarray
    ndim: np.ndarray
    requires_grad: np.ndarray
    first: np.ndarray


def _tensors(buf: bytes, at: np.ndarray, hooks: bytes, leads: list[Lead], lead: np.ndarray) -> _Rows:
    """Read each tensor from behind the word “storage” to its last operation; ``lead`` is a row of ``leads``."""
    outer = np.array([one.outer is not None for one in leads], np.bool_)[lead]
    typed = np.array([_TELLS_TYPE[one.target.path] for one in leads], np.bool_)[lead]
    cursors = _Cursors(buf, at)
    storage_class = cursors.recalled()
    key_start, key_length = cursors.digits()
    first = cursors.put() - 1
    place = cursors.recalled()
    numel = cursors.integer()
    cursors.literal(b"t")
    cursors.good &= cursors.put() == first + 2
    cursors.literal(b"Q")
    offset = cursors.integer()
    shape, ndim, put_size = cursors.integers(1)
    strides, dimensions, put_stride = cursors.integers(0)
    cursors.good &= (ndim == dimensions) & ((ndim == 0) | ((put_size == first + 3) & (put_stride == first + 4)))
    grad = cursors.flag()
    following = first + np.where(ndim > 0, 5, 3)
    cursors.makes(hooks + b")R", following)
    told = np.where(typed, cursors.recalled(typed), -1)
    cursors.makes(b"t", following + 1)
    cursors.makes(b"R", following + 2)
    cursors.good &= ~(outer & grad)  # torch saves what a parameter is made of without
    grad |= cursors.flag(outer) & outer
    cursors.makes(hooks + b")R", following + 3, outer)
    cursors.makes(b"\x87", following + 4, outer)
    cursors.makes(b"R", following + 5, outer)
    return _Rows(
        cursors, lead, outer, told, storage_class, key_start, key_length, place, numel, offset, shape, strides,
        ndim, grad, first,
    )  # fmt: skip


def _run(rows: _Rows, names: NamePool, memo: Memo, leads: list[Lead], constants: Constants) -> TensorRun | None:
    """The first rows, which are called ``names``, as a run; None where the memo does not hold what they recall."""
    count = len(names)
    classes, storage_class = np.unique(rows.storage_class[:count], return_inverse=True)
    places, place = np.unique(rows.place[:count], return_inverse=True)
    types, told = np.unique(rows.told[:count], return_inverse=True)
    untold = int(types[0] < 0)
    if max(int(classes[-1]), int(places[-1]), int(types[-1])) >= rows.first[0]:
        return None
    try:
        word, hooks = (memo[int.from_bytes(get[1:], "little")] for get in (constants.word, constants.hooks))
        known = _recalled(memo, classes), _recalled(memo, places), _recalled(memo, types[untold:])
    except KeyError:
        return None
    keys = rows.cursors.texts(rows.key_start[:count], rows.key_length[:count])
    if type(hooks) is not Ref or keys is None:
        return None
    hooks.note_call(0)
    for used in np.unique(rows.lead[:count]).tolist():
        target, outer = leads[used]
        target.note_call(7 if _TELLS_TYPE[target.path] else 6)
        if outer is not None:
            outer.note_call(3)
    return TensorRun(
        leads=leads,
        told_types=known[2],
        hooks=hooks,
        word=word,
        classes=known[0],
        places=known[1],
        names=names,
        keys=keys,
        lead=rows.lead[:count],
        told=told - untold,
        storage_class=storage_class,
        place=place,
        numel=rows.numel[:count],
        offset=rows.offset[:count],
        shape=rows.shape[:count],
        strides=rows.strides[:count],
        ndim=rows.ndim[:count],
        requires_grad=rows.requires_grad[:count],
        first=rows.first[:count],
    )


def _recalled(memo: Memo, places: np.ndarray) -> list[Node]:
    return [memo[place] for place in places.tolist()]
