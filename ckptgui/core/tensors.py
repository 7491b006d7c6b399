"""Tensors in columns: built once by a reader, immutable, one row a name.

A million tensors are a dozen numpy arrays; a ``TensorInfo`` is made for the row that someone looks at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import PurePath
from typing import Any

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.extent_table import ExtentTable
from ckptgui.core.extents import Extent
from ckptgui.core.names import KeyPool, NamePool

Path = tuple[str, ...]
"""The keys from the saved object down to a tensor, each as a string (``docs/cli.md``, ``info --json``)."""


class TensorKind(IntEnum):
    """What a row was in the program that saved it."""

    TENSOR = 0
    PARAMETER = 1
    BUFFER = 2
    ARRAY = 3  # numpy's
    COMPONENT = 4  # a piece of a sparse, nested or wrapper tensor

    def __str__(self) -> str:
        return self.name.lower()


_KINDS = tuple(TensorKind)

UNKNOWN = "unknown"
"""The name of the dtype of a tensor that is not here."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: a strided view of an extent, with the names that lead to it.

    Shape, strides and ``storage_offset`` count elements; ``nbytes`` is elements times item size.
    ``error`` is a sentence when the tensor cannot be read whole. ``extra`` holds what only some kinds have
    (``quantization``, ``components`` as row numbers).
    """

    index: int
    path: Path
    name: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: DType
    device: str
    requires_grad: bool
    kind: TensorKind
    persistent: bool
    layout: str
    nbytes: int
    storage: int  # row of the storage table; -1 where there is none (meta, sparse whole)
    storage_key: str | None
    storage_offset: int
    extent: Extent | None
    conj: bool = False
    neg: bool = False
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def numel(self) -> int:
        """Number of elements; 1 for a 0-d tensor."""
        return math.prod(self.shape)

    @property
    def is_nowhere(self) -> bool:
        """True where nothing but the name is known, as of a tensor in a file that is missing."""
        return self.error is not None and self.storage < 0 and self.dtype.name == UNKNOWN

    @property
    def is_contiguous(self) -> bool:
        """True when the elements lie row-major without gaps."""
        return self.strides == contiguous_strides(self.shape) or self.numel <= 1

    @property
    def file(self) -> str | None:
        """Name of the file that holds the first byte."""
        extent = self.extent
        if extent is not None and extent.assembly is not None:
            extent = next((b.extent for b in extent.assembly.blocks if not any(b.offsets)), None)
        if extent is None or not extent.segments:
            return None
        return PurePath(extent.segments[0].source.path).name

    @property
    def file_offset(self) -> int | None:
        """Absolute place of element 0 in ``file``; None where compressed, inline or in pieces."""
        start = self.extent.file_offset if self.extent is not None else None
        return None if start is None else start + self.dtype.nbytes(self.storage_offset)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides in elements, as torch gives them (a zero-size dimension counts as one)."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


@dataclass(frozen=True)
class TensorTable:
    """All tensors of a checkpoint in columns; row order is saved order.

    ``dims`` and ``steps`` hold every shape and stride end to end, ``dim_start`` (n + 1) where each row's
    begin. ``containers`` are the distinct paths that rows hang on, ``-1`` in ``container`` is the root
    itself being a tensor. ``extents`` are the storages; ``storage`` is a row of it or ``-1``.
    """

    names: NamePool
    container: np.ndarray  # int32
    containers: tuple[Path, ...]
    dim_start: np.ndarray  # int64, n + 1
    dims: np.ndarray  # int64
    steps: np.ndarray  # int64
    dtype: np.ndarray  # uint8, into dtypes
    dtypes: tuple[DType, ...]
    device: np.ndarray  # uint16, into devices
    devices: tuple[str, ...]
    layout: np.ndarray  # uint8, into layouts
    layouts: tuple[str, ...]
    storage: np.ndarray  # int32
    storage_offset: np.ndarray  # int64
    numel: np.ndarray  # int64
    nbytes: np.ndarray  # int64
    kind: np.ndarray  # uint8
    flags: np.ndarray  # uint8 of Flag
    extents: ExtentTable
    storage_keys: KeyPool
    errors: Mapping[int, str]
    extras: Mapping[int, Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.names)

    def path(self, row: int) -> Path:
        """The keys from the saved object down to this tensor; ``()`` when it is the saved object."""
        container = self.container.item(row)
        return () if container < 0 else (*self.containers[container], self.names[row])

    def shape(self, row: int) -> tuple[int, ...]:
        """Sizes of the dimensions."""
        return tuple(self.dims[self.dim_start.item(row) : self.dim_start.item(row + 1)].tolist())

    def strides(self, row: int) -> tuple[int, ...]:
        """Strides in elements."""
        return tuple(self.steps[self.dim_start.item(row) : self.dim_start.item(row + 1)].tolist())

    def info(self, row: int, section: Path = ()) -> TensorInfo:
        """One row as a value; ``section`` is taken off its path for ``name``."""
        path = self.path(row)
        below = path[len(section) :] if path[: len(section)] == section else path
        storage = self.storage.item(row)
        flags = self.flags.item(row)
        return TensorInfo(
            index=row,
            path=path,
            name=".".join(below) or (path[-1] if path else ""),
            shape=self.shape(row),
            strides=self.strides(row),
            dtype=self.dtypes[self.dtype.item(row)],
            device=self.devices[self.device.item(row)],
            requires_grad=bool(flags & Flag.REQUIRES_GRAD),
            kind=_KINDS[self.kind.item(row)],
            persistent=not flags & Flag.NOT_PERSISTENT,
            layout=self.layouts[self.layout.item(row)],
            nbytes=self.nbytes.item(row),
            storage=storage,
            storage_key=self.storage_keys[storage] if storage >= 0 else None,
            storage_offset=self.storage_offset.item(row),
            extent=self.extents[storage] if storage >= 0 else None,
            conj=bool(flags & Flag.CONJ),
            neg=bool(flags & Flag.NEG),
            error=self.errors.get(row),
            extra=self.extras.get(row, {}),
        )

    def __iter__(self) -> Iterator[TensorInfo]:
        return map(self.info, range(len(self)))


class Flag(IntEnum):
    """Bits of ``TensorTable.flags``."""

    REQUIRES_GRAD = 1
    NOT_PERSISTENT = 2  # a buffer that state_dict() leaves out
    CONJ = 4
    NEG = 8
