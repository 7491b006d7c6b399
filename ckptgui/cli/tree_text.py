"""The module tree as lines: names indented, then shape, dtype, size, and figures where they were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from ckptgui.cli.reading import Reading
from ckptgui.cli.table import table
from ckptgui.core import plain_numbers as numbers
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count, figure
from ckptgui.core.tensors import Flag
from ckptgui.core.tree.build import NodeKind, Remainder, Tree
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.repeats import find_repeats

_NAME = 72
_VALUE = 60
_ITEMS = 16
_FIGURES = ("mean", "std", "min", "max")
_IS_VALUE = int(NodeKind.VALUE)
_NOT_PERSISTENT = int(Flag.NOT_PERSISTENT)

# A file has few shapes and sizes, and very many rows: each is one text, written once.
_shape = lru_cache(1 << 14)(numbers.shape)
_size = lru_cache(1 << 14)(numbers.size)


def tree_lines(tree: Tree, depth: int | None, readings: Mapping[int, Reading]) -> Iterator[str]:
    """The rows down to ``depth`` levels; ``readings`` by tensor row add columns and notes.

    Equal layers are one row, and what is below them is that of the first with all their bytes; with readings each
    has its own figures, and so its own rows.
    """
    stats = any(reading.statistics is not None for reading in readings.values())
    digests = any(reading.sha256 is not None for reading in readings.values())
    heading = [
        "Name",
        "Shape",
        "Type",
        "Size",
        *(_FIGURES if stats else ()),
        *(["SHA-256"] if digests else []),
        "",
    ]
    folds = Folds(find_repeats(tree)) if not readings else None
    folds = folds if folds is not None and len(folds.repeats.head) else None
    shown = np.ones(len(tree), bool) if folds is None else ~folds.hidden()
    if depth is not None:
        shown &= tree.depth <= depth
    shown[0] = False
    nodes = np.flatnonzero(shown).tolist()
    rows = [heading, *(_row(tree, node, stats, digests, readings, folds) for node in nodes)]
    return table(rows, right=(3, *range(4, 4 + (len(_FIGURES) if stats else 0))))


def _row(
    tree: Tree, node: int, stats: bool, digests: bool, readings: Mapping[int, Reading], folds: Folds | None
) -> list[str]:
    label = tree.labels[node] if folds is None else folds.label(node)
    name = "  " * (int(tree.depth[node]) - 1) + display(label, _NAME)
    if tree.kind.item(node) == _IS_VALUE:
        return [name, _value(tree, node)]
    members = np.array([node]) if folds is None else folds.members(node)
    cells, figures, digest, notes = _cells(tree, node, members, readings)
    if folds is not None and len(members) > 1:
        equal = folds.equal(node)
        notes.insert(0, f"{equal:,} × equal" if equal else f"× {len(members):,}")
    note = ", ".join(notes)
    return [name, *cells, *(figures if stats else ()), *([digest] if digests else []), note]


def _cells(
    tree: Tree, node: int, members: np.ndarray, readings: Mapping[int, Reading]
) -> tuple[list[str], list[str], str, list[str]]:
    blank = [""] * len(_FIGURES)
    row = tree.row.item(node)
    notes = [display(tree.classes[node])] if node in tree.classes else []
    if row < 0:
        number = int(tree.tensors[members].sum())
        total = _size(int(tree.nbytes[members].sum())) if number else ""
        return [count(number, "tensor") if number else "", _dtype(tree, node), total], blank, "", notes
    tensors = tree.checkpoint.tensors
    reading = readings.get(row)
    notes += ["tied"] if tree.tied[row] else []
    notes += ["not persistent"] if tensors.flags.item(row) & _NOT_PERSISTENT else []
    error = tensors.errors.get(row) or (reading.error if reading else None)
    notes += [display(error)] if error else []
    statistics = reading.statistics if reading else None
    if statistics is not None:
        notes += [f"{statistics.nan:,} NaN"] if statistics.nan else []
        notes += [f"{statistics.inf:,} infinite"] if statistics.inf else []
        blank = [figure(getattr(statistics, name)) for name in _FIGURES]
    return (
        [
            _shape(tensors.shape(row)),
            tensors.dtypes[tensors.dtype.item(row)].name,
            _size(tensors.nbytes.item(row) * len(members)),
        ],
        blank,
        (reading.sha256 or "") if reading else "",
        notes,
    )


def _dtype(tree: Tree, node: int) -> str:
    """The dtype of a subtree, ``mixed`` where it has several."""
    if tree.dtypes[node] == 0:
        return ""
    return tree.checkpoint.tensors.dtypes[tree.dtype[node]].name if tree.dtypes[node] == 1 else "mixed"


def _value(tree: Tree, node: int) -> str:
    """What a value row says: how many values hang below it, or the value itself."""
    value = tree.values[node]
    if isinstance(value, Remainder):
        return f"… {value.count:,} more"
    if tree.is_branch(node) or (isinstance(value, (list, dict)) and len(value) > _ITEMS):
        return count(len(value), "value")
    return display(value if isinstance(value, str) else repr(value), _VALUE)
