"""What an export did or would do, in lines for eyes: from how much to how much, and what became of the names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ckptgui.cli.report import shown_path
from ckptgui.core.display import display
from ckptgui.core.kept import LOST
from ckptgui.core.plain_numbers import count, size
from ckptgui.export.losses import Losses
from ckptgui.export.request import ExportPlan, ExportResult

_NAMED = 6
"""Names in a line; the rest is counted."""

_REASONS = 20
"""Tensors that are lost of which each gets a line."""


def export_lines(plan: ExportPlan, result: ExportResult | None, losses: Losses | None) -> Iterator[str]:
    """The lines; without a ``result`` of what would be done."""
    done = "would be written" if result is None else "written and verified" if result.verified else "written"
    nbytes = plan.nbytes if result is None else result.bytes
    sizes = f"{size(nbytes)} ({nbytes:,} bytes); the source has {size(plan.checkpoint.nbytes)}"
    yield f"{shown_path(plan.out)}: {count(len(plan.names), 'tensor')} {done}, {sizes}."
    for word, text in _details(plan, losses):
        yield f"  {word}: {text}"
    yield from _lost(plan.lost if result is None else result.lost)


def _lost(lost: Mapping[str, str]) -> Iterator[str]:
    """What a rescue has to do without, with the reasons."""
    if lost:
        yield f"  lost: {count(len(lost), 'tensor')}"
    yield from (f"    {display(name)}: {display(reason)}" for name, reason in list(lost.items())[:_REASONS])
    if len(lost) > _REASONS:
        yield f"    and {len(lost) - _REASONS:,} more, all of them with --json"


def _details(plan: ExportPlan, losses: Losses | None) -> Iterator[tuple[str, str]]:
    if len(plan.files) > 1:
        shards = sum(1 for file in plan.files if file.tensors)
        yield "shards", f"{count(shards, 'file')} and an index, as {display(plan.files[0].name)}"
    chosen = plan.chosen
    written = ((chosen.tied_to < 0) | (plan.request.ties != "drop")).tolist()
    types = zip(written, chosen.saved, chosen.dtypes)
    casts = Counter((old.name, new.name) for here, old, new in types if here and old != new)
    if casts:
        yield (
            "cast",
            ", ".join(f"{count(n, 'tensor')} from {old} to {new}" for (old, new), n in casts.most_common()),
        )
    if losses is not None and losses.casts:
        yield "the cast", losses.sentence()
        if losses.overflowing:
            options = " ".join(f"--dtype-for '{display(glob)}={dtype}'" for glob, dtype in losses.keep[:3])
            yield "to keep them", options + (f" and {len(losses.keep) - 3:,} more" if len(losses.keep) > 3 else "")
    renamed = [(old, new) for old, new in zip(plan.source_names, plan.names) if old != new]
    if renamed:
        old, new = renamed[0]
        yield "renamed", f"{count(len(renamed), 'tensor')}, the first {display(old)} to {display(new)}"
    if plan.compacted:
        yield "compacted", f"views need {size(plan.compacted)} less than the storages they are of"
    if kept := [key for key in plan.metadata if key not in ({LOST} if plan.lost else ())]:
        yield "metadata", _some(kept)
    if plan.dropped:
        yield "left out", _some(plan.dropped)
    if plan.tied:
        pairs = [f"{display(name)} = {display(to)}" for name, to in list(plan.tied.items())[:_NAMED]]
        more = f" and {len(plan.tied) - _NAMED:,} more" if len(plan.tied) > _NAMED else ""
        yield "tied", ", ".join(pairs) + more
    for note in plan.notes:
        yield "note", note


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(map(display, names[:_NAMED])) + more
