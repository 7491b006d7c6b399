"""Which of a model's parameters an optimizer's are: by names where the file has them, else by order.

Order alone proves nothing, so every shape is compared, and what could be read in two ways stays unnamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Section
from ckptgui.core.display import counted
from ckptgui.core.optimizers.alignment import ANY, align, align_by_class, align_groups, align_in_turn
from ckptgui.core.optimizers.parameter_rows import ParameterRows, rows_named
from ckptgui.core.optimizers.state import OptimizerState, slot_name
from ckptgui.core.tensors import Path


class How(Enum):
    """What tells which parameter a slot belongs to."""

    NAMES = "names"
    ORDER = "order"


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


def match(
    checkpoint: Checkpoint, state: OptimizerState, models: list[ParameterRows], keys: np.ndarray
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
    if not (state.marks != ANY).any():
        return _unnamed(state, "It keeps nothing of its parameters' shapes; its slots are left unnamed."), None
    fits = []
    for candidate in _candidates([model for model in models if model.ordered]):
        offered = np.concatenate([model.rows for model in candidate])
        places = _by_order(checkpoint, state, offered, keys[offered].tolist())
        if places is not None:
            fits.append(_Fit(candidate, np.where(np.array(places) >= 0, offered[places], -1)))
    if len(fits) > 1:
        fits = _named_alike(state, fits) or fits
    if len(fits) != 1:
        return _unclear(state, models, keys, len(fits)), None
    return _ordered(state, fits[0]), fits[0].rows


@dataclass(frozen=True)
class _Fit:
    """Models that an optimizer's parameters follow, and for each entry the parameter's row or -1."""

    models: tuple[ParameterRows, ...]
    rows: np.ndarray


def _ordered(state: OptimizerState, fit: _Fit) -> OptimizerMatch:
    count, matched = len(state.entries), int((fit.rows >= 0).sum())
    where = _quoted(model.section for model in fit.models)
    if not matched:
        return _unnamed(
            state, f"Its {_parameters(count)} could be several of {where}; its slots are left unnamed."
        )
    known = int((state.marks != ANY).sum())
    sentence = f"Matched with {where} by order: all {known:,} shapes agree."
    if known < count:
        sentence = f"Matched with {where} by order: {known:,} of {count:,} shapes are known, and all agree."
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


def _candidates(models: list[ParameterRows]) -> list[tuple[ParameterRows, ...]]:
    """Each model alone, and all together."""
    alone: list[tuple[ParameterRows, ...]] = [(model,) for model in models]
    return alone if len(models) < 2 else [*alone, tuple(models)]


def _by_order(
    checkpoint: Checkpoint, state: OptimizerState, rows: np.ndarray, offered: list[int]
) -> list[int] | None:
    """The place among the offered parameters of each of the optimizer's; None where no reading is the only one."""
    wanted = state.marks.tolist()
    if len(state.groups) <= 1 or sum(state.groups) != len(wanted):
        return align(wanted, offered)
    ends = [0, *accumulate(state.groups)]
    groups = [wanted[start:stop] for start, stop in pairwise(ends)]
    found = align_groups(groups, offered)
    if found is None:
        readings = [align_in_turn(groups, offered)]
        if len(rows) == len(wanted):
            readings.append(align_by_class(groups, offered, _classes(checkpoint, rows)))
        told = [reading for reading in readings if reading is not None]
        found = told[0] if told and all(reading == told[0] for reading in told) else None
    return None if found is None else [place for group in found for place in group]


def _classes(checkpoint: Checkpoint, rows: np.ndarray) -> list[int]:
    """A number for the last part of each parameter's name together with its number of dimensions."""
    table = checkpoint.tensors
    ndim = np.diff(table.dim_start)[rows].tolist()
    numbers: dict[tuple[str, int], int] = {}
    leaves = [table.names[row].rpartition(".")[2] for row in rows.tolist()]
    return [numbers.setdefault(key, len(numbers)) for key in zip(leaves, ndim)]


def _by_names(
    checkpoint: Checkpoint,
    state: OptimizerState,
    models: list[ParameterRows],
    keys: np.ndarray,
    names: Sequence[str],
) -> tuple[OptimizerMatch, np.ndarray | None]:
    fits = [_Fit((model,), rows_named(checkpoint, model, names)) for model in models]
    known = [int((fit.rows >= 0).sum()) for fit in fits]
    most = max(known)
    fits = [fit for fit, count in zip(fits, known) if count == most]
    if not most:
        return _unnamed(state, "No parameter of a model here has one of the names that it gives."), None
    if len(fits) > 1:
        fits = _named_alike(state, fits) or fits
    if len(fits) > 1:
        return _unclear(state, models, keys, len(fits)), None
    chosen, rows = fits[0].models[0], fits[0].rows
    other = (rows >= 0) & (state.marks != ANY) & (keys[rows] != state.marks)
    rows = np.where(other, -1, rows)
    matched = int((rows >= 0).sum())
    where = _quoted([chosen.section])
    sentence = f"Matched with {where} by the names that it gives: {matched:,} of {_parameters(len(names))}."
    if other.any():
        sentence += f" {int(other.sum()):,} have another shape there and are left unnamed."
    return (
        OptimizerMatch(state.path, How.NAMES, sentence, (chosen.section.path,), len(names), matched),
        rows,
    )


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


def _unclear(state: OptimizerState, models: list[ParameterRows], keys: np.ndarray, fits: int) -> OptimizerMatch:
    """Slots that stay unnamed, and why: too many readings, or none."""
    count = len(state.entries)
    if fits:
        what = f"could be those of {fits} models here"
        return _unnamed(state, f"Its {_parameters(count)} {what}; its slots are left unnamed.")
    shapes = Counter(state.marks.tolist())
    del shapes[ANY]
    where = _quoted([models[0].section]) if len(models) == 1 else "a model here"
    sorted_models = [model.section for model in models if not model.ordered]
    for candidate in _candidates(models):
        if shapes <= Counter(keys[np.concatenate([model.rows for model in candidate])].tolist()):
            what = f"have shapes of {where}, but their order can be read in several ways"
            if sorted_models:
                what = f"go by their order, which {_quoted(sorted_models)} does not keep"
            return _unnamed(state, f"Its {_parameters(count)} {what}; its slots are left unnamed.")
    what = f"have other shapes than {where}" if len(models) > 1 else f"are not those of {where} by their shapes"
    return _unnamed(state, f"Its {_parameters(count)} {what}; its slots are left unnamed.", misfit=True)


def _unnamed(state: OptimizerState, sentence: str, misfit: bool = False) -> OptimizerMatch:
    return OptimizerMatch(state.path, None, sentence, (), len(state.entries), 0, misfit)


def _parameters(count: int) -> str:
    return counted(count, "parameter")


def _quoted(sections: Iterable[Section]) -> str:
    return " and ".join(f"“{'/'.join(s.path)}”" if s.path else "the weights at the top" for s in sections)
