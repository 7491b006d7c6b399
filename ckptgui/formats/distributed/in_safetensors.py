"""Distributed checkpoints in safetensors files: each rank's pieces, with their offsets beside them.

``torch/distributed/checkpoint/hf_storage.py`` writes them with ``save_distributed=True``: a header has the
shapes of that rank's pieces, ``DCP_SHARDING_INFO`` in its ``__metadata__`` where each begins in the whole, whose
shape is the farthest that any piece reaches. There is no other description.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.core.extents import Assembly, Block, Extent, SourceIdentity
from ckptgui.core.records import Record, record_table
from ckptgui.errors import CheckpointError, DamagedFileError, LimitExceededError
from ckptgui.formats.base import HEAD, Check, Probe
from ckptgui.formats.distributed.files import in_order
from ckptgui.formats.distributed.read import FORMAT
from ckptgui.formats.distributed.tiling import tiling_error
from ckptgui.formats.json_files import too_many
from ckptgui.formats.objects.sections import stored_bytes
from ckptgui.formats.safetensors.reader import Safetensors
from ckptgui.sources.base import read_exactly
from ckptgui.sources.folder import Folder

SHARD = re.compile(r"shard-(\d{1,9})-model-\d{1,9}-of-\d{1,9}\.safetensors", re.ASCII)
_OFFSETS = "DCP_SHARDING_INFO"
_MARK = _OFFSETS.encode()


def is_shard(folder: Folder, name: str) -> bool:
    """Whether a file is a rank's: by its name, and by the first bytes of its header."""
    if SHARD.fullmatch(name) is None or not folder.has(name):  # its folder may be large
        return False
    try:
        source = folder.open(name)
    except CheckpointError:
        return False
    try:
        return _MARK in read_exactly(source, 0, HEAD)
    except CheckpointError:
        return False
    finally:
        source.close()


def shards_in(folder: Folder) -> list[str]:
    """The ranks' files, in their order."""
    names = in_order(name for name in folder.files if SHARD.fullmatch(name))
    return names if names and any(is_shard(folder, name) for name in names) else []


@dataclass
class _Pieces:
    """One tensor while its pieces come together; ``shape`` is as far as they reach."""

    dtype: DType
    shape: tuple[int, ...]
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], Extent] = field(default_factory=dict)
    records: list[tuple[int, int, int]] = field(default_factory=list)  # source, offset and length
    last: int = 0  # the highest number of a shard with a piece
    error: str | None = None

    def add(self, offsets: tuple[int, ...], sizes: tuple[int, ...], dtype: DType, extent: Extent | None) -> None:
        """A piece of one of the files."""
        if dtype != self.dtype or len(sizes) != len(self.shape) or len(offsets) != len(sizes):
            self.error = self.error or "The files disagree about its element type or its dimensions."
            return
        self.shape = tuple(max(whole, at + size) for whole, at, size in zip(self.shape, offsets, sizes))
        if extent is not None:
            self.found.setdefault((offsets, sizes), extent)

    def extent(self, lost: int) -> Extent:
        """Where the whole lies; raises ``DamagedFileError`` where its pieces do not make it up.

        ``lost`` is the highest number of a shard that is not there: it may have reached farther than these.
        """
        if self.error is not None:
            raise DamagedFileError(self.error)
        if lost > self.last:
            raise DamagedFileError(f"Shard {lost:,}, which is not there, may hold more of it.")
        boxes = [box for box in self.found if 0 not in box[1]]
        if not boxes and 0 in self.shape:
            return Extent(0)
        problem = tiling_error(self.shape, boxes)
        if problem is not None:
            raise DamagedFileError(problem)
        if len(boxes) == 1:
            return self.found[boxes[0]]
        if self.dtype.bits % 8:
            raise DamagedFileError(f"Pieces of {self.dtype}, whose elements share bytes, are not put together.")
        blocks = tuple(Block(offsets, sizes, self.found[offsets, sizes]) for offsets, sizes in boxes)
        assembly = Assembly(self.shape, self.dtype.itemsize, blocks)
        return Extent(self.dtype.nbytes(math.prod(self.shape)), assembly=assembly)


def read_shards(folder: Folder, names: list[str], check: Check) -> Checkpoint:
    """The whole of all ranks' files; one that cannot be read is a warning."""
    tensors: dict[str, _Pieces] = {}
    sources: list[SourceIdentity] = []
    metadata: dict[str, Any] = {}
    missing = _missing(names)
    lost = max(missing, default=0)
    warnings = _told(missing)
    for name in names:
        try:
            shard = _open(folder, name, check)
            _add(shard, len(sources), _number(name), tensors)
        except CheckpointError as error:
            warnings.append(f"{display(name)} cannot be read: {error}")
            lost = max(lost, _number(name))
            continue
        sources += shard.sources
        metadata = {**{key: text for key, text in shard.metadata.items() if key != _OFFSETS}, **metadata}
        warnings += [f"{display(name)}: {warning}" for warning in shard.warnings]
    if not sources:
        raise DamagedFileError(warnings[-1])
    return _checkpoint(folder, tensors, lost, sources, metadata, warnings)


def _open(folder: Folder, name: str, check: Check) -> Checkpoint:
    source = folder.open(name)
    try:
        probe = Probe(source.identity.path, read_exactly(source, 0, HEAD), source.size, source)
        if not Safetensors().matches(probe):
            raise DamagedFileError("It is no safetensors file.")
        return Safetensors().read(probe, check)
    finally:
        source.close()


def _add(shard: Checkpoint, source: int, number: int, tensors: dict[str, _Pieces]) -> None:
    """Take in the pieces of one file, which is that of shard ``number``."""
    offsets = _offsets(shard.metadata.get(_OFFSETS))
    for info in shard.tensors:
        name = info.path[-1]
        begin = offsets.get(name, (0,) * len(info.shape))
        pieces = tensors.setdefault(name, _Pieces(info.dtype, (0,) * len(info.shape)))
        pieces.error = pieces.error or info.error
        pieces.last = max(pieces.last, number)
        pieces.add(begin, info.shape, info.dtype, info.extent)
        if info.file_offset is not None:
            pieces.records.append((source, info.file_offset, info.nbytes))


def _offsets(text: str | None) -> dict[str, tuple[int, ...]]:
    """Where each piece of a file begins in its tensor."""
    if problem := too_many((text or "").encode("utf-8", "replace")):
        raise LimitExceededError(f"Its DCP_SHARDING_INFO {problem}.")
    try:
        table = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise DamagedFileError("Its DCP_SHARDING_INFO is not JSON.") from None
    if not isinstance(table, dict):
        raise DamagedFileError("Its DCP_SHARDING_INFO is no table of names.")
    found = {}
    for name, entry in table.items():
        begin = entry.get("saved_offsets") if isinstance(entry, dict) else None
        if not isinstance(begin, list) or not all(type(at) is int and 0 <= at < 1 << 62 for at in begin):
            raise DamagedFileError(f"Its DCP_SHARDING_INFO has no offsets for {display(name)}.")
        found[name] = tuple(begin)
    return found


def _number(name: str) -> int:
    """Which shard a file is of."""
    match = SHARD.fullmatch(name)
    return int(match[1]) if match else 0


def _missing(names: list[str]) -> list[int]:
    """Numbers of shards that are missing in between; how many there were, nothing tells."""
    numbers = set(map(_number, names))
    return [number for number in range(1, min(max(numbers), len(numbers) + 1000)) if number not in numbers]


def _told(missing: list[int]) -> list[str]:
    if not missing:
        return []
    told = ", ".join(map(str, missing[:8])) + (f" and {len(missing) - 8:,} more" if len(missing) > 8 else "")
    return [f"{'Shard' if len(missing) == 1 else 'Shards'} {told} {'is' if len(missing) == 1 else 'are'} missing."]


def _checkpoint(
    folder: Folder,
    tensors: dict[str, _Pieces],
    lost: int,
    sources: list[SourceIdentity],
    metadata: dict[str, Any],
    warnings: list[str],
) -> Checkpoint:
    builder = TableBuilder()
    records = []
    for name, pieces in tensors.items():
        storage, problem = -1, None
        try:
            storage = builder.add_storage(None, pieces.extent(lost))
        except CheckpointError as error:
            problem = str(error)
        builder.add((name,), pieces.shape, pieces.dtype, storage=storage, error=problem)
        records += [Record(name, source, offset, length, storage) for source, offset, length in pieces.records]
    records.sort(key=lambda record: (record.source, record.offset))
    table = builder.build()
    return Checkpoint(
        path=folder.path,
        format=FORMAT,
        nbytes=sum(source.size for source in sources),
        sources=tuple(sources),
        tensors=table,
        sections=(Section((), Role.MODEL, 0, len(table), stored_bytes(table, 0, len(table))),),
        metadata=metadata,
        records=record_table(records),
        warnings=tuple(warnings),
        attributes={"writer": "safetensors"},
    )
