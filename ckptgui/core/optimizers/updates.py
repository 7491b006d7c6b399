"""Which parameters' last update can be worked out from what the optimizer saved, and by which rule.

An optimizer saves its running moments, its step and its options, and not the gradient. Rules that make the
update of the moments alone can be followed afterwards (``torch/optim/{adam,adamw,radam,adamax,sgd,rmsprop}.py``,
``_single_tensor_*``); those that mix the gradient in again (Nesterov, NAdam, Lion, Adagrad) cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.optimizers.state import OptimizerState, optimizer_states, slot_name
from ckptgui.core.optimizers.summary import OptimizerSummary, ParameterGroup, optimizers
from ckptgui.core.tensors import Path


class Rule(Enum):
    """How an update is made of the moments."""

    ADAM = "Adam"
    RADAM = "RAdam"
    ADAMAX = "Adamax"
    MOMENTUM = "momentum"


@dataclass(frozen=True, slots=True)
class LastUpdate:
    """One parameter's. ``moments`` are the rows that the rule takes, in its order (``RULES``).

    ``step`` is the number of steps taken, where it is a plain value; else ``step_row`` is the tensor that has it.
    ``decoupled`` says that weight decay shrinks the parameter itself, as AdamW's does.
    """

    parameter: int
    rule: Rule
    moments: tuple[int, ...]
    lr: float
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    decoupled: bool
    step: float | None
    step_row: int | None


@dataclass(frozen=True)
class LastUpdates:
    """``rates`` are the learning rates of all groups, each once; ``why_not`` says what cannot be worked out."""

    updates: tuple[LastUpdate, ...]
    rates: tuple[float, ...]
    why_not: tuple[str, ...]


RULES: tuple[tuple[Rule, tuple[str, ...]], ...] = (
    (Rule.ADAM, ("exp_avg", "max_exp_avg_sq")),  # AMSGrad divides by the largest second moment so far
    (Rule.ADAM, ("exp_avg", "exp_avg_sq")),
    (Rule.ADAMAX, ("exp_avg", "exp_inf")),
    (Rule.MOMENTUM, ("momentum_buffer",)),
)
"""The slots of each rule, the more particular first."""

_NOT = {
    "NAdam": "NAdam mixes the gradient in again, which is not saved.",
    "SGD with Nesterov momentum": "Nesterov momentum mixes the gradient in again, which is not saved.",
    "SGD": "SGD without momentum keeps nothing of its gradients.",
    "Lion": "Lion mixes the gradient in again, which is not saved.",
    "Muon": "Muon's update takes the whole matrix apart, which is not done here.",
}
_DEFAULT_BETAS, _DEFAULT_EPS = (0.9, 0.999), 1e-8


def last_updates(checkpoint: Checkpoint, matched: SlotMap) -> LastUpdates:
    """Every parameter of the optimizers whose slots are named, in the file's order."""
    metadata = checkpoint.metadata
    told = optimizers(metadata, checkpoint) if isinstance(metadata, Mapping) else ()
    summaries = {summary.path: summary for summary in told}
    found: list[LastUpdate] = []
    why_not: list[str] = []
    rates: list[float] = []
    for state in optimizer_states(checkpoint):
        summary = summaries.get(state.path)
        reason = _why_not(state, summary, matched)
        if reason or summary is None:
            why_not += [reason] if reason else []
            continue
        updates = list(_of_state(checkpoint, state, summary, matched))
        if not updates:
            why_not.append("It keeps no moments that an update could be worked out from.")
        found += updates
        rates += [group.lr for group in summary.groups if group.lr is not None]
    order = sorted(found, key=lambda update: update.parameter)
    return LastUpdates(tuple(order), tuple(dict.fromkeys(rates)), tuple(dict.fromkeys(why_not)))


def _why_not(state: OptimizerState, summary: OptimizerSummary | None, matched: SlotMap) -> str:
    if not len(state.rows):
        return ""
    if (matched.parameter[state.rows] < 0).all():
        return "The optimizer's slots are not matched with parameters."
    if summary is None or not summary.groups:
        return "The optimizer's groups, and with them the learning rate, are not in the file."
    return _NOT.get(summary.name, "")


def _of_state(
    checkpoint: Checkpoint, state: OptimizerState, summary: OptimizerSummary, matched: SlotMap
) -> Iterator[LastUpdate]:
    order = np.argsort(state.entry_of, kind="stable")
    starts = np.searchsorted(state.entry_of[order], np.arange(len(state.entries) + 1))
    ends = list(accumulate(state.groups))
    for number, entry in enumerate(state.entries):
        rows = state.rows[order[starts[number] : starts[number + 1]]].tolist()
        owners = [int(matched.parameter[row]) for row in rows]
        at = next((group for group, end in enumerate(ends) if number < end), len(summary.groups))
        if not rows or min(owners) < 0 or at >= len(summary.groups):
            continue
        slots = {slot_name(checkpoint, state.path, row): row for row in rows}
        found = _update(checkpoint, owners[0], slots, summary.groups[at], summary.name)
        if found is not None:
            step = _plain_step(checkpoint.metadata, state.path, entry) if found.step_row is None else None
            yield found if step is None else replace(found, step=step)


def _update(
    checkpoint: Checkpoint, parameter: int, slots: Mapping[str, int], group: ParameterGroup, name: str
) -> LastUpdate | None:
    table = checkpoint.tensors
    shape = table.shape(parameter)
    for rule, wanted in RULES:
        moments = tuple(slots[slot] for slot in wanted if slot in slots)
        if len(moments) < len(wanted) or any(table.shape(row) != shape for row in moments):
            continue
        if group.lr is None:
            return None
        eps = _real(group.options.get("eps"))
        return LastUpdate(
            parameter,
            Rule.RADAM if rule is Rule.ADAM and name == "RAdam" else rule,
            moments,
            group.lr,
            group.betas or _DEFAULT_BETAS,
            _DEFAULT_EPS if eps is None else eps,
            group.weight_decay or 0.0,
            _is_decoupled(group, name),
            None,
            slots.get("step"),
        )
    return None


def _is_decoupled(group: ParameterGroup, name: str) -> bool:
    told = group.options.get("decoupled_weight_decay")
    return told is True or (not isinstance(told, bool) and name in ("AdamW", "Adam or AdamW"))


def _plain_step(metadata: Json, path: Path, entry: str) -> float | None:
    value = metadata
    for key in (*path, "state", entry, "step"):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return _real(value)


def _real(value: Json) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
