"""The difference of two tensors as a picture: any part of B − A, and which rows and columns did not move."""

from __future__ import annotations

import threading

import numpy as np

from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.plane import Plane, PlaneReader, PlaneValues, floats_of
from ckptgui.engine.reader import StorageReader
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool


class Moved:
    """The rows and columns of a plane in which some value of B is not that of A, as far as they were read."""

    def __init__(self, height: int, width: int) -> None:
        self.rows, self.columns = np.zeros(height, bool), np.zeros(width, bool)
        self._lock = threading.Lock()

    def note(self, rows: range, columns: range, moved: np.ndarray, *, flipped: bool) -> None:
        """``moved`` (bool, 2-d) is of a part of the plane, or of the plane turned over."""
        down, across = moved.any(axis=1), moved.any(axis=0)
        if flipped:
            rows, columns, down, across = columns, rows, across, down
        with self._lock:
            self.rows[rows.start : rows.stop] |= down
            self.columns[columns.start : columns.stop] |= across


class DifferenceReader:
    """Reads parts of B − A, of two tensors of one shape; several threads may use it.

    Differences are taken in float64; of complex values they are complex, and their modulus is shown. Raises
    ``CheckpointError`` where one of the two cannot be read, ``UnsupportedError`` where shapes differ.
    """

    def __init__(
        self, info_a: TensorInfo, pool_a: SourcePool, info_b: TensorInfo, pool_b: SourcePool, plane: Plane
    ) -> None:
        if info_a.shape != info_b.shape:
            raise UnsupportedError("The shapes differ, so there is no difference to show.")
        self._a: PlaneValues = PlaneReader(info_a, plane, pool_a)
        self._b: PlaneValues = PlaneReader(info_b, plane, pool_b)
        self.info, self.plane = info_b, plane
        self.moved = Moved(plane.height, plane.width)
        self._flipped = False

    def over(self, plane: Plane) -> DifferenceReader:
        """The same values turned over; what moved is noted in one place."""
        made = object.__new__(DifferenceReader)
        made.info, made.plane, made.moved = self.info, plane, self.moved
        made._a, made._b = self._a.over(plane), self._b.over(plane)
        made._flipped = self._flipped != (plane == self.plane.flipped)
        return made

    @property
    def sequential(self) -> bool:
        """Whether one of the two had better be read in one go."""
        return self._a.sequential or self._b.sequential

    @property
    def storage(self) -> StorageReader:
        """That of B, unless A's is the one to be read in one go."""
        return self._a.storage if self._a.sequential else self._b.storage

    def values(self, rows: range, columns: range) -> np.ndarray:
        """A part of the difference: float64, or complex128."""
        if Kind.COMPLEX in (self.info.dtype.kind, self._a.info.dtype.kind):
            found = [each.values(rows, columns).astype(np.complex128) for each in (self._a, self._b)]
        else:
            found = [each.numbers(rows, columns).astype(np.float64) for each in (self._a, self._b)]
        with np.errstate(invalid="ignore", over="ignore"):
            difference: np.ndarray = found[1] - found[0]
        moved = (found[1] != found[0]) & ~(np.isnan(found[0]) & np.isnan(found[1]))
        self.moved.note(rows, columns, moved, flipped=self._flipped)
        return difference

    def numbers(self, rows: range, columns: range) -> np.ndarray:
        """A part as ``floats_of`` B's tensor says."""
        return np.ascontiguousarray(self.real(self.values(rows, columns)))

    def real(self, values: np.ndarray) -> np.ndarray:
        """Differences as float32 or float64, of complex ones the modulus."""
        real = np.abs(values) if np.iscomplexobj(values) else values
        with np.errstate(over="ignore"):
            return real.astype(floats_of(self.info), copy=False)
