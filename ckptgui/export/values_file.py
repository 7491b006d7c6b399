"""A tensor's numbers as a file for other programs: numpy's ``.npy``, or CSV with every digit."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.stream import iter_real_values
from ckptgui.errors import ExportError, UnsupportedError
from ckptgui.export.atomic import SYSTEM, write_file
from ckptgui.export.output import Output
from ckptgui.export.system import System
from ckptgui.sources.locate import SourcePool

SUFFIXES = (".npy", ".csv")

CHUNK = 1 << 20
"""Bytes of values between two looks at the cancel; as text they take some times more."""

_TEXT_BYTES = {1: 6, 2: 9, 4: 13, 8: 21, 16: 42}
"""About what a number takes in CSV, by its width; space is claimed by it."""


@dataclass(frozen=True, slots=True)
class SavedValues:
    """What was written: ``dtype`` is numpy's name, ``nbytes`` the size of the file."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int


def written_dtype(info: TensorInfo) -> np.dtype:
    """The type that a file gets: the tensor's own, or the narrowest of numpy's that holds all its values exactly.

    Raises ``UnsupportedError`` where elements are packed into bytes.
    """
    if info.dtype.kind is Kind.PACKED:
        raise UnsupportedError(f"Elements of {info.dtype} are packed into bytes; numpy has no type for them.")
    if info.dtype.kind is Kind.QUANTIZED:
        return np.dtype(np.float64)
    if info.dtype.kind is Kind.COMPLEX:
        return np.dtype(np.complex128 if info.dtype.itemsize == 16 else np.complex64)
    if info.dtype.kind is Kind.FLOAT and info.dtype.name not in ("float16", "float32", "float64"):
        return np.dtype(np.float32)
    return info.dtype.array


def save_values(
    info: TensorInfo,
    target: str,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    *,
    force: bool = False,
    system: System = SYSTEM,
) -> SavedValues:
    """Write the values of ``info`` to ``target``, ``.npy`` or ``.csv`` by its suffix, whole or not at all.

    Some MiB are in memory, whatever the size. A line of CSV is what stands along the last dimension, lines follow
    one another in row-major order; a single dimension has a number a line. Each number reads back as the same.
    Raises ``CheckpointError`` and ``Cancelled``.
    """
    require_whole(info)
    dtype = written_dtype(info)
    suffix = PurePath(target).suffix.lower()
    if suffix not in SUFFIXES:
        raise ExportError(f"Values are saved as {' or '.join(SUFFIXES)}; the name ends in neither.")
    values = _converted(info, dtype, pool, cancel, report)
    if suffix == ".npy":
        header = npy_header(info.shape, dtype)
        nbytes = len(header) + info.numel * dtype.itemsize

        def fill(output: Output) -> None:
            output.write(header)
            for part in values:
                output.write(part.view(np.uint8).data)

        size = write_file(
            target, fill, nbytes=nbytes, verify=_verifier(info.shape, dtype), force=force, system=system
        )
    else:
        about = info.numel * _TEXT_BYTES[dtype.itemsize]
        size = write_file(
            target,
            lambda output: _fill_text(output, values, info.shape[-1] if len(info.shape) > 1 else 1),
            nbytes=about,
            force=force,
            system=system,
        )
    return SavedValues(target, info.shape, str(dtype), size)


def npy_header(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    """What ``numpy.save`` writes before the values."""
    buffer = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _verifier(shape: tuple[int, ...], dtype: np.dtype) -> Callable[[str], None]:
    def verify(temporary: str) -> None:
        with Path(temporary).open("rb") as file:
            np.lib.format.read_magic(file)
            found = np.lib.format.read_array_header_1_0(file)
            behind = file.tell()
            size = file.seek(0, io.SEEK_END)
        if found != (shape, False, dtype) or size - behind != dtype.itemsize * math.prod(shape):
            raise ExportError("The file that was written does not read back as it should; nothing was kept.")

    return verify


def _converted(
    info: TensorInfo, dtype: np.dtype, pool: SourcePool, cancel: Cancel, report: Report
) -> Iterator[np.ndarray]:
    """The values in the type that is written, little-endian, in row-major order."""
    done = 0
    for values in iter_real_values(info, pool, cancel, CHUNK):
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            yield np.ascontiguousarray(values.astype(dtype, copy=False))
        done += values.size
        report(Progress(done * info.dtype.itemsize, info.numel * info.dtype.itemsize))


def _fill_text(output: Output, parts: Iterator[np.ndarray], width: int) -> None:
    """Lines of ``width`` numbers; a line may begin in one part and end in another."""
    column = 0
    for values in parts:
        texts = number_texts(values)
        if width == 1:
            output.write("".join(f"{text}\n" for text in texts).encode())
            continue
        start = 0
        while start < len(texts):
            stop = min(len(texts), start + width - column)
            line = ",".join(texts[start:stop])
            column = (column + stop - start) % width
            output.write(f"{line}{',' if column else chr(10)}".encode())
            start = stop


def number_texts(values: np.ndarray) -> list[str]:
    """Each number with the fewest digits that read back as it in its own type."""
    if values.dtype.kind == "c":
        return [text.strip("()") for text in map(str, values.tolist() if values.itemsize == 16 else values)]
    if values.dtype.kind == "f" and values.itemsize < 8:
        return list(map(str, values))
    return list(map(repr, values.tolist()))
