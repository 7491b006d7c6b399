"""Which tensors an export takes, by what they are called in the source, and what stays behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import display
from ckptgui.core.tensors import Flag, Path, TensorInfo, TensorKind
from ckptgui.errors import DamagedSourceError, ExportError
from ckptgui.export.globs import chosen, fitting, idle
from ckptgui.export.request import ExportRequest

_PLAIN = frozenset({Role.MODEL, Role.EMA, Role.OTHER})
"""Roles of which a file's only section is taken for its state dict without being asked for."""

_EXTRA_STATE = "_extra_state"
"""How ``state_dict()`` names what a module's ``get_extra_state`` gave."""

_WRITTEN_LAYOUTS = frozenset({"strided", "packed"})


@dataclass(frozen=True)
class Selection:
    """The tensors that go, as rows of the table (int64, in saved order) and by name, and what does not go.

    ``dropped`` are top-level keys and names, ``extra_state`` names of values that are no tensors and yet belong to
    a state dict, ``lost`` what a rescue does without, with the reasons; ``idle`` are patterns that fit nothing.
    """

    section: Section
    rows: np.ndarray
    names: list[str]
    dropped: tuple[str, ...]
    extra_state: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    idle: tuple[str, ...] = ()


def choose_section(checkpoint: Checkpoint, wanted: Path | None, rows: Iterable[int] | None = None) -> Section:
    """The state dict to export; raises ``ExportError`` naming those there are when none is meant.

    ``rows`` are tensors that were chosen by hand: their section is meant where no other is.
    """
    sections = [section for section in checkpoint.sections if section.tensor_count]
    if wanted is not None:
        spelled = "/".join(wanted)
        for section in checkpoint.sections:
            if section.path == wanted or spelled in ("/".join(section.path), ".".join(section.path)):
                return section
        if inner := _inner_section(checkpoint, wanted):
            return inner
        raise ExportError(f"There is no section {display(spelled)}; there are: {_named(sections)}.")
    if rows:
        return _section_of(sections, rows)
    models = [section for section in sections if section.role is Role.MODEL]
    found = models or [section for section in sections if section.role in _PLAIN]
    if len(found) == 1:
        return found[0]
    if not sections:
        raise ExportError("It holds no tensors, so there is no state dict to export.")
    if not found:
        raise ExportError(f"It holds no model's state dict; choose a section of: {_named(sections)}.")
    what = f"{len(found)} models" if models else f"{len(found)} state dicts and none is the model"
    raise ExportError(f"It holds {what}; choose a section of: {_named(found)}.")


def _inner_section(checkpoint: Checkpoint, wanted: Path) -> Section | None:
    """A state dict within a section, by its path: the tensors below it, if they follow one another."""
    table, depth = checkpoint.tensors, len(wanted)
    inside = [number for number, path in enumerate(table.containers) if path[:depth] == wanted]
    rows = np.flatnonzero(np.isin(table.container, inside))
    if not len(rows) or rows[-1] - rows[0] != len(rows) - 1:
        return None
    outer = checkpoint.section_of(int(rows[0]))
    role = Role.OTHER if outer is None else outer.role
    return Section(wanted, role, int(rows[0]), int(rows[-1]) + 1, int(table.nbytes[rows].sum()))


def _section_of(sections: Iterable[Section], rows: Iterable[int]) -> Section:
    numbers = np.fromiter(rows, np.int64)
    found = [s for s in sections if ((numbers >= s.start) & (numbers < s.stop)).any()]
    if len(found) != 1:
        where = f"in {len(found)} sections: {_named(found)}" if found else "in no section"
        raise ExportError(f"The chosen tensors lie {where}; choose those of one.")
    return found[0]


def select_state_dict(checkpoint: Checkpoint, request: ExportRequest, spoilt: Mapping[int, str]) -> Selection:
    """One section's tensors by their ``state_dict()`` names, as far as the request wants them.

    ``spoilt`` are rows that turned out to be damaged, with the reasons. Raises ``ExportError`` if nothing is
    wanted, or if one cannot go and no rescue was asked for.
    """
    section = choose_section(checkpoint, request.section, request.rows)
    table = checkpoint.tensors
    rows = np.arange(section.start, section.stop)
    there = table.kind[rows] != TensorKind.COMPONENT
    saved = (table.flags[rows] & Flag.NOT_PERSISTENT) == 0
    names = row_names(checkpoint, section, rows)
    unsaved = [names[at] for at in np.flatnonzero(~saved).tolist()]
    rows, names = _taken(there & saved, rows, names)
    if (table.container[rows] < 0).any():
        raise ExportError("It holds one tensor without a name, so there is no state dict to export.")
    if not names:
        raise ExportError(f"{display('/'.join(section.path)) or 'It'} holds no tensors to export.")
    recorded = _recorded_ties(checkpoint, names)
    rows = np.concatenate([rows, rows[list(recorded.values())]])
    names += recorded
    wanted = chosen(names, request.include, request.exclude)
    if request.rows is not None:
        wanted &= np.isin(rows, np.fromiter(request.rows, np.int64))
        if not wanted.any():
            raise ExportError("None of the chosen tensors can stand in a state dict.")
    filtered = [names[at] for at in np.flatnonzero(~wanted).tolist()]
    values = _values_beside(checkpoint, section)
    extra = [name for name in _extra_state(checkpoint, section, values) if _takes(request, name)]
    beside = [name for name in values if name not in extra]
    left = [*_other_keys(checkpoint, section), *beside, *unsaved]
    left = [*(name for name in left if name not in recorded), *filtered]
    unused = idle(names, request.exclude)
    rows, names = _taken(wanted, rows, names)
    sound, lost = whole_ones(checkpoint, rows, names, spoilt, request.rescue)
    rows, names = _taken(sound, rows, names)
    return Selection(section, rows, names, tuple(left), tuple(extra), lost, unused)


def _taken(which: np.ndarray, rows: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    if which.all():
        return rows, names
    return rows[which], [names[at] for at in np.flatnonzero(which).tolist()]


def _recorded_ties(checkpoint: Checkpoint, names: list[str]) -> dict[str, int]:
    """Second names that a safetensors file recorded instead of writing a tensor twice, with the first one's place.

    So do an export of ours and the format's own ``save_model``.
    """
    told = checkpoint.metadata
    if checkpoint.format != "safetensors" or not isinstance(told, Mapping) or not told.keys() - {"format"}:
        return {}
    places = {name: place for place, name in enumerate(names)}
    texts = ((name, first) for name, first in told.items() if isinstance(first, str) and name not in places)
    return {name: places[first] for name, first in texts if first in places}


def row_names(checkpoint: Checkpoint, section: Section, rows: np.ndarray) -> list[str]:
    """What the tensors of consecutive ``rows`` are called below their section, joined with dots."""
    table, depth = checkpoint.tensors, len(section.path)
    if not len(rows):
        return []
    names = table.names[int(rows[0]) : int(rows[-1]) + 1]
    inner = table.container[rows]
    plain = np.isin(inner, [n for n, path in enumerate(table.containers) if path == section.path])
    for at in np.flatnonzero(~plain).tolist():
        path = table.path(int(rows[at]))
        below = path[depth:] if path[:depth] == section.path else path
        names[at] = ".".join(below) or "".join(path[-1:])
    return names


def whole_ones(
    checkpoint: Checkpoint, rows: np.ndarray, names: list[str], spoilt: Mapping[int, str], rescue: bool
) -> tuple[np.ndarray, dict[str, str]]:
    """bool for each row, whether it can be written; and by name why the others cannot.

    Raises ``DamagedSourceError`` naming the first of these unless it is a rescue, ``ExportError`` if nothing is
    whole.
    """
    table = checkpoint.tensors
    odd = [code for code, layout in enumerate(table.layouts) if layout not in _WRITTEN_LAYOUTS]
    doubtful = (table.storage[rows] < 0) | np.isin(table.layout[rows], odd)
    doubtful |= np.isin(rows, [*table.errors, *table.extras, *spoilt])
    sound, lost = np.ones(len(rows), np.bool_), {}
    for at in np.flatnonzero(doubtful).tolist():
        row = int(rows[at])
        if reason := spoilt.get(row) or _obstacle(table.info(row)):
            sound[at] = False
            lost[names[at]] = reason
    if lost and not rescue:
        name, reason = next(iter(lost.items()))
        rest = len(lost) - 1
        more = f" {rest:,} more {'is' if rest == 1 else 'are'} like it." if rest else ""
        left = int(sound.sum())
        help = f" A rescue writes the {left:,} that {'is' if left == 1 else 'are'} whole." if left else ""
        raise DamagedSourceError(f"{display(name)} cannot be exported: {reason}{more}{help}", len(lost), left)
    if lost and not sound.any():
        name, reason = next(iter(lost.items()))
        raise ExportError(f"Nothing of it is whole; {display(name)}: {reason}")
    return sound, lost


def _extra_state(checkpoint: Checkpoint, section: Section, values: Iterable[str]) -> list[str]:
    """Names beside the tensors that ``get_extra_state`` gave, where they can be read again."""
    attributes = checkpoint.attributes
    if checkpoint.format != "torch-zip" or attributes.get("incomplete") or attributes.get("cut"):
        return []
    depth = len(section.path)
    found = [name for name in values if name.endswith(_EXTRA_STATE)]
    if not found:
        return []
    paths = (checkpoint.tensors.path(row) for row in range(section.start, section.stop))
    holders = {path[depth] for path in paths if len(path) > depth + 1}
    return [name for name in found if name not in holders]


def _takes(request: ExportRequest, name: str) -> bool:
    """Whether a value that is no tensor goes along with those that do."""
    if request.rows is not None:
        return False
    included = not request.include or any(fitting(glob, [name])[0] for glob in request.include)
    return included and not any(fitting(glob, [name])[0] for glob in request.exclude)


def _obstacle(info: TensorInfo) -> str:
    if info.error is not None:
        return info.error
    if "components" in info.extra or info.layout not in _WRITTEN_LAYOUTS:
        return f"it is {info.layout}, made of other tensors, which export does not write."
    if info.extent is None:
        why = "not initialised yet" if info.extra.get("uninitialized") else "on the meta device"
        return f"it was saved without values ({why})."
    return ""


def _other_keys(checkpoint: Checkpoint, section: Section) -> list[str]:
    """Top-level keys that stay behind, in the order in which they are known: sections, then values."""
    keys: dict[str, None] = {}
    for other in checkpoint.sections:
        if other is section:
            continue
        same = section.path and other.path[:1] == section.path[:1]
        keys["/".join(other.path) if same else "".join(other.path[:1])] = None
    if isinstance(checkpoint.metadata, Mapping):
        taken = section.path[:1]
        keys.update(dict.fromkeys(key for key in checkpoint.metadata if section.path and (key,) != taken))
    return [key for key in keys if key]


def _values_beside(checkpoint: Checkpoint, section: Section) -> list[str]:
    """Names in the state dict itself whose values are no tensors; a module's attributes are none of them."""
    found = checkpoint.metadata
    for key in section.path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or "__class__" in found:
        return []
    return list(found)


def _named(sections: Iterable[Section], limit: int = 12) -> str:
    names = [display("/".join(section.path)) or "(the whole file)" for section in sections]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
