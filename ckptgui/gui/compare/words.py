"""What members of a series are called, in full and where there is little room."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of
from ckptgui.gui.numbers import integer, tr


def member_words(series: Series, member: int) -> str:
    """``epoch 7``, ``step 1,200`` or the file's name: what tells the members of this series apart."""
    each = series.members[member]
    counter = counter_of(series)
    if counter == "epoch" and each.epoch is not None:
        return tr("epoch {number}").format(number=integer(each.epoch))
    if counter == "step" and each.step is not None:
        return tr("step {number}").format(number=integer(each.step))
    return display(each.title, 60)


def member_number(series: Series, member: int) -> str:
    """The same for an axis: the number alone, or the name."""
    each = series.members[member]
    counter = counter_of(series)
    number = each.epoch if counter == "epoch" else each.step if counter == "step" else None
    return integer(number) if number is not None else display(each.title, 24)
