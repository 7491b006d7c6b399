"""What an export would do, worked out off the GUI thread: every name, what stays behind, what has to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tensors import Path, TensorKind
from ckptgui.errors import CheckpointError, LargeOutputError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest


class Fate(IntEnum):
    """What becomes of a tensor."""

    GOES = 0
    TIED = 1  # it goes under the name of another one
    OUT = 2
    LOST = 3  # a rescue has to do without it


@dataclass(frozen=True, eq=False)
class Names:
    """A line a tensor of what is exported from, in saved order. ``new`` are the names in the result, empty for
    what does not go; of a tied one the name that it is the same as. ``types`` are dtypes as written.
    """

    rows: np.ndarray  # int32
    fates: np.ndarray  # uint8 of Fate
    changed: np.ndarray  # bool: another name, another dtype, or it does not go
    old: Sequence[str]
    new: Sequence[str]
    types: Sequence[str]
    reasons: Mapping[int, str] = field(default_factory=dict)  # by line

    def __len__(self) -> int:
        return len(self.rows)


NO_NAMES = Names(np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(0, bool), (), (), ())


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A stretch of the source: bytes that go, or are left out."""

    label: str
    role: Role
    nbytes: int
    goes: bool


@dataclass(frozen=True, eq=False)
class Outlook:
    """A plan as it is looked at; with a ``trouble`` there is none. ``large`` says that it is only far too large.

    ``left`` are the keys and names that stay behind with their bytes, ``whole`` and ``total`` count tensors of the
    section that can be read and all of them.
    """

    request: ExportRequest
    plan: ExportPlan | None
    trouble: str = ""
    large: bool = False
    names: Names = NO_NAMES
    parts: tuple[SourcePart, ...] = ()
    left: tuple[tuple[str, int], ...] = ()
    total: int = 0
    whole: int = 0


def look_ahead(checkpoint: Checkpoint, out: str, request: ExportRequest) -> Outlook:
    """Plan an export and say what it comes to; never raises for a plan that cannot be."""
    section = _section(checkpoint, request)
    start, stop = (section.start, section.stop) if section is not None else (0, len(checkpoint.tensors))
    errors = sum(start <= row < stop for row in checkpoint.tensors.errors)
    total, whole = stop - start, stop - start - errors
    try:
        with without_garbage_collection():
            plan = plan_export(checkpoint, out, request)
            names = _names(checkpoint, start, stop, plan)
    except LargeOutputError as error:
        return Outlook(request, None, str(error), large=True, total=total, whole=whole)
    except CheckpointError as error:
        return Outlook(request, None, str(error), total=total, whole=whole)
    parts, left = _parts(checkpoint, section, plan), _left(checkpoint, plan)
    return Outlook(request, plan, names=names, parts=parts, left=left, total=total, whole=whole)


def _section(checkpoint: Checkpoint, request: ExportRequest) -> Section | None:
    if request.only == "all":
        return None
    found = [s for s in checkpoint.sections if s.path == request.section]
    return found[0] if found else next((s for s in checkpoint.sections if s.role is Role.MODEL), None)


def _names(checkpoint: Checkpoint, start: int, stop: int, plan: ExportPlan) -> Names:
    table = checkpoint.tensors
    prefix = len(plan.section or ())
    at = np.full(stop, -1, np.int64)
    for number, info in enumerate(plan.tensors):
        at[info.index] = number
    rows = np.arange(start, stop, dtype=np.int32)
    rows = rows[(table.kind[start:stop] != TensorKind.COMPONENT) | (at[start:stop] >= 0)]
    original: dict[tuple[int, int, tuple[int, ...]], str] = {}
    if plan.tied and plan.request.ties == "drop":
        for number, info in enumerate(plan.tensors):
            original.setdefault((info.storage, info.storage_offset, info.shape), plan.names[number])
    fates, changed = np.zeros(len(rows), np.uint8), np.zeros(len(rows), bool)
    old, new, types, reasons = [], [], [], {}
    for line, row in enumerate(rows.tolist()):
        number = int(at[row])
        if number >= 0:
            name, after = plan.source_names[number], plan.names[number]
            written = plan.dtypes[number].name
            tied = plan.tied.get(after)
            old.append(name)
            types.append(written)
            if tied is not None:
                fates[line], after = Fate.TIED, tied
            saved = table.dtypes[table.dtype.item(row)].name
            changed[line] = tied is not None or name != after or written != saved
            new.append(after)
            continue
        name = ".".join(table.path(row)[prefix:]) or "".join(table.path(row)[-1:])
        old.append(name)
        types.append(table.dtypes[table.dtype.item(row)].name)
        changed[line] = True
        first = original.get((table.storage.item(row), table.storage_offset.item(row), table.shape(row)))
        if name in plan.lost:
            fates[line] = Fate.LOST
            reasons[line] = plan.lost[name]
            new.append("")
        elif first is not None and table.numel[row] > 0:
            fates[line] = Fate.TIED
            new.append(first)
        else:
            fates[line] = Fate.OUT
            new.append("")
    return Names(rows, fates, changed, old, new, types, reasons)


def _parts(checkpoint: Checkpoint, section: Section | None, plan: ExportPlan) -> tuple[SourcePart, ...]:
    """The source from left to right: what goes first, then the sections that stay, then what is no tensor's."""
    found = []
    rest = checkpoint.nbytes - sum(each.nbytes for each in checkpoint.sections)
    for each in sorted(checkpoint.sections, key=lambda s: s is not section):
        if not each.nbytes:
            continue
        label = each.path[-1] if each.path else ""
        whole = section is None or each is section
        goes = each.nbytes if whole and len(plan.names) + len(plan.tied) >= each.tensor_count else 0
        if each is section and not goes:
            stored = {info.storage: checkpoint.tensors.extents.nbytes[info.storage] for info in plan.tensors}
            goes = min(each.nbytes, int(sum(size for storage, size in stored.items() if storage >= 0)))
        if section is None:
            goes = each.nbytes
        if goes:
            found.append(SourcePart(label, each.role, goes, True))
        if each.nbytes > goes:
            found.append(SourcePart(label, each.role, each.nbytes - goes, False))
    if rest > 0:
        found.append(SourcePart("", Role.OTHER, rest, False))
    return tuple(found)


def _left(checkpoint: Checkpoint, plan: ExportPlan) -> tuple[tuple[str, int], ...]:
    """What stays behind; the largest first, then values in their order."""
    sizes: dict[str, int] = {}
    for section in checkpoint.sections:
        for key in {"/".join(section.path), "".join(section.path[:1])}:
            sizes[key] = sizes.get(key, 0) + section.nbytes
    found = [(key, _size(checkpoint, plan.section, key, sizes)) for key in plan.dropped]
    return tuple(sorted(found, key=lambda each: -each[1]))


def _size(checkpoint: Checkpoint, section: Path | None, key: str, sizes: Mapping[str, int]) -> int:
    if key in sizes:
        return sizes[key]
    row = checkpoint.row((*(section or ()), key))
    return int(checkpoint.tensors.nbytes[row]) if row is not None else 0
