"""What is said of a batch in a few words: how far one of it is, how many they are."""

from __future__ import annotations

from typing import Any

from ckptgui.core.display import display
from ckptgui.export.batch import Standing, State
from ckptgui.gui.numbers import counted, tr

_STATES = {
    State.WAITING: "Waiting",
    State.PLANNING: "Planning",
    State.WRITING: "Writing",
    State.VERIFYING: "Reading back",
    State.DONE: "Read back and equal",
    State.EXISTS: "Is there already",
    State.CANCELLED: "Cancelled",
}


def state_words(standing: Standing[Any] | None) -> str:
    """``Writing``; of one that failed, why."""
    if standing is None:
        return ""
    if standing.state in (State.FAILED, State.EXISTS) and standing.error is not None:
        return display(standing.error, 400)
    if standing.result is not None and standing.result.lost:
        return lost_words(len(standing.result.lost))
    return tr(_STATES[standing.state])


def lost_words(count: int) -> str:
    """``49 tensors are lost; what is whole is written.``"""
    lost = counted(count, "tensor is", "tensors are")
    return tr("{lost} lost; what is whole is written.").format(lost=lost)


def checkpoints(count: int) -> str:
    """``1 checkpoint``, ``8 checkpoints``"""
    return counted(count, "checkpoint", "checkpoints")
