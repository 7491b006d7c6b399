"""What a part of a checkpoint is for, by the name that its author gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ckptgui.core.checkpoint import Json, Role

_BY_NAME: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"sched", re.IGNORECASE), Role.SCHEDULER),
    (re.compile(r"(?i:optim|(^|_)opts?(_|\d|$))|^opt[A-Z]"), Role.OPTIMIZER),
    (re.compile(r"scaler", re.IGNORECASE), Role.SCALER),
    (re.compile(r"rng|random_?(state|seed)|manual_seed|numpy_random|torch_random", re.IGNORECASE), Role.RNG),
    (
        re.compile(
            r"(?i:(^|[^a-z])(ema|swa|averaged|averaging|shadow)([^a-z]|$)|average_?model)|(?<![A-Z])(EMA|Ema)(?![a-z])"
        ),
        Role.EMA,
    ),
)
_MODEL = frozenset(
    {
        "model", "models", "modelstate", "net", "nets", "network", "networks", "generator", "discriminator",
        "encoder", "decoder", "backbone", "student", "teacher", "actor", "critic", "policy", "gen", "disc",
        "adapter", "lora",
    }
)  # fmt: skip
"""Words that say “model” wherever they stand in a name."""

_ALONE = frozenset({"module", "modules", "weights", "params", "parameters"})
"""Words that say it when they are the whole name: ``hyper_parameters`` and ``class_weights`` are no models."""

_ABOUT = re.compile(r"args|arguments|config|cfg|hyper|hparam|option|setting|meta|info|name|type|path|class|loss")
"""What is about a model, and none."""

_MOST = 256
"""Characters of a name that are looked at."""

_STATE = re.compile(r"_?state_?dicts?$|_states?$|_dict$|_weights$", re.IGNORECASE)
_BREAK = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")


def role_by_name(key: str) -> Role | None:
    """The role that a name tells; None where it tells none. A name that tells several has the first."""
    key = key[:_MOST]
    found = next((role for pattern, role in _BY_NAME if pattern.search(key)), None)
    return found or (Role.MODEL if is_model_name(key) else None)


def is_model_name(key: str) -> bool:
    """Whether a name says “model”, as ``model_state_dict``, ``netG``, ``state_dict`` and ``q_network`` do."""
    bare = _STATE.sub("", key)
    if not bare or bare.lower() in _ALONE:
        return True
    if _ABOUT.search(bare.lower()):
        return False
    return any(word.lower() in _MODEL for word in _BREAK.split(bare))


def is_scaler_state(value: Json) -> bool:
    """Whether a mapping is a gradient scaler's state (``torch/amp/grad_scaler.py``, ``state_dict``)."""
    return isinstance(value, Mapping) and value.keys() >= SCALER_KEYS


def is_scheduler_state(value: Json) -> bool:
    """Whether a mapping is a scheduler's state (``torch/optim/lr_scheduler.py``, ``LRScheduler.state_dict``)."""
    return isinstance(value, Mapping) and value.keys() >= {"last_epoch", "_last_lr"}


SCALER_KEYS = frozenset({"scale", "growth_factor", "backoff_factor"})
"""What a gradient scaler's state has at least."""
