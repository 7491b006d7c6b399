"""A candidate, opened: one member of a run with how far its training was, read from headers and single numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.series.members import RunMember
from ckptgui.core.training.scalars import scalar_tensors, scalars
from ckptgui.core.training.summary import LOSS, training
from ckptgui.engine.job import Cancel
from ckptgui.engine.scalars import read_scalars
from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.candidates import Candidate


def read_member(
    candidate: Candidate,
    check: Callable[[], None],
    beside: Mapping[str, Json] | None = None,
    before: RunMember | None = None,
    section: str | None = None,
) -> RunMember:
    """The candidate as a member, one with an error where it cannot be read whole; raises ``Cancelled`` alone.

    ``beside`` are values of the folder that tell how far it was. ``before`` is what was read of it earlier,
    and what is answered as long as nothing changed on the disk. ``section`` is what of it is compared.
    """
    state = candidate.state()
    if before is not None and state and state == before.state:
        return before
    section = before.section if before is not None else section
    try:
        checkpoint = open_checkpoint(candidate.path, check)
    except CheckpointError as error:
        return RunMember(candidate.path, candidate.nbytes, error=str(error), section=section, state=state)
    told = _told(checkpoint)
    if beside and isinstance(told, (Mapping, type(None))):
        told = {**beside, **(told or {})}
    summary = training(replace(checkpoint, metadata=told))
    epoch, step = (_counter(each.value) if each else None for each in (summary.epoch, summary.step))
    figures = {**_saved_as_tensors(checkpoint), **scalars(told)}
    return RunMember(
        candidate.path,
        checkpoint.nbytes,
        epoch=epoch,
        step=step,
        loss=summary.loss.value if summary.loss else _loss(figures),
        error=damage(checkpoint),
        checkpoint=checkpoint,
        section=section,
        scalars=figures,
        state=state,
    )


def damage(checkpoint: Checkpoint) -> str | None:
    """Why a listed checkpoint is not whole, or None."""
    errors = checkpoint.tensors.errors
    if not errors and not checkpoint.attributes.get("cut") and not checkpoint.attributes.get("incomplete"):
        return None
    return next(iter((*checkpoint.warnings, *errors.values())), "It is damaged.")


def _saved_as_tensors(checkpoint: Checkpoint) -> dict[str, float]:
    """Figures that are tensors of one element; a few bytes each."""
    paths = scalar_tensors(checkpoint)
    if not paths:
        return {}
    pool = SourcePool()
    try:
        values = read_scalars(checkpoint, paths.values(), pool, Cancel())
    finally:
        pool.close()
    return {name: values[path] for name, path in paths.items() if path in values}


def _counter(value: int) -> int | None:
    """An epoch or a step; none that no counter reaches, which would be too large for arithmetic and for words."""
    return value if abs(value) < 2**63 else None


def _loss(figures: Mapping[str, float]) -> float | None:
    """The first figure that is called as losses are."""
    by_name = {name.rpartition("/")[2]: value for name, value in reversed(list(figures.items()))}
    return next((by_name[name] for name in LOSS if name in by_name), None)


def _told(checkpoint: Checkpoint) -> Json:
    """The plain values; those of safetensors, which can only be words, as the numbers that they spell."""
    told = checkpoint.metadata
    if checkpoint.format != "safetensors" or not isinstance(told, Mapping):
        return told
    return {key: _number(value) if isinstance(value, str) else value for key, value in told.items()}


def _number(word: str) -> Json:
    if len(word) > _MOST_DIGITS:
        return word
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


_MOST_DIGITS = 32
