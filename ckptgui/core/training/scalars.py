"""Every figure that a checkpoint tells of its training, by its path: what can be drawn over the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json, Role
from ckptgui.core.tensors import Path
from ckptgui.core.training.lightning import lightning
from ckptgui.core.training.roles import role_by_name
from ckptgui.core.training.summary import figure

MAX_SCALARS = 256
MAX_DEPTH = 8
MAX_LISTED = 16
"""Entries of a list that are looked at: parameter groups and betas, not a history."""

_RECENT = 64
"""Entries at the end of a trainer's log that are looked at."""

_LOG = "log_history"
_SKIPPED = frozenset({_LOG, "loops", "callbacks", "stateful_callbacks", "training_args.bin"})
"""A log is told by its end; counters of Lightning's loops and settings of a library are no figures."""

_COUNTERS = frozenset({"last_epoch", "_step_count", "_initial_step", "total_flos"})
"""What a scheduler counts, and a trainer of the computer's work."""

_NOT_LOGGED = ("_runtime", "_per_second")
"""What transformers logs about the computer."""

_TOLD_BESIDE = frozenset({"step", "epoch", "total_flos"})
"""What stands beside the log as well."""


def scalars(metadata: Json) -> dict[str, float]:
    """Numbers among the plain values by their path joined with ``/``, in saved order, shallow ones first.

    Of transformers' ``log_history`` the last value of each figure counts.
    """
    found = dict(_logged(metadata))
    level: list[tuple[Path, Json]] = [((), metadata)]
    for _ in range(MAX_DEPTH):
        deeper: list[tuple[Path, Json]] = []
        for path, value in level:
            for key, inner in _entries(path, value):
                if isinstance(inner, (Mapping, list)):
                    deeper.append(((*path, key), inner))
                    continue
                number = figure(inner)
                if number is not None:
                    found.setdefault("/".join((*path, key)), number)
                if len(found) >= MAX_SCALARS:
                    return found
        level = deeper[:MAX_SCALARS]
    return found


def scalar_tensors(checkpoint: Checkpoint) -> dict[str, Path]:
    """Figures that were saved as tensors of one element, as a loss often is: the path of each by its name here.

    What Lightning's callbacks watch goes by the name of what is watched.
    """
    found: dict[str, Path] = {}
    state = lightning(checkpoint)
    for callback in state.callbacks if state is not None else ():
        for score, word in ((callback.current, ""), (callback.best, "best_")):
            if score is not None and callback.monitor:
                found.setdefault(f"callbacks/{callback.name}/{word}{callback.monitor}", score.path)
    table = checkpoint.tensors
    for section in checkpoint.with_role(Role.OTHER):
        if section.path[:1] == ("callbacks",):
            continue
        for row in (np.flatnonzero(table.numel[section.start : section.stop] == 1) + section.start).tolist():
            found.setdefault("/".join(table.path(row)), table.path(row))
            if len(found) >= MAX_SCALARS:
                return found
    return found


def _entries(path: Path, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            beside = not path and (key.endswith("config.json") or role_by_name(key) is Role.RNG)
            if key not in _SKIPPED and key not in _COUNTERS and not beside:
                yield key, inner
    elif isinstance(value, list) and len(value) <= MAX_LISTED and path[-1:] != ("params",):
        yield from ((str(place), inner) for place, inner in enumerate(value))


def _logged(metadata: Json) -> Iterator[tuple[str, float]]:
    """What transformers' trainer logged last."""
    root = metadata if isinstance(metadata, Mapping) else {}
    for path, table in (((), root), (("trainer_state.json",), root.get("trainer_state.json"))):
        log = table.get(_LOG) if isinstance(table, Mapping) else None
        for entry in log[-_RECENT:] if isinstance(log, list) else ():
            for key, value in entry.items() if isinstance(entry, Mapping) else ():
                number = figure(value)
                if number is not None and key not in _TOLD_BESIDE and not key.endswith(_NOT_LOGGED):
                    yield "/".join((*path, _LOG, key)), number
