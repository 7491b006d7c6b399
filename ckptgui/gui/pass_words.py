"""What the foot of the window says of the reading of a whole file."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLocale

from ckptgui.gui.numbers import counted, duration, size, size_text, tr
from ckptgui.gui.page import Activity, Link
from ckptgui.gui.pass_progress import PassProgress, Phase

NOTICEABLE = 0.3
"""Seconds from which a reading is told of; less would make the foot flicker."""


def activity_of(progress: PassProgress, stop: Callable[[], None]) -> Activity | None:
    """The reading with its progress; none where it takes only a moment."""
    if progress.phase is Phase.READING and progress.preparing:
        return Activity(tr("Preparing to read values"), detail=tr("takes a while the first time"), cancel=stop)
    if progress.phase is not Phase.READING or progress.seconds < NOTICEABLE:
        return None
    detail = _so_far(progress)
    if progress.rate:
        detail = tr("{part}, {rate}").format(part=detail, rate=_rate_text(progress.rate))
    return Activity(tr("Reading values"), progress.done, progress.total, detail, stop)


def outcome_of(progress: PassProgress, failures: int) -> str:
    """What it came to; empty where that needs no words. ``failures`` is how many tensors could not be read."""
    if progress.phase is Phase.STOPPED:
        words = (
            tr("The file changed after {part} were read") if progress.changed else tr("Reading stopped at {part}")
        )
        return words.format(part=_so_far(progress))
    if progress.phase is not Phase.FINISHED:
        return ""
    missed = counted(failures, "tensor could not be read", "tensors could not be read")
    if progress.remembered and progress.remembered == progress.total:
        words = tr("Figures from an earlier reading of this file")
    elif failures or progress.seconds >= NOTICEABLE:
        words = tr("{size} read in {time}") if failures else tr("All {size} read in {time}")
        words = words.format(size=size_text(progress.done), time=duration(progress.seconds))
    else:
        return ""
    return tr("{words}; {missed}").format(words=words, missed=missed) if failures else words


def link_of(progress: PassProgress, go_on: Callable[[], None]) -> Link | None:
    """How a reading that was stopped goes on."""
    stopped = progress.phase is Phase.STOPPED and not progress.changed
    return Link(tr("Go on"), go_on) if stopped else None


def _so_far(progress: PassProgress) -> str:
    """``1.02 of 1.46 GiB``"""
    (done, unit), (total, whole) = size(progress.done), size(progress.total)
    if unit != whole:
        done = f"{done} {unit}"
    return tr("{done} of {total}").format(done=done, total=f"{total} {whole}")


def _rate_text(rate: float) -> str:
    """``4.1 GB/s``: of a thousand each, as disks and memory are sold."""
    for limit, unit in ((1e9, "GB/s"), (1e6, "MB/s")):
        if rate >= limit:
            return f"{QLocale().toString(rate / limit, 'f', 1)} {unit}"
    return f"{QLocale().toString(rate / 1e3, 'f', 1)} kB/s"
