"""An optimizer's slots beside the parameters that they belong to, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.optimizers.matching import OptimizerMatch, match
from ckptgui.core.optimizers.parameter_rows import ParameterRows
from ckptgui.core.optimizers.shapes import shape_keys
from ckptgui.core.optimizers.state import optimizer_states, slot_name
from ckptgui.core.tensors import Path

MAX_MODELS = 32
"""Models that each optimizer is compared with; a file that claims more has made them up."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor that an optimizer keeps for a parameter, as ``exp_avg``, and its row."""

    name: str
    row: int


@dataclass(frozen=True)
class SlotMap:
    """The slots of every optimizer. ``parameter`` has for each row the parameter's row, -1 for all others."""

    optimizers: tuple[OptimizerMatch, ...]
    parameter: np.ndarray  # int64
    first: np.ndarray  # int64 a row: the row that the same parameter has first, where names are tied
    _checkpoint: Checkpoint
    _paths: tuple[Path, ...]
    _order: np.ndarray  # slot rows, sorted by the parameter they belong to
    _owners: np.ndarray  # the parameter of each of them

    def of(self, row: int) -> tuple[Slot, ...]:
        """The slots of a parameter, in saved order; a tied name has those of its parameter."""
        owner = int(self.first[row])
        start, stop = np.searchsorted(self._owners, [owner, owner + 1])
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
    sections = (checkpoint.with_role(Role.MODEL) or checkpoint.with_role(Role.EMA)) if found else ()
    models = [ParameterRows.of(checkpoint, section) for section in sections[:MAX_MODELS]]
    keys = shape_keys(table) if found else np.zeros(0, np.uint64)
    matches = []
    for state in found:
        found_match, places = match(checkpoint, state, models, keys)
        matches.append(found_match)
        if places is not None:
            parameter[state.rows] = places[state.entry_of]
    order = np.flatnonzero(parameter >= 0)
    order = order[np.argsort(parameter[order], kind="stable")]
    first = np.arange(len(table))
    for model in models:
        first[model.all_rows] = model.first
    return SlotMap(
        tuple(matches), parameter, first, checkpoint, tuple(s.path for s in found), order, parameter[order]
    )
