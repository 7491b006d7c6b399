"""The run as a folder: what it takes, how often it was saved, its best checkpoints, what it stores again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ckptgui.analysis.breakage.history import History
from ckptgui.analysis.breakage.repeats import Unchanging, equal_members, unchanging
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count, figure, size
from ckptgui.core.series.best import Keeping, Metric, keeping, metrics
from ckptgui.core.series.disk_use import DiskUse, disk_use
from ckptgui.core.series.saving import Saving, saving
from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of, member_text

KEPT = 3
"""How many of the best are kept in what is told to be free without the others."""

_NAMED = 12
_METRICS = 6


@dataclass(frozen=True, eq=False)
class RunFacts:
    """``equal`` are pairs of a member and the earlier one that it equals; ``keep`` is by the first metric."""

    series: Series
    use: DiskUse
    saving: Saving
    metrics: tuple[Metric, ...]
    keep: Keeping | None
    unchanging: Unchanging
    equal: tuple[tuple[int, int], ...]


def run_facts(history: History) -> RunFacts:
    """From what is known of a series."""
    members = history.series.members
    use, found = disk_use(members), metrics(members)
    keep = keeping(members, use, found[0], KEPT) if found else None
    return RunFacts(history.series, use, saving(members), found, keep, unchanging(history), equal_members(history))


def facts_answer(facts: RunFacts) -> dict[str, Any]:
    """As ``compare --json`` has them under ``run``; members go by their places in ``checkpoints``."""
    return {
        "bytes": facts.use.total,
        "optimizer_bytes": facts.use.optimizer,
        "shared_bytes": facts.use.shared,
        "counter": facts.saving.counter or None,
        "every": facts.saving.every or None,
        "missing": [number for gap in facts.saving.gaps for number in gap.missing],
        "best": [
            {
                "metric": metric.curve.path,
                "lower_is_better": metric.lower,
                "checkpoint": metric.ranking[0],
                "value": float(metric.curve.values[metric.ranking[0]]),
            }
            for metric in facts.metrics
        ],
        "keep": _keep(facts.metrics[0], facts.keep) if facts.keep is not None else None,
        "unchanging": [facts.series.matching.names[tensor] for tensor in facts.unchanging.tensors.tolist()],
        "unchanging_bytes": facts.unchanging.nbytes,
        "equal": [list(pair) for pair in facts.equal],
    }


def _keep(metric: Metric, keep: Keeping) -> dict[str, Any]:
    return {"metric": metric.curve.path, "best": KEPT, "checkpoints": list(keep.kept), "frees": keep.freed}


def facts_words(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """What each is about, and the words."""
    use, found, counter = facts.use, facts.saving, counter_of(facts.series)
    words = [size(use.total)]
    words += [f"{size(use.optimizer)} of it for the optimizer"] if use.optimizer else []
    words += [f"{size(use.shared)} shared, as hard links do"] if use.shared else []
    yield "On the disk", ", ".join(words)
    if found.every:
        yield "Saved", f"every {found.counter if found.every == 1 else f'{found.every:,} {found.counter}s'}"
    missing = [f"{number:,}" for gap in found.gaps for number in gap.missing]
    if missing:
        yield "Missing", f"{found.counter} {_some(missing)}"
    for metric in facts.metrics[:_METRICS]:
        best = metric.ranking[0]
        least = "lowest" if metric.lower else "highest"
        value = figure(float(metric.curve.values[best]))
        yield "Best", f"{_member(facts, best, counter)} has the {least} {display(metric.curve.name, 60)}, {value}"
    if facts.keep is not None and facts.keep.dropped:
        yield (
            "To keep",
            (
                f"the best {KEPT} by {display(facts.metrics[0].curve.name, 60)} and the last would free"
                f" {size(facts.keep.freed)}; nothing is deleted here"
            ),
        )
    same = facts.unchanging.tensors.tolist()
    if same:
        names = _some([display(facts.series.matching.names[tensor], 60) for tensor in same])
        again = size(facts.unchanging.nbytes)
        yield "Unchanging", f"{count(len(same), 'tensor')}, {again} stored again: {names}"
    for later, earlier in facts.equal[:_NAMED]:
        yield "Equal", f"{_member(facts, later, counter)} is {_member(facts, earlier, counter)} in every value"


def _member(facts: RunFacts, number: int, counter: str) -> str:
    return member_text(facts.series.members[number], counter)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _NAMED:,} more" if len(words) > _NAMED else ""
    return f"{', '.join(words[:_NAMED])}{more}"
