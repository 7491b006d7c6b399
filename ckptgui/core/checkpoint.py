"""A checkpoint: a map from names to byte extents, with what stands around the tensors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from ckptgui.core.extents import SourceIdentity
from ckptgui.core.records import NO_RECORDS, RecordTable
from ckptgui.core.tensors import Path, TensorInfo, TensorKind, TensorTable

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys (``docs/cli.md``, ``metadata``)."""


class Role(Enum):
    """What a section is for."""

    MODEL = "model"
    EMA = "ema"
    OPTIMIZER = "optimizer"
    SCHEDULER = "scheduler"
    SCALER = "scaler"
    RNG = "rng"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the saved object with one purpose: rows ``start`` to ``stop`` of the tensor table.

    ``nbytes`` counts each storage's bytes once within the section, as they lie in the file.
    """

    path: Path
    role: Role
    start: int
    stop: int
    nbytes: int

    @property
    def tensor_count(self) -> int:
        """Rows of this section, tied names counted each."""
        return self.stop - self.start


class GlobalClass(Enum):
    """How a loader would use a name that the pickle holds (``docs/cli.md``, ``safety``)."""

    KNOWN = "known"
    CLASS = "class"
    CALLABLE = "callable"


@dataclass(frozen=True, slots=True)
class GlobalName:
    """An importable name that stands in the pickle, for instance ``collections.OrderedDict``.

    ``record`` is the pickle's name in the file and ``offset`` the byte of it where the name stands first, -1
    in a pickle within that pickle. ``arguments`` is how many its first call has, None where it is not called
    or that is not told; ``made`` says that objects of it are made, ``changed`` that a loader would change it.
    """

    name: str
    use: GlobalClass
    record: str = ""
    offset: int = -1
    arguments: int | None = None
    made: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """An ``nn.Module`` found in the pickle. ``path`` is where it hangs, ``class_name`` is ``module.Class``.

    ``attributes`` are its plain values as JSON, a parameter or buffer that it has not among them as None.
    ``registered`` is False for one that hangs in a plain attribute, which ``state_dict()`` does not see.
    """

    path: Path
    class_name: str
    training: bool | None = None
    attributes: tuple[tuple[str, Json], ...] = ()
    registered: bool = True


class SavedShape(Enum):
    """What kind of object was saved; decides how it is loaded."""

    STATE_DICT = "state_dict"
    CHECKPOINT = "checkpoint"  # a dictionary that holds state dicts and other values
    MODULE = "module"  # a whole model
    TENSOR = "tensor"
    OTHER = "other"


@dataclass(frozen=True)
class Checkpoint(Mapping[Path, TensorInfo]):
    """What a reader returns: immutable, complete from the header alone, no tensor data read.

    ``nbytes`` is the size of the file, or the sum over ``sources``. ``metadata`` is every value that is
    not a tensor. ``warnings`` are sentences. ``attributes`` holds what belongs to a format alone.
    """

    path: str
    format: str
    nbytes: int
    sources: tuple[SourceIdentity, ...]
    tensors: TensorTable
    sections: tuple[Section, ...]
    metadata: Json = None
    saved_shape: SavedShape = SavedShape.STATE_DICT
    modules: tuple[Module, ...] = ()
    globals: tuple[GlobalName, ...] = ()
    records: RecordTable = NO_RECORDS
    warnings: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, path: Path) -> TensorInfo:
        row = self.row(path)
        if row is None:
            raise KeyError(path)
        return self.info(row)

    def __iter__(self) -> Iterator[Path]:
        return map(self.tensors.path, range(len(self.tensors)))

    def __len__(self) -> int:
        return len(self.tensors)

    def moved(self, by: int) -> Checkpoint:
        """The same checkpoint in a file in front of which ``by`` more bytes stand: one inside another."""
        tensors = replace(self.tensors, extents=self.tensors.extents.moved(by))
        return replace(self, tensors=tensors, records=self.records.moved(by))

    def row(self, path: Path) -> int | None:
        """The row whose path this is, or None; the first call indexes all paths."""
        return self._rows.get(path)

    @cached_property
    def _rows(self) -> dict[Path, int]:
        paths = list(self)
        return {paths[row]: row for row in reversed(range(len(paths)))}  # of equal paths the first one counts

    def info(self, row: int) -> TensorInfo:
        """One tensor, named below its section."""
        section = self.section_of(row)
        return self.tensors.info(row, section.path if section else ())

    def section_of(self, row: int) -> Section | None:
        """The section that holds a row."""
        at = bisect_right(self.sections, row, key=lambda section: section.start) - 1  # in the order of their rows
        return self.sections[at] if at >= 0 and row < self.sections[at].stop else None

    def with_role(self, role: Role) -> tuple[Section, ...]:
        """The sections of one role, in saved order."""
        return tuple(section for section in self.sections if section.role is role)

    @cached_property
    def parameter_count(self) -> int:
        """Elements of the sections with role ``model``, buffers included, tied ones once."""
        return sum(distinct_elements(self.tensors, s.start, s.stop) for s in self.with_role(Role.MODEL))

    @property
    def verdict(self) -> str:
        """``inert``, ``classes`` or ``calls``: what a full pickle load would do. It is never done here."""
        uses = {name.use for name in self.globals}
        if GlobalClass.CALLABLE in uses:
            return "calls"
        return "classes" if GlobalClass.CLASS in uses else "inert"

    def tied_to(self, row: int) -> list[int]:
        """Other rows whose view of the same storage begins at the same element and has the same shape."""
        table = self.tensors
        if table.storage[row] < 0 or table.numel[row] == 0:
            return []
        same = (table.storage == table.storage[row]) & (table.storage_offset == table.storage_offset[row])
        shape = table.shape(row)
        return [r for r in np.flatnonzero(same).tolist() if r != row and table.shape(r) == shape]


def distinct_elements(table: TensorTable, start: int, stop: int) -> int:
    """Elements in rows ``start`` to ``stop``: a tensor under two names once, one made of others without them."""
    whole = table.kind[start:stop] != TensorKind.COMPONENT
    storage = table.storage[start:stop][whole]
    offset = table.storage_offset[start:stop][whole]
    numel = table.numel[start:stop][whole]
    shared = storage >= 0
    shared[shared] = np.bincount(storage[shared])[storage[shared]] > 1  # of most models nothing is left
    if not shared.any():
        return int(numel.sum())
    tied = np.unique(np.stack([storage[shared], offset[shared], numel[shared]], axis=1), axis=0)
    return int(tied[:, 2].sum()) + int(numel[~shared].sum())
