"""What a checkpoint is good for, where it comes from, what its names do and what its modules are, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckptgui.cli.table import table
from ckptgui.core.checkpoint import Checkpoint, GlobalClass, Section
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.module_line import module_line
from ckptgui.core.names_used import names_verdict, used_names
from ckptgui.core.plain_numbers import count, size
from ckptgui.core.tensors import Path
from ckptgui.core.training.provenance import provenance
from ckptgui.core.training.readiness import Item, Presence, readiness
from ckptgui.core.waste import waste

_MAX_NAMES = 12
_MAX_MODULES = 200
_MAX_VERSIONS = 8
_MARKS = {Presence.PRESENT: "yes", Presence.PARTLY: "partly", Presence.ABSENT: "no"}


def section_lines(checkpoint: Checkpoint) -> Iterator[str]:
    """A row a section, with its share of all sections' bytes; below them what no tensor needs."""
    total = sum(section.nbytes for section in checkpoint.sections)
    yield from table([_section(section, total) for section in checkpoint.sections], right=(2, 3, 4))
    sentence = waste(checkpoint).sentence
    if sentence:
        yield sentence


def _section(section: Section, total: int) -> list[str]:
    return [
        display("/".join(section.path)) or "(the saved object)",
        section.role.value,
        count(section.tensor_count, "tensor"),
        size(section.nbytes),
        f"{section.nbytes / total:.1%}" if total else "",
    ]


def readiness_lines(checkpoint: Checkpoint, scores: Mapping[Path, float]) -> Iterator[str]:
    """The verdict, then a row for each thing that a training is continued with."""
    found = readiness(checkpoint, scores=scores)
    yield display(found.sentence, MAX_DETAIL)
    yield from table([[item.title, _MARKS[item.presence], _words(item)] for item in found.items])
    if found.reminder:
        yield found.reminder


def _words(item: Item) -> str:
    return display(item.text if item.presence is Presence.PRESENT else f"{item.text} {item.cost}", MAX_DETAIL)


def origin_lines(checkpoint: Checkpoint) -> Iterator[str]:
    """The likely writer, versions, the time of writing, the versions of modules."""
    found = provenance(checkpoint)
    if found.sentence:
        yield display(found.sentence, MAX_DETAIL)
    if found.written:
        yield f"Last written {found.written:%Y-%m-%d %H:%M} UTC"
    for noted in found.module_versions[:_MAX_VERSIONS]:
        where = f" of {display('/'.join(noted.section))}" if noted.section else ""
        first = f", {display(noted.first)} first" if noted.first else ""
        yield f"{count(noted.count, 'module')}{where} of version {noted.version}{first}"


def names_lines(checkpoint: Checkpoint) -> Iterator[str]:
    """The verdict on all names, then those that are not known, each with its place and what a full load does."""
    yield display(names_verdict(checkpoint), MAX_DETAIL)
    told = [name for name in used_names(checkpoint) if name.use is not GlobalClass.KNOWN]
    yield from table([[display(name.where), display(name.effect, MAX_DETAIL)] for name in told[:_MAX_NAMES]])
    if len(told) > _MAX_NAMES:
        yield f"… and {len(told) - _MAX_NAMES:,} more, all of them with --json."


def module_lines(checkpoint: Checkpoint) -> Iterator[str]:
    """A row for each module of a whole model."""
    rows = []
    for module in checkpoint.modules[:_MAX_MODULES]:
        note = "" if module.registered else "  in a plain attribute, not registered"
        rows.append([display("/".join(module.path)) or "(the saved object)", module_line(module) + note])
    yield from table(rows)
    if len(checkpoint.modules) > _MAX_MODULES:
        yield f"… and {len(checkpoint.modules) - _MAX_MODULES:,} more, all of them with --json."
