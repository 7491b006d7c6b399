"""Each thing that a training run is continued with: whether it is in a file, and what it costs to be without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import amount, counted, display
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tensors import Path
from ckptgui.core.training.role_places import place_of, tables
from ckptgui.core.training.roles import is_scaler_state, role_by_name
from ckptgui.core.training.summary import Training


class Presence(Enum):
    """How much of a thing is in the file."""

    PRESENT = "present"
    PARTLY = "partly"
    ABSENT = "absent"


class Need(Enum):
    """What a training run is continued with."""

    MODEL = "model"
    OPTIMIZER = "optimizer"
    SCHEDULER = "scheduler"
    PROGRESS = "progress"
    RNG = "rng"
    SCALER = "scaler"
    BEST = "best metric"
    HYPER_PARAMETERS = "hyper-parameters"


@dataclass(frozen=True, slots=True)
class Item:
    """One need. ``text`` says what there is, ``cost`` what it costs that it is absent or not whole.

    ``path`` is where it stands, in the tensors or in the metadata; None where it is absent.
    """

    need: Need
    presence: Presence
    text: str
    cost: str = ""
    path: Path | None = None

    @property
    def title(self) -> str:
        """The need as a heading."""
        return _TITLES[self.need]


def needs(
    checkpoint: Checkpoint, summary: Training, matched: SlotMap, scores: Mapping[Path, float]
) -> tuple[Item, ...]:
    """An item for each need, in the order of ``Need``; ``scores`` are values of tensors that were read."""
    return (
        _model(checkpoint),
        _optimizer(checkpoint, summary, matched),
        _scheduler(checkpoint, summary),
        _progress(summary),
        _rng(checkpoint),
        _scaler(checkpoint),
        _best(summary, scores),
        _hyper_parameters(summary),
    )


def _model(checkpoint: Checkpoint) -> Item:
    sections = checkpoint.with_role(Role.MODEL)
    averaged = checkpoint.with_role(Role.EMA)
    if not sections and averaged:  # ultralytics saves it so
        text = f"Only averaged weights are here, in {_named([section.path for section in averaged])}."
        cost = "Training goes on from the average instead of the weights that it had."
        return Item(Need.MODEL, Presence.PARTLY, text, cost, averaged[0].path)
    if not sections:
        cost = "There is nothing to go on from: the weights must come from another file."
        return Item(Need.MODEL, Presence.ABSENT, "No section holds a model's weights.", cost)
    rows = sum(section.tensor_count for section in sections)
    lost = lost_in(checkpoint, Role.MODEL)
    if lost:
        text = f"{lost:,} of its {counted(rows, 'tensor')} cannot be read whole."
        return Item(Need.MODEL, Presence.PARTLY, text, "They must come from another file.", sections[0].path)
    among = sum(_averages(checkpoint, section) for section in sections)
    text = f"{counted(rows, 'tensor')} in {_named([section.path for section in sections])}"
    text += f", {among:,} of them averages by their names." if among else "."
    return Item(Need.MODEL, Presence.PRESENT, text, "", sections[0].path)


def lost_in(checkpoint: Checkpoint, role: Role) -> int:
    """How many tensors of a role cannot be read whole."""
    errors = checkpoint.tensors.errors
    return sum(s.start <= row < s.stop for s in checkpoint.with_role(role) for row in errors) if errors else 0


def _averages(checkpoint: Checkpoint, section: Section) -> int:
    """Averaged weights within a model's state dict, as Stable Diffusion has them (``model_ema.…``)."""
    names = checkpoint.tensors.names
    if "ema." not in names.text:
        return 0
    return sum(_AVERAGE.match(name) is not None for name in names[section.start : section.stop])


_AVERAGE = re.compile(r"(\w+_)?ema\.")


def _optimizer(checkpoint: Checkpoint, summary: Training, matched: SlotMap) -> Item:
    if not matched.optimizers:
        cost = "Momentum and step sizes start from nothing, so the loss usually rises for a while."
        text = "No optimizer's state was saved."
        if isinstance(checkpoint.metadata, Mapping) and "ds_version" in checkpoint.metadata:
            text = "It is not in this file: DeepSpeed puts it into others beside it (…_optim_states.pt)."
        return Item(Need.OPTIMIZER, Presence.ABSENT, text, cost)
    kinds = {optimizer.path: optimizer for optimizer in summary.optimizers}
    texts, costs = [], []
    for match in matched.optimizers:
        kind = kinds.get(match.path)
        name = (kind.name if kind else "") or "An optimizer"
        groups = len(kind.groups) if kind else 0
        in_groups = f" in {groups:,} groups" if groups > 1 else ""
        texts.append(f"{name}, {counted(match.parameters, 'parameter')}{in_groups}. {match.sentence}")
        if match.how is None and match.misfit:
            costs.append(match.sentence)
    path = matched.optimizers[0].path
    lost = lost_in(checkpoint, Role.OPTIMIZER)
    if lost:
        rows = sum(section.tensor_count for section in checkpoint.with_role(Role.OPTIMIZER))
        text = f"{lost:,} of its {counted(rows, 'tensor')} cannot be read whole."
        cost = "Momentum and step sizes of their parameters start from nothing."
        return Item(Need.OPTIMIZER, Presence.PARTLY, text, cost, path)
    if costs:
        cost = "load_state_dict refuses it, or gives a parameter the state of another, if the groups differ."
        return Item(Need.OPTIMIZER, Presence.PARTLY, " ".join(texts), cost, path)
    return Item(Need.OPTIMIZER, Presence.PRESENT, " ".join(texts), "", path)


def _scheduler(checkpoint: Checkpoint, summary: Training) -> Item:
    if summary.schedulers:
        found = summary.schedulers[0]
        last = found.value.get("last_epoch")
        text = f"At its step {amount(last)}." if type(last) is int else "Its state is here."
        return Item(Need.SCHEDULER, Presence.PRESENT, text, "", found.path)
    path = place_of(checkpoint, Role.SCHEDULER)
    if path is not None:
        return Item(Need.SCHEDULER, Presence.PRESENT, "Its state is here.", "", path)
    cost = "The learning rate starts its schedule anew, warm-up included, unless you set where it was."
    return Item(Need.SCHEDULER, Presence.ABSENT, "No learning rate schedule was saved.", cost)


def _progress(summary: Training) -> Item:
    parts = []
    if summary.epoch:
        parts.append(f"epoch {amount(summary.epoch.value)}")
    if summary.step:
        parts.append(f"step {amount(summary.step.value)}")
    found = summary.epoch or summary.step
    if found is None:
        cost = "Nobody can tell where to go on: schedules and the order of the data start anew."
        return Item(Need.PROGRESS, Presence.ABSENT, "Neither an epoch nor a step was saved.", cost)
    return Item(Need.PROGRESS, Presence.PRESENT, f"Saved at {', '.join(parts)}.", "", found.path)


def _rng(checkpoint: Checkpoint) -> Item:
    path = place_of(checkpoint, Role.RNG)
    if path is not None:
        return Item(Need.RNG, Presence.PRESENT, "The random generators' states are here.", "", path)
    cost = (
        "Shuffling, dropout and augmentation draw other numbers: it goes on, but no run can be repeated exactly."
    )
    return Item(Need.RNG, Presence.ABSENT, "No random generator's state was saved.", cost)


def _scaler(checkpoint: Checkpoint) -> Item:
    for path, value in tables(checkpoint.metadata):
        if is_scaler_state(value):
            scale = value.get("scale")
            text = (
                f"Its scale is {scale:,.0f}."
                if isinstance(scale, (int, float)) and abs(scale) < 1e18
                else "Its state is here."
            )
            return Item(Need.SCALER, Presence.PRESENT, text, "", path)
        if role_by_name(path[-1]) is Role.SCALER and (not value or "growth_tracker" in value):
            text = "Its state is here." if value else "It is here, empty: it was not in use."
            return Item(Need.SCALER, Presence.PRESENT, text, "", path)
    section = next(iter(checkpoint.with_role(Role.SCALER)), None)
    if section is not None:
        return Item(Need.SCALER, Presence.PRESENT, "Its state is here.", "", section.path)
    cost = (
        "Only after training in float16 does it matter: the scale is found anew, and the first steps are skipped."
    )
    return Item(Need.SCALER, Presence.ABSENT, "No gradient scaler was saved.", cost)


def _best(summary: Training, scores: Mapping[Path, float]) -> Item:
    if summary.best is None:
        cost = "A later epoch may replace a better model, because the best so far is not known."
        return Item(Need.BEST, Presence.ABSENT, "No best score was saved.", cost)
    name, found = summary.best
    number = scores.get(found.path) if found.value is None else found.value
    value = "in the file as a tensor" if number is None else f"{number:.6g}"
    return Item(Need.BEST, Presence.PRESENT, f"{display(name)}: {value}.", "", found.path)


def _hyper_parameters(summary: Training) -> Item:
    found = summary.hyper_parameters
    if found is None:
        cost = "How the model and its training were set up must be known from elsewhere."
        return Item(Need.HYPER_PARAMETERS, Presence.ABSENT, "No settings were saved.", cost)
    count = sum(not str(key).startswith("__") for key in found.value)
    text = f"{counted(count, 'setting')} in {_named([found.path])}."
    return Item(Need.HYPER_PARAMETERS, Presence.PRESENT, text, "", found.path)


def _named(paths: list[Path]) -> str:
    return listed([f"“{display('/'.join(path))}”" if path else "the saved object" for path in paths[:4]])


def listed(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


_TITLES = {
    Need.MODEL: "Model",
    Need.OPTIMIZER: "Optimizer",
    Need.SCHEDULER: "Scheduler",
    Need.PROGRESS: "Epoch or step",
    Need.RNG: "RNG states",
    Need.SCALER: "Gradient scaler",
    Need.BEST: "Best metric",
    Need.HYPER_PARAMETERS: "Hyper-parameters",
}
