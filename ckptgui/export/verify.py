"""Reads finished files back with our own readers and compares them with their source, value by value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.engine.job import Cancel
from ckptgui.errors import CheckpointError, ExportError
from ckptgui.export.atomic import OutputError
from ckptgui.export.pieces import Cast, Piece, cut, values_of, written_as
from ckptgui.export.request import ExportPlan, PlannedFile
from ckptgui.export.sharding import IndexLayout
from ckptgui.export.spreading import APART, TOGETHER, spread, together
from ckptgui.formats.registry import open_source
from ckptgui.formats.zips.checksums import check_records
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool

Compared = Callable[[int], None]

Pair = tuple[str, Piece, Piece]
"""A tensor's name, or a part of one's: its values in the source, and as they were written."""


def verify(plan: ExportPlan, written: str, pool: SourcePool, cancel: Cancel, compared: Compared) -> None:
    """Raise ``ExportError`` unless what stands at ``written``, a file or a folder, is what was planned.

    ``compared`` hears, on any thread, of bytes.
    """
    for file in plan.files:
        path = str(Path(written, file.name))
        if isinstance(file.layout, IndexLayout):
            _verify_index(file.layout, path)
        else:
            _verify_file(plan, file, path, pool, cancel, compared)


def _verify_index(layout: IndexLayout, path: str) -> None:
    source = _back(path)
    try:
        if read_exactly(source, 0, source.size) != layout.content:
            raise ExportError("The index reads back differently; nothing was changed.")
    finally:
        source.close()


def _back(path: str) -> LocalSource:
    """What was written, open; raises ``OutputError`` where somebody took it away meanwhile."""
    try:
        return LocalSource(path)
    except CheckpointError as error:
        raise OutputError(f"What was written cannot be read back: {error}") from error


def _verify_file(
    plan: ExportPlan, file: PlannedFile, path: str, pool: SourcePool, cancel: Cancel, compared: Compared
) -> None:
    source = _back(path)
    try:
        result = open_source(source, cancel.check)  # this file alone: a path of a shard opens the whole
    except CheckpointError as error:
        raise OutputError(f"What was written cannot be read back: {error}") from error
    finally:
        source.close()
    _same_names(plan, file.tensors, result)
    back = SourcePool()
    try:
        comparing = _Comparing(plan, result, pool, back, compared)
        tasks = together(comparing.pairs(file.tensors), _bytes_to_compare, comparing.compare)
        spread(tasks, cancel)
        if result.format == "torch-zip":
            for fault in check_records(back.get(result.sources[0]), cancel.check):
                if fault is not None:
                    raise ExportError(f"What was written reads back differently: {fault.text}")
    finally:
        back.close()


class _Comparing:
    """One file read back beside its source."""

    def __init__(
        self, plan: ExportPlan, result: Checkpoint, pool: SourcePool, back: SourcePool, compared: Compared
    ) -> None:
        self._plan = plan
        self._result = result
        self._pool = pool
        self._back = back
        self._compared = compared

    def pairs(self, places: Sequence[int]) -> Iterator[Pair]:
        """What is to be the same; ``places`` are the tensors' in the plan, in the file's order."""
        for row, place in enumerate(places):
            name = self._plan.names[place]
            source, found = self._plan.tensors[place], self._result.tensors.info(row)
            dtype = self._plan.dtypes[place]
            if (found.dtype, found.shape) != (dtype, source.shape) or found.error is not None:
                raise ExportError(f"{display(name)} was written wrongly; nothing was changed.")
            if found.extra.get("quantization") != source.extra.get("quantization"):
                raise ExportError(f"The rule of {display(name)} was written wrongly; nothing was changed.")
            for ours, theirs in _side_by_side(written_as(source, dtype), values_of(found)):
                yield name, ours, theirs

    def compare(self, batch: Sequence[Pair], cancel: Cancel) -> None:
        """Raise ``ExportError`` at the first of some that is not the same."""
        told = 0
        for name, ours, theirs in batch:
            cancel.check()
            for nbytes in _same(ours.read(self._pool, cancel), theirs.read(self._back, cancel)):
                if not nbytes:
                    raise ExportError(f"The values of {display(name)} read back differently; nothing was changed.")
                told += nbytes
                if told >= TOGETHER:
                    self._compared(told)
                    told = 0
        self._compared(told)


def _bytes_to_compare(pair: Pair) -> int:
    return pair[2].nbytes


def _side_by_side(ours: Piece, theirs: Piece) -> Iterator[tuple[Piece, Piece]]:
    """Both in parts, where they can be cut at the same places."""
    before = ours.piece.nbytes if isinstance(ours, Cast) else ours.nbytes
    one, other = cut(ours, APART), cut(theirs, APART * theirs.nbytes // max(1, before))
    if [part.nbytes for part in one] == [part.nbytes for part in other]:
        yield from zip(one, other)
    else:
        yield ours, theirs


def _same(ours: Iterator[memoryview], theirs: Iterator[memoryview]) -> Iterator[int]:
    """The bytes of each part that is the same, 0 at the first that is not; parts end where either one's do."""
    left = right = np.empty(0, np.uint8)
    while True:
        left, right = left if left.size else _next(ours), right if right.size else _next(theirs)
        length = min(left.size, right.size)
        if length == 0:
            if left.size != right.size:
                yield 0
            return
        if not np.array_equal(left[:length], right[:length]):
            yield 0
            return
        yield length
        left, right = left[length:], right[length:]


def _next(parts: Iterator[memoryview]) -> np.ndarray:
    return np.frombuffer(next((part for part in parts if len(part)), b""), np.uint8)


def _same_names(plan: ExportPlan, places: Sequence[int], result: Checkpoint) -> None:
    paths = [result.tensors.path(row) for row in range(len(result.tensors))]
    if paths != [plan.paths[place] for place in places]:
        raise ExportError("The names read back differently; nothing was changed.")
