"""A storage's bytes or a tensor's values from first to last, one bounded chunk after the other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np

from ckptgui.core.dtypes import Kind
from ckptgui.core.extents import Extent
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import quantisation
from ckptgui.engine.gather import boxes, gather, is_addressable, raw_dtype, require_whole, resolve
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool

CHUNK = 8 << 20
"""Bytes between two looks at the cancel."""


def iter_storage(extent: Extent, pool: SourcePool, cancel: Cancel, chunk: int = CHUNK) -> Iterator[memoryview]:
    """The decoded bytes of a storage in order, exactly ``extent.nbytes`` of them; each chunk is the caller's."""
    reader = storage_reader(extent, pool)
    for start in range(0, extent.nbytes, chunk):
        cancel.check()
        buffer = memoryview(bytearray(min(chunk, extent.nbytes - start)))
        reader.read_into(start, buffer)
        yield buffer


def iter_values(info: TensorInfo, pool: SourcePool, cancel: Cancel, chunk: int = CHUNK) -> Iterator[np.ndarray]:
    """The values in row-major order as 1-d arrays, little-endian, conjugation and negation applied.

    Packed types give their stored bytes. Never more than some chunks are in memory, whatever the strides.
    """
    require_whole(info)
    assert info.extent is not None
    if not is_addressable(info.dtype):
        yield from _packed(info, pool, cancel, chunk)
        return
    reader = storage_reader(info.extent, pool)
    raw = raw_dtype(info.dtype)
    for starts, sizes in boxes(info.shape, max(1, chunk // raw.itemsize)):
        cancel.check()
        out = np.empty(sizes, raw)
        place = info.storage_offset + sum(start * step for start, step in zip(starts, info.strides))
        gather(reader, out, info.strides, place)
        yield resolve(out, info).reshape(-1)


def _packed(info: TensorInfo, pool: SourcePool, cancel: Cancel, chunk: int) -> Iterator[np.ndarray]:
    """The stored bytes of a tensor with several elements in a byte."""
    assert info.extent is not None
    if not info.is_contiguous or info.storage_offset * info.dtype.bits % 8:
        raise UnsupportedError(f"A view that cuts through bytes of {info.dtype} is not read.")
    reader = storage_reader(info.extent, pool)
    begin = info.storage_offset * info.dtype.bits // 8
    for start in range(0, info.nbytes, chunk):
        cancel.check()
        out = np.empty(min(chunk, info.nbytes - start), np.uint8)
        reader.read_into(begin + start, out.data)
        yield out


def digest(info: TensorInfo, pool: SourcePool, cancel: Cancel, report: Report = silent) -> str:
    """SHA-256 of the values as ``iter_values`` gives them, in hexadecimal."""
    total = hashlib.sha256()
    done = 0
    for values in iter_values(info, pool, cancel):
        total.update(values.view(np.uint8).data)
        done += values.nbytes
        report(Progress(done, info.nbytes))
    return total.hexdigest()


def iter_real_values(
    info: TensorInfo, pool: SourcePool, cancel: Cancel, chunk: int = CHUNK
) -> Iterator[np.ndarray]:
    """The same as ``iter_values``, quantised elements as the numbers that they stand for (float64)."""
    if info.dtype.kind is not Kind.QUANTIZED:
        yield from iter_values(info, pool, cancel, chunk)
        return
    rule = quantisation(info)
    if rule is None:
        raise UnsupportedError("The rule of its quantisation is not known, so its values are not.")
    scale, zero, axis = rule
    weight = math.prod(info.shape[axis + 1 :]) if axis is not None else 1
    done = 0
    for values in iter_values(info, pool, cancel, chunk):
        place = (np.arange(done, done + values.size) // weight) % scale.size
        done += values.size
        yield (values.astype(np.float64) - zero[place]) * scale[place]
