"""What is said of a batch: states in a word, how it went in a sentence, what is waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ckptgui.core.display import display
from ckptgui.export.batch import Standing, State
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, duration, integer, size_text, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from ckptgui.gui.export_batch.lines import Line

KEY = "export the run"
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


def result_notice(
    lines: Sequence[Line], seconds: float, show_folder: Callable[[], None], details: Callable[[], None]
) -> Notice:
    """How it went: all well, with the way to what was written; or what did not, with the way to the list."""
    ends = Counter(line.standing.state for line in lines if line.standing is not None)
    done = ends[State.DONE]
    before = sum(line.nbytes for line in lines if line.standing and line.standing.state is State.DONE)
    after = sum(line.standing.result.bytes for line in lines if line.standing and line.standing.result is not None)
    sizes = tr("{before} to {after}, in {time}").format(
        before=size_text(before), after=size_text(after), time=duration(seconds)
    )
    rescued = [line for line in lines if line.standing and line.standing.result and line.standing.result.lost]
    if done == len(lines) and rescued:
        title = tr("{checkpoints} exported, {sizes}.").format(checkpoints=checkpoints(done), sizes=sizes)
        text = f"{display(rescued[0].title, 60)}: {state_words(rescued[0].standing)}"
        text += tr(" So it is with {n} more.").format(n=integer(len(rescued) - 1)) if len(rescued) > 1 else ""
        return Notice(KEY, "alert", title, text, Tone.WARN, link=tr("Details"), act=details)
    if done == len(lines):
        title = tr("{checkpoints} exported, {sizes}.").format(checkpoints=checkpoints(done), sizes=sizes)
        text = tr("Each was read back and is equal to its source.")
        return Notice(KEY, "check", title, text, link=tr("Show in folder"), act=show_folder)
    parts = [tr("{done} of {all} exported").format(done=integer(done), all=checkpoints(len(lines)))]
    parts += [sizes] if done else []
    for state, words in (
        (State.FAILED, "failed"),
        (State.EXISTS, "there already"),
        (State.CANCELLED, "cancelled"),
    ):
        parts += [f"{integer(ends[state])} {tr(words)}"] if ends[state] else []
    title = f"{', '.join(parts)}."
    failed = next((line for line in lines if line.standing and line.standing.state is State.FAILED), None)
    text = tr("What is finished stays; nothing half-written is left behind.")
    if failed is not None:
        text = f"{display(failed.title, 60)}: {state_words(failed.standing)}"
    tone, icon = (Tone.DANGER, "alert") if failed is not None else (Tone.QUIET, "cancelled")
    return Notice(KEY, icon, title, text, tone, link=tr("Details"), act=details)
