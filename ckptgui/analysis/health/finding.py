"""One finding: which tensor, what of it, in a sentence; and which kinds are worse than others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ckptgui.core.tensors import Path

Kind = Literal[
    "nan",
    "inf",
    "moment",
    "spike",
    "ratio",
    "dead",
    "overflow",
    "untrained",
    "zero",
    "constant",
    "equal",
    "underflow",
]

WORST_FIRST: tuple[Kind, ...] = (
    "nan",  # training is over for whatever these values reach
    "inf",  # NaN at the next subtraction
    "moment",  # the optimizer's next steps are wrong
    "spike",  # one channel drowns all others
    "ratio",  # one layer is unlike its siblings
    "dead",  # part of a layer does nothing
    "overflow",  # NaN or infinity as soon as somebody casts it
    "untrained",  # no gradient has come, or nothing was loaded
    "zero",  # a whole matrix does nothing
    "constant",  # a whole matrix says one thing
    "equal",  # stored twice, or copied by mistake
    "underflow",  # a cast would lose it
)


@dataclass(frozen=True, slots=True)
class Finding:
    """``rows`` are the tensors it is about, the one that ``path`` leads to first; ``count`` is how many of its
    elements, channels or tensors. ``place`` is the index of the first of the elements, where that is known.
    """

    kind: Kind
    path: Path
    count: int
    text: str
    rows: tuple[int, ...] = ()
    place: tuple[int, ...] | None = None


def worst_first(findings: list[Finding]) -> list[Finding]:
    """By kind, of each kind those with most in them first, then in the file's order."""
    rank = {kind: number for number, kind in enumerate(WORST_FIRST)}
    return sorted(findings, key=lambda found: (rank[found.kind], -found.count, found.rows, found.path))
