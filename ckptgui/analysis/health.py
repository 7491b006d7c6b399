"""What a person should look at first: findings from the figures of the tensors, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ckptgui.analysis.statistics import Statistics
from ckptgui.core.tensors import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one tensor. ``kind`` is ``nan`` or ``inf``; ``count`` elements have it."""

    kind: str
    path: Path
    count: int
    text: str


def findings(figures: Iterable[tuple[Path, Statistics]]) -> list[Finding]:
    """NaN before infinities, and of each the tensor with most of them first."""
    found = [finding for path, statistics in figures for finding in _of(path, statistics)]
    return sorted(found, key=lambda finding: (finding.kind != "nan", -finding.count, finding.path))


def _of(path: Path, statistics: Statistics) -> Iterable[Finding]:
    for kind, number, word in (("nan", statistics.nan, "NaN"), ("inf", statistics.inf, "infinite")):
        if number:
            verb = "is" if number == 1 else "are"
            yield Finding(kind, path, number, f"{number:,} of {statistics.count:,} values {verb} {word}.")
