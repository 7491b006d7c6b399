"""A safetensors header as the format's own serializer writes it, read in lockstep; anything else is left to JSON.

``"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}``: keys in this order, names without escapes, no
spaces, or one behind each colon and comma as Python's ``json`` writes them. What is taken here is what JSON
would have said, or nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.core.names import NameColumn
from ckptgui.core.views import within
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.lockstep import Lockstep
from ckptgui.formats.safetensors.json_header import metadata_of, parsed
from ckptgui.formats.safetensors.table import Table

_CHUNK = 1 << 20
"""Bytes that are read in lockstep; so much stays in a processor's cache."""

_WIDEST = 8
"""Dimensions; a tensor of more leaves the header to JSON."""

_PADDING = 4096
"""Spaces behind the table at most."""

_TEXT = rb'"(?:[^"\\]|\\.)*+"'
_METADATA = re.compile(rb'\{"__metadata__": ?\{(?:' + _TEXT + rb": ?" + _TEXT + rb"(?:, ?)?)*+\}(?=,)", re.DOTALL)
_FIRST = re.compile(rb' ?"[^"]*+":( ?)\{')
_QUOTES = 10  # in an entry


@dataclass
class _Columns:
    """What was read so far."""

    names: NameColumn = field(default_factory=NameColumn)
    codes: dict[str, int] = field(default_factory=dict)
    code: list[np.ndarray] = field(default_factory=list)
    dims: list[np.ndarray] = field(default_factory=list)
    ndim: list[np.ndarray] = field(default_factory=list)
    begin: list[np.ndarray] = field(default_factory=list)
    end: list[np.ndarray] = field(default_factory=list)

    def table(self, metadata: Mapping[str, str]) -> Table | None:
        """All of it; None where a name comes twice or a place ends before it begins."""
        table = Table(
            self.names.freeze(),
            np.concatenate(self.code),
            tuple(self.codes),
            np.concatenate(self.dims),
            np.concatenate(self.ndim),
            np.concatenate(self.begin),
            np.concatenate(self.end),
            metadata,
        )
        return table if table.names.distinct and bool((table.begin <= table.end).all()) else None


def regular_table(raw: bytes | bytearray, check: Check) -> Table | None:
    """The table, if every byte of the header is as expected."""
    around = _METADATA.match(raw)
    start = around.end() + 1 if around else 1
    first = _FIRST.match(raw, start)
    tail = raw[-_PADDING:]
    stop = len(raw) - len(tail) + len(tail.rstrip(b" "))
    if raw[:1] != b"{" or first is None:
        return None
    gap = first[1]
    start += len(gap) if around else 0
    metadata: Mapping[str, str] = {}
    if around:
        try:
            metadata = metadata_of(parsed(bytes(raw[: around.end()]) + b"}", check))
        except DamagedFileError:
            return None
    columns = _Columns()
    while start < stop:
        check()
        cut = stop if start + _CHUNK >= stop else raw.rfind(b"]}," + gap, start, start + _CHUNK) + 3 + len(gap)
        if cut <= start or _is_odd(raw, start, cut) or not _take(raw, start, cut, cut == stop, gap, columns):
            return None
        start = cut
    return columns.table(metadata)


def _is_odd(raw: bytes | bytearray, start: int, stop: int) -> bool:
    """Whether there are escapes, control characters, or a second table of remarks."""
    if raw.find(b"\\", start, stop) >= 0 or raw.find(b'"__metadata__"', start, stop) >= 0:
        return True
    return int(np.frombuffer(raw, np.uint8)[start:stop].min()) < 0x20


def _take(raw: bytes | bytearray, start: int, stop: int, last: bool, gap: bytes, columns: _Columns) -> bool:
    """Read the entries that fill ``start`` to ``stop``; False if they do not, or are not regular."""
    here = np.frombuffer(raw, np.uint8)[start:stop]
    braces = np.flatnonzero(here == ord("{"))
    if not len(braces) or np.count_nonzero(here == ord('"')) != _QUOTES * len(braces):
        return False
    cursors = Lockstep(raw, start + braces - 2 - len(gap))
    before = cursors.at.copy()
    cursors.literal(b'":%b{"dtype":%b"' % (gap, gap))
    which, words = cursors.word()
    cursors.literal(b'",%b"shape":%b[' % (gap, gap))
    shape, ndim = _shape(cursors, gap)
    cursors.literal(b'],%b"data_offsets":%b[' % (gap, gap))
    begin = cursors.decimal()
    cursors.literal(b"," + gap)
    end = cursors.decimal()
    cursors.literal(b"]}")
    following = np.arange(len(braces)) < len(braces) - last
    cursors.literal(b"," + gap, following)
    cursors.literal(b"}", ~following)
    names = Lockstep(raw, np.concatenate([[start], cursors.at[:-1]]))
    names.literal(b'"')
    length = before - names.at
    if not (cursors.settled().all() and names.settled().all() and length.min() >= 0 and cursors.at[-1] == stop):
        return False
    pool = cursors.texts(names.at, length)
    if pool is None:
        return False
    columns.names.extend(pool)
    numbers = np.array([columns.codes.setdefault(word, len(columns.codes)) for word in words], np.int64)
    columns.code.append(numbers[which])
    columns.dims.append(shape[within(ndim, shape.shape[1])])
    columns.ndim.append(ndim)
    columns.begin.append(begin)
    columns.end.append(end)
    return True


def _shape(cursors: Lockstep, gap: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The sizes up to the closing bracket: a matrix, 1 beyond each row's dimensions, and how many those are."""
    ndim = np.zeros(len(cursors.at), np.int64)
    sizes: list[np.ndarray] = []
    more = cursors.peek() != ord("]")
    while more.any() and len(sizes) < _WIDEST:
        sizes.append(np.where(more, cursors.decimal(more), 1))
        ndim += more
        more = more & (cursors.peek() == ord(","))
        cursors.literal(b"," + gap, more)
    cursors.good &= ~more
    return np.stack(sizes, axis=1) if sizes else np.ones((len(ndim), 0), np.int64), ndim
