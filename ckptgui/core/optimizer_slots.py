"""Which parameter each of an optimizer's slots belongs to: by names where the file has them, else by order.

Order alone proves nothing, so every shape is compared, and what could be read in two ways stays unnamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ckptgui.core.alignment import ANY, align, align_groups, align_in_turn
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import Kind
from ckptgui.core.optimizer_state import OptimizerState, optimizer_states, slot_name
from ckptgui.core.shapes import shape_keys
from ckptgui.core.tensors import Flag, Path, TensorKind

BUFFERS = frozenset({"running_mean", "running_var", "num_batches_tracked", "position_ids", "inv_freq"})
"""Last parts of names that torch's and the common libraries' modules give to buffers, never to parameters."""

_WRAPPERS = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_forward_module.", "_orig_mod.", "module.")


class How(Enum):
    """What tells which parameter a slot belongs to."""

    NAMES = "names"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor that an optimizer keeps for a parameter, as ``exp_avg``, and its row."""

    name: str
    row: int


@dataclass(frozen=True, slots=True)
class OptimizerMatch:
    """How far an optimizer's slots are matched. ``sentence`` says it for people.

    ``how`` is None where they stay unnamed; ``sections`` are the paths of the models it was matched with,
    ``parameters`` how many it has and ``matched`` how many of them are known by name. ``misfit`` says that
    they cannot be those of a model here.
    """

    path: Path
    how: How | None
    sentence: str
    sections: tuple[Path, ...]
    parameters: int
    matched: int
    misfit: bool = False


@dataclass(frozen=True)
class SlotMap:
    """The slots of every optimizer. ``parameter`` has for each row the parameter's row, -1 for all others."""

    optimizers: tuple[OptimizerMatch, ...]
    parameter: np.ndarray  # int64
    first: np.ndarray  # int64 a row: the row that the same parameter has first, where names are tied
    _checkpoint: Checkpoint
    _paths: tuple[Path, ...]
    _order: np.ndarray  # slot rows, sorted by the parameter they belong to

    def of(self, row: int) -> tuple[Slot, ...]:
        """The slots of a parameter, in saved order; a tied name has those of its parameter."""
        owner = int(self.first[row])
        keys = self.parameter[self._order]
        start, stop = np.searchsorted(keys, [owner, owner + 1])
        return tuple(Slot(self.name(slot), slot) for slot in self._order[start:stop].tolist())

    def parameter_of(self, row: int) -> int | None:
        """The row of the parameter that a slot belongs to; None where it is no slot, or unnamed."""
        owner = int(self.parameter[row])
        return owner if owner >= 0 else None

    def name(self, row: int) -> str:
        """What a slot is called, as ``exp_avg``."""
        path = self._checkpoint.tensors.path(row)
        state = max((p for p in self._paths if path[: len(p)] == p), key=len, default=())
        return slot_name(self._checkpoint, state, row)


def slots(checkpoint: Checkpoint) -> SlotMap:
    """Match every optimizer's slots. Costs a look at all names and shapes: not for the moment of opening."""
    table = checkpoint.tensors
    parameter = np.full(len(table), -1, np.int64)
    found = optimizer_states(checkpoint)
    models = [_Model.of(checkpoint, section) for section in checkpoint.with_role(Role.MODEL)] if found else []
    keys = shape_keys(table) if found else np.zeros(0, np.uint64)
    matches = []
    for state in found:
        match, places = _match(checkpoint, state, models, keys)
        matches.append(match)
        if places is not None:
            parameter[state.rows] = places[state.entry_of]
    order = np.flatnonzero(parameter >= 0)
    order = order[np.argsort(parameter[order], kind="stable")]
    first = np.arange(len(table))
    for model in models:
        first[model.all_rows] = model.first
    return SlotMap(tuple(matches), parameter, first, checkpoint, tuple(s.path for s in found), order)


@dataclass(frozen=True)
class _Model:
    """A model section: ``rows`` are those of its parameters, tied ones once; ``first`` the first name of each."""

    section: Section
    rows: np.ndarray
    all_rows: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, checkpoint: Checkpoint, section: Section) -> _Model:
        table = checkpoint.tensors
        rows = np.arange(section.start, section.stop)
        kind = table.kind[rows]
        real = np.array([dtype.kind in (Kind.FLOAT, Kind.COMPLEX) for dtype in table.dtypes], bool)
        keep = real[table.dtype[rows]] & (kind != TensorKind.COMPONENT) & (kind != TensorKind.BUFFER)
        keep &= (table.flags[rows] & Flag.NOT_PERSISTENT) == 0
        if (kind == TensorKind.PARAMETER).any():
            keep &= kind == TensorKind.PARAMETER
        else:
            names = table.names[section.start : section.stop]
            keep &= np.fromiter((n.rpartition(".")[2] not in BUFFERS for n in names), bool, len(names))
        first = _first_names(checkpoint, rows)
        keep &= first == rows
        return cls(section, rows[keep], rows, first)


def _first_names(checkpoint: Checkpoint, rows: np.ndarray) -> np.ndarray:
    """For each row the first one of the section that is the same view of the same storage."""
    table = checkpoint.tensors
    columns = [table.numel[rows], table.storage_offset[rows], table.storage[rows]]
    order = np.lexsort(columns)
    same = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
    same &= (table.storage[rows][order][1:] >= 0) & (table.numel[rows][order][1:] > 0)
    leader = np.arange(len(rows))
    leader[1:][same] = 0
    leader = np.maximum.accumulate(leader)  # the place in the order at which each run of equals begins
    first = np.empty(len(rows), np.int64)
    first[order] = rows[order][leader]
    return first


def _match(
    checkpoint: Checkpoint, state: OptimizerState, models: list[_Model], keys: np.ndarray
) -> tuple[OptimizerMatch, np.ndarray | None]:
    """An optimizer's match, and for each of its entries the parameter's row or -1."""
    if not len(state.rows):
        return _unnamed(state, "It keeps no tensor for any parameter."), None
    if not models:
        return _unnamed(state, "No model is in the file, so its slots are left unnamed."), None
    if _keeps_one_history(checkpoint, state):
        return _unnamed(state, "It keeps one history for all parameters together."), None
    names = state.entries if state.keyed_by_name else state.names
    if names is not None:
        return _by_names(checkpoint, state, models, keys, names)
    fits = []
    for candidate in _candidates(models):
        offered = np.concatenate([model.rows for model in candidate])
        places = _by_order(state, state.marks.tolist(), keys[offered].tolist())
        if places is not None:
            fits.append(_Fit(candidate, np.where(np.array(places) >= 0, offered[places], -1)))
    if len(fits) > 1:
        fits = _named_alike(state, fits) or fits
    if len(fits) != 1:
        return _unnamed(state, _why_not(state, models, len(fits)), misfit=not fits), None
    return _ordered(state, fits[0]), fits[0].rows


@dataclass(frozen=True)
class _Fit:
    """Models that an optimizer's parameters follow, and for each entry the parameter's row or -1."""

    models: tuple[_Model, ...]
    rows: np.ndarray


def _ordered(state: OptimizerState, fit: _Fit) -> OptimizerMatch:
    count, matched = len(state.entries), int((fit.rows >= 0).sum())
    where = _quoted(model.section for model in fit.models)
    if not matched:
        return _unnamed(
            state, f"Its {count:,} parameters could be several of {where}; its slots are left unnamed."
        )
    sentence = f"Matched with {where} by order: all {count:,} shapes agree."
    if matched < count:
        sentence = (
            f"Matched with {where} by order and shape: {matched:,} of {count:,}; the others could be several."
        )
    sections = tuple(model.section.path for model in fit.models)
    return OptimizerMatch(state.path, How.ORDER, sentence, sections, count, matched)


def _keeps_one_history(checkpoint: Checkpoint, state: OptimizerState) -> bool:
    """LBFGS: everything is kept under the first parameter (``torch/optim/lbfgs.py``)."""
    if len(state.entries) < 2 or np.any(state.entry_of != state.entry_of[0]):
        return False
    return any(
        slot_name(checkpoint, state.path, row) == "prev_flat_grad" for row in state.rows[:_HISTORY].tolist()
    )


_HISTORY = 1024
"""Slots of one parameter that are looked at; LBFGS keeps two a remembered step and a few more."""


def _candidates(models: list[_Model]) -> list[tuple[_Model, ...]]:
    """Each model alone, and all together."""
    alone: list[tuple[_Model, ...]] = [(model,) for model in models]
    return alone if len(models) < 2 else [*alone, tuple(models)]


def _by_order(state: OptimizerState, wanted: list[int], offered: list[int]) -> list[int] | None:
    if len(state.groups) <= 1 or sum(state.groups) != len(wanted):
        return align(wanted, offered)
    groups = []
    start = 0
    for length in state.groups:
        groups.append(wanted[start : start + length])
        start += length
    found = align_groups(groups, offered) or align_in_turn(groups, offered)
    return None if found is None else [place for group in found for place in group]


def _by_names(
    checkpoint: Checkpoint, state: OptimizerState, models: list[_Model], keys: np.ndarray, names: Sequence[str]
) -> tuple[OptimizerMatch, np.ndarray | None]:
    best: tuple[int, _Model | None, np.ndarray] = (0, None, np.zeros(0, np.int64))
    for model in models:
        rows = _rows_named(checkpoint, model, names)
        known = int((rows >= 0).sum())
        if known > best[0]:
            best = known, model, rows
    known, chosen, rows = best
    if chosen is None:
        return _unnamed(state, "No parameter of a model here has one of the names that it gives."), None
    other = (rows >= 0) & (state.marks != ANY) & (keys[rows] != state.marks)
    rows = np.where(other, -1, rows)
    matched = int((rows >= 0).sum())
    where = _quoted([chosen.section])
    sentence = f"Matched with {where} by the names that it gives: {matched:,} of {len(names):,} parameters."
    if other.any():
        sentence += f" {int(other.sum()):,} have another shape there and are left unnamed."
    return (
        OptimizerMatch(state.path, How.NAMES, sentence, (chosen.section.path,), len(names), matched),
        rows,
    )


def _rows_named(checkpoint: Checkpoint, model: _Model, names: Sequence[str]) -> np.ndarray:
    """The row of each name in a model, wrappers' prefixes left out of both; -1 where there is none."""
    table = checkpoint.tensors
    depth = len(model.section.path)
    prefixes = {
        c: ".".join(table.containers[c][depth:]) for c in np.unique(table.container[model.all_rows]).tolist()
    }
    known: dict[str, int] = {}
    for row, container, name in zip(
        model.first.tolist(),
        table.container[model.all_rows].tolist(),
        table.names[model.section.start : model.section.stop],
    ):
        prefix = prefixes[container]
        known.setdefault(bare(f"{prefix}.{name}" if prefix else name), row)
    return np.array([known.get(bare(name), -1) for name in names], np.int64)


def bare(name: str) -> str:
    """A parameter's name without what wrappers put into it."""
    if "module." in name or "_orig_mod." in name:
        for wrapper in _WRAPPERS[:4]:
            name = name.replace(wrapper, "")
        while name.startswith(_WRAPPERS[4]):
            name = name.removeprefix(_WRAPPERS[4])
    return name


def _named_alike(state: OptimizerState, fits: list[_Fit]) -> list[_Fit]:
    """Of several models that fit, the one whose name has most in common with the optimizer's."""
    own = _words(state.path)
    shared = [max(len(own & _words(model.section.path)) for model in fit.models) for fit in fits]
    best = max(shared)
    return [fit for fit, count in zip(fits, shared) if count == best and len(fit.models) == 1] if best else []


def _words(path: Path) -> set[str]:
    """The words in a path that tell one part from another: ``optimizer_G`` and ``netG`` have ``g`` in common."""
    spelled = "".join(f"_{c.lower()}" if c.isupper() else c for part in path for c in f"{part}_")
    return {word for word in spelled.split("_") if word} - _COMMON


_COMMON = frozenset(
    {"optimizer", "optim", "opt", "state", "dict", "model", "net", "network", "states", "optimizers", "models"}
)


def _why_not(state: OptimizerState, models: list[_Model], fits: int) -> str:
    count = len(state.entries)
    if fits:
        return f"Its {count:,} parameters could be those of {fits} models here; its slots are left unnamed."
    if len(models) == 1:
        where = _quoted([models[0].section])
        return (
            f"Its {count:,} parameters do not follow the {len(models[0].rows):,} of {where} in order and shape; "
            "its slots are left unnamed."
        )
    return f"Its {count:,} parameters follow no model here in order and shape; its slots are left unnamed."


def _unnamed(state: OptimizerState, sentence: str, misfit: bool = False) -> OptimizerMatch:
    return OptimizerMatch(state.path, None, sentence, (), len(state.entries), 0, misfit)


def _quoted(sections: Iterable[Section]) -> str:
    return " and ".join(f"“{'/'.join(section.path) or 'the model'}”" for section in sections)
