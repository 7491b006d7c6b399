"""How figures went over the training, where a checkpoint has it: ``log_history`` of transformers' Trainer.

``trainer_state.json`` lists what was logged, a mapping an entry, each with its ``step``
(``transformers/trainer_callback.py``, ``TrainerState``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.tensors import Path

MAX_ENTRIES = 200_000
"""Entries that are looked at."""

MAX_CURVES = 16

_PLACES: tuple[Path, ...] = (("trainer_state.json", "log_history"), ("log_history",))
_KINDS = ("loss", "eval_loss", "learning_rate", "grad_norm")
"""Told first, in this order."""

_NO_FIGURES = frozenset({"step", "epoch", "total_flos", "train_loss"})


@dataclass(frozen=True)
class Curve:
    """One figure over the steps; both columns are float64 of one length, steps never falling."""

    name: str
    steps: np.ndarray
    values: np.ndarray
    path: Path


def history(checkpoint: Checkpoint) -> tuple[Curve, ...]:
    """Every figure that was logged at least twice."""
    for path in _PLACES:
        entries = _at(checkpoint.metadata, path)
        if isinstance(entries, list):
            return _curves(entries, path)
    return ()


def _at(value: Json, path: Path) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _curves(entries: list[Json], path: Path) -> tuple[Curve, ...]:
    points: dict[str, list[tuple[float, float]]] = {}
    for entry in entries[:MAX_ENTRIES]:
        step = _number(entry.get("step")) if isinstance(entry, Mapping) else None
        if step is None:
            continue
        for name, value in entry.items():
            number = _number(value)
            if number is not None and name not in _NO_FIGURES and not name.endswith(("_per_second", "_runtime")):
                points.setdefault(name, []).append((step, number))
    names = sorted(points, key=lambda name: _KINDS.index(name) if name in _KINDS else len(_KINDS))
    curves = []
    for name in names[:MAX_CURVES]:
        told = np.array(sorted(points[name]), np.float64)
        if len(told) > 1:
            curves.append(Curve(name, told[:, 0], told[:, 1], path))
    return tuple(curves)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
