"""Which names are those of one run: alike but for their numbers, as ``epoch_3`` and ``epoch_4``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_SUFFIX = re.compile(r"(\.(pt2?|pth|ckpt|safetensors|bin|pkl|pickle|tar|ptl|index\.json))+$")
_AGAIN = re.compile(r"-v\d+$")
"""What Lightning puts behind a name that was taken."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_COUNTER = re.compile(
    r"(?<![a-z])(checkpoints?|ckpts?|chkpt|epochs?|ep|steps?|global_step|iter(ation)?s?)(?![a-z])"
)
_MODEL = re.compile(r"model|weight|state|snapshot|save|net(?![a-z])")
_BESIDE = re.compile(
    r"(?<![a-z])(optim(izer)?|opt|sched(uler)?|scaler|rng|random_states?|ema|swa|best|embeddings?)(?![a-z])"
)


def pattern_of(name: str) -> str:
    """A file's or folder's name without its suffix and with every number as ``#``, in lower case."""
    stem = _SUFFIX.sub("", name.lower())
    return _NUMBER.sub("#", _AGAIN.sub("", stem))


def groups(names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The names under each pattern."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(pattern_of(name), []).append(name)
    return found


def likeliest(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Patterns of two names or more that are told apart by a number, those that are most like a run's first."""
    several = [pattern for pattern, names in found.items() if len(names) > 1 and "#" in pattern]
    return sorted(several, key=lambda pattern: (*_likeness(pattern), -len(found[pattern]), len(pattern), pattern))


def _likeness(pattern: str) -> tuple[bool, int]:
    """What is kept beside a model is no run; of the others that is one first which says that it counts."""
    words = 0 if _COUNTER.search(pattern) else 1 if _MODEL.search(pattern) else 2
    return _BESIDE.search(pattern) is not None, words
