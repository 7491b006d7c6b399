"""An optimizer's flattened state: one mapping in which every option of every parameter has a key.

So ``StateDictOptions(flatten_optimizer_state_dict=True)`` has it: ``state.<parameter>.<slot>`` and
``param_groups.<parameter>.<option>`` (``torch/distributed/checkpoint/state_dict.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from ckptgui.core.checkpoint import Json

PREFIX = "param_groups."
MAX_KEYS = 2_000_000
"""Keys that are looked at: a dozen options of more parameters than anyone has."""

_FIRST = 64


def is_flat(saved: Mapping[str, Json]) -> bool:
    """Whether a mapping is such a state, by its first keys."""
    return any(key.startswith(PREFIX) for key in islice(saved, _FIRST))


def unflattened(saved: Mapping[str, Json]) -> dict[str, Json]:
    """``param_groups`` as ``state_dict()`` has it: parameters whose options are equal are one group."""
    options: dict[str, dict[str, Json]] = {}
    for key in islice(saved, MAX_KEYS):
        parameter, _, option = key.removeprefix(PREFIX).rpartition(".")
        if key.startswith(PREFIX) and parameter:
            options.setdefault(parameter, {})[option] = saved[key]
    groups: dict[str, dict[str, Json]] = {}
    for parameter, own in options.items():
        groups.setdefault(repr(own), {**own, "params": []})["params"].append(parameter)
    return {"state": {}, "param_groups": list(groups.values())}
