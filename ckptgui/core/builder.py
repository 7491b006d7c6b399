"""Builds a ``TensorTable`` row by row; every reader ends here, so geometry is judged in one place."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ckptgui.core.columns import frozen, grow
from ckptgui.core.display import amount
from ckptgui.core.dtypes import ByteOrder, DType
from ckptgui.core.extent_table import ExtentColumns
from ckptgui.core.extents import Extent, SourceIdentity
from ckptgui.core.names import KeyColumn, KeyPool, NameColumn, NamePool
from ckptgui.core.tensors import Flag, Path, TensorKind, TensorTable, contiguous_strides
from ckptgui.core.views import SURE, Views, measure

_INT64_MAX = 2**63 - 1
_MANY = 4096
"""Geometries remembered; a file repeats a few."""

MAX_DEVICES = 4096
"""Devices that keep their own name; nobody has as many, so a file that claims more gets ``OTHER_DEVICE``."""

OTHER_DEVICE = "unknown"

_FAR = 1 << 48
"""Elements into a storage where nothing of an honest file lies; before that torch minds no empty view."""

MAX_NDIM = 64
"""Dimensions beyond this are refused, as torch itself refuses them."""


class TableBuilder:
    """Collects rows, then ``build()`` freezes them. Rows that cannot be right keep their place and a reason."""

    def __init__(self) -> None:
        self._names = NameColumn()
        self._container = array("i")
        self._containers: dict[Path, int] = {}
        self._dim_start = array("q", [0])
        self._dims = array("q")
        self._steps = array("q")
        self._dtype = array("B")
        self._dtypes: dict[DType, int] = {}
        self._device = array("H")
        self._devices: dict[str, int] = {}
        self._layout = array("B")
        self._layouts: dict[str, int] = {}
        self._storage = array("i")
        self._offset = array("q")
        self._numel = array("q")
        self._nbytes = array("q")
        self._kind = array("B")
        self._flags = array("B")
        self._extents = ExtentColumns()
        self._sure_bytes = array("q")  # of each extent: what is there without doubt
        self._geometries: dict[tuple[tuple[int, ...], tuple[int, ...], int], tuple[int, int, int]] = {}
        self._storage_keys = KeyColumn()
        self._errors: dict[int, str] = {}
        self._extras: dict[int, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._container)

    def add_storage(self, key: str | None, extent: Extent, available: int | None = None) -> int:
        """Register a storage and return its row, to be given to ``add``.

        A caller that knows how many of its bytes are there saves asking the extent.
        """
        if extent.nbytes > _INT64_MAX:  # claimed by a file that has none of it
            extent = replace(extent, nbytes=_INT64_MAX)
        row = self._extents.add(extent)
        self._sure_bytes.append(extent.available if available is None else available)
        self._storage_keys.append(key)
        return row

    def place_storage(
        self, key: str | None, source: SourceIdentity, offset: int, nbytes: int, byteorder: ByteOrder
    ) -> int:
        """Register ``nbytes`` that lie stored at ``offset`` of one file, as ``add_storage`` would."""
        row = self._extents.place(
            self._extents.source_number(source), offset, nbytes, nbytes, 0, byteorder == "big"
        )
        self._sure_bytes.append(nbytes)
        self._storage_keys.append(key)
        return row

    def add_storages(
        self,
        keys: NamePool | None,
        source: SourceIdentity,
        offset: np.ndarray,
        nbytes: np.ndarray,
        length: np.ndarray,
        *,
        big: bool = False,
        placed: np.ndarray | None = None,
    ) -> int:
        """Register many storages that lie stored in one file; the row of the first, the others follow.

        ``offset`` and ``length`` (int64) are bytes of the file, ``nbytes`` what each should have. Those for
        which ``placed`` (bool) is False are empty and lie nowhere.
        """
        sources = np.full(len(offset), self._extents.source_number(source))
        if placed is not None:
            sources, offset = np.where(placed, sources, -1), np.where(placed, offset, 0)
        first = self._extents.place_all(sources, offset, nbytes, length, big)
        grow(self._sure_bytes, np.minimum(nbytes, length))
        self._storage_keys.extend(KeyPool.missing(len(offset)) if keys is None else KeyPool.of(keys))
        return first

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
        row = len(self)
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
        self._dtype.append(self._dtypes.setdefault(dtype, len(self._dtypes)))
        self._device.append(self._device_number(device))
        self._layout.append(self._layouts.setdefault(layout, len(self._layouts)))
        self._storage.append(storage)
        self._offset.append(_clamped(storage_offset))
        self._numel.append(_clamped(numel))
        self._nbytes.append(_clamped(dtype.nbytes(numel)))
        self._kind.append(int(kind))
        self._flags.append(flags)
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
        kind: TensorKind = TensorKind.TENSOR,
        persistent: bool = True,
    ) -> bool:
        """Append a plain tensor in a whole storage, quickly, if it is beyond doubt; False leaves it to ``add``.

        Shape and strides must be tuples of ints. ``container`` is what ``container_row`` gave for its path.
        """
        key = (shape, strides, dtype.bits)
        geometry = self._geometries.get(key)
        if geometry is None:
            geometry = self._judge(key)
        span, numel, nbytes = geometry
        if not 0 <= storage_offset <= SURE or not numel:
            return False
        if (storage_offset + span) * dtype.bits > 8 * self._sure_bytes[storage]:
            return False
        self._names.append(name)
        self._container.append(container)
        self._dims.extend(shape)
        self._steps.extend(strides)
        self._dim_start.append(len(self._dims))
        self._dtype.append(self._dtypes.setdefault(dtype, len(self._dtypes)))
        self._device.append(self._device_number(device))
        self._layout.append(self._layouts.setdefault("strided", len(self._layouts)))
        self._storage.append(storage)
        self._offset.append(storage_offset)
        self._numel.append(numel)
        self._nbytes.append(nbytes)
        self._kind.append(kind)
        flags = Flag.REQUIRES_GRAD if requires_grad else 0
        self._flags.append(flags if persistent else flags | Flag.NOT_PERSISTENT)
        return True

    def add_views(self, container: int, names: NamePool, views: Views, errors: Mapping[int, str]) -> None:
        """Append plain tensors by the thousand, each judged as ``add`` judges one.

        ``errors`` are the reader's own reasons, by place in ``names``. Dimensions may be ``MAX_NDIM`` at most.
        """
        first, count = len(self), len(views)
        steps, within = views.steps, views.within
        bits = np.array([dtype.bits for dtype in views.dtypes], np.int64)[views.dtype]
        measured = measure(views.shape, steps)
        sure = measured.sure & (views.offset >= 0) & (views.offset <= SURE)
        lowest, highest = int(views.storage.min(initial=0)), int(views.storage.max(initial=0))
        here = np.minimum(frozen(self._sure_bytes[lowest : highest + 1]), SURE)[views.storage - lowest]
        sure &= (np.where(sure, views.offset + measured.span, 0) * bits) <= 8 * here
        numel = np.where(sure, measured.numel, 0)
        self._names.extend(names)
        grow(self._container, np.full(count, container))
        grow(self._dim_start, self._dim_start[-1] + np.cumsum(views.ndim))
        grow(self._dims, np.maximum(views.shape[within], -_INT64_MAX))
        grow(self._steps, np.maximum(steps[within], -_INT64_MAX))
        dtypes = [self._dtypes.setdefault(dtype, len(self._dtypes)) for dtype in views.dtypes]
        grow(self._dtype, np.array(dtypes)[views.dtype])
        grow(self._device, np.array([self._device_number(device) for device in views.devices])[views.device])
        grow(self._layout, np.full(count, self._layouts.setdefault("strided", len(self._layouts))))
        grow(self._storage, views.storage)
        grow(self._offset, views.offset)
        grow(self._numel, numel)
        grow(self._nbytes, (numel * bits + 7) // 8)
        is_parameter = np.zeros(count, np.bool_) if views.parameter is None else views.parameter
        grow(self._kind, np.where(is_parameter, int(TensorKind.PARAMETER), int(TensorKind.TENSOR)))
        grow(self._flags, np.where(views.requires_grad, int(Flag.REQUIRES_GRAD), 0))
        self._errors.update({first + place: reason for place, reason in errors.items()})
        for place in np.flatnonzero(~sure).tolist():
            self._settle(first + place, views.dtypes[views.dtype[place]], views.strides is None)

    def _settle(self, row: int, dtype: DType, row_major: bool) -> None:
        """Give a row that was in doubt its elements and bytes, and a reason if it cannot be right."""
        start, stop = self._dim_start[row], self._dim_start[row + 1]
        shape, strides = tuple(self._dims[start:stop]), tuple(self._steps[start:stop])
        if row_major:
            strides = contiguous_strides(shape)
            self._steps[start:stop] = array("q", map(_clamped, strides))
        reason = self._errors.get(row) or self._geometry_error(
            shape, strides, self._offset[row], dtype, self._storage[row]
        )
        if reason:
            self._errors[row] = reason
        numel = math.prod(max(size, 0) for size in shape)
        self._numel[row] = _clamped(numel)
        self._nbytes[row] = _clamped(dtype.nbytes(numel))

    def _device_number(self, device: str) -> int:
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
        sure = len(shape) == len(strides) <= MAX_NDIM and numel <= SURE
        if not sure or (shape and (min(shape) < 1 or min(strides) < 0 or max(strides) > SURE)):
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
        self._nbytes[row] = _clamped(nbytes)

    def nbytes(self, row: int) -> int:
        """Bytes of a row that was added."""
        return self._nbytes[row]

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
        if not numel and offset < _FAR:
            return None
        last = offset + sum((size - 1) * step for size, step in zip(shape, strides)) if numel else offset - 1
        needed = dtype.nbytes(last + 1)
        if needed > extent.nbytes:
            return f"It needs {amount(needed)} bytes of its storage, which has {extent.nbytes:,}."
        if numel and needed > extent.available:
            return f"The file is cut: {extent.available:,} of {extent.nbytes:,} bytes of its storage are here."
        return None

    def build(self) -> TensorTable:
        """Freeze what was added; nothing can be added any more."""
        layout = self._with_packed()
        return TensorTable(
            names=self._names.freeze(),
            container=frozen(self._container),
            containers=tuple(self._containers),
            dim_start=frozen(self._dim_start),
            dims=frozen(self._dims),
            steps=frozen(self._steps),
            dtype=frozen(self._dtype),
            dtypes=tuple(self._dtypes),
            device=frozen(self._device),
            devices=tuple(self._devices),
            layout=layout,
            layouts=tuple(self._layouts),
            storage=frozen(self._storage),
            storage_offset=frozen(self._offset),
            numel=frozen(self._numel),
            nbytes=frozen(self._nbytes),
            kind=frozen(self._kind),
            flags=frozen(self._flags),
            extents=self._extents.freeze(),
            storage_keys=self._storage_keys.freeze(),
            errors=dict(self._errors),
            extras=dict(self._extras),
        )

    def _with_packed(self) -> np.ndarray:
        """The column of layouts, in which plain tensors of elements less than a byte are packed ones."""
        layout = frozen(self._layout)
        packed = [number for dtype, number in self._dtypes.items() if dtype.is_packed]
        plain = self._layouts.get("strided")
        if not packed or plain is None:
            return layout
        number = self._layouts.setdefault("packed", len(self._layouts))
        found: np.ndarray = np.where((layout == plain) & np.isin(frozen(self._dtype), packed), number, layout)
        return found.astype(layout.dtype)


def _clamped(number: int) -> int:
    """An honest file never needs this; a hostile one gets an error sentence beside a number that fits int64."""
    return max(-_INT64_MAX, min(number, _INT64_MAX))
