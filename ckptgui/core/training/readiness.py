"""Whether a training run can go on from a checkpoint, and what it would go on without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape
from ckptgui.core.display import counted
from ckptgui.core.optimizers.slots import SlotMap, slots
from ckptgui.core.tensors import Path
from ckptgui.core.training.needs import Item as Item
from ckptgui.core.training.needs import Need as Need
from ckptgui.core.training.needs import Presence as Presence
from ckptgui.core.training.needs import listed, lost_in, needs
from ckptgui.core.training.reminders import eval_reminder
from ckptgui.core.training.summary import Training, training


@dataclass(frozen=True, slots=True)
class Readiness:
    """``sentence`` sums up; ``items`` is empty where only weights were saved. ``reminder`` is for inference."""

    sentence: str
    items: tuple[Item, ...] = ()
    reminder: str | None = None


def readiness(
    checkpoint: Checkpoint, matched: SlotMap | None = None, scores: Mapping[Path, float] | None = None
) -> Readiness:
    """Judge a checkpoint. ``matched`` saves matching the optimizers' slots a second time.

    ``scores`` are values of tensors that were read (``engine.scalars``): a best score may be one.
    """
    reminder = eval_reminder(checkpoint)
    summary = training(checkpoint)
    if not _is_of_training(checkpoint, summary):
        return Readiness(_without_training(checkpoint, summary), (), reminder)
    matched = matched if matched is not None else slots(checkpoint)
    items = needs(checkpoint, summary, matched, scores or {})
    return Readiness(_verdict(items), items, reminder)


def _is_of_training(checkpoint: Checkpoint, summary: Training) -> bool:
    """Whether more than weights was saved: an optimizer, a schedule, or how far the training was."""
    if checkpoint.saved_shape in (SavedShape.STATE_DICT, SavedShape.TENSOR, SavedShape.MODULE):
        return False
    alone = checkpoint.saved_shape is SavedShape.OTHER and any(not section.path for section in checkpoint.sections)
    if alone or any(not optimizer.path for optimizer in summary.optimizers):
        return False  # one part, saved by itself
    return bool(
        summary.optimizers
        or summary.schedulers
        or summary.epoch
        or summary.step
        or any(section.role is Role.OPTIMIZER for section in checkpoint.sections)
    )


def _without_training(checkpoint: Checkpoint, summary: Training) -> str:
    if not len(checkpoint):
        return _ALONE[Role.OPTIMIZER] if summary.optimizers else "No tensors are in it."
    lost = lost_in(checkpoint, Role.MODEL)
    if lost:
        rows = sum(section.tensor_count for section in checkpoint.with_role(Role.MODEL))
        return f"A model that is not whole: {lost:,} of its {counted(rows, 'tensor')} cannot be read whole."
    if checkpoint.saved_shape is SavedShape.MODULE:
        return "A whole model and nothing of its training: for inference, or as a start for a new training."
    if checkpoint.saved_shape is SavedShape.TENSOR:
        return "A single tensor."
    if checkpoint.format == "torch-export":
        return "An exported program with its weights, and nothing of its training: for inference."
    roles = {section.role for section in checkpoint.sections}
    if roles.isdisjoint((Role.MODEL, Role.EMA)):
        one = roles.pop() if len(roles) == 1 else None
        return _ALONE.get(one, "No weights are in it.") if one else "No weights are in it."
    return "Weights only: for inference, or as a start for a new training."


def _verdict(items: tuple[Item, ...]) -> str:
    here = {item.need: item.presence for item in items}
    if here[Need.MODEL] is Presence.ABSENT:
        return "No model is in it: other files are needed to go on with this training."
    missing = [item for item in items if item.presence is not Presence.PRESENT and item.need is not Need.SCALER]
    if here[Need.OPTIMIZER] is Presence.ABSENT:
        return "The weights are a start, but the optimizer's state is not here: training does not go on as it was."
    if not missing:
        return "All that this training needs to go on is here."
    absent = [_NOUNS[item.need] for item in missing if item.presence is Presence.ABSENT]
    partly = [_NOUNS[item.need] for item in missing if item.presence is Presence.PARTLY]
    parts = []
    if partly:
        parts.append(f"with doubts about {listed(partly)}")
    if absent:
        parts.append(f"without {listed(absent)}")
    return f"Training can go on, {' and '.join(parts)}."


_ALONE = {
    Role.OPTIMIZER: "An optimizer's state by itself: the model that it belongs to is in another file.",
    Role.SCHEDULER: "A scheduler's state by itself.",
    Role.RNG: "States of random generators by themselves.",
}
_NOUNS = {
    Need.MODEL: "the model",
    Need.OPTIMIZER: "the optimizer",
    Need.SCHEDULER: "a scheduler",
    Need.PROGRESS: "an epoch or step",
    Need.RNG: "RNG states",
    Need.SCALER: "a gradient scaler",
    Need.BEST: "a best metric",
    Need.HYPER_PARAMETERS: "hyper-parameters",
}
