"""From a compared series to what its report tells: what broke, and the values of the tensors worth looking at."""

from __future__ import annotations

from collections.abc import Sequence

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.analysis.breakage.breakages import breakages
from ckptgui.analysis.breakage.history import history_of
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.distributions import MemberValues, read_members
from ckptgui.workspace.report.moves_table import order_of
from ckptgui.workspace.report.page import Reported
from ckptgui.workspace.results import Results

RIDGES = 4
"""Tensors whose values are drawn."""


def gather(
    known: Compared,
    a: int,
    b: int,
    title: str,
    facts: Sequence[tuple[str, str]],
    pool: SourcePool,
    results: Results | None,
    cancel: Cancel,
    report: Report = silent,
) -> Reported:
    """Everything a report of what is known tells. Reads the values of a few tensors; raises ``Cancelled``."""
    broken = breakages(history_of(known.series, known.profiles, known.pairs, cancel.check))
    chosen = _worth_a_look(known, a, b, broken)
    ridges: list[tuple[int, Sequence[MemberValues]]] = []
    for tensor in chosen:
        found: list[MemberValues] = []
        members = range(len(known.series.members))
        read_members(known.series, [tensor], members, pool, results, found.append, cancel, report)
        ridges.append((tensor, found))
    return Reported(known, a, b, broken, facts, ridges, title)


def _worth_a_look(known: Compared, a: int, b: int, broken: Sequence[Breakage]) -> list[int]:
    """What broke first, else what moved most; no tensor of a single element."""
    named = [tensor for each in broken for tensor in each.tensors[:1]]
    moved = order_of(known.pair(a, b)).tolist()
    counts = known.pair(a, b).records["count"]
    some = [tensor for tensor in (*named, *moved) if counts[tensor] > 1 or tensor in named]
    return list(dict.fromkeys(some))[:RIDGES]
