"""Texts in a zip archive that stand beside the tensors: where each lies, for whoever wants to read one."""

from __future__ import annotations

from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.errors import CheckpointError
from ckptgui.formats.limits import DEFAULT
from ckptgui.formats.zips.directory import DEFLATED, ZipDirectory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.sources.base import ByteSource

Text = tuple[str, Extent]
"""A file in the archive, named below its folder, and its bytes (UTF-8 as far as anyone knows)."""

MOST_TEXTS = 10_000
"""Files of one sort that are listed; an archive may have a million records."""

READABLE = (".txt", ".json", ".yaml", ".yml", ".md", ".csv", ".toml", ".cfg", ".ini", ".xml", ".html", ".py")
"""Endings of files beside the code that a person may want to read."""


def readable(extra: tuple[Text, ...]) -> tuple[Text, ...]:
    """Those of the files beside the code that are texts by their names, for the list of code."""
    return tuple((f"extra/{name}", extent) for name, extent in extra if name.lower().endswith(READABLE))


def texts_in(
    source: ByteSource, directory: ZipDirectory, start: str, suffixes: tuple[str, ...] = ("",)
) -> tuple[Text, ...]:
    """The records whose names begin with ``start`` and end with one of ``suffixes``, in order of their names."""
    names = [name for name in directory.entries if name.startswith(start) and name.endswith(suffixes)]
    return tuple(
        (name.removeprefix(start), extent_of(source, directory.entries[name]))
        for name in sorted(names)[:MOST_TEXTS]
        if not name.endswith("/")
    )


def extent_of(source: ByteSource, entry: ZipEntry) -> Extent:
    """Where the bytes of a record lie."""
    codec = Codec.DEFLATE if entry.method == DEFLATED else Codec.STORED
    segments = (Segment(source.identity, entry.data_offset, entry.compressed),) if entry.compressed else ()
    return Extent(entry.size, segments, codec)


def small_number(source: ByteSource, directory: ZipDirectory, name: str) -> int | None:
    """The number that a record such as ``version`` holds as text; None where there is none."""
    entry = directory.entries.get(name)
    if entry is None:
        return None
    try:
        text = directory.read(source, name, 32).strip()
    except CheckpointError:
        return None
    return int(text) if text.isdigit() else None


def lines_of(source: ByteSource, directory: ZipDirectory, name: str) -> tuple[str, ...]:
    """The lines of a small text, without empty ones; none where it cannot be read."""
    if name not in directory.entries:
        return ()
    try:
        text = directory.read(source, name, DEFAULT.record_bytes).decode("utf-8", "replace")
    except CheckpointError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())
