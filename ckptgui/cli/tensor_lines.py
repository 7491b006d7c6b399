"""The tensors of ``info --json`` as lines of text, where no values were asked for.

Tensors come in a few kinds of shape, dtype and so on. One of each kind is described in full; the others are
its text with their own name, storage and place, so that a hundred thousand lines cost little more than their
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Section
from ckptgui.core.extents import Codec
from ckptgui.core.tensors import Path, TensorTable

_BLOCK = 4096
"""Lines that are made at a time."""

_OWN = ("path", "name", "storage", "storage_offset", "file_offset")
"""What differs between tensors of one kind, in the order in which an entry has it."""

_encoded = json.encoder.encode_basestring_ascii

Describe = Callable[[int], dict[str, Any]]
"""The whole entry of one row."""


def tensor_lines(checkpoint: Checkpoint, describe: Describe) -> Iterator[list[str]]:
    """The entries of all rows as JSON, a block of lines at a time.

    ``describe`` is asked once for each kind of tensor, and for every row that is special.
    """
    at = 0
    for section in (*checkpoint.sections, None):
        start = len(checkpoint) if section is None else section.start
        yield from _stretch(checkpoint.tensors, at, start, None, describe)
        if section is not None:
            yield from _stretch(checkpoint.tensors, start, section.stop, section, describe)
            at = section.stop


def _stretch(
    table: TensorTable, start: int, stop: int, section: Section | None, describe: Describe
) -> Iterator[list[str]]:
    """Rows of one section, or of none."""
    prefixes = _Prefixes(table, section.path if section else ())
    special = _special(table)
    templates: dict[tuple[int, bytes, bytes], list[str]] = {}
    for first in range(start, stop, _BLOCK):
        last = min(first + _BLOCK, stop)
        yield _block(table, slice(first, last), prefixes, special[first:last], templates, describe)


def _special(table: TensorTable) -> np.ndarray:
    """bool a row: those with an error, with components and the like, or without a place of their own."""
    special: np.ndarray = table.container < 0
    special[[*table.errors, *table.extras]] = True
    others = np.zeros(len(table.extents) + 1, np.bool_)  # the last is for rows without a storage
    others[list(table.extents.others)] = True
    special |= others[table.storage]
    return special


def _block(
    table: TensorTable,
    rows: slice,
    prefixes: _Prefixes,
    special: np.ndarray,
    templates: dict[tuple[int, bytes, bytes], list[str]],
    describe: Describe,
) -> list[str]:
    """The lines of some thousand rows."""
    stretch = table.dim_start[rows.start : rows.stop + 1]
    places = (8 * (stretch - stretch[0])).tolist()
    dims = table.dims[stretch[0] : stretch[-1]].tobytes()
    steps = table.steps[stretch[0] : stretch[-1]].tobytes()
    lines = []
    columns = (
        special.tolist(),
        table.container[rows].tolist(),
        _kinds(table, rows).tolist(),
        _places(table, rows),
    )
    own = zip(table.names[rows], _keys(table, rows), table.storage_offset[rows].tolist(), *columns)
    for number, (name, key, offset, is_special, container, kind, place) in enumerate(own):
        prefix = None if is_special else prefixes.of(container)
        if prefix is None:
            lines.append(_json(describe(rows.start + number)))
            continue
        start, end = places[number], places[number + 1]
        like = kind, dims[start:end], steps[start:end]
        template = templates.get(like)
        if template is None:
            template = templates[like] = _template(describe(rows.start + number))
        before, to_name, to_storage, to_offset, to_place, after = template
        text = _encoded(name)
        lines.append(
            f"{before}{prefix[0]}{text}]{to_name}{prefix[1]}{text[1:]}{to_storage}{key}{to_offset}{offset}"
            f"{to_place}{place}{after}"
        )
    return lines


def _kinds(table: TensorTable, rows: slice) -> np.ndarray:
    """One number for all that rows of one kind have in common beside shape and strides."""
    storage = table.storage[rows]
    source = table.extents.source[storage] if len(table.extents) else storage
    columns = (
        table.dtype[rows],
        table.device[rows],
        table.layout[rows],
        table.kind[rows],
        table.flags[rows],
        np.where(storage >= 0, source, -2),
    )
    kinds = np.zeros(len(storage), np.int64)
    for column in columns:
        values, numbers = np.unique(column, return_inverse=True)
        kinds = kinds * len(values) + numbers
        if len(values) > 1:
            kinds = np.unique(kinds, return_inverse=True)[1]  # numbers stay small
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


class _Prefixes:
    """What stands before a row's own name in its ``path`` and in its ``name``, by container."""

    def __init__(self, table: TensorTable, section: Path) -> None:
        self._containers = table.containers
        self._section = section
        self._known: dict[int, tuple[str, str] | None] = {}

    def of(self, container: int) -> tuple[str, str] | None:
        """Both as JSON without their end; None where a row is itself what its section is called by."""
        if container not in self._known:
            self._known[container] = self._made(self._containers[container])
        return self._known[container]

    def _made(self, path: Path) -> tuple[str, str] | None:
        section = self._section
        if len(path) < len(section):
            return None
        below = path[len(section) :] if path[: len(section)] == section else path
        listed = "".join(f"{_encoded(key)}, " for key in path)
        return f"[{listed}", _encoded("".join(f"{key}." for key in below))[:-1]


def _template(entry: dict[str, Any]) -> list[str]:
    """The text of an entry, cut where a row's own words stand."""
    parts = [""]
    for number, (key, value) in enumerate(entry.items()):
        parts[-1] += f"{', ' if number else '{'}{_encoded(key)}: "
        if key in _OWN:
            parts.append("")
        else:
            parts[-1] += _json(value)
    parts[-1] += "}"
    return parts


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
