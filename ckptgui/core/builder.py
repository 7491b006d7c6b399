"""Builds a ``TensorTable`` row by row; every reader ends here, so geometry is judged in one place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ckptgui.core.display import amount
from ckptgui.core.dtypes import DType
from ckptgui.core.extent_table import ExtentColumns
from ckptgui.core.extents import Extent
from ckptgui.core.names import NamePool
from ckptgui.core.tensors import Flag, Path, TensorKind, TensorTable, contiguous_strides

_INT64_MAX = 2**63 - 1
_SURE = 2**48
"""Numbers up to here need no thought about overflow."""

_MANY = 4096
"""Geometries remembered; a file repeats a few."""

MAX_DEVICES = 4096
"""Devices that keep their own name; nobody has as many, so a file that claims more gets ``OTHER_DEVICE``."""

OTHER_DEVICE = "unknown"

MAX_NDIM = 64
"""Dimensions beyond this are refused, as torch itself refuses them."""


class TableBuilder:
    """Collects rows, then ``build()`` freezes them. Rows that cannot be right keep their place and a reason."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._container: list[int] = []
        self._containers: dict[Path, int] = {}
        self._dim_start: list[int] = [0]
        self._dims: list[int] = []
        self._steps: list[int] = []
        self._columns: list[tuple[int, int, int, int, int, int, int, int, int]] = []
        self._dtypes: dict[DType, int] = {}
        self._devices: dict[str, int] = {}
        self._layouts: dict[str, int] = {}
        self._extents = ExtentColumns()
        self._sure_bits: list[int] = []  # of each extent: what is there without doubt
        self._geometries: dict[tuple[tuple[int, ...], tuple[int, ...], int], tuple[int, int, int]] = {}
        self._storage_keys: list[str | None] = []
        self._errors: dict[int, str] = {}
        self._extras: dict[int, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def add_storage(self, key: str | None, extent: Extent, available: int | None = None) -> int:
        """Register a storage and return its row, to be given to ``add``.

        A caller that knows how many of its bytes are there saves asking the extent.
        """
        if extent.nbytes > _INT64_MAX:  # claimed by a file that has none of it
            extent = replace(extent, nbytes=_INT64_MAX)
        row = self._extents.add(extent)
        self._sure_bits.append(8 * (extent.available if available is None else available))
        self._storage_keys.append(key)
        return row

    def add(
        self,
        path: Path,
        shape: Sequence[int],
        dtype: DType,
        *,
        storage: int = -1,
        storage_offset: int = 0,
        strides: Sequence[int] | None = None,
        device: str = "cpu",
        requires_grad: bool = False,
        kind: TensorKind = TensorKind.TENSOR,
        persistent: bool = True,
        layout: str = "strided",
        conj: bool = False,
        neg: bool = False,
        error: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> int:
        """Append a tensor and return its row. Shape, strides and offset may be anything integral."""
        row = len(self._names)
        sizes = tuple(shape)
        if strides is not None:
            steps = tuple(strides)
        else:  # of a claim of very many dimensions they would fill the memory
            steps = contiguous_strides(sizes) if len(sizes) <= MAX_NDIM else ()
        reason = error or self._geometry_error(sizes, steps, storage_offset, dtype, storage)
        if len(sizes) > MAX_NDIM or len(steps) != len(sizes):
            sizes, steps = (), ()
        if reason:
            self._errors[row] = reason
        if extra:
            self._extras[row] = extra
        self._names.append(path[-1] if path else "")
        self._container.append(self._containers.setdefault(path[:-1], len(self._containers)) if path else -1)
        self._dims.extend(map(_clamped, sizes))
        self._steps.extend(map(_clamped, steps))
        self._dim_start.append(len(self._dims))
        numel = math.prod(max(size, 0) for size in sizes)
        flags = (
            (Flag.REQUIRES_GRAD if requires_grad else 0)
            | (0 if persistent else Flag.NOT_PERSISTENT)
            | (Flag.CONJ if conj else 0)
            | (Flag.NEG if neg else 0)
        )
        self._columns.append(
            (
                self._dtypes.setdefault(dtype, len(self._dtypes)),
                self._device(device),
                self._layouts.setdefault(layout, len(self._layouts)),
                storage,
                _clamped(storage_offset),
                _clamped(numel),
                _clamped(dtype.nbytes(numel)),
                int(kind),
                flags,
            )
        )
        return row

    def add_view(
        self,
        container: int,
        name: str,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        dtype: DType,
        device: str,
        storage: int,
        storage_offset: int,
        requires_grad: bool,
    ) -> bool:
        """Append a plain tensor in a whole storage, quickly, if it is beyond doubt; False leaves it to ``add``.

        Shape and strides must be tuples of ints. ``container`` is what ``container_row`` gave for its path.
        """
        key = (shape, strides, dtype.bits)
        geometry = self._geometries.get(key)
        if geometry is None:
            geometry = self._judge(key)
        span, numel, nbytes = geometry
        if not 0 <= storage_offset <= _SURE or not numel:
            return False
        if (storage_offset + span) * dtype.bits > self._sure_bits[storage]:
            return False
        self._names.append(name)
        self._container.append(container)
        self._dims += shape
        self._steps += strides
        self._dim_start.append(len(self._dims))
        self._columns.append(
            (
                self._dtypes.setdefault(dtype, len(self._dtypes)),
                self._device(device),
                self._layouts.setdefault("strided", len(self._layouts)),
                storage,
                storage_offset,
                numel,
                nbytes,
                0,
                Flag.REQUIRES_GRAD if requires_grad else 0,
            )
        )
        return True

    def _device(self, device: str) -> int:
        """The number of a device."""
        found = self._devices.get(device)
        if found is None:
            name = device if len(self._devices) < MAX_DEVICES else OTHER_DEVICE
            found = self._devices.setdefault(name, len(self._devices))
        return found

    def container_row(self, path: Path) -> int:
        """The number of a path that rows hang on."""
        return self._containers.setdefault(path, len(self._containers))

    def _judge(self, key: tuple[tuple[int, ...], tuple[int, ...], int]) -> tuple[int, int, int]:
        """Elements that a view spans, its elements and bytes; zeros where ``add`` should decide."""
        shape, strides, bits = key
        numel = math.prod(shape)
        sure = len(shape) == len(strides) <= MAX_NDIM and numel <= _SURE
        if not sure or (shape and (min(shape) < 1 or min(strides) < 0 or max(strides) > _SURE)):
            found = (0, 0, 0)
        else:
            span = 1 + sum((size - 1) * step for size, step in zip(shape, strides))
            found = (span, numel, (numel * bits + 7) // 8)
        if len(self._geometries) >= _MANY:
            self._geometries.clear()
        self._geometries[key] = found
        return found

    def set_nbytes(self, row: int, nbytes: int) -> None:
        """Say what a row made of components takes; elements times item size does not hold for it."""
        columns = self._columns[row]
        self._columns[row] = (*columns[:6], _clamped(nbytes), *columns[7:])

    def nbytes(self, row: int) -> int:
        """Bytes of a row that was added."""
        return self._columns[row][6]

    def _geometry_error(
        self, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, dtype: DType, storage: int
    ) -> str | None:
        """Why this view cannot lie in its storage, in one sentence; None when it can."""
        if len(shape) > MAX_NDIM:
            return f"It claims {len(shape):,} dimensions; at most {MAX_NDIM} are possible."
        if len(shape) != len(strides):
            return f"It has {len(shape)} sizes but {len(strides)} strides."
        if any(size < 0 for size in shape) or any(step < 0 for step in strides) or offset < 0:
            return "A size, stride or offset is negative."
        if storage < 0:
            return None
        extent = self._extents.get(storage)
        numel = math.prod(shape)
        last = offset + sum((size - 1) * step for size, step in zip(shape, strides)) if numel else offset - 1
        needed = dtype.nbytes(last + 1)
        if needed > extent.nbytes:
            return f"It needs {amount(needed)} bytes of its storage, which has {extent.nbytes:,}."
        if numel and needed > extent.available:
            return f"The file is cut: {extent.available:,} of {extent.nbytes:,} bytes of its storage are here."
        return None

    def build(self) -> TensorTable:
        """Freeze what was added."""
        columns = list(zip(*self._columns)) if self._columns else [()] * 9
        return TensorTable(
            names=NamePool(self._names),
            container=np.array(self._container, np.int32),
            containers=tuple(self._containers),
            dim_start=np.array(self._dim_start, np.int64),
            dims=np.array(self._dims, np.int64),
            steps=np.array(self._steps, np.int64),
            dtype=np.array(columns[0], np.uint8),
            dtypes=tuple(self._dtypes),
            device=np.array(columns[1], np.uint16),
            devices=tuple(self._devices),
            layout=np.array(columns[2], np.uint8),
            layouts=tuple(self._layouts),
            storage=np.array(columns[3], np.int32),
            storage_offset=np.array(columns[4], np.int64),
            numel=np.array(columns[5], np.int64),
            nbytes=np.array(columns[6], np.int64),
            kind=np.array(columns[7], np.uint8),
            flags=np.array(columns[8], np.uint8),
            extents=self._extents.freeze(),
            storage_keys=tuple(self._storage_keys),
            errors=dict(self._errors),
            extras=dict(self._extras),
        )


def _clamped(number: int) -> int:
    """An honest file never needs this; a hostile one gets an error sentence beside a number that fits int64."""
    return max(-_INT64_MAX, min(number, _INT64_MAX))
