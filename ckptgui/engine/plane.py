"""A tensor as a picture: which of its dimensions run down and across, and the values of any part of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import dequantised, modulus, quantisation
from ckptgui.engine.gather import gather, is_addressable, raw_dtype, require_whole, resolve
from ckptgui.engine.reader import StorageReader
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool


@dataclass(frozen=True, slots=True)
class Plane:
    """``down`` and ``across`` are dimensions of a tensor, outermost first; all others stand at ``fixed``.

    Several dimensions on a side are laid end to end, so a convolution's weight [out, in, height, width] with
    ``down`` (0, 2) and ``across`` (1, 3) is a sheet of its kernels. A side without dimensions is 1 long.
    """

    shape: tuple[int, ...]
    down: tuple[int, ...]
    across: tuple[int, ...]
    fixed: tuple[int, ...]

    @property
    def height(self) -> int:
        """Rows."""
        return math.prod(self.shape[dim] for dim in self.down)

    @property
    def width(self) -> int:
        """Columns."""
        return math.prod(self.shape[dim] for dim in self.across)

    @property
    def flipped(self) -> Plane:
        """Rows and columns in each other's place."""
        return Plane(self.shape, self.across, self.down, self.fixed)

    @property
    def tile(self) -> tuple[int, int]:
        """Rows and columns of what is laid end to end, a kernel for instance; 1 where a side has one dimension."""
        down, across = (math.prod(self.shape[dim] for dim in side[1:]) for side in (self.down, self.across))
        return down, across

    def index(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor's index of a place."""
        index = list(self.fixed)
        for side, place in ((self.down, row), (self.across, column)):
            for dim in reversed(side):
                place, index[dim] = divmod(place, self.shape[dim])
        return tuple(index)

    def place(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of an index, whatever the dimensions that are not laid out say."""
        places = [0, 0]
        for number, side in enumerate((self.down, self.across)):
            for dim in side:
                places[number] = places[number] * self.shape[dim] + index[dim]
        return places[0], places[1]


class PlaneValues(Protocol):
    """What a picture is made of: the parts of a plane, for several threads at once."""

    info: TensorInfo
    plane: Plane

    def over(self, plane: Plane) -> PlaneValues:
        """The same values as another plane."""
        ...

    @property
    def sequential(self) -> bool:
        """Whether one thread should read them from first to last."""
        ...

    @property
    def storage(self) -> StorageReader:
        """Where (most of) the bytes come from."""
        ...

    def values(self, rows: range, columns: range) -> np.ndarray:
        """A part as its elements read."""
        ...

    def numbers(self, rows: range, columns: range) -> np.ndarray:
        """A part as ``floats_of`` says, in rows that lie end to end."""
        ...

    def real(self, values: np.ndarray) -> np.ndarray:
        """Elements as float32 or float64."""
        ...


class PlaneReader:
    """Reads parts of a plane; keeps how far a compressed storage was decoded. Several threads may use it."""

    def __init__(self, info: TensorInfo, plane: Plane, pool: SourcePool) -> None:
        require_whole(info)
        if not is_addressable(info.dtype) or info.dtype.kind is Kind.PACKED:
            raise UnsupportedError(f"Elements of {info.dtype} are packed into bytes; they have no picture.")
        assert info.extent is not None
        self.info, self.plane = info, plane
        self._reader = storage_reader(info.extent, pool)
        self._rule = quantisation(info)

    def over(self, plane: Plane) -> PlaneReader:
        """Another plane of the same tensor, through the same storage reader."""
        made = object.__new__(PlaneReader)
        made.info, made.plane, made._reader, made._rule = self.info, plane, self._reader, self._rule
        return made

    @property
    def sequential(self) -> bool:
        """Whether its bytes had better be read in one go."""
        return self._reader.sequential

    @property
    def storage(self) -> StorageReader:
        """Where the bytes come from."""
        return self._reader

    def values(self, rows: range, columns: range) -> np.ndarray:
        """A part of the plane as its elements read: of the tensor's own type, quantised ones as they are meant."""
        values, crop = self._elements(rows, columns)
        return self._flat(values, crop)

    def numbers(self, rows: range, columns: range) -> np.ndarray:
        """A part of the plane as ``floats_of`` says, in rows that lie end to end; of complex ones the modulus."""
        values, crop = self._elements(rows, columns)
        return np.ascontiguousarray(self._flat(self.real(values), crop))

    def real(self, values: np.ndarray) -> np.ndarray:
        """Elements as float32 or float64."""
        dtype = self.info.dtype
        if dtype.kind is Kind.COMPLEX:
            flat = np.ascontiguousarray(values)
            return modulus(flat.reshape(-1)).reshape(flat.shape)
        if dtype.kind is not Kind.QUANTIZED and dtype.bits <= 16:
            looked_up: np.ndarray = _table(dtype.name)[values.view(f"u{dtype.itemsize}")]
            return looked_up
        return values.astype(floats_of(self.info), copy=False)

    def _elements(self, rows: range, columns: range) -> tuple[np.ndarray, tuple[slice, slice]]:
        """Whole tiles around a part, one axis a dimension, those that run down first; and what of it is meant."""
        plane, info = self.plane, self.info
        dims = (*plane.down, *plane.across)
        starts, sizes, crop = [], [], []
        for side, tile, part in zip((plane.down, plane.across), plane.tile, (rows, columns)):
            first = part.start // tile
            crop.append(slice(part.start - first * tile, part.stop - first * tile))
            for number, dim in enumerate(side):
                starts.append(0 if number else first)
                sizes.append(plane.shape[dim] if number else -(-part.stop // tile) - first)
        offset = info.storage_offset
        offset += sum(plane.fixed[d] * info.strides[d] for d in range(len(plane.shape)) if d not in dims)
        offset += sum(start * info.strides[dim] for start, dim in zip(starts, dims))
        order = sorted(range(len(dims)), key=lambda axis: -info.strides[dims[axis]])  # as it lies in the file
        raw = np.empty([sizes[axis] for axis in order], raw_dtype(info.dtype))
        gather(self._reader, raw, [info.strides[dims[axis]] for axis in order], offset)
        values = resolve(raw, info).transpose([order.index(axis) for axis in range(len(dims))])
        return self._meant(values, dims, starts), (crop[0], crop[1])

    def _meant(self, stored: np.ndarray, dims: tuple[int, ...], starts: list[int]) -> np.ndarray:
        """Quantised elements by their rule, one for the tensor or one for each place along a dimension."""
        if self._rule is None:
            return stored
        scale, zero, axis = self._rule
        if axis is not None and axis in dims:
            number = dims.index(axis)
            part = slice(starts[number], starts[number] + stored.shape[number])
            shape = [-1 if other == number else 1 for other in range(len(dims))]
            scale, zero = scale[part].reshape(shape), zero[part].reshape(shape)
        else:
            place = 0 if axis is None else self.plane.fixed[axis]
            scale, zero = scale[place], zero[place]
        return dequantised(stored, scale, zero)

    def _flat(self, values: np.ndarray, crop: tuple[slice, slice]) -> np.ndarray:
        """From one axis a dimension to rows and columns."""
        down = len(self.plane.down)
        height, width = math.prod(values.shape[:down]), math.prod(values.shape[down:])
        flat: np.ndarray = values.reshape(height, width)[crop]
        return flat


def floats_of(info: TensorInfo) -> np.dtype:
    """What a tensor's values are as real numbers: float32 where it holds every one of them, else float64."""
    dtype = info.dtype
    small = dtype.bits <= 16 or (dtype.kind is Kind.FLOAT and dtype.bits == 32)
    return np.dtype(np.float32 if small and dtype.kind not in (Kind.QUANTIZED, Kind.COMPLEX) else np.float64)


@lru_cache(maxsize=32)
def _table(name: str) -> np.ndarray:
    """Every value of a type of at most 16 bits as float32, by its bits."""
    dtype = BY_NAME[name]
    codes = np.arange(1 << dtype.bits, dtype=f"u{dtype.itemsize}")
    if dtype.kind is Kind.BOOL:
        codes = (codes != 0).astype(np.uint8)
    with np.errstate(invalid="ignore"):
        table: np.ndarray = codes.view(dtype.array).astype(np.float32)
    return table
