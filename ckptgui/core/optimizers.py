"""An optimizer by its saved state: which kind it seems to be, and its parameter groups.

``optimizer.state_dict()`` keeps no class name. The names of the slots that it keeps for each parameter, and
of its groups' options, tell the kinds of ``torch.optim`` apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.tensors import Path

MAX_GROUPS = 10_000
"""Groups that are looked at; a group for each parameter is the most that anyone makes."""

_SAMPLE = 64
"""Rows of an optimizer's section that are looked at for the names of its slots."""

_NAMES = re.compile(r"optim|(?:^|_)opt(?:_|$)", re.IGNORECASE)


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
    """``name`` is a guess, as “Adam”, or empty; ``slots`` are the tensors and counters it keeps a parameter."""

    path: Path
    name: str
    groups: tuple[ParameterGroup, ...]
    slots: tuple[str, ...]


def optimizers(
    root: Mapping[str, Json], sections: Iterable[Path], checkpoint: Checkpoint
) -> tuple[OptimizerSummary, ...]:
    """Every optimizer's state in the metadata: at the top, under a name, or in a list under a name."""
    wanted = dict.fromkeys(sections)
    return tuple(_summary(path, state, checkpoint) for path, state in _states(root, set(wanted)))


def _states(root: Mapping[str, Json], sections: set[Path]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    if "param_groups" in root:
        yield (), root
        return
    for key, value in root.items():
        named = bool(_NAMES.search(key)) or any(path[:1] == (key,) for path in sections)
        if isinstance(value, Mapping):
            if isinstance(value.get("param_groups"), list):
                yield (key,), value
            elif named:
                yield from _nested((key,), value.items())
        elif named and isinstance(value, list):
            yield from _nested((key,), ((str(i), state) for i, state in enumerate(value)))


def _nested(path: Path, items: Iterable[tuple[str, Json]]) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    for key, state in items:
        if isinstance(state, Mapping) and isinstance(state.get("param_groups"), list):
            yield (*path, key), state


def _summary(path: Path, state: Mapping[str, Json], checkpoint: Checkpoint) -> OptimizerSummary:
    listed = state["param_groups"]
    groups = [g for g in listed[:MAX_GROUPS] if isinstance(g, Mapping)] if isinstance(listed, list) else []
    slots = _slots(path, state, checkpoint)
    return OptimizerSummary(path, _name(slots, groups), tuple(map(_group, groups)), tuple(sorted(slots)))


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
            rows = (checkpoint.tensors.container == index).nonzero()[0][:_SAMPLE]
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
