"""Checkpoints that torch.save wrote until 1.5, and writes still where it is told not to make a zip."""

from __future__ import annotations

from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.records import Record, RecordTable, record_table
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.objects.pickled import Saved, checkpoint_of
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.inner_streams import open_inner
from ckptgui.formats.torch_save.legacy_storages import LegacyStorages, storage_records
from ckptgui.formats.torch_save.legacy_stream import LegacyStream, begins_stream, open_stream


class TorchLegacy:
    """Reads the five pickles and the eight bytes in front of each storage."""

    name = "torch-legacy"

    def matches(self, probe: Probe) -> bool:
        """The magic number in front."""
        return begins_stream(probe.head)

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a cut file, what can still be listed, with the reasons among its warnings."""
        builder = TableBuilder()
        feed = Feed(probe.source)
        stream = open_stream(feed, 0, check)
        storages = LegacyStorages(builder, feed, stream.index)
        if stream.object.broken is not None and stream.object.root is None:
            raise DamagedFileError(stream.object.broken)
        inner = open_inner(stream.refs, stream.inner, builder, check)
        saved = Saved(
            stream.object.root,
            inner.routed(storages),
            judge(inner.refs, "object"),
            lambda: _records(stream, storages.rows),
            (*_warnings(stream, probe.size), *inner.warnings),
            _attributes(stream),
        )
        return checkpoint_of(probe, self.name, saved, builder, check)


def _warnings(stream: LegacyStream, size: int) -> list[str]:
    found = list(stream.object.notes)
    if stream.object.broken is not None:
        found.append(f"{stream.object.broken} What stands before that is shown.")
    elif stream.index.damage is not None:
        found.append(stream.index.damage)
    elif stream.index.reached < size:
        found.append(f"{size - stream.index.reached:,} bytes follow its last storage; no loader reads them.")
    return found


def _attributes(stream: LegacyStream) -> dict[str, Any]:
    found: dict[str, Any] = {
        "incomplete": stream.object.broken is not None,
        "cut": stream.index.cut,
        "protocol": stream.object.protocol,
        "old_text": stream.object.old_text,
        "little_endian": stream.little_endian,
    }
    if stream.code:
        found["code"] = stream.code
    return found


def _records(stream: LegacyStream, rows: dict[str, int]) -> RecordTable:
    """The pickles as one stretch, then each storage."""
    return record_table([Record("object", 0, 0, stream.first), *storage_records(stream.index, rows)])
