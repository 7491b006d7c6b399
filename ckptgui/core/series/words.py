"""What members of a series are called in a sentence."""

from __future__ import annotations

from ckptgui.core.display import display
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.series import Series


def counter_of(series: Series) -> str:
    """``epoch`` or ``step`` where that tells all readable members apart, else ``name``."""
    for counter in ("epoch", "step"):
        values = [getattr(member, counter) for member in series.members if member.checkpoint is not None]
        if values and None not in values and len(set(values)) == len(values):
            return counter
    return "name"


def member_text(member: RunMember, counter: str) -> str:
    """``epoch 7``, ``step 1,200`` or its title; ``counter`` is what tells the members apart."""
    number = member.epoch if counter == "epoch" else member.step if counter == "step" else None
    return f"{counter} {number:,}" if number is not None else display(member.title, 60)


def counted_in(series: Series) -> str:
    """``epochs``, ``steps`` or ``files``: what one goes through from member to member."""
    names = {"epoch": "epochs", "step": "steps"}
    return names.get(counter_of(series), "files") if series.members else "epochs"
