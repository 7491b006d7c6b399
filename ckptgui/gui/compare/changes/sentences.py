"""What there is to say about two checkpoints as a whole, in a sentence."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.core.series.status import Status
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.changes.rows import Rows
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.words import member_number, member_words
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.workspace.comparing import PairTask, ProfileTask


def ends_text(comparison: Comparison) -> str:
    """``epoch 6 to 7``"""
    series, a, b = comparison.series, comparison.a, comparison.b
    if len(series.whole) < 2:
        return ""
    if counter_of(series) == "name":
        return tr("{0} to {1}").format(member_words(series, a), member_words(series, b))
    return tr("{0} to {1}").format(member_words(series, a), member_number(series, b))


_SHORT = 3
"""Characters of both numbers beside which a word has room over the lines."""


def epochs_text(comparison: Comparison) -> str:
    """The head of the lines over the epochs: ``Epoch 1 to 7``."""
    series = comparison.series
    if len(series.whole) < 2 or counter_of(series) == "name":
        return tr("In this order")
    numbers = [member_number(series, member) for member in (series.whole[1], series.whole[-1])]
    words = tr("Epoch {0} to {1}") if counter_of(series) == "epoch" else tr("Step {0} to {1}")
    if sum(map(len, numbers)) > _SHORT:  # the numbers say it alone
        words = tr("{0} to {1}")
    return words.format(*numbers)


def nothing_to_compare(comparison: Comparison) -> str:
    """Why there is no table at all; else nothing."""
    series = comparison.series
    if not series.members:
        return tr("There is no checkpoint yet.")
    if not series.whole:
        return tr("None of these can be read.")
    if len(series.whole) == 1:
        return tr("One checkpoint alone has nothing to be compared with.")
    return ""


def about(comparison: Comparison, rows: Rows) -> tuple[str, str]:
    """A sentence above the table and its colour token; empty where the table says everything."""
    a, b = comparison.a, comparison.b
    for task in (PairTask(a, b), ProfileTask(a), ProfileTask(b)):
        if task in comparison.failures:
            return display(comparison.failures[task], 1024), "danger"
    if a == b:
        return tr("A and B are the same checkpoint."), "text2"
    counts = rows.totals
    some = sum(counts.values()) - counts[Status.ABSENT]
    together = sum(counts[status] for status in (Status.MATCHED, Status.SAME, Status.CHANGED, Status.RETYPED))
    together += counts[Status.RESHAPED]
    if not together and (counts[Status.REMOVED] or counts[Status.ADDED]):
        if not all(map(comparison.matching.with_others, (a, b))):
            return "", "text2"  # a notice above the whole page says it
        words = tr("These two have no tensor in common: {0} only in {1}, {2} only in {3}.")
        only_a, only_b = (counted(counts[s], "tensor", "tensors") for s in (Status.REMOVED, Status.ADDED))
        return words.format(only_a, rows.ends.words_a, only_b, rows.ends.words_b), "warn"
    if not some:
        return tr("Neither has any tensor."), "text2"
    if counts[Status.SAME] == some:
        return _equal(rows)
    failed = len(rows.errors)
    if failed:
        words = tr("{0} cannot be compared; each says why.")
        return words.format(counted(failed, "tensor", "tensors")), "danger"
    return "", "text2"


def _equal(rows: Rows) -> tuple[str, str]:
    """Of two that are the same: a NaN that both have is nothing to be glad of."""
    nan, elements = (int(getattr(rows.tensors, name).sum()) for name in ("nan", "elements"))
    if nan and nan == elements:
        return tr("Every value is NaN in both."), "danger"
    if nan:
        return tr("Equal in every value; {0} of them NaN in both.").format(integer(nan)), "text2"
    return tr("Equal in every value."), "ok"
