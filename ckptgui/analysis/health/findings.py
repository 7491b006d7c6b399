"""All findings of a checkpoint, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

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

MOST = 10_000
"""Findings of one check. Nobody goes through more; the tree's badges and its filter tell of every tensor."""


def findings(evidence: Evidence) -> list[Finding]:
    """Of what is known so far, up to ``MOST`` of each check: tensors that were not read yet have none."""
    found: list[Finding] = []
    for check in CHECKS:
        evidence.between()
        found += islice(check(evidence), MOST)
    return worst_first(found)
