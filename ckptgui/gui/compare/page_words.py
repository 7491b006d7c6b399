"""What the tab and the foot of the window say of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from ckptgui.core.display import display
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.series import Series
from ckptgui.gui.compare.comparison import ComparisonProgress
from ckptgui.gui.numbers import counted, duration, integer, size, tr


def title_of(members: Sequence[RunMember]) -> str:
    """``epoch_0 to epoch_7``, ``a, b``: the names of the first and the last."""
    if not members:
        return ""
    first, last = (display(_stem(member), 60) for member in (members[0], members[-1]))
    if first == last and members[0].name != members[-1].name:  # one checkpoint in two formats
        first, last = (display(member.name, 60) for member in (members[0], members[-1]))
    if first == last:
        return first
    return tr("{first} to {last}").format(first=first, last=last) if len(members) > 2 else f"{first}, {last}"


def _stem(member: RunMember) -> str:
    """The name without the suffix; of a section that is compared, its name."""
    if member.section is not None:
        return member.section
    stem, dot, suffix = member.name.rpartition(".")
    return stem if dot and stem and suffix.isalpha() and len(suffix) <= _LONGEST_SUFFIX else member.name


_LONGEST_SUFFIX = len("safetensors")


def so_far(progress: ComparisonProgress) -> str:
    """``1.02 of 11.7 GiB``"""
    (done, unit), (total, whole) = size(progress.done_bytes), size(progress.total_bytes)
    if unit != whole:
        done = f"{done} {unit}"
    return tr("{done} of {total}").format(done=done, total=f"{total} {whole}")


def outcome_of(series: Series, progress: ComparisonProgress, seconds: float, failures: int) -> str:
    """``8 checkpoints compared in 2.9 s``; where it was stopped, how far it had come."""
    if progress.running or not series.whole:
        return ""
    if progress.done < progress.total:
        return tr("Comparing stopped at {part}").format(part=so_far(progress))
    count = counted(len(series.whole), "checkpoint", "checkpoints")
    words = tr("{checkpoints} compared in {time}").format(checkpoints=count, time=duration(seconds))
    if failures:
        missed = counted(failures, "tensor could not be read", "tensors could not be read")
        words = tr("{words}; {missed}").format(words=words, missed=missed)
    return words


def facts_of(series: Series) -> tuple[str, ...]:
    """How many tensors all have in common, and what was taken off their names to see it."""
    matching, whole = series.matching, series.whole
    if not whole:
        return ()
    common = int(np.count_nonzero((matching.rows[:, list(whole)] >= 0).all(axis=1)))
    tensors = counted(len(matching), "tensor", "tensors")
    if common < len(matching):
        tensors = tr("{common} of {tensors}").format(common=integer(common), tensors=tensors)
    facts = [tr("{tensors} in all {count}").format(tensors=tensors, count=integer(len(whole)))]
    prefixes = list(dict.fromkeys("".join(each) for each in matching.stripped if each))
    if prefixes:
        shown = ", ".join(display(prefix, 40) for prefix in prefixes[:_MOST_PREFIXES])
        words = tr("prefix {shown} removed for matching" if len(prefixes) == 1 else "prefixes {shown} removed")
        facts.append(words.format(shown=shown))
    return tuple(facts)


def waiting_sentence(paths: Sequence[str]) -> str:
    """What is not whole yet and is waited for."""
    if not paths:
        return ""
    if len(paths) > 1:
        return tr("{files} are still being written").format(files=counted(len(paths), "file", "files"))
    return tr("{name} is still being written").format(name=display(PurePath(paths[0]).name, 60))


_MOST_PREFIXES = 3
