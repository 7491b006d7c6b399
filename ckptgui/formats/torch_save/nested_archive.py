"""What torch.save wrote, as a record of another archive: opened where it lies, or inflated to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.builder import TableBuilder
from ckptgui.core.display import display
from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.errors import DamagedFileError, UnsupportedError
from ckptgui.formats.base import HEAD, Check, Probe
from ckptgui.formats.objects.storages import ZipStorages
from ckptgui.formats.torch_save.torch_archive import Archive, open_archive
from ckptgui.formats.zips.directory import DEFLATED, ZipDirectory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.memory import MemorySource
from ckptgui.sources.part import PartSource

MAX_INFLATED = 256 << 20
"""Bytes that a compressed archive within an archive may be inflated to; its table of tensors is at its end."""


@dataclass(frozen=True, slots=True)
class Nested:
    """An archive within the record ``outer`` of ``source``; the offsets in ``archive`` count within the record."""

    source: ByteSource
    outer: ZipEntry
    archive: Archive

    def storages(self, builder: TableBuilder, label: str) -> ZipStorages:
        """Its storages as they lie in the file."""
        return self.archive.storages(builder, label=label, place=self._place)

    def _place(self, extent: Extent) -> Extent:
        if self.outer.method != DEFLATED or not extent.segments:
            return extent.moved(self.outer.data_offset)
        whole = Segment(self.source.identity, self.outer.data_offset, self.outer.compressed)
        skip = extent.segments[0].offset
        return Extent(extent.nbytes, (whole,), Codec.DEFLATE, extent.byteorder, skip=skip)


def open_nested(source: ByteSource, directory: ZipDirectory, name: str, path: str, check: Check) -> Nested:
    """The archive in the record ``name``; raises a ``CheckpointError`` that names the record."""
    entry = directory.entries[name]
    inner = _inner(source, directory, entry)
    archive = open_archive(Probe(path, read_exactly(inner, 0, HEAD), inner.size, inner), check)
    if archive.directory.cut:
        raise DamagedFileError(f"The archive in its record {display(name)} is damaged.")
    if entry.method == DEFLATED and any(e.method == DEFLATED for e in archive.directory.entries.values()):
        raise UnsupportedError(f"The archive in its record {display(name)} is compressed twice.")
    return Nested(source, entry, archive)


def _inner(source: ByteSource, directory: ZipDirectory, entry: ZipEntry) -> ByteSource:
    if entry.method != DEFLATED:
        return PartSource(source, entry.data_offset, entry.size)
    return MemorySource(directory.read(source, entry.name, MAX_INFLATED, room=MAX_INFLATED))
