"""The dotted names of a checkpoint's rows below their sections, as stretches of one text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path, TensorTable
from ckptgui.core.tree.columns import WRAPPERS
from ckptgui.core.tree.distinct import Bytes
from ckptgui.core.tree.names import DottedNames
from ckptgui.core.tree.slot_labels import NO_LABELS, SlotLabels


class Base(NamedTuple):
    """The node, at ``depth``, that the names of rows ``start`` to ``stop`` hang on, and the path to it."""

    start: int
    stop: int
    path: Path
    node: int
    depth: int
    section: bool = False


def dotted_names(
    checkpoint: Checkpoint,
    bases: Sequence[Base],
    root: str,
    take_prefix: Callable[[int, Path, str], bool],
    slots: SlotLabels = NO_LABELS,
) -> DottedNames:
    """The names of all rows, those of ``slots`` by parameter.

    ``take_prefix`` is asked for each section whose names all begin with a wrapper's.
    """
    table = checkpoint.tensors
    base, depth = np.zeros(len(table), np.int32), np.zeros(len(table), np.int32)
    heads: list[tuple[int, int, dict[int, str]]] = []
    stretches = [each for each in bases if each.start < each.stop]
    for start, stop, path, node, level, _ in stretches:
        base[start:stop], depth[start:stop] = node, level
        here = np.unique(table.container[start:stop]).tolist()
        heads.append((start, stop, {number: _head(table, number, path, root) for number in here}))
    text, ends = _joined(table, heads, _relative(slots, stretches))
    start_of = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    names = DottedNames(text, start_of, ends, base, depth)
    for start, stop, path, node, _, section in stretches:
        prefix = _wrapper_prefix(names, start, stop) if section else ""
        if prefix and take_prefix(node, path, prefix):
            names.start[start:stop] += len(prefix)
    return names


def _head(table: TensorTable, container: int, base: Path, root: str) -> str:
    """What stands before a row's own name: the keys of its container that lie below ``base``."""
    if container < 0:
        return root  # the row's own name is empty
    keys = table.containers[container][len(base) :]
    return ".".join(keys) + "." if keys else ""


def _relative(slots: SlotLabels, stretches: Sequence[Base]) -> dict[int, str]:
    """The names of slot rows, counted from the node that they hang on."""
    found: dict[int, str] = {}
    for start, stop, path, *_ in stretches if slots.names else ():
        inside = [place for place in slots.optimizers if place[: len(path)] == path]
        if len(inside) == 1:
            head = "".join(f"{key}." for key in inside[0][len(path) :])
            found.update((row, head + slots.names[row]) for row in range(start, stop) if row in slots.names)
    return found


def _joined(
    table: TensorTable, heads: list[tuple[int, int, dict[int, str]]], renamed: Mapping[int, str]
) -> tuple[Bytes, np.ndarray]:
    """The text of all names, and where each ends in its bytes (int64)."""
    pool = table.names
    if not any(head for _, _, by_container in heads for head in by_container.values()):
        text, lengths = pool.text, np.diff(pool.ends, prepend=0)
    else:
        pieces: list[str] = []
        lengths = np.diff(pool.ends, prepend=0)
        for start, stop, by_container in heads:
            if any(by_container.values()):
                own = [by_container[number] for number in table.container[start:stop].tolist()]
                whole = [head + name for head, name in zip(own, pool[start:stop])]
                if renamed:
                    whole = [renamed.get(row, name) for row, name in enumerate(whole, start)]
                lengths[start:stop] = np.fromiter(map(len, whole), np.int64, stop - start)
                pieces.append("".join(whole))
            else:
                pieces.append(pool.text[int(pool.ends[start - 1]) if start else 0 : int(pool.ends[stop - 1])])
        text = "".join(pieces)
    data, ends = Bytes(text), np.cumsum(lengths)
    if len(data) != len(text):  # characters of several bytes
        begins = np.flatnonzero((data.data[: len(data)] & 0xC0) != 0x80)
        ends = np.append(begins, len(data))[ends]
    return data, ends


def _wrapper_prefix(names: DottedNames, start: int, stop: int) -> str:
    """What wrappers put before every one of these names: ``module._orig_mod.``, or nothing."""
    first = names.text.data[names.start[start] : names.end[start]].tobytes().decode("utf-8", "surrogatepass")
    prefix, rest = "", first
    while (head := rest.partition("."))[1] and head[0] in WRAPPERS:
        prefix, rest = f"{prefix}{head[0]}.", head[2]
    while prefix and not _all_begin(names, start, stop, prefix.encode()):
        prefix = prefix[: prefix[:-1].rfind(".") + 1]
    return prefix


def _all_begin(names: DottedNames, start: int, stop: int, prefix: bytes) -> bool:
    begin = names.start[start:stop]
    if (names.end[start:stop] - begin < len(prefix)).any():
        return False
    return all((names.text.data[begin + place] == byte).all() for place, byte in enumerate(prefix))
