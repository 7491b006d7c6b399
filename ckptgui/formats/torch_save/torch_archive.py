"""The zip that torch writes around a pickle, opened: its records, the pickle parsed, and what is wrong with it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import ByteOrder
from ckptgui.core.names import NamePool
from ckptgui.core.records import RecordTable
from ckptgui.errors import DamagedFileError, UnknownFormatError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.limits import DEFAULT, exceeded
from ckptgui.formats.objects.storages import Place, Storage, StorageClaim, ZipStorages, claim_of
from ckptgui.formats.objects.stored_runs import Records
from ckptgui.formats.objects.tensor_walk import TensorWalk
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import Node, Persistent
from ckptgui.formats.pickles.machine import Parsed, parse
from ckptgui.formats.pickles.stream import Outside
from ckptgui.formats.zips.directory import DEFLATED, MAX_RATIO, ROOM, ZipDirectory
from ckptgui.formats.zips.end import DirectoryDamagedError, DirectoryMissingError
from ckptgui.formats.zips.entries import ZipEntries, ZipEntry, places_of
from ckptgui.formats.zips.probe import directory_of
from ckptgui.formats.zips.salvage import salvage
from ckptgui.sources.base import ByteSource, read_exactly

PICKLE = "data.pkl"
"""The record that describes everything else."""


@dataclass
class Archive:
    """An opened archive: its records, what their names begin with, and the pickle, parsed."""

    source: ByteSource
    directory: ZipDirectory
    prefix: str
    parsed: Parsed
    length: int  # of the pickle
    damage: str | None = None  # what is wrong with a directory that is there
    warnings: list[str] = field(default_factory=list)
    claims: dict[str, StorageClaim] = field(default_factory=dict)  # of a cut file only

    def entry(self, key: str) -> ZipEntry | None:
        """The record of a storage."""
        return self.directory.entries.get(f"{self.prefix}data/{key}")

    def storages(
        self,
        builder: TableBuilder,
        folder: str = "data/",
        label: str = "",
        place: Place | None = None,
    ) -> ZipStorages:
        """The storages whose records lie in ``folder``, for a table; ``label`` stands before their keys."""
        start = self.prefix + folder
        entries = self.directory.entries
        byteorder = byteorder_of(self.directory, self.source, self.prefix, self.warnings)
        records = None
        if isinstance(entries, ZipEntries) and place is None:
            records = Records(entries, start, self.source.identity, byteorder, label)
        return ZipStorages(
            builder,
            lambda key: entries.get(start + key),
            self.source.identity,
            byteorder,
            lambda offset, length: read_exactly(self.source, offset, length),
            self.directory.cut and self.damage is None,
            label,
            place,
            records,
        )


def open_archive(probe: Probe, check: Check, outside: Outside = Persistent) -> Archive:
    """The archive, its pickle parsed; one whose end is missing or wrong is walked from its start.

    ``outside`` makes the nodes of a whole archive's persistent ids.
    """
    source = probe.source
    try:
        directory = directory_of(probe, check)
    except DirectoryDamagedError as error:
        try:
            return _open_cut(source, check, str(error))
        except DamagedFileError:
            raise error from None
    except DirectoryMissingError:
        return _open_cut(source, check)
    prefix = prefix_of(directory.entries)
    if prefix is None:
        raise UnknownFormatError("It is a zip archive, but it holds no data.pkl, so torch.save did not write it.")
    warnings: list[str] = []
    data = directory.read(source, prefix + PICKLE, DEFAULT.pickle_bytes, warnings)
    return Archive(source, directory, prefix, parse(data, check, outside=outside), len(data), warnings=warnings)


def prefix_of(entries: Mapping[str, ZipEntry]) -> str | None:
    """The folder in the archive; that of the first record where it has a pickle, as torch has it."""
    first = next(iter(entries), "").partition("/")[0] + "/"
    if first + PICKLE in entries:
        return first
    found = next((name for name in entries if name == PICKLE or name.endswith("/" + PICKLE)), None)
    return None if found is None else found[: -len(PICKLE)]


def _open_cut(source: ByteSource, check: Check, damage: str | None = None) -> Archive:
    """An archive whose end is missing or wrong: records are walked, the pickle tells how long storages are."""
    parsed: list[tuple[Parsed, int, str]] = []
    claims: dict[str, StorageClaim] = {}

    def expected(name: str, before: ZipDirectory) -> int | None:
        if not parsed:
            found = _parse_cut(source, before, check)
            if found is None:
                return None
            parsed.append(found)
            claims.update(_claims(found[0].root, check))
        prefix = parsed[0][2]
        claim = claims.get(name.removeprefix(f"{prefix}data/")) if name.startswith(f"{prefix}data/") else None
        return None if claim is None else claim.nbytes

    directory = salvage(source, check, expected)
    if not parsed:
        found = _parse_cut(source, directory, check)
        if found is None:
            raise DamagedFileError(
                f"The file is cut short. Its {source.size:,} bytes end before the list of tensors begins."
            )
        parsed.append(found)
        claims.update(_claims(found[0].root, check))
    result, length, prefix = parsed[0]
    archive = Archive(source, directory, prefix, result, length, damage, claims=claims)
    archive.warnings.append(_cut_sentence(archive))
    return archive


def _parse_cut(source: ByteSource, directory: ZipDirectory, check: Check) -> tuple[Parsed, int, str] | None:
    """The pickle of a cut archive, as far as it is there, with its length and prefix."""
    prefix = prefix_of(directory.entries)
    if prefix is None:
        return None
    entry = directory.entries[prefix + PICKLE]
    if entry.compressed > DEFAULT.pickle_bytes:
        raise exceeded("pickle_bytes")
    data = read_exactly(source, entry.data_offset, entry.compressed)
    if entry.method == DEFLATED:
        try:
            data = zlib.decompressobj(-15).decompress(data, max(ROOM, MAX_RATIO * len(data)))
        except zlib.error:
            raise DamagedFileError(
                "The file is cut short, and its compressed list of tensors is damaged."
            ) from None
    return parse(data, check), len(data), prefix


class _ClaimsOnly:
    """Stands in for storages while a cut file is measured: remembers what each claims."""

    byteorder: ByteOrder = "little"

    def __init__(self) -> None:
        self.found: dict[str, StorageClaim] = {}

    def get(self, node: Node) -> Storage:
        """Note a claim; nothing is registered."""
        claim = claim_of(node)
        if claim is not None:
            known = self.found.setdefault(claim.key, claim)
            if claim.nbytes > known.nbytes:
                self.found[claim.key] = claim
        return Storage(-1, claim.dtype if claim else None, "cpu", None)

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Bytes of the pickle itself are no storage."""
        return -1

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """Only registers the storage that would be read."""
        self.get(node)
        return None


def _claims(root: Node, check: Check) -> dict[str, StorageClaim]:
    collector = _ClaimsOnly()
    TensorWalk(TableBuilder(), collector, check).visit(root, ())
    return collector.found


def _cut_sentence(archive: Archive) -> str:
    """How many bytes are here and how many there should be at least."""
    size = archive.source.size
    if archive.damage is not None:
        return (
            f"{archive.damage} What the records tell by themselves is shown; "
            "other programs may read something else."
        )
    if archive.parsed.broken:
        return (
            f"The file is cut short. It has {size:,} bytes, and its list of tensors breaks off after "
            f"{archive.length:,}; what stands before that is shown."
        )
    needed = size
    lost = 0
    for key, claim in archive.claims.items():
        entry = archive.entry(key)
        if entry is None:
            lost += 1
            needed += claim.nbytes
        elif not entry.whole:
            lost += 1
            needed += claim.nbytes - entry.compressed
    if lost == 0:
        return f"The file is cut short. It has {size:,} bytes: all its tensors, but not the directory at its end."
    storages = "1 storage is" if lost == 1 else f"{lost:,} storages are"
    return (
        f"The file is cut short. It has {size:,} bytes of at least {amount(needed)}; {storages} not there whole."
    )


def byteorder_of(
    directory: ZipDirectory, source: ByteSource, prefix: str, warnings: list[str] | None = None
) -> ByteOrder:
    """Of the numbers in the records; a file that does not say is little-endian."""
    entry = directory.entries.get(f"{prefix}byteorder")
    if entry is None or not entry.whole:
        return "little"
    text = directory.read(source, entry.name, 64, warnings).strip()
    if text not in (b"little", b"big"):
        raise DamagedFileError(f"Its byte order is “{display(text.decode('latin-1'))}”, which is none.")
    return cast(ByteOrder, text.decode())


def pickle_warnings(archive: Archive) -> list[str]:
    """What is odd about the pickle, in sentences."""
    parsed = archive.parsed
    warnings = list(parsed.notes)
    if parsed.broken and not (parsed.cut and archive.directory.cut):
        warnings.append(f"{parsed.broken} What stands before that is shown.")
    if parsed.broken is None and parsed.end < archive.length:
        warnings.append(
            f"{archive.length - parsed.end:,} bytes follow the end of its pickle; no loader reads them."
        )
    return warnings


def records_of(directory: ZipDirectory, rows: dict[str, int]) -> RecordTable:
    """Every record where it lies, in the order of the file."""
    places = places_of(directory.entries)
    order = np.argsort(places.offset, kind="stable")
    storage = np.fromiter((rows.get(name, -1) for name in directory.entries), np.int32, len(order))
    return RecordTable(
        NamePool(directory.entries).reordered(order),
        np.zeros(len(order), np.int32),
        places.data_offset[order],
        places.compressed[order],
        storage[order],
    )
