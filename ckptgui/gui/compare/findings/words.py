"""What the panel of the run says: signs of breakages, and facts of the folder in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ckptgui.analysis.breakage.breakage import Breakage, Kind, Piece
from ckptgui.core.display import display
from ckptgui.core.series.best import Keeping, Metric
from ckptgui.core.series.disk_use import DiskUse
from ckptgui.core.series.saving import Saving
from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.findings.account import RunAccount
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.numbers import counted, integer, percent, significant, size_text, tr
from ckptgui.gui.tree.badges import Badge, Tone

LISTED = 12
"""Missing epochs, or members, that are named one by one."""

_LOUD: frozenset[Kind] = frozenset({"nan", "inf"})


def badge(breakage: Breakage) -> Badge:
    """The kind in a word."""
    words: dict[Kind, str] = {
        "nan": tr("NaN"),
        "inf": tr("Inf"),
        "explosion": tr("Blown up"),
        "zero": tr("Zero"),
        "reset": tr("Set back"),
        "jump": tr("Jump"),
        "freeze": tr("Frozen"),
    }
    return Badge(words[breakage.kind], Tone.ALARM if breakage.kind in _LOUD else Tone.WARN)


def name(series: Series, member: int, *, first: bool = False) -> Piece:
    """A member as a link to its comparison with the one before; ``first`` in a sentence."""
    words = member_words(series, member)
    if first and counter_of(series) != "name":
        words = words[:1].upper() + words[1:]
    return Piece(words, member=member)


def names(series: Series, members: Sequence[int]) -> list[Piece]:
    """``epoch 3, epoch 5 and 4 more``"""
    found: list[Piece] = []
    for place, member in enumerate(members[:LISTED]):
        last = place == len(members) - 1
        found += [Piece(tr(" and ") if last else ", ")] if place else []
        found.append(name(series, member))
    if len(members) > LISTED:
        found.append(Piece(tr(" and {0} more").format(integer(len(members) - LISTED))))
    return found


def looked(account: RunAccount) -> str:
    """``Nothing broke in these 8 epochs. 76 tensors were looked at.`` Or ``in the 7 that could be read``."""
    series = account.series
    words = {"epoch": tr("these {0} epochs")}.get(counter_of(series), tr("these {0} checkpoints"))
    if len(series.whole) < len(series.members):
        words = tr("the {0} that could be read")
    these = words.format(integer(len(series.whole)))
    tensors = counted(account.looked_at, "tensor was", "tensors were")
    return tr("Nothing broke in {these}. {tensors} looked at, none turned NaN, froze or jumped.").format(
        these=these, tensors=tensors
    )


def saved_every(found: Saving) -> str:
    """``Saved every 500 steps, as a rule 14 minutes apart.``"""
    words = ""
    if found.every:
        one = {"epoch": tr("every epoch"), "step": tr("every step")}[found.counter]
        many = {"epoch": tr("every {0} epochs"), "step": tr("every {0} steps")}[found.counter]
        words = tr("Saved {0}").format(one if found.every == 1 else many.format(integer(found.every)))
    elif found.counter:
        words = tr("Saved at no regular interval")
    if found.seconds is not None:
        apart = tr("{0} apart as a rule").format(time_text(found.seconds))
        words = f"{words}, {apart}" if words else tr("Files are {0}").format(apart)
    return f"{words}." if words else ""


def time_text(seconds: float) -> str:
    """``40 seconds``, ``14 minutes``, ``2.5 hours``"""
    for unit, one, many in ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")):
        if seconds >= unit * (1 if unit == 60 else 1.5):
            value = seconds / unit
            text = integer(round(value)) if value >= 10 else significant(round(value, 1), 2)
            return f"{text.removesuffix('.0')} {tr(one) if text in ('1', '1.0') else tr(many)}"
    return counted(max(1, round(seconds)), "second", "seconds")


def missing(found: Saving) -> str:
    """``Epochs 4 and 5 are missing.``"""
    numbers = [number for gap in found.gaps for number in gap.missing]
    if not numbers:
        return ""
    listed = [integer(number) for number in numbers[:LISTED]]
    many = {"epoch": tr("Epochs {0} are missing."), "step": tr("Steps {0} are missing.")}[found.counter]
    if len(numbers) == 1:
        one = {"epoch": tr("Epoch {0} is missing."), "step": tr("Step {0} is missing.")}[found.counter]
        return one.format(listed[0])
    if len(numbers) > LISTED:
        more = integer(len(numbers) - LISTED)
        return many.format(tr("{listed} and {more} more").format(listed=", ".join(listed), more=more))
    return many.format(f"{', '.join(listed[:-1])} {tr('and')} {listed[-1]}")


def disk(use: DiskUse, count: int, members: int) -> str:
    """``8 checkpoints take 11.7 GiB, 66.7 % of it for the optimizer.``: ``count`` files that are ``members``."""
    words = counted(count, "checkpoint takes {size}", "checkpoints take {size}").format(size=size_text(use.total))
    if use.optimizer:
        share = percent(use.optimizer, use.total)
        words = tr("{words}, {share} of it for the optimizer").format(words=words, share=share)
    if use.shared and count == members:  # of parts of one file there is no more to say
        words += tr("; {0} that are shared, as hard links do, count once").format(size_text(use.shared))
    return f"{words}."


def best(series: Series, metric: Metric) -> list[Piece]:
    """``epoch 6 has the lowest val_loss, 2.985; the last, epoch 7, has 3.027.``"""
    ranking = metric.ranking
    first, last = ranking[0], max(ranking)
    values = metric.curve.values
    least = tr("lowest") if metric.lower else tr("highest")
    words = tr(" has the {least} {name}, {value}").format(
        least=least, name=display(metric.curve.name, 60), value=significant(float(values[first]))
    )
    if first == last:
        tail = tr("{0}, and is the last.") if last == series.whole[-1] else tr("{0}; the later ones have none.")
        return [name(series, first, first=True), Piece(tail.format(words))]
    tail = tr(", has {0}.").format(significant(float(values[last])))
    return [
        name(series, first, first=True),
        Piece(tr("{0}; the last, ").format(words)),
        name(series, last),
        Piece(tail),
    ]


def but(not_finite: int) -> list[Piece]:
    """What speaks against the best: ``But 3 of its values are NaN or infinite.``"""
    if not not_finite:
        return []
    words = counted(not_finite, "of its values is NaN or infinite.", "of its values are NaN or infinite.")
    return [Piece(tr(" But {0}").format(words))]


def kept(series: Series, metric: Metric, found: Keeping, count: int) -> list[Piece]:
    """``Keeping the best 2 and the last would free 8.8 GiB: …``"""
    if not found.dropped:
        return [Piece(tr("Nothing would be free: these are all."))]
    best_ones = tr("the best") if count == 1 else tr("the best {0}").format(integer(count))
    ranked = set(metric.ranking)
    stay = [member for member in found.kept if member in ranked]
    lead = tr("Keeping {best} and the last (").format(best=best_ones)
    without = counted(len(found.dropped), "checkpoint", "checkpoints")
    tail = tr(") would free {size} of {without}. Nothing is deleted here.").format(
        size=size_text(found.freed), without=without
    )
    return [Piece(lead), *names(series, stay), Piece(tail)]
