"""The tensors of ``info --json`` as lines of text.

Tensors come in a few kinds of shape, dtype and so on. One of each kind is described in full; the others are
its text with their own name, storage and place, so that a hundred thousand lines cost little more than their
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.extents import Codec
from ckptgui.core.tensors import Path, TensorTable

_BLOCK = 4096
"""Lines that are made at a time."""

_OWN = ("path", "name", "storage", "storage_offset", "file_offset")
"""What differs between tensors of one kind, in the order in which an entry has it."""

_encoded = json.encoder.encode_basestring_ascii

Describe = Callable[[int], dict[str, Any]]
"""What the table says of one row."""

Endings = Callable[[int, int], Sequence[str]]
"""What the entries from one row on and before another end with, as JSON after a comma, or nothing."""


def tensor_lines(checkpoint: Checkpoint, describe: Describe, endings: Endings) -> Iterator[list[str]]:
    """The entries of all rows as JSON, a block of lines at a time.

    ``describe`` is asked once for each kind of tensor, and for every row that is special.
    """
    table, sections = checkpoint.tensors, _sections(checkpoint)
    prefixes, special = _Prefixes(checkpoint), _special(table)
    templates: dict[tuple[int, bytes, bytes], list[str]] = {}
    for first in range(0, len(table), _BLOCK):
        rows = slice(first, min(first + _BLOCK, len(table)))
        own = zip(table.names[rows], _keys(table, rows), table.storage_offset[rows].tolist(), _places(table, rows))
        likes = _likes(table, rows)
        ends = endings(rows.start, rows.stop)
        lines = []
        for number, (is_special, section, container, like, words, end) in enumerate(
            zip(special[rows].tolist(), sections[rows].tolist(), table.container[rows].tolist(), likes, own, ends)
        ):
            if is_special:
                lines.append(f"{_json(describe(first + number))[:-1]}{end}}}")
                continue
            template = templates.get(like)
            if template is None:
                template = templates[like] = _template(describe(first + number))
            lines.append(f"{_line(template, prefixes.of(section, container), *words)}{end}}}")
        yield lines


def _line(template: list[str], prefix: _Prefix, name: str, key: str, offset: int, place: int | str) -> str:
    before, to_name, to_storage, to_offset, to_place, after = template
    text = _encoded(name)
    called = text if name == prefix.own else prefix.name + text[1:]
    told = f"{before}{prefix.path}{text}]{to_name}{called}{to_storage}{key}{to_offset}{offset}"
    return f"{told}{to_place}{place}{after}"


def _sections(checkpoint: Checkpoint) -> np.ndarray:
    """The section (int64) of each row; -1 where it is in none."""
    numbers = np.full(len(checkpoint), -1, np.int64)
    for number, section in enumerate(checkpoint.sections):
        numbers[section.start : section.stop] = number
    return numbers


def _special(table: TensorTable) -> np.ndarray:
    """bool a row: those with components and the like, or without a place of their own."""
    special: np.ndarray = table.container < 0
    special[[*table.errors, *table.extras]] = True
    others = np.zeros(len(table.extents) + 1, np.bool_)  # the last is for rows without a storage
    others[list(table.extents.others)] = True
    special |= others[table.storage]
    return special


def _likes(table: TensorTable, rows: slice) -> Iterator[tuple[int, bytes, bytes]]:
    """What rows of one kind have in common: a number for it, shape and strides."""
    starts = table.dim_start[rows.start : rows.stop + 1]
    dims = table.dims[starts[0] : starts[-1]].tobytes()
    steps = table.steps[starts[0] : starts[-1]].tobytes()
    places = (8 * (starts - starts[0])).tolist()
    for kind, start, stop in zip(_kinds(table, rows).tolist(), places, places[1:]):
        yield kind, dims[start:stop], steps[start:stop]


def _kinds(table: TensorTable, rows: slice) -> np.ndarray:
    """One number for all that rows of one kind have in common beside shape and strides."""
    storage = table.storage[rows]
    source = table.extents.source[storage] if len(table.extents) else storage
    kinds = np.zeros(len(storage), np.int64)
    for column, bits in (
        (table.dtype[rows], 8),
        (table.device[rows], 16),
        (table.layout[rows], 8),
        (table.kind[rows], 4),
        (table.flags[rows], 4),
        (np.where(storage >= 0, source, -2) + 2, 24),
    ):
        kinds = (kinds << bits) | column
    return kinds


def _places(table: TensorTable, rows: slice) -> list[int | str]:
    """The absolute place of element 0 of each row, or ``null``."""
    storage = table.storage[rows]
    if not len(table.extents):
        return ["null"] * len(storage)
    extents = table.extents
    bits = np.array([dtype.bits for dtype in table.dtypes], np.int64)[table.dtype[rows]]
    places = extents.offset[storage] + (table.storage_offset[rows] * bits + 7) // 8
    told = (
        (storage >= 0)
        & (extents.source[storage] >= 0)
        & (extents.codec[storage] == list(Codec).index(Codec.STORED))
    )
    return [place if here else "null" for place, here in zip(places.tolist(), told.tolist())]


def _keys(table: TensorTable, rows: slice) -> list[str]:
    """The storage of each row, as JSON."""
    storage = table.storage[rows].tolist()
    if not storage:
        return []
    known = [row for row in storage if row >= 0]
    first = min(known, default=0)
    keys = table.storage_keys[first : max(known, default=-1) + 1]
    if len(keys) > 4 * len(storage):  # far apart
        found = [table.storage_keys[row] if row >= 0 else None for row in storage]
    else:
        found = [keys[row - first] if row >= 0 else None for row in storage]
    return ["null" if key is None else _encoded(key) for key in found]


class _Prefix(NamedTuple):
    """What stands before a row's own name in its ``path`` and ``name``, as JSON without an end.

    A row called ``own`` is its section's all, and has no other name.
    """

    path: str
    name: str
    own: str | None


class _Prefixes:
    """Prefixes by section and container."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._sections = checkpoint.sections
        self._containers = checkpoint.tensors.containers
        self._known: dict[tuple[int, int], _Prefix] = {}

    def of(self, section: int, container: int) -> _Prefix:
        """That of the rows of ``section`` (-1: of none) in ``container``."""
        key = section, container
        if key not in self._known:
            self._known[key] = self._made(self._sections[section].path if section >= 0 else (), container)
        return self._known[key]

    def _made(self, section: Path, container: int) -> _Prefix:
        path = self._containers[container]
        below = path[len(section) :] if path[: len(section)] == section else path
        return _Prefix(
            "[" + "".join(f"{_encoded(key)}, " for key in path),
            _encoded("".join(f"{key}." for key in below))[:-1],
            section[-1] if section and section[:-1] == path else None,
        )


def _template(entry: dict[str, Any]) -> list[str]:
    """The text of an entry without its end, cut where a row's own words stand."""
    parts = [""]
    for number, (key, value) in enumerate(entry.items()):
        parts[-1] += f"{', ' if number else '{'}{_encoded(key)}: "
        if key in _OWN:
            parts.append("")
        else:
            parts[-1] += _json(value)
    return parts


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
