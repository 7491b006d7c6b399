"""Checkpoints that torch.save has written since 1.6: a zip with a pickle in front and a record per storage."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import ByteOrder
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.records import Record, RecordTable, record_table
from ckptgui.errors import DamagedFileError, UnknownFormatError, UnsupportedError
from ckptgui.formats import metadata, sections
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.inner_pickles import names
from ckptgui.formats.limits import DEFAULT, exceeded
from ckptgui.formats.pickle_graph import Node
from ckptgui.formats.pickle_machine import Parsed, parse
from ckptgui.formats.pickle_names import judge
from ckptgui.formats.state_dict_notes import versions_of
from ckptgui.formats.tensor_walk import TensorWalk
from ckptgui.formats.torch_storages import Storage, StorageClaim, ZipStorages, claim_of
from ckptgui.formats.zip_directory import DEFLATED, ZipDirectory, ZipEntry, read_directory
from ckptgui.formats.zip_end import DirectoryDamagedError, DirectoryMissingError
from ckptgui.formats.zip_salvage import salvage
from ckptgui.sources.base import ByteSource, read_exactly

_PICKLE = "data.pkl"


class TorchZip:
    """Reads the pickle and the zip's directory, and no storage."""

    name = "torch-zip"

    def matches(self, probe: Probe) -> bool:
        """A zip that holds a ``data.pkl``; torch puts it first, a tool that packs again may not."""
        if probe.head[:4] != b"PK\x03\x04":
            return False
        if _PICKLE.encode() in probe.head:
            return True
        try:
            return _prefix(read_directory(probe.source).entries) is not None
        except DamagedFileError:
            return False

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a damaged file, what can still be listed, with the reasons among its warnings."""
        with without_garbage_collection():
            archive = _open(probe.source, check)
            if f"{archive.prefix}constants.pkl" in archive.directory.entries:
                raise UnsupportedError("It is a TorchScript archive (it holds code); these are not read yet.")
            return _checkpoint(probe, archive, check)


@dataclass
class _Archive:
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


def _open(source: ByteSource, check: Check) -> _Archive:
    try:
        directory = read_directory(source, check)
    except DirectoryDamagedError as error:
        try:
            return _open_cut(source, check, str(error))
        except DamagedFileError:
            raise error from None
    except DirectoryMissingError:
        return _open_cut(source, check)
    prefix = _prefix(directory.entries)
    if prefix is None:
        raise UnknownFormatError("It is a zip archive, but it holds no data.pkl, so torch.save did not write it.")
    warnings: list[str] = []
    data = directory.read(source, prefix + _PICKLE, DEFAULT.pickle_bytes, warnings)
    return _Archive(source, directory, prefix, parse(data, check), len(data), warnings=warnings)


def _prefix(entries: Mapping[str, ZipEntry]) -> str | None:
    """The folder in the archive; that of the first record where it has a pickle, as torch has it."""
    first = next(iter(entries), "").partition("/")[0] + "/"
    if first + _PICKLE in entries:
        return first
    found = next((name for name in entries if name == _PICKLE or name.endswith("/" + _PICKLE)), None)
    return None if found is None else found[: -len(_PICKLE)]


def _open_cut(source: ByteSource, check: Check, damage: str | None = None) -> _Archive:
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
    archive = _Archive(source, directory, prefix, result, length, damage, claims=claims)
    archive.warnings.append(_cut_sentence(archive))
    return archive


def _parse_cut(source: ByteSource, directory: ZipDirectory, check: Check) -> tuple[Parsed, int, str] | None:
    """The pickle of a cut archive, as far as it is there, with its length and prefix."""
    prefix = _prefix(directory.entries)
    if prefix is None:
        return None
    entry = directory.entries[prefix + _PICKLE]
    if entry.compressed > DEFAULT.pickle_bytes:
        raise exceeded("pickle_bytes")
    data = read_exactly(source, entry.data_offset, entry.compressed)
    if entry.method == DEFLATED:
        try:
            data = zlib.decompressobj(-15).decompress(data, DEFAULT.pickle_bytes)
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

    def inline(self, data: bytes, byteorder: ByteOrder) -> int:
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


def _cut_sentence(archive: _Archive) -> str:
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


def _checkpoint(probe: Probe, archive: _Archive, check: Check) -> Checkpoint:
    root = archive.parsed.root
    if archive.parsed.broken and root is None:
        raise DamagedFileError(archive.parsed.broken)
    source = archive.source
    builder = TableBuilder()
    storages = ZipStorages(
        builder,
        archive.entry,
        source.identity,
        _byteorder(archive),
        lambda offset, length: read_exactly(source, offset, length),
        archive.directory.cut and archive.damage is None,
    )
    walk = TensorWalk(builder, storages, check)
    shape, parts = sections.parts_of(root)
    ranges = []
    for part in parts:
        start = len(builder)
        walk.visit(part.node, part.path)
        ranges.append((part, start, len(builder)))
    table = builder.build()
    return Checkpoint(
        path=probe.path,
        format=TorchZip.name,
        nbytes=source.size,
        sources=(source.identity,),
        tensors=table,
        sections=sections.to_sections(table, ranges),
        metadata=metadata.to_json(root),
        saved_shape=shape,
        modules=tuple(walk.modules),
        globals=judge(names(archive.parsed, check), archive.prefix + _PICKLE),
        records=_records(archive, storages.rows),
        warnings=(*archive.warnings, *_pickle_warnings(archive), *walk.warnings),
        attributes=_attributes(archive, parts),
    )


def _byteorder(archive: _Archive) -> ByteOrder:
    """Of the numbers in the records; a file that does not say is little-endian."""
    name = f"{archive.prefix}byteorder"
    entry = archive.directory.entries.get(name)
    if entry is None or not entry.whole:
        return "little"
    text = archive.directory.read(archive.source, name, 64, archive.warnings).strip()
    if text not in (b"little", b"big"):
        raise DamagedFileError(f"Its byte order is “{display(text.decode('latin-1'))}”, which is none.")
    return cast(ByteOrder, text.decode())


def _pickle_warnings(archive: _Archive) -> list[str]:
    parsed = archive.parsed
    warnings = list(parsed.notes)
    if parsed.broken and not (parsed.cut and archive.directory.cut):
        warnings.append(f"{parsed.broken} What stands before that is shown.")
    if parsed.broken is None and parsed.end < archive.length:
        warnings.append(
            f"{archive.length - parsed.end:,} bytes follow the end of its pickle; no loader reads them."
        )
    return warnings


def _records(archive: _Archive, rows: dict[str, int]) -> RecordTable:
    """Every record where it lies, in the order of the file."""
    ordered = sorted(archive.directory.entries.values(), key=lambda entry: entry.offset)
    return record_table(
        Record(entry.name, 0, entry.data_offset, entry.compressed, rows.get(entry.name, -1)) for entry in ordered
    )


def _attributes(archive: _Archive, parts: list[sections.Part]) -> dict[str, Any]:
    """What belongs to this format: state dicts' version notes by path, and whether the list may be incomplete."""
    found: dict[str, Any] = {
        "incomplete": archive.parsed.broken is not None,
        "cut": archive.directory.cut,
        "protocol": archive.parsed.protocol,
    }
    versions = {part.path: notes for part in parts if (notes := versions_of(part.node))}
    if versions:
        found["state_dict_metadata"] = versions
    return found
