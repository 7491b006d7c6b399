"""What a part of a checkpoint is for, by the name that its author gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ckptgui.core.checkpoint import Json, Role

_EMA = re.compile(r"(^|[^a-z])(ema|swa|averaged|shadow)([^a-z]|$)|average_?model", re.IGNORECASE)
_BY_NAME: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"optim|(^|_)opt(_|\d|$)", re.IGNORECASE), Role.OPTIMIZER),
    (re.compile(r"sched", re.IGNORECASE), Role.SCHEDULER),
    (re.compile(r"scaler", re.IGNORECASE), Role.SCALER),
    (re.compile(r"rng|random_state|numpy_random|torch_random", re.IGNORECASE), Role.RNG),
    (_EMA, Role.EMA),
)


def role_by_name(key: str) -> Role | None:
    """The role that a name tells; None where it tells none of these."""
    return next((role for pattern, role in _BY_NAME if pattern.search(key)), None)


def is_scaler_state(value: Json) -> bool:
    """Whether a mapping is a gradient scaler's state (``torch/amp/grad_scaler.py``, ``state_dict``)."""
    return isinstance(value, Mapping) and {"scale", "growth_factor", "backoff_factor"} <= value.keys()
