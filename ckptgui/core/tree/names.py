"""Splits a million dotted names into modules, level by level: equal beginnings become one module each.

Rows that stand together mostly share their modules, so each level is first compared with the row before; only
where a row differs are modules looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.distinct import Bytes, Distinct

MAX_LEVELS = 48
"""Dots beyond this many in one name no longer make levels."""

_DOT = ord(".")


@dataclass(frozen=True, slots=True)
class DottedNames:
    """The name of each row below ``base``, a node at ``depth``: bytes ``start`` to ``end`` of ``text``."""

    text: Bytes
    start: np.ndarray  # int64
    end: np.ndarray  # int64
    base: np.ndarray  # int32, a node
    depth: np.ndarray  # int32


@dataclass(frozen=True, slots=True)
class Modules:
    """What the names are made of; modules in columns, parents before children, numbered from ``first``.

    ``row`` is the first row below a module, ``start`` and ``length`` its label in the names' text. ``home`` is
    the node that each row hangs on, ``label`` where its own label begins. ``met`` are known nodes with the
    first row that led through them.
    """

    first: int
    parent: np.ndarray  # int32
    depth: np.ndarray  # int32
    row: np.ndarray  # int32
    start: np.ndarray  # int64
    length: np.ndarray  # int32
    home: np.ndarray  # int32
    label: np.ndarray  # int64
    met: Mapping[int, int]


def modules_of(
    names: DottedNames, first: int, known: Mapping[int, Mapping[bytes, int]], check: Callable[[], None]
) -> Modules:
    """Find the modules, numbered from ``first``; ``known`` are nodes there already, by parent and label."""
    text = names.text
    dots = np.flatnonzero(text.data == _DOT).astype(np.int32 if len(text) < 2**31 else np.int64)
    cursor = np.searchsorted(dots, names.start).astype(np.int32)
    stop = np.searchsorted(dots, names.end).astype(np.int32)
    place = names.start.copy()
    home = names.base.copy()
    found: list[tuple[np.ndarray, ...]] = []
    met: dict[int, int] = {}
    next_id = first
    starters = np.unique(names.depth).tolist()
    active = np.zeros(0, np.int64)
    depth = starters[0] if starters else 0
    while starters or len(active):
        check()
        if starters and starters[0] == depth:
            starters.pop(0)
            new = np.flatnonzero((names.depth == depth) & (cursor < stop))
            active = np.sort(np.concatenate([active, new])) if len(active) else new
        if len(active):
            at = cursor[active]
            at = np.where(depth - names.depth[active] >= MAX_LEVELS, stop[active] - 1, at)
            begin, length = place[active], (dots[at] - place[active])
            which = _unified(text, home[active], begin, length)
            heads = which.first
            parent = home[active[heads]]
            nodes = np.arange(next_id, next_id + len(heads), dtype=np.int32)
            fresh = np.ones(len(heads), bool)
            for index in _worth_a_look(parent, known):
                label = text.data[begin[heads[index]] : begin[heads[index]] + length[heads[index]]].tobytes()
                node = known[int(parent[index])].get(label)
                if node is not None:
                    nodes[index], fresh[index] = node, False
                    met[node] = min(met.get(node, len(home)), int(active[heads[index]]))
            nodes[fresh] = next_id + np.arange(np.count_nonzero(fresh), dtype=np.int32)
            next_id += int(np.count_nonzero(fresh))
            made = heads[fresh]
            found.append((parent[fresh], np.full(len(made), depth + 1), active[made], begin[made], length[made]))
            home[active] = nodes[which.number]
            place[active] = dots[at] + 1
            cursor[active] = at + 1
            active = active[at + 1 < stop[active]]
        depth = depth + 1 if len(active) or not starters else starters[0]
    columns = [np.concatenate(column) for column in zip(*found)] if found else [np.zeros(0, np.int64)] * 5
    parents, depths, rows, starts, lengths = columns
    return Modules(
        first, parents.astype(np.int32), depths.astype(np.int32), rows.astype(np.int32), starts.astype(np.int64),
        lengths.astype(np.int32), home, place, met,
    )  # fmt: skip


def _unified(text: Bytes, parent: np.ndarray, start: np.ndarray, length: np.ndarray) -> Distinct:
    """Which stretches are one module: equal labels below one parent."""
    new = np.ones(len(start), bool)
    new[1:] = ~(text.like_before(start, length) & (parent[1:] == parent[:-1]))
    heads = np.flatnonzero(new)
    among = text.distinct(start[heads], length[heads], parent[heads])
    return Distinct(among.number[np.cumsum(new) - 1], heads[among.first])


def _worth_a_look(parent: np.ndarray, known: Mapping[int, Mapping[bytes, int]]) -> list[int]:
    """Modules whose parent has children already."""
    if not known:
        return []
    found: list[int] = np.flatnonzero(np.isin(parent, np.fromiter(known, np.int64))).tolist()
    return found
