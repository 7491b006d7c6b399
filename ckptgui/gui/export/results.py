"""What came of an export, as notices: how much it became, why it stopped, what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from ckptgui.core.display import display
from ckptgui.errors import CheckpointError, DamagedSourceError, TargetExistsError
from ckptgui.export.atomic import OutputError
from ckptgui.export.request import ExportResult
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, duration, size_text, tr

KEY = "export"
MAX_TITLE = 60
"""Characters of a reason that may stand in the title of a notice."""

_LISTED = 6

_OPENERS = frozenset({"A", "It", "The", "There", "Your"})
"""First words of our own sentences, which are small inside another; a name from a file keeps its letters."""


def done_notice(result: ExportResult, show_folder: Callable[[str], None]) -> Notice:
    """``Exported 1.46 GiB to 244.5 MiB in 0.9 s.``"""
    place = PurePath(result.out)
    tensors = counted(result.tensor_count, "tensor", "tensors")
    name = display(f"{place.parent.name}/{place.name}", 300)
    text = (
        tr("{name}, {tensors}, read back and equal.")
        if result.verified
        else tr("{name}, {tensors}, not read back.")
    )
    text = text.format(name=name, tensors=tensors)
    if result.lost:
        names = ", ".join(display(name, 80) for name in list(result.lost)[:_LISTED])
        if len(result.lost) > _LISTED:
            names = tr("{names} and {count} more").format(names=names, count=len(result.lost) - _LISTED)
        lost = counted(len(result.lost), "tensor is", "tensors are")
        text = f"{text} {tr('{lost} lost: {names}.').format(lost=lost, names=names)}"
    return Notice(
        KEY,
        "check",
        tr("Exported {before} to {after} in {time}.").format(
            before=size_text(result.source_bytes), after=size_text(result.bytes), time=duration(result.seconds)
        ),
        text,
        Tone.WARN if result.lost else Tone.PLAIN,
        link=tr("Show in folder"),
        act=lambda: show_folder(str(place.parent)),
    )


def failed_notice(error: CheckpointError, choose: Callable[[], None], again: Callable[[], None]) -> Notice:
    """``The export stopped: the disk is full.``, and what helps: to ``choose`` anew, or to do it ``again``."""
    why, _, rest = display(error, 2000).partition(". ")
    first, _, others = why.partition(" ")
    title, text = tr("The export stopped."), display(error, 2000)
    if len(why) <= MAX_TITLE and first in _OPENERS:
        title = tr("The export stopped: {reason}.").format(reason=f"{first.lower()} {others}".rstrip("."))
        text = rest or tr("Nothing is left behind.")
    link, act = tr("Try again"), again
    if isinstance(error, DamagedSourceError):
        link, act = tr("Export what is whole…"), choose
    elif isinstance(error, OutputError | TargetExistsError):
        link, act = tr("Choose a place"), choose
    return Notice(KEY, "alert", title, text, Tone.DANGER, link, act)


def cancelled_notice(again: Callable[[], None]) -> Notice:
    """``Export cancelled.``"""
    return Notice(
        KEY,
        "cancelled",
        tr("Export cancelled."),
        tr("Nothing is left behind."),
        Tone.QUIET,
        tr("Start again"),
        again,
    )
