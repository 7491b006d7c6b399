"""What members of a series are called, in full and where there is little room."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counted_in, counter_of
from ckptgui.gui.numbers import integer, tr


def member_words(series: Series, member: int) -> str:
    """``epoch 7``, ``step 1,200`` or the file's name: what tells the members of this series apart."""
    each = series.members[member]
    counter = counter_of(series)
    if counter == "epoch" and each.epoch is not None:
        return tr("epoch {number}").format(number=integer(each.epoch))
    if counter == "step" and each.step is not None:
        return tr("step {number}").format(number=integer(each.step))
    return display(_title(series, member), 60)


def member_number(series: Series, member: int) -> str:
    """The same for an axis: the number alone, or the name."""
    each = series.members[member]
    counter = counter_of(series)
    number = each.epoch if counter == "epoch" else each.step if counter == "step" else None
    return integer(number) if number is not None else display(_title(series, member), 24)


def map_title(series: Series) -> str:
    """``Layers × epochs``, or steps, or files."""
    return {
        "epochs": tr("Layers × epochs"),
        "steps": tr("Layers × steps"),
        "files": tr("Layers × files"),
    }[counted_in(series)]


def _title(series: Series, member: int) -> str:
    """The file's name; of several sections of one file what tells them apart."""
    each = series.members[member]
    if each.section and all(other.path == each.path for other in series.members):
        return each.section
    return each.title
