"""What Lightning's callbacks and loops tell, as lines; scores that are tensors are read for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckptgui.cli.table import table
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count, figure
from ckptgui.core.tensors import Path
from ckptgui.core.training.lightning import Callback, LightningState, Progress, Score, lightning
from ckptgui.engine.job import Cancel
from ckptgui.engine.scalars import read_scalars
from ckptgui.sources.locate import SourcePool


def read_scores(checkpoint: Checkpoint) -> dict[Path, float]:
    """The scores of callbacks that are tensors, by path; nothing is read where there are none."""
    state = lightning(checkpoint)
    callbacks = state.callbacks if state else ()
    paths = [score.path for c in callbacks for score in (c.best, c.current) if score and score.value is None]
    if not paths:
        return {}
    pool = SourcePool()
    try:
        return read_scalars(checkpoint, paths, pool, Cancel())
    finally:
        pool.close()


def lightning_lines(checkpoint: Checkpoint, scores: Mapping[Path, float]) -> Iterator[str]:
    """How far the loops were, then a row for each callback that watches something."""
    state = lightning(checkpoint)
    if state is None:
        return
    done = _done(state)
    if done:
        yield f"loops  {done} completed"
    watching = [callback for callback in state.callbacks if callback.monitor or callback.best]
    yield from table([_callback(callback, scores) for callback in watching])


def _done(state: LightningState) -> str:
    told: list[tuple[Progress | None, str, str | None]] = [
        (state.epochs, "epoch", None), (state.batches, "batch", "batches"), (state.steps, "optimizer step", None),
    ]  # fmt: skip
    return ", ".join(count(progress.completed, one, many) for progress, one, many in told if progress)


def _callback(callback: Callback, scores: Mapping[Path, float]) -> list[str]:
    return [
        display(callback.name),
        display(callback.monitor or ""),
        f"best {_figure(callback.best, scores)}" if callback.best else "",
        f"now {_figure(callback.current, scores)}" if callback.current else "",
        display(callback.best_path or ""),
    ]


def _figure(score: Score, scores: Mapping[Path, float]) -> str:
    value = scores.get(score.path) if score.value is None else score.value
    return "unread" if value is None else figure(value)
