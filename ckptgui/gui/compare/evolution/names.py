"""What the members of a series are called on axes and in sentences, worked out once a series."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.words import member_number, member_words
from ckptgui.gui.numbers import tr


@dataclass(frozen=True)
class Names:
    """``labels`` for axes, ``words`` in full; ``counter`` is what labels count, ``over`` what it all goes over."""

    labels: tuple[str, ...]
    words: tuple[str, ...]
    counter: str
    over: str


def names_of(series: Series) -> Names:
    """The names of all members."""
    counter = counter_of(series)
    return Names(
        tuple(member_number(series, member) for member in range(len(series.members))),
        tuple(member_words(series, member) for member in range(len(series.members))),
        {"epoch": tr("epoch"), "step": tr("step")}.get(counter, tr("checkpoint")),
        {"epoch": tr("over the epochs"), "step": tr("over the steps")}.get(counter, tr("over the checkpoints")),
    )
