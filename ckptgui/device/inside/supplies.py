"""Where the values of a tensor that is moved come from: a file, or the device on which it lies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

from torch import Tensor

from ckptgui.core.extents import Codec
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import flat_bytes
from ckptgui.device.inside.holding import Held
from ckptgui.engine.access import storage_reader
from ckptgui.engine.gather import is_addressable
from ckptgui.engine.job import Cancel
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.stream import iter_values
from ckptgui.sources.locate import SourcePool


class Supply(Protocol):
    """Where a tensor's values come from, as row-major little-endian bytes."""

    @property
    def in_order(self) -> bool:
        """Whether they can only be had from first to last."""
        ...

    def read_into(self, start: int, staging: Tensor) -> None:
        """Some of them at any place."""
        ...

    def in_turn(self, staging: Tensor, cancel: Cancel) -> Iterator[int]:
        """All of them, one filling of ``staging`` after the other; how many bytes of it count."""
        ...


class FromFile:
    """A tensor in a checkpoint's file. What lies there as it is wanted is read in place, the rest put in order."""

    def __init__(self, info: TensorInfo, pool: SourcePool) -> None:
        self._info, self._pool = info, pool
        self._lock = threading.Lock()
        self._reader: StorageReader | None = None
        self.in_order = not _lies_as_wanted(info)

    def read_into(self, start: int, staging: Tensor) -> None:
        """Straight from the storage."""
        with self._lock:
            if self._reader is None:
                assert self._info.extent is not None
                self._reader = storage_reader(self._info.extent, self._pool)
        self._reader.read_into(self._info.dtype.nbytes(self._info.storage_offset) + start, flat_bytes(staging))

    def in_turn(self, staging: Tensor, cancel: Cancel) -> Iterator[int]:
        """Through the engine, which knows strides, byte orders, conjugation and compression."""
        room = flat_bytes(staging)
        for values in iter_values(self._info, self._pool, cancel, staging.numel()):
            data = values.view("u1").data
            room[: len(data)] = data
            yield len(data)


class FromDevice:
    """A tensor that is on a device already."""

    in_order = False

    def __init__(self, held: Held) -> None:
        self._held = held

    def read_into(self, start: int, staging: Tensor) -> None:
        """From where it lies."""
        self._held.backend.read(self._held.raw, start, staging)

    def in_turn(self, staging: Tensor, cancel: Cancel) -> Iterator[int]:
        """Never asked for: any place can be read."""
        raise NotImplementedError


def _lies_as_wanted(info: TensorInfo) -> bool:
    """Whether the tensor's bytes in the file are its values in row-major order, and can be had at any place."""
    extent = info.extent
    assert extent is not None
    turned = (extent.byteorder == "big" and info.dtype.itemsize > 1) or info.conj or info.neg
    whole = is_addressable(info.dtype) or info.storage_offset * info.dtype.bits % 8 == 0
    compressed = extent.codec is not Codec.STORED
    return info.is_contiguous and whole and not turned and not compressed and extent.assembly is None
