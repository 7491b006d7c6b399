"""Which state of which files a checkpoint's figures belong to, in bytes that are equal only where values are.

Paths play no part, so that a folder may be moved. The time of the last change to the inode does: a program can
set a file's size and modification time back, that one it cannot. (Renaming a single file sets it too, which
costs the results of that file and mixes nothing up.)
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from ckptgui import __version__
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.extents import Extent, SourceIdentity
from ckptgui.core.tensors import TensorTable

COARSE_NS = 2_000_000_000
"""How long (ns) a file may be written again without a new time where times are whole seconds (FAT has two)."""

FINE_NS = 100_000_000
"""The same where times have a fraction; kernels take them from a clock that ticks each 4 to 16 ms."""

_PACKAGE = Path(__file__).resolve().parent.parent
_ROOMS = ("analysis", "engine", "core")


def file_states(checkpoint: Checkpoint) -> bytes | None:
    """What the disk says of every file of the checkpoint now; not for the GUI thread.

    None where a file is not as it was when it was opened, or was written a moment ago: what is written next
    could then bear the same times.
    """
    states = []
    for source in _sources(checkpoint):
        state = _state(source)
        if state is None:
            return None
        states.append(state)
    return b"".join(states)


def table_digest(checkpoint: Checkpoint) -> bytes:
    """32 bytes for what this version's reader made of the files: equal where all rows mean the same."""
    whole = hashlib.blake2b(version(), digest_size=32)
    for part in _table(checkpoint.tensors):
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.digest()


@lru_cache(maxsize=1)
def version() -> bytes:
    """The version of the program and of the code that figures come from, which moves between two releases."""
    whole = hashlib.blake2b(__version__.encode(), digest_size=16)
    for room in _ROOMS:
        for path in sorted((_PACKAGE / room).glob("*.py")):
            with suppress(OSError):
                whole.update(path.read_bytes())
    return whole.digest()


def _sources(checkpoint: Checkpoint) -> tuple[SourceIdentity, ...]:
    """Every file in the order in which the checkpoint names it: first those that its table numbers."""
    extents = checkpoint.tensors.extents
    inner = (identity for extent in extents.others.values() for identity in _identities(extent))
    return tuple(dict.fromkeys((*extents.sources, *checkpoint.sources, *inner)))


def _identities(extent: Extent) -> Iterator[SourceIdentity]:
    yield from (segment.source for segment in extent.segments)
    if extent.assembly is not None:
        for block in extent.assembly.blocks:
            yield from _identities(block.extent)


def _state(source: SourceIdentity) -> bytes | None:
    """What the system says of a file now; None where it cannot be trusted to be the one that was opened."""
    try:
        status = os.stat(source.path)
    except (OSError, ValueError):
        return None
    now = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    opened = source.device, source.inode, source.size, source.mtime_ns
    if now != opened or not stat.S_ISREG(status.st_mode):
        return None
    if any(_is_fresh(stamp) for stamp in (status.st_mtime_ns, status.st_ctime_ns)):
        return None
    return np.array([*(each % 2**64 for each in now), status.st_ctime_ns % 2**64], "<u8").tobytes()


def _is_fresh(stamp: int) -> bool:
    return time.time_ns() - stamp < (FINE_NS if stamp % 1_000_000_000 else COARSE_NS)


def _table(table: TensorTable) -> Iterator[bytes]:
    """What a reader made of the files: names, shapes, dtypes and places of all tensors."""
    extents = table.extents
    yield _text(table.names.text)
    yield _text(repr(table.containers))
    yield _text(repr([(dtype.name, dtype.bits, str(dtype.kind)) for dtype in table.dtypes]))
    yield _text(repr(table.layouts))
    for column in (
        table.names.ends, table.container, table.dim_start, table.dims, table.steps, table.dtype, table.layout,
        table.storage, table.storage_offset, table.kind, table.flags,
        extents.nbytes, extents.source, extents.offset, extents.length, extents.codec, extents.big,
    ):  # fmt: skip
        yield column.dtype.str.encode()
        yield column.tobytes()
    numbers = {source: number for number, source in enumerate(extents.sources)}
    for row, extent in sorted(extents.others.items()):
        yield row.to_bytes(8, "little")
        yield from _extent(extent, numbers)
    yield _text(repr(sorted(table.extras.items())))
    yield _text(repr(sorted(table.errors)))


def _extent(extent: Extent, numbers: Mapping[SourceIdentity, int]) -> Iterator[bytes]:
    """An extent that the table's columns cannot describe; its files by number where they have one."""
    segments = [
        (numbers.get(part.source, -1), part.source.device, part.source.inode, part.offset, part.length, part.place)
        for part in extent.segments
    ]
    yield _text(repr((extent.nbytes, segments, extent.codec.value, extent.byteorder, extent.skip)))
    yield extent.inline or b""
    if extent.assembly is not None:
        yield _text(repr((extent.assembly.shape, extent.assembly.itemsize)))
        for block in extent.assembly.blocks:
            yield _text(repr((block.offsets, block.sizes, block.storage_offset, block.strides)))
            yield from _extent(block.extent, numbers)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
