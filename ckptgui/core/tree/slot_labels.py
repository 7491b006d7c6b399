"""What an optimizer's tensors are called in the tree: by slot and parameter, ``exp_avg.blocks.0.attn.weight``.

They are saved by number, ``state.17.exp_avg``, which tells nobody anything. Where a number's parameter is not
known the saved name stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.optimizers.slots import SlotMap, slots
from ckptgui.core.tensors import Path
from ckptgui.core.tree.columns import without_wrappers


@dataclass(frozen=True)
class SlotLabels:
    """Dotted names of slot rows, counted from the optimizer's own place, and the places of those optimizers."""

    names: Mapping[int, str]
    optimizers: frozenset[Path]


NO_LABELS = SlotLabels({}, frozenset())


def slot_labels(checkpoint: Checkpoint) -> SlotLabels:
    """The names of all slots whose parameter is known."""
    if not checkpoint.with_role(Role.OPTIMIZER):
        return NO_LABELS
    found = slots(checkpoint)
    places = [each.path for each in found.optimizers if each.how is not None]
    if not places:
        return NO_LABELS
    rows = np.flatnonzero(found.parameter >= 0).tolist()
    parameters = _Parameters(checkpoint, found)
    table = checkpoint.tensors
    heads = {number: _slot(path, places) for number, path in enumerate(table.containers)}
    owners = found.parameter.tolist()
    names: dict[int, str] = {}
    for row in rows:
        head = heads.get(int(table.container[row]))
        if head is not None:
            names[row] = f"{head}{table.names[row]}.{parameters.name(owners[row])}"
    return SlotLabels(names, frozenset(places))


def _slot(container: Path, places: list[Path]) -> str | None:
    """What stands before a slot's own name, of a container ``…, state, 17``; None for any other."""
    for place in places:
        below = container[len(place) :]
        if container[: len(place)] == place and len(below) >= 2 and below[0] == "state":
            return "".join(f"{key}." for key in below[2:])
    return None


class _Parameters:
    """Parameters' names below their sections, each made once."""

    def __init__(self, checkpoint: Checkpoint, found: SlotMap) -> None:
        self._checkpoint = checkpoint
        self._known: dict[int, str] = {}

    def name(self, row: int) -> str:
        """A parameter's name without what wrappers put in front."""
        known = self._known.get(row)
        if known is None:
            section = self._checkpoint.section_of(row)
            path = self._checkpoint.tensors.path(row)
            known = self._known[row] = without_wrappers(".".join(path[len(section.path) if section else 0 :]))
        return known
