"""An optimizer by its saved state: which kind it seems to be, and its parameter groups.

``optimizer.state_dict()`` keeps no class name. The names of the slots that it keeps for each parameter, and
of its groups' options, tell the kinds of ``torch.optim`` apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.optimizers.flat import PREFIX, is_flat, unflattened
from ckptgui.core.tensors import Path

MAX_GROUPS = 10_000
"""Groups that are looked at; a group for each parameter is the most that anyone makes."""

_SAMPLE = 64
"""Rows of an optimizer's section that are looked at for the names of its slots."""

MAX_DEPTH = 5
"""Levels of the metadata at which an optimizer's state is looked for."""

MAX_LOOKED_AT = 20_000
"""Values that are looked at on the way."""


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """One group: its learning rate and other options, and how many parameters it has (None: not told)."""

    lr: float | None
    weight_decay: float | None
    momentum: float | None
    betas: tuple[float, float] | None
    parameters: int | None
    options: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class OptimizerSummary:
    """``name`` is a guess, as “Adam”, or empty; ``slots`` are the tensors and counters it keeps a parameter.

    ``rate`` is where the first group's learning rate stands. ``flat`` says that each option of each parameter
    has a key of its own (``flat_optimizer``).
    """

    path: Path
    name: str
    groups: tuple[ParameterGroup, ...]
    slots: tuple[str, ...]
    rate: Path
    flat: bool = False


def optimizers(root: Mapping[str, Json], checkpoint: Checkpoint) -> tuple[OptimizerSummary, ...]:
    """Every optimizer's state in the metadata, in saved order."""
    return tuple(_summary(path, state, checkpoint, root) for path, state in states(root))


def states(root: Mapping[str, Json]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """Each mapping that has ``param_groups`` as an optimizer's state does, with its place; a few levels deep."""
    level: list[tuple[Path, Json]] = [((), root)]
    left = MAX_LOOKED_AT
    for _ in range(MAX_DEPTH):
        deeper: list[tuple[Path, Json]] = []
        for path, value in level:
            if isinstance(value, Mapping) and _has_groups(value):
                yield path, value
                continue
            if isinstance(value, Mapping) and is_flat(value):
                yield path, unflattened(value)
                continue
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, inner in islice(items, left):
                left -= 1
                if isinstance(inner, (Mapping, list)) and inner:
                    deeper.append(((*path, str(key)), inner))
        level = deeper


def _has_groups(value: Mapping[str, Json]) -> bool:
    listed = value.get("param_groups")
    return isinstance(listed, list) and all(isinstance(group, Mapping) for group in listed[:1])


def _summary(
    path: Path, state: Mapping[str, Json], checkpoint: Checkpoint, root: Mapping[str, Json]
) -> OptimizerSummary:
    listed = state["param_groups"]
    groups = [g for g in listed[:MAX_GROUPS] if isinstance(g, Mapping)] if isinstance(listed, list) else []
    flat = _at(root, path) is not state
    slots = _flat_slots(path, checkpoint) if flat else _slots(path, state, checkpoint)
    rate: Path = (*path, "param_groups", "0", "lr")
    if flat and groups:
        rate = (*path, f"{PREFIX}{groups[0]['params'][0]}.lr")
    return OptimizerSummary(
        path, _name(slots, groups), tuple(map(_group, groups)), tuple(sorted(slots)), rate, flat
    )


def _at(root: Json, path: Path) -> Json:
    for key in path:
        root = root[int(key)] if isinstance(root, list) else root[key]
    return root


def _flat_slots(path: Path, checkpoint: Checkpoint) -> set[str]:
    """Names of slots in a flattened state, by some of its rows."""
    table = checkpoint.tensors
    if path not in table.containers:
        return set()
    rows = np.flatnonzero(table.container == table.containers.index(path))[:_SAMPLE].tolist()
    names = [table.names[row] for row in rows]
    return {name.rpartition(".")[2] for name in names if name.startswith("state.")}


def _slots(path: Path, state: Mapping[str, Json], checkpoint: Checkpoint) -> set[str]:
    """Names of what is kept for a parameter: tensors by the table's rows, numbers by the metadata."""
    slots: set[str] = set()
    kept = state.get("state")
    if isinstance(kept, Mapping):
        for values in list(kept.values())[:_SAMPLE]:
            if isinstance(values, Mapping):
                slots.update(key for key in list(values)[:_SAMPLE])
    prefix = (*path, "state")
    for index, container in enumerate(checkpoint.tensors.containers):
        if len(container) == len(prefix) + 1 and container[: len(prefix)] == prefix:
            rows = np.flatnonzero(checkpoint.tensors.container == index)[:_SAMPLE]
            slots.update(checkpoint.tensors.names[int(row)] for row in rows)
            if len(slots) >= _SAMPLE or len(rows):
                break
    return slots


def _group(group: Mapping[str, Json]) -> ParameterGroup:
    params = group.get("params")
    betas = group.get("betas")
    pair = [_real(b) for b in betas] if isinstance(betas, list) and len(betas) == 2 else []
    return ParameterGroup(
        lr=_real(group.get("lr")),
        weight_decay=_real(group.get("weight_decay")),
        momentum=_real(group.get("momentum")),
        betas=(pair[0], pair[1]) if pair and pair[0] is not None and pair[1] is not None else None,
        parameters=len(params) if isinstance(params, list) else None,
        options={key: value for key, value in group.items() if key != "params"},
    )


def _real(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _name(slots: set[str], groups: list[Mapping[str, Json]]) -> str:
    """The kind of ``torch.optim`` whose state looks like this; empty where none does."""
    options = groups[0] if groups else {}
    keys = set(options)
    for name, options_of, slots_of in _KINDS:
        if options_of <= keys and (slots_of <= slots or not slots):
            return _refined(name, options)
    for name, _, slots_of in _KINDS:
        if slots_of and slots_of <= slots:
            return name
    return ""


def _refined(name: str, options: Mapping[str, Json]) -> str:
    if name == "SGD" and _real(options.get("momentum")):
        return "SGD with Nesterov momentum" if options.get("nesterov") is True else "SGD with momentum"
    if name == "Adam" and options.get("decoupled_weight_decay") is True:
        return "AdamW"
    # Before torch 2.7 Adam and AdamW keep the same options; AdamW alone decays by default, by this much.
    if name == "Adam" and "decoupled_weight_decay" not in options and _real(options.get("weight_decay")) == 0.01:
        return "Adam or AdamW"
    return name


# Name, options and slots of each kind, the more particular first (torch/optim/*.py, __init__ and step).
_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("NAdam", frozenset({"betas", "momentum_decay"}), frozenset({"exp_avg", "exp_avg_sq", "mu_product"})),
    ("Adam", frozenset({"betas", "eps", "amsgrad"}), frozenset({"exp_avg", "exp_avg_sq"})),
    ("AdamW", frozenset({"betas", "eps", "correct_bias"}), frozenset({"exp_avg", "exp_avg_sq"})),  # transformers'
    ("RAdam", frozenset({"betas", "eps", "decoupled_weight_decay"}), frozenset({"exp_avg", "exp_avg_sq"})),
    ("Adamax", frozenset({"betas", "eps"}), frozenset({"exp_avg", "exp_inf"})),
    ("Adam", frozenset({"betas", "eps"}), frozenset({"exp_avg", "exp_avg_sq"})),  # apex' and DeepSpeed's
    ("Rprop", frozenset({"etas", "step_sizes"}), frozenset({"prev", "step_size"})),
    ("RMSprop", frozenset({"alpha", "centered"}), frozenset({"square_avg"})),
    ("Adadelta", frozenset({"rho", "eps"}), frozenset({"square_avg", "acc_delta"})),
    ("Adagrad", frozenset({"lr_decay", "eps"}), frozenset({"sum"})),
    ("ASGD", frozenset({"lambd", "alpha", "t0"}), frozenset({"ax", "eta", "mu"})),
    ("LBFGS", frozenset({"history_size", "max_iter"}), frozenset()),
    ("Adafactor", frozenset({"beta2_decay", "d"}), frozenset()),
    ("Muon", frozenset({"momentum", "ns_steps"}), frozenset({"momentum_buffer"})),
    ("SGD", frozenset({"momentum", "dampening"}), frozenset()),
    ("Lion", frozenset({"betas"}), frozenset({"exp_avg"})),
)  # fmt: skip
