"""All findings of a checkpoint, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ckptgui.analysis.health.dead import dead
from ckptgui.analysis.health.equals import equals
from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding, worst_first
from ckptgui.analysis.health.moments import moments
from ckptgui.analysis.health.nonfinite import nonfinite
from ckptgui.analysis.health.ranges import ranges
from ckptgui.analysis.health.siblings import siblings
from ckptgui.analysis.health.spikes import spikes
from ckptgui.analysis.health.still import still

CHECKS: tuple[Callable[[Evidence], Iterable[Finding]], ...] = (
    nonfinite,
    moments,
    spikes,
    siblings,
    dead,
    still,
    equals,
    ranges,
)


def findings(evidence: Evidence) -> list[Finding]:
    """Of what is known so far: tensors that were not read yet have none."""
    found: list[Finding] = []
    for check in CHECKS:
        evidence.between()
        found += check(evidence)
    return worst_first(found)
