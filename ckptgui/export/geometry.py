"""Where tensors lie in their storages, in columns: for a table of a million without an object each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo
from ckptgui.export.table_tensors import TableTensors, dtypes_of


@dataclass(frozen=True)
class Geometry:
    """Columns, all int64. ``storage`` is -1 where there is none; ``start`` and ``stop`` are the first byte and one
    past the last that a tensor's elements touch in it, 0 for an empty one; ``nbytes`` are those of its values.
    """

    storage: np.ndarray
    numel: np.ndarray
    nbytes: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    @property
    def as_it_lies(self) -> np.ndarray:
        """bool: the stretch of its storage is no longer than its values, so it can be taken as it lies."""
        fits: np.ndarray = (self.storage >= 0) & (self.stop - self.start <= self.nbytes)
        return fits


def geometry(tensors: Sequence[TensorInfo]) -> Geometry:
    """The columns of some tensors."""
    if not isinstance(tensors, TableTensors):
        return Geometry(*_columns([_line(tensor) for tensor in tensors]))
    found = _of_table(tensors)
    if tensors.others:
        places = np.flatnonzero(np.isin(tensors.rows, list(tensors.others))).tolist()
        for column, values in zip(found, _columns([_line(tensors[place]) for place in places])):
            column[places] = values
    return Geometry(*found)


def value_bytes(tensors: Sequence[TensorInfo], dtypes: Sequence[DType]) -> np.ndarray:
    """int64, bytes of each tensor's values written as ``dtypes``."""
    return _cast_sizes(geometry(tensors).nbytes, tensors, dtypes)


def storage_bytes(tensors: Sequence[TensorInfo], dtypes: Sequence[DType]) -> np.ndarray:
    """int64, bytes of each tensor's storage where it is alone in it and written as ``dtypes``."""
    lies = geometry(tensors)
    return _cast_sizes(np.where(lies.as_it_lies, lies.stop - lies.start, lies.nbytes), tensors, dtypes)


def _cast_sizes(sizes: np.ndarray, tensors: Sequence[TensorInfo], dtypes: Sequence[DType]) -> np.ndarray:
    for place, (before, after) in enumerate(zip(dtypes_of(tensors), dtypes)):
        if before is not after:
            sizes[place] = sizes[place] // before.itemsize * after.itemsize
    return sizes


def shapes(tensors: Sequence[TensorInfo]) -> list[tuple[int, ...]]:
    """Sizes of the dimensions of each."""
    if not isinstance(tensors, TableTensors) or tensors.others:
        return [tensor.shape for tensor in tensors]
    table, rows = tensors.table, tensors.rows
    dims = table.dims.tolist()
    return [
        tuple(dims[begin:end])
        for begin, end in zip(table.dim_start[rows].tolist(), table.dim_start[rows + 1].tolist())
    ]


def byte_span(tensor: TensorInfo) -> tuple[int, int]:
    """First byte and one past the last that the tensor's elements touch in its storage."""
    first = tensor.storage_offset
    last = first + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides))
    return tensor.dtype.nbytes(first), tensor.dtype.nbytes(last + 1)


def _of_table(tensors: TableTensors) -> tuple[np.ndarray, ...]:
    table, rows = tensors.table, tensors.rows
    steps = np.concatenate([np.zeros(1, np.int64), np.cumsum((table.dims - 1) * table.steps)])
    reach = steps[table.dim_start[rows + 1]] - steps[table.dim_start[rows]]
    bits = np.array([dtype.bits for dtype in table.dtypes] or [0], np.int64)[table.dtype[rows]]
    first, numel = table.storage_offset[rows], table.numel[rows]
    there = numel > 0
    start = np.where(there, (first * bits + 7) // 8, 0)
    stop = np.where(there, ((first + reach + 1) * bits + 7) // 8, 0)
    return table.storage[rows].astype(np.int64), numel, table.nbytes[rows], start, stop


def _line(tensor: TensorInfo) -> tuple[int, ...]:
    span = byte_span(tensor) if tensor.numel else (0, 0)
    return (tensor.storage, tensor.numel, tensor.nbytes, *span)


def _columns(lines: list[tuple[int, ...]]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(lines, np.int64).reshape(-1, 5).T)
