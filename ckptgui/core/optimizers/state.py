"""An optimizer's saved state in rows: what it keeps for each parameter, and what it calls the parameters.

``optimizer.state_dict()`` has ``state`` (parameter to its slots) and ``param_groups``. The parameters are
numbers there, counted through the groups (``torch/optim/optimizer.py``, ``state_dict``), with their names
beside them since torch 2.6 where the optimizer was made from ``named_parameters()``; a distributed state has
the names in place of the numbers (``torch/distributed/checkpoint/state_dict.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json, Role
from ckptgui.core.optimizers.alignment import ANY
from ckptgui.core.optimizers.shapes import shape_key, shape_keys
from ckptgui.core.optimizers.summary import states
from ckptgui.core.tensors import Path

_COUNTERS = frozenset({"step", "steps", "t", "mu_product", "eta", "mu", "lr", "d", "n_iter", "func_evals"})
"""Slots that count, whatever the parameter's shape is."""


MAX_OPTIMIZERS = 32
"""Optimizers that are looked at; a file that claims more has made them up."""


@dataclass(frozen=True)
class OptimizerState:
    """One optimizer. ``entries`` are its parameters as the state calls them, in the groups' order.

    ``rows`` are the slot rows, ``entry_of`` the entry of each of them. ``marks`` has for each entry the key of
    its parameter's shape, or ``ANY`` where none is known. ``groups`` has the length of each group.
    """

    path: Path
    entries: tuple[str, ...]
    names: tuple[str, ...] | None
    groups: tuple[int, ...]
    rows: np.ndarray
    entry_of: np.ndarray
    marks: np.ndarray  # uint64

    @property
    def keyed_by_name(self) -> bool:
        """Whether the state calls its parameters by name."""
        return bool(self.entries) and not all(entry.isdecimal() for entry in self.entries)


def optimizer_states(checkpoint: Checkpoint) -> tuple[OptimizerState, ...]:
    """Every optimizer's state, by the metadata and by the rows that hang below a ``state``."""
    listed = dict(states(checkpoint.metadata)) if isinstance(checkpoint.metadata, Mapping) else {}
    kept, flat = _containers(checkpoint, listed), _flat(checkpoint)
    paths = list(dict.fromkeys([*listed, *kept, *flat]))[:MAX_OPTIMIZERS]
    return tuple(
        _state(checkpoint, path, listed.get(path), kept.get(path, {}), flat.get(path, {})) for path in paths
    )


def slot_name(checkpoint: Checkpoint, state: Path, row: int) -> str:
    """What a slot is called below its entry: ``exp_avg``, or ``old_dirs.3``."""
    path = checkpoint.tensors.path(row)[len(state) :]
    return ".".join(path[2:]) if len(path) > 1 else path[0].rpartition(".")[2]


def _containers(checkpoint: Checkpoint, listed: Iterable[Path]) -> dict[Path, dict[int, str]]:
    """For each optimizer's path the containers of its slots, with the entry that each belongs to."""
    table = checkpoint.tensors
    found: dict[Path, dict[int, str]] = {}
    for section in checkpoint.sections:
        depth = len(section.path)
        below = [path for path in listed if len(path) >= depth and path[:depth] == section.path]
        if section.role is not Role.OPTIMIZER and not below:
            continue
        for number in np.unique(table.container[section.start : section.stop]).tolist():
            path = table.containers[number] if number >= 0 else ()
            at = _state_at(path, depth)
            if at is not None and (section.role is Role.OPTIMIZER or path[:at] in below):
                found.setdefault(path[:at], {})[number] = path[at + 1]
    return found


def _state_at(path: Path, depth: int) -> int | None:
    """Where ``state`` stands in a path, at the section itself or just below, an entry behind it."""
    for at in range(depth, min(len(path) - 1, depth + 3)):
        if path[at] == "state":
            return at
    return None


def _flat(checkpoint: Checkpoint) -> dict[Path, dict[int, str]]:
    """Slots in a flattened state: one mapping of ``state.<parameter>.<slot>``, by row.

    So ``flatten_optimizer_state_dict`` has it (``torch/distributed/checkpoint/state_dict.py``).
    """
    table = checkpoint.tensors
    found: dict[Path, dict[int, str]] = {}
    if "state." not in table.names.text:
        return found
    for section in checkpoint.with_role(Role.OPTIMIZER):
        for row, name in enumerate(table.names[section.start : section.stop], section.start):
            entry, _, slot = name.removeprefix("state.").rpartition(".")
            if name.startswith("state.") and entry and slot and table.path(row)[:-1] == section.path:
                found.setdefault(section.path, {})[row] = entry
    return found


def _state(
    checkpoint: Checkpoint,
    path: Path,
    saved: Mapping[str, Json] | None,
    kept: Mapping[int, str],
    flat: Mapping[int, str],
) -> OptimizerState:
    entries, names, groups = _listed(saved) if saved else ([], None, [])
    numbers = {entry: number for number, entry in enumerate(entries)}
    extra = [entry for entry in dict.fromkeys([*kept.values(), *flat.values()]) if entry not in numbers]
    if extra:
        extra.sort(key=lambda entry: (0, int(entry)) if entry.isdecimal() and len(entry) < 19 else (1, 0))
        if not entries:
            groups = [len(extra)]
        numbers.update((entry, len(entries) + number) for number, entry in enumerate(extra))
        entries = [*entries, *extra]
    of_container = np.full(len(checkpoint.tensors.containers) + 1, -1, np.int64)
    for container, entry in kept.items():
        of_container[container] = numbers[entry]
    of_row = of_container[checkpoint.tensors.container]
    for row, entry in flat.items():
        of_row[row] = numbers[entry]
    rows = np.flatnonzero(of_row >= 0)
    marks = _marks(checkpoint, path, rows, of_row[rows], len(entries))
    return OptimizerState(
        path, tuple(entries), tuple(names) if names else None, tuple(groups), rows, of_row[rows], marks
    )


def _listed(saved: Mapping[str, Json]) -> tuple[list[str], list[str] | None, list[int]]:
    """The parameters of all groups, their names where every group has them, and the groups' lengths."""
    entries: list[str] = []
    names: list[str] = []
    lengths: list[int] = []
    for group in _groups(saved):
        params = group.get("params")
        listed = [str(p) for p in params] if isinstance(params, list) else []
        called = group.get("param_names")
        if isinstance(called, list) and len(called) == len(listed):
            names += [str(name) for name in called]
        entries += listed
        lengths.append(len(listed))
    if len(set(entries)) < len(entries):  # no optimizer has a parameter twice
        return [], None, []
    return entries, names if len(names) == len(entries) else None, lengths


def _groups(saved: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    listed = saved.get("param_groups")
    for group in listed if isinstance(listed, list) else ():
        if isinstance(group, Mapping):
            yield group


def _marks(checkpoint: Checkpoint, path: Path, rows: np.ndarray, entry_of: np.ndarray, count: int) -> np.ndarray:
    """For each entry the shape of its largest slot; counters, which have no dimensions, tell nothing."""
    table = checkpoint.tensors
    marks = np.full(count, ANY, np.uint64)
    if not len(rows):
        return marks
    order = np.lexsort((-rows, table.numel[rows], np.diff(table.dim_start)[rows] > 0, entry_of))
    largest = np.full(count, -1, np.int64)
    largest[entry_of[order]] = rows[order]  # the last of each entry counts
    known = largest >= 0
    marks[known] = shape_keys(table)[largest[known]]
    starts = np.searchsorted(entry_of[order], np.arange(count + 1))
    without = np.flatnonzero(known & (np.diff(table.dim_start)[largest] == 0))
    for entry in without.tolist()[:_MANY]:
        own = rows[order[starts[entry] : starts[entry + 1]]].tolist()
        if all(slot_name(checkpoint, path, row) in _COUNTERS for row in own):
            marks[entry] = ANY
    marks[without[_MANY:]] = ANY
    if any(row_slot in table.names.text for row_slot, _, _ in _FACTORS):
        for entry in range(count):
            own = rows[order[starts[entry] : starts[entry + 1]]].tolist()
            shape = _factored({slot_name(checkpoint, path, row): table.shape(row) for row in own})
            if shape is not None:
                marks[entry] = shape_key(shape)
    return marks


def _factored(slots: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape of a parameter whose second moment is kept as a row's and a column's; None for others."""
    for row_slot, column_slot, kept in _FACTORS:
        row, column = slots.get(row_slot), slots.get(column_slot)
        if row and column:
            return (*row[: len(row) - kept], column[-1])
    return None


_FACTORS = (
    ("row_var", "col_var", 1),  # torch/optim/_adafactor.py: the summed dimension stays, with size 1
    ("exp_avg_sq_row", "exp_avg_sq_col", 0),  # transformers/optimization.py, fairseq/optim/adafactor.py
)
"""Names of Adafactor's slots, and how many dimensions of the row's are no dimension of the parameter."""

_MANY = 10_000
"""Parameters without dimensions that are looked at; nobody has more."""
