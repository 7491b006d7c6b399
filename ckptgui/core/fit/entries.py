"""What ``load_state_dict`` looks at: the entries of a state dict by name, each with its shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ckptgui.core.checkpoint import Checkpoint, Json, SavedShape, Section
from ckptgui.core.kept import NOTE
from ckptgui.core.series.parts import Part
from ckptgui.core.tensors import Flag, TensorKind

EXTRA_STATE = "_extra_state"
"""The last part of the name under which a module keeps what it likes; its shape is nobody's business."""

_PICKLED = ("torch-zip", "torch-legacy", "torch-tar", "pickle")
"""Formats whose metadata at a state dict's place are entries of that dictionary."""


class Sort(Enum):
    """What an entry is where it is no plain dense tensor with values."""

    VALUE = "value"  # no tensor at all
    ARRAY = "array"  # numpy's
    META = "meta"  # no values
    QUANTIZED = "quantized"
    SPARSE = "sparse"


@dataclass(frozen=True)
class Entries:
    """Shapes by name in saved order, None for what is no tensor. ``sorts`` has those that are out of the ordinary.

    ``versions`` are those of modules by name, as ``state_dict()`` attaches them; empty where there are none.
    """

    shapes: Mapping[str, tuple[int, ...] | None]
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.shapes)


def entries_of(part: Part) -> Entries:
    """The entries of a part of a checkpoint, from its header. Components and passing buffers are none."""
    table = part.checkpoint.tensors
    shapes: dict[str, tuple[int, ...] | None] = {}
    sorts: dict[str, Sort] = {}
    kinds, flags = table.kind[part.rows].tolist(), table.flags[part.rows].tolist()
    layouts, storages = table.layout[part.rows].tolist(), table.storage[part.rows].tolist()
    for name, row, kind, flag, layout, storage in zip(
        part.names, part.rows.tolist(), kinds, flags, layouts, storages
    ):
        if kind == TensorKind.COMPONENT or flag & Flag.NOT_PERSISTENT or name in shapes:
            continue
        shapes[name] = table.shape(row)
        if kind == TensorKind.ARRAY:
            sorts[name] = Sort.ARRAY
        elif table.layouts[layout].startswith("sparse"):
            sorts[name] = Sort.SPARSE
        elif "quantization" in table.extras.get(row, ()):
            sorts[name] = Sort.QUANTIZED
        elif storage < 0 and table.devices[table.device.item(row)] == "meta":
            sorts[name] = Sort.META
    for name in _values(part):
        if name not in shapes:
            shapes[name], sorts[name] = None, Sort.VALUE
    return Entries(shapes, sorts, dict(_versions(part)))


def _sections(part: Part) -> list[tuple[Section, str]]:
    """The sections that a part is made of, with what their names begin with."""
    first, last = (int(part.rows[0]), int(part.rows[-1])) if len(part) else (0, -1)
    chosen = [s for s in part.checkpoint.sections if first <= s.start and s.stop - 1 <= last]
    return [(s, "" if len(chosen) == 1 else ".".join((*s.path, ""))) for s in chosen]


def _values(part: Part) -> Iterator[str]:
    """Names of entries that are no tensors."""
    checkpoint = part.checkpoint
    if checkpoint.format not in _PICKLED or checkpoint.saved_shape is SavedShape.MODULE:
        return
    for section, front in _sections(part):
        below = len(section.path)
        here = _at(checkpoint, section)
        nested = {
            path[below]
            for path in checkpoint.tensors.containers
            if len(path) > below and path[:below] == section.path
        }
        if isinstance(here, Mapping):
            yield from (front + key for key in here if key not in nested)


def _at(checkpoint: Checkpoint, section: Section) -> Json:
    value = checkpoint.metadata
    for key in section.path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _versions(part: Part) -> Iterator[tuple[str, int]]:
    notes = part.checkpoint.attributes.get("state_dict_metadata", {})
    for section, front in _sections(part):
        for module, told in notes.get(section.path, {}).items():
            version = told.get("version")
            if isinstance(version, int) and module != NOTE:
                yield front + module, version
