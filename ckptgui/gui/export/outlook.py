"""What an export would do, worked out off the GUI thread: every name, what stays behind, what has to be said."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import DType
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.series.prefixes import unwrapped
from ckptgui.core.tensors import Path, TensorKind
from ckptgui.errors import CheckpointError, DamagedSourceError, LargeOutputError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportPlan, ExportRequest
from ckptgui.export.select import row_names
from ckptgui.gui.export.name_pieces import taken_off


class Fate(IntEnum):
    """What becomes of a tensor."""

    GOES = 0
    TIED = 1  # it goes as another name of one that does, or is recorded as that
    OUT = 2
    LOST = 3  # a rescue has to do without it


@dataclass(frozen=True, eq=False)
class Names:
    """A line a tensor of what is exported from, in saved order. ``new`` are the names in the result, empty for
    what does not go, ``renamed`` whether any is another; ``types`` are dtypes as written, ``kinds`` their names.
    By line, ``ties`` are the names that tied ones are the same as, ``reasons`` why lost ones are lost.
    """

    rows: np.ndarray  # int64
    fates: np.ndarray  # uint8 of Fate
    changed: np.ndarray  # bool: another name, another dtype, or it does not go
    old: Sequence[str]
    new: Sequence[str]
    types: Sequence[DType]
    kinds: tuple[str, ...]
    renamed: bool
    ties: Mapping[int, str] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether every name is what it was, and no reason stands in its place."""
        return not (self.renamed or self.reasons)

    def __len__(self) -> int:
        return len(self.rows)


NO_NAMES = Names(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, bool), (), (), (), (), False)


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A stretch of the source: bytes that go, or are left out."""

    label: str
    role: Role
    nbytes: int
    goes: bool


@dataclass(frozen=True, eq=False)
class Outlook:
    """A plan as it is looked at, or the ``error`` because of which there is none. ``shown`` is the plan that all
    else is about: of a damaged source that of the rescue, which nobody asked for yet.

    ``left`` are the keys and names that stay behind with their bytes, ``wrapper`` is what wrappers put before
    ``wrapped`` names.
    """

    request: ExportRequest
    plan: ExportPlan | None
    error: CheckpointError | None = None
    shown: ExportPlan | None = None
    names: Names = NO_NAMES
    parts: tuple[SourcePart, ...] = ()
    left: tuple[tuple[str, int], ...] = ()
    wrapper: str = ""
    wrapped: int = 0

    @property
    def trouble(self) -> str:
        """Why there is no plan, in a sentence."""
        return "" if self.error is None else str(self.error)

    @property
    def large(self) -> bool:
        """Whether there is none only because the result would be far larger than its source."""
        return isinstance(self.error, LargeOutputError)


def look_ahead(checkpoint: Checkpoint, out: str, request: ExportRequest) -> Outlook:
    """Plan an export and say what it comes to; never raises for a plan that cannot be."""
    try:
        plan = plan_export(checkpoint, out, request)
        return _seen(Outlook(request, plan), plan)
    except DamagedSourceError as error:
        outlook = Outlook(request, None, error)
    except CheckpointError as error:
        return Outlook(request, None, error)
    try:
        return _seen(outlook, plan_export(checkpoint, out, replace(request, rescue=True)))
    except CheckpointError:
        return outlook


def _seen(outlook: Outlook, plan: ExportPlan) -> Outlook:
    """The outlook with all that there is to see of a plan."""
    checkpoint, section = plan.checkpoint, _section(plan.checkpoint, plan.request)
    with without_garbage_collection():
        names, left = _names(checkpoint, section, plan), _left(checkpoint, plan)
        wrapper, wrapped = _wrappers(plan) if section is not None else ("", 0)
    parts = _parts(checkpoint, section, plan)
    return replace(outlook, shown=plan, names=names, parts=parts, left=left, wrapper=wrapper, wrapped=wrapped)


def _section(checkpoint: Checkpoint, request: ExportRequest) -> Section | None:
    if request.only == "all":
        return None
    models = checkpoint.with_role(Role.MODEL) or checkpoint.sections
    return next((s for s in checkpoint.sections if s.path == request.section), models[0] if models else None)


def _wrappers(plan: ExportPlan) -> tuple[str, int]:
    """What wrappers put before names, as the first of these tells, and before how many."""
    before = tuple(plan.chosen.source_names)
    after = unwrapped(before)
    if after is before:
        return "", 0
    changed = [number for number, (old, new) in enumerate(zip(before, after)) if old != new]
    return (taken_off(before[changed[0]], after[changed[0]]), len(changed)) if changed else ("", 0)


def _names(checkpoint: Checkpoint, section: Section | None, plan: ExportPlan) -> Names:
    """A line a tensor, those too that do not go."""
    table, chosen = checkpoint.tensors, plan.chosen
    start, stop = (section.start, section.stop) if section is not None else (0, len(table))
    rows = np.arange(start, stop)
    place = np.full(stop - start, -1, np.int64)
    place[chosen.rows - start] = np.arange(len(chosen))
    kept = (table.kind[rows] != TensorKind.COMPONENT) | (place >= 0)
    rows, place = rows[kept], place[kept]
    goes = place >= 0
    fates = np.where(goes, Fate.GOES, Fate.OUT).astype(np.uint8)
    fates[goes] = np.where(chosen.tied_to[place[goes]] >= 0, Fate.TIED, Fate.GOES)
    changed = ~goes
    changed[goes] = _changed(plan)[place[goes]]
    if goes.all() and len(rows) == len(chosen):
        old, new, types = chosen.source_names, chosen.names, chosen.dtypes
    else:
        own = section if section is not None else Section((), Role.OTHER, start, stop, 0)
        old = row_names(checkpoint, own, rows)
        new = [chosen.names[at] if at >= 0 else "" for at in place.tolist()]
        types = [
            chosen.dtypes[at] if at >= 0 else table.dtypes[table.dtype.item(row)] for at, row in _both(place, rows)
        ]
    ties = {
        int(line): chosen.names[int(chosen.tied_to[place[line]])] for line in np.flatnonzero(fates == Fate.TIED)
    }
    reasons = {}
    for line in np.flatnonzero(~goes).tolist() if plan.lost else ():
        if old[line] in plan.lost:
            fates[line], reasons[line] = Fate.LOST, plan.lost[old[line]]
    kinds = tuple(sorted({id(each): each.name for each in types}.values()))
    return Names(rows, fates, changed, old, new, types, kinds, _is_renamed(plan), ties, reasons)


def _both(place: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, int]]:
    return zip(place.tolist(), rows.tolist())


def _is_renamed(plan: ExportPlan) -> bool:
    return list(plan.chosen.names) != list(plan.chosen.source_names)


def _changed(plan: ExportPlan) -> np.ndarray:
    """bool for each chosen tensor: it has another name or type, or goes under the name of another one."""
    chosen, count = plan.chosen, len(plan.chosen)
    changed = chosen.tied_to >= 0
    if _is_renamed(plan):
        changed |= np.fromiter(map(operator.ne, chosen.names, chosen.source_names), bool, count)
    changed |= np.fromiter(map(operator.is_not, chosen.saved, chosen.dtypes), bool, count)
    return changed


def _parts(checkpoint: Checkpoint, section: Section | None, plan: ExportPlan) -> tuple[SourcePart, ...]:
    """The source from left to right: what goes first, then the sections that stay, then what is no tensor's."""
    found = []
    rest = checkpoint.nbytes - sum(each.nbytes for each in checkpoint.sections)
    for each in sorted(checkpoint.sections, key=lambda s: s is not section):
        if not each.nbytes:
            continue
        label = each.path[-1] if each.path else ""
        whole = section is None or each is section
        goes = each.nbytes if whole else 0
        if each is section and len(plan.chosen) < each.tensor_count:
            storages = np.unique(checkpoint.tensors.storage[plan.chosen.rows])
            stored = checkpoint.tensors.extents.nbytes[storages[storages >= 0]]
            goes = min(each.nbytes, int(stored.sum()))
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
