"""What has to be said about an export before it is written, a sentence each, what matters most first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.profile import FIGURES
from ckptgui.core.display import display
from ckptgui.errors import CollisionError, DamagedSourceError
from ckptgui.export.losses import Losses
from ckptgui.export.losses_quick import quick
from ckptgui.export.request import ExportPlan
from ckptgui.gui.export.outlook import Outlook
from ckptgui.gui.numbers import counted, integer, size_text, tr
from ckptgui.gui.tree.badges import Tone

_NAMED = 60
"""Characters of a name within a sentence."""

CAST, TROUBLE, LOST, ALARM = "cast", "trouble", "lost", "alarm"


@dataclass(frozen=True, slots=True)
class Finding:
    """A badge and a sentence; ``name`` is a tensor in front of the sentence, ``row`` its row.

    ``open``: more can be said once values are read.
    """

    kind: str
    badge: str
    tone: Tone
    text: str
    name: str = ""
    row: int = -1
    open: bool = False


def findings(outlook: Outlook, records: np.ndarray | None) -> tuple[Finding, ...]:
    """All there is to say; ``records`` are the figures that are known. Looks at every tensor: not for the GUI."""
    plan = outlook.shown
    if plan is None:
        return ()
    if records is not None and len(records) != len(plan.checkpoint):
        records = None
    found = [*_lost(outlook), *alarms(plan, records), *_tied(plan), *_views(plan), *_places(plan)]
    losses = quick(plan, records)
    if losses.casts:
        found.append(cast_finding(losses))
    found += [Finding("note", tr("Pattern"), Tone.WARN, display(note, 300)) for note in plan.notes]
    return tuple(found)


def with_alarms(found: Sequence[Finding], news: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with the alarms that are known by now."""
    rest = [each for each in found if each.kind != ALARM]
    worse = sum(each.kind in (TROUBLE, LOST) for each in rest)
    return (*rest[:worse], *news, *rest[worse:])


def trouble_of(outlook: Outlook) -> Finding:
    """Why nothing can be written."""
    kinds = ((CollisionError, tr("Collision")), (DamagedSourceError, tr("Damaged")))
    badge = next((badge for kind, badge in kinds if isinstance(outlook.error, kind)), tr("Stops"))
    return Finding(TROUBLE, badge, Tone.ALARM, display(outlook.trouble, 600))


def place_trouble(text: str) -> Finding:
    """Why nothing can be written there."""
    return Finding(TROUBLE, tr("Place"), Tone.ALARM, display(text, 600))


def cast_finding(losses: Losses) -> Finding:
    """What the casts lose, as far as it is known."""
    wrong = bool(losses.overflowed.least)
    tone = Tone.WARN if wrong or losses.zeroed.least else Tone.PLAIN
    told = losses.exact or (not losses.unknown and losses.overflowed.exact and losses.zeroed.exact)
    return Finding(CAST, tr("Cast"), tone, losses.sentence(), open=not told)


def _lost(outlook: Outlook) -> list[Finding]:
    plan = outlook.plan
    if plan is None or not plan.lost:  # what stops it says so itself
        return []
    name, reason = next(iter(plan.lost.items()))
    text = tr("cannot be read whole: {reason}").format(reason=display(reason, 300))
    if len(plan.lost) > 1:
        text = f"{text} {counted(len(plan.lost) - 1, 'more is', 'more are')} {tr('like it.')}"
    badge = tr("{count} lost").format(count=integer(len(plan.lost)))
    return [Finding(LOST, badge, Tone.ALARM, text, display(name, _NAMED))]


def alarms(plan: ExportPlan, records: np.ndarray | None) -> list[Finding]:
    """NaN and infinities that the window has seen so far."""
    if records is None:
        return []
    rows = plan.chosen.rows[plan.chosen.tied_to < 0]
    known = records["known"][rows] == FIGURES
    found = []
    for word, counts in (
        ("NaN", records["nan"][rows]),
        ("Inf", records["posinf"][rows] + records["neginf"][rows]),
    ):
        bad = np.flatnonzero(known & (counts > 0))
        if not bad.size:
            continue
        first, total = int(bad[0]), int(counts[bad].sum())
        here = f"{integer(int(counts[first]))} {word}"
        text = tr("keeps its {values}; an export does not repair them.").format(values=here)
        if bad.size > 1:
            more = counted(int(bad.size) - 1, "more tensor", "more tensors")
            text = tr("and {more} keep their {word}; an export does not repair them.").format(more=more, word=word)
        badge = f"{integer(total)} {word}"
        name = display(plan.chosen.names[int(np.flatnonzero(plan.chosen.tied_to < 0)[first])], _NAMED)
        found.append(Finding(ALARM, badge, Tone.ALARM, text, name, int(rows[first])))
    return found


def _tied(plan: ExportPlan) -> list[Finding]:
    if not plan.tied:
        return []
    second, first = (display(name, _NAMED) for name in next(iter(plan.tied.items())))
    more = ""
    if len(plan.tied) > 1:
        more = tr(" {count} more are alike.").format(count=integer(len(plan.tied) - 1))
    if plan.request.ties == "keep":
        text = tr("{second} and {first} stay one tensor under two names.")
    elif plan.request.format == "safetensors":
        text = tr("safetensors cannot share memory, so {second} is written once, as {first}, and recorded.")
    else:
        text = tr("{second} is written once, as {first}, and recorded.")
    return [Finding("tied", tr("Tied"), Tone.WARN, text.format(second=second, first=first) + more)]


def _views(plan: ExportPlan) -> list[Finding]:
    if not plan.compacted:
        return []
    text = tr("Views are written without the rest of their storages, which saves {size}.")
    return [Finding("views", tr("Views"), Tone.PLAIN, text.format(size=size_text(plan.compacted)))]


def _places(plan: ExportPlan) -> list[Finding]:
    """A ``.pt`` with the tag of a GPU opens without one only where the reader says how."""
    request = plan.request
    if request.format != "pt":
        return []
    table = plan.checkpoint.tensors
    saved = [table.devices[code] for code in np.unique(table.device[plan.chosen.rows]).tolist()]
    tagged = {request.location} if request.location != "keep" else set(saved)
    tagged = {device for device in tagged if device.partition(":")[0] not in ("cpu", "", "meta")}
    if not tagged:
        return []
    text = tr("Its tensors ask for {device}; without it, torch.load needs map_location.")
    return [Finding("device", tr("Device"), Tone.PLAIN, text.format(device=display(min(tagged), _NAMED)))]
