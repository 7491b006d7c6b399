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
    return _NUMBER.sub("#", _stem(name))


def belongs(name: str, pattern: str) -> bool:
    """Whether a name is of a pattern that ``groups`` gave."""
    return re.fullmatch(re.escape(pattern).replace(r"\#", f"(?:{_NUMBER.pattern}|#)"), _stem(name)) is not None


def groups(names: Iterable[str]) -> dict[str, list[str]]:
    """The names under each pattern. Of a number that tells several runs apart, as ``resnet50_epoch_3`` and
    ``resnet18_epoch_3`` or those of seeds, each value has a pattern of its own.
    """
    alike: dict[tuple[str, int], list[str]] = {}
    for name in names:  # a name may well have a "#" of its own
        alike.setdefault((pattern_of(name), len(_NUMBER.findall(_stem(name)))), []).append(name)
    found: dict[str, list[str]] = {}
    for (pattern, _), several in alike.items():
        texts = _NUMBER.split(_stem(several[0]))
        rows = [_NUMBER.findall(_stem(name)) for name in several]
        fixed = _fixed(texts, rows) if len(texts) > 2 else []
        for name, row in zip(several, rows):
            shown = [number if column in fixed else "#" for column, number in enumerate(row)]
            own = "".join(text + number for text, number in zip(texts, (*shown, ""))) if fixed else pattern
            found.setdefault(own, []).append(name)
    return found


def _stem(name: str) -> str:
    return _AGAIN.sub("", _SUFFIX.sub("", name.lower()))


def _fixed(texts: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns of numbers that are the same in a whole run. What is called a counter never is one of them.

    It is one of few values, and most of what the other numbers are stands beside several of them.
    """
    fixed: list[int] = []
    for column in range(len(texts) - 1):
        others = [at for at in range(len(texts) - 1) if at != column and at not in fixed]
        if not others or _COUNTER.search(texts[column]):
            continue
        beside: dict[tuple[str, ...], set[str]] = {}
        for row in rows:
            beside.setdefault(tuple(row[at] for at in others), set()).add(row[column])
        values = len({row[column] for row in rows})
        shared = sum(len(each) for each in beside.values() if len(each) > 1)
        if values == 1 or (2 * values <= len(rows) and 2 * shared >= len(rows)):
            fixed.append(column)
    return fixed


def likeliest(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Patterns of two names or more that are told apart by a number, those that are most like a run's first."""
    several = [pattern for pattern, names in found.items() if len(names) > 1 and "#" in pattern]
    return sorted(several, key=lambda pattern: (*_likeness(pattern), -len(found[pattern]), len(pattern), pattern))


def _likeness(pattern: str) -> tuple[bool, int]:
    """What is kept beside a model is no run; of the others that is one first which says that it counts."""
    words = 0 if _COUNTER.search(pattern) else 1 if _MODEL.search(pattern) else 2
    return _BESIDE.search(pattern) is not None, words
