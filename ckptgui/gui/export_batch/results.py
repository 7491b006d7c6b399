"""How a batch went, in a notice above what is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ckptgui.core.display import display
from ckptgui.export.batch import State
from ckptgui.gui.export_batch.lines import Line
from ckptgui.gui.export_batch.words import checkpoints, state_words
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import duration, integer, size_text, tr


def result_notice(
    key: str, lines: Sequence[Line], seconds: float, show_folder: Callable[[], None], details: Callable[[], None]
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
        return Notice(key, "alert", title, _of_all(rescued), Tone.WARN, link=tr("Details"), act=details)
    if done == len(lines):
        title = tr("{checkpoints} exported, {sizes}.").format(checkpoints=checkpoints(done), sizes=sizes)
        text = tr("Each was read back and is equal to its source.")
        return Notice(key, "check", title, text, link=tr("Show in folder"), act=show_folder)
    parts = [tr("{done} of {all} exported").format(done=integer(done), all=checkpoints(len(lines)))]
    parts += [sizes] if done else []
    for state, words in (
        (State.FAILED, "failed"),
        (State.EXISTS, "there already"),
        (State.CANCELLED, "cancelled"),
    ):
        parts += [f"{integer(ends[state])} {tr(words)}"] if ends[state] else []
    title = f"{', '.join(parts)}."
    failed = [line for line in lines if line.standing and line.standing.state is State.FAILED]
    told = [_of_all(each) for each in (failed[:1], rescued) if each]  # each fails for its own reason
    text = " ".join(told) or tr("What is finished stays; nothing half-written is left behind.")
    tone = Tone.DANGER if failed else Tone.WARN if rescued else Tone.QUIET
    return Notice(key, "alert" if told else "cancelled", title, text, tone, link=tr("Details"), act=details)


def _of_all(lines: Sequence[Line]) -> str:
    """What befell the first of these, and how many more."""
    text = f"{display(lines[0].title, 60)}: {state_words(lines[0].standing)}"
    more = len(lines) - 1
    return text + (tr(" So it is with {n} more.").format(n=integer(more)) if more else "")
