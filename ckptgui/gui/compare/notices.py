"""Sentences above a comparison: members that cannot be read, epochs told twice, nothing in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckptgui.core.display import display
from ckptgui.core.series.series import Series
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, integer, tr

MOST_NAMES = 3
"""Names in one sentence."""


def series_notices(series: Series, notes: tuple[str, ...], members: Callable[[], None]) -> Iterator[Notice]:
    """What a person must know before the figures; ``members`` opens the list of members."""
    unreadable = [member for member in series.members if member.checkpoint is None]
    if unreadable and series.whole:
        names = ", ".join(display(member.name, 60) for member in unreadable[:MOST_NAMES])
        if len(unreadable) > MOST_NAMES:
            names = tr("{names} and {more} more").format(names=names, more=integer(len(unreadable) - MOST_NAMES))
        rest = counted(len(series.whole), "other is compared", "others are compared")
        yield Notice(
            "unreadable",
            "broken-file",
            tr("{names} cannot be read.").format(names=names),
            f"{display(unreadable[0].error or '', 400)} {tr('The {rest}.').format(rest=rest)}",
            Tone.WARN,
            tr("Members…"),
            members,
        )
    if series.apart:
        title, *others = series.apart
        yield Notice(
            "disjoint",
            "info",
            title,
            " ".join((*others[:MOST_NAMES], tr("All tensors are listed as added or removed."))),
            Tone.WARN,
            tr("Members…"),
            members,
        )
    if notes:
        yield Notice(
            "equal", "info", tr("Some epochs are there twice."), display(" ".join(notes), 600), Tone.QUIET
        )
