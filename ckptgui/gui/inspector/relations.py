"""What a tensor has to do with others: its optimizer's slots, the parameter it is a slot of, its components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.optimizers.matching import OptimizerMatch
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.optimizers.summary import OptimizerSummary, ParameterGroup
from ckptgui.core.tensors import TensorInfo
from ckptgui.gui.inspector.facts import Fact, name_from
from ckptgui.gui.numbers import integer, size_text, tr

MAX_LINKS = 6


@dataclass(frozen=True, slots=True)
class Relations:
    """Facts with links; ``sentence`` says how a slot and its parameter were matched."""

    facts: tuple[Fact, ...] = ()
    sentence: str = ""
    details: tuple[tuple[str, str, str], ...] = ()


def relations(
    checkpoint: Checkpoint,
    info: TensorInfo,
    slots: SlotMap | None = None,
    wholes: Mapping[int, int] | None = None,
    optimizers: Sequence[OptimizerSummary] = (),
) -> Relations:
    """What is known by now; ``slots`` and ``wholes`` (component to whole, by row) may still be to come."""
    facts = [*_component_facts(checkpoint, info), *_whole_facts(checkpoint, info, wholes or {})]
    details = [(tr("Consists of"), _names(facts), _names(facts))] if info.extra.get("components") else []
    sentence = ""
    if slots is not None:
        own = slots.of(info.index)
        if own:
            facts += _slot_facts(checkpoint, info, slots, optimizers)
            names = ", ".join(slot.name for slot in own)
            details.append((tr("Optimizer slots"), display(names, 1024), names))
        section = checkpoint.section_of(info.index)
        if section is not None and section.role is Role.OPTIMIZER:
            owner = slots.parameter_of(info.index)
            match = match_of(slots, info)
            sentence = display(match.sentence, 1024) if match is not None else ""
            if owner is not None:
                other = checkpoint.info(owner)
                name = name_from(checkpoint, info, other)
                lead = tr("{0} of").format(display(slots.name(info.index), 40))
                facts.append(Fact(display(name), lead, link=owner, tip=sentence))
                details.append((tr("Slot of"), display(name), name))
            if match is not None:
                details.append((tr("Matched"), sentence, match.sentence))
    return Relations(tuple(facts), sentence, tuple(details))


def components_of(info_extra: Mapping[str, object]) -> list[int]:
    """The rows of a tensor's components."""
    listed = info_extra.get("components")
    return [row for row in listed if isinstance(row, int)] if isinstance(listed, (list, tuple)) else []


def wholes(checkpoint: Checkpoint) -> dict[int, int]:
    """For each component's row the row of the tensor that it is a component of."""
    found: dict[int, int] = {}
    for whole, extra in checkpoint.tensors.extras.items():
        found.update((row, whole) for row in components_of(extra))
    return found


def match_of(slots: SlotMap, info: TensorInfo) -> OptimizerMatch | None:
    """The optimizer that a slot belongs to."""
    fits = [match for match in slots.optimizers if info.path[: len(match.path)] == match.path]
    return max(fits, key=lambda match: len(match.path), default=None)


def _component_facts(checkpoint: Checkpoint, info: TensorInfo) -> list[Fact]:
    rows = components_of(info.extra)
    facts = []
    for number, row in enumerate(rows[:MAX_LINKS]):
        other = checkpoint.info(row)
        more = len(rows) - MAX_LINKS if number == MAX_LINKS - 1 else 0
        tail = tr("and {0} more").format(integer(more)) if more else ""
        name = other.path[-1] if other.path else other.name
        facts.append(Fact(display(name), "" if number else tr("consists of"), tail, row))
    return facts


def _whole_facts(checkpoint: Checkpoint, info: TensorInfo, wholes: Mapping[int, int]) -> list[Fact]:
    row = wholes.get(info.index)
    if row is None:
        return []
    whole = checkpoint.info(row)
    return [Fact(display(whole.name), tr("component of"), display(whole.layout), row)]


def _slot_facts(
    checkpoint: Checkpoint, info: TensorInfo, slots: SlotMap, optimizers: Sequence[OptimizerSummary]
) -> list[Fact]:
    """``optimizer exp_avg  exp_avg_sq  32.0 MiB, group 0, weight decay 0.1``"""
    own = slots.of(info.index)
    first = checkpoint.info(own[0].row)
    match = match_of(slots, first)
    tip = match.sentence if match is not None else ""
    weights = sorted(own, key=lambda slot: not checkpoint.tensors.numel[slot.row] > 1)  # counters last
    facts = [
        Fact(display(slot.name, 40), "" if number else tr("optimizer"), "", slot.row, tip=tip)
        for number, slot in enumerate(weights[:MAX_LINKS])
    ]
    words = [size_text(sum(int(checkpoint.tensors.nbytes[slot.row]) for slot in own))]
    if match is not None:
        words += _group_words(match, first, optimizers)
    return [*facts, Fact("", tail=", ".join(words), tip=tip)]


def _group_words(match: OptimizerMatch, slot: TensorInfo, optimizers: Sequence[OptimizerSummary]) -> list[str]:
    """The group of a parameter that its optimizer calls by a number, which counts through the groups."""
    summary = next((each for each in optimizers if each.path == match.path), None)
    below = slot.path[len(match.path) :]
    entry = below[1] if len(below) > 2 else ""
    if summary is None or not entry.isdecimal() or any(group.parameters is None for group in summary.groups):
        return []
    ends = accumulate(group.parameters or 0 for group in summary.groups)
    number = next((place for place, end in enumerate(ends) if int(entry) < end), None)
    return _words_of(number, summary.groups[number]) if number is not None else []


def _words_of(number: int, group: ParameterGroup) -> list[str]:
    words = [tr("group {0}").format(integer(number))]
    if group.weight_decay is not None:
        words.append(tr("weight decay {0}").format(f"{group.weight_decay:g}"))
    return words


def _names(facts: Sequence[Fact]) -> str:
    return ", ".join(fact.text for fact in facts)
