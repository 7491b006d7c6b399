"""Checkpoints of PyTorch up to 0.1.9: a tar archive of the object, its tensors, its storages and the system.

Facts from ``torch/serialization.py`` (``_legacy_load.legacy_load``). Members lie in the archive as they are, so
storages have their place in the file itself.
"""

from __future__ import annotations

import struct
from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import BY_STORAGE_CLASS
from ckptgui.core.records import Record, RecordTable, record_table
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.objects.pickled import Saved, checkpoint_of
from ckptgui.formats.objects.storages import StorageClaim
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref
from ckptgui.formats.pickles.machine import Parsed, parse_file
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.inner_streams import open_inner
from ckptgui.formats.torch_save.legacy_storages import LegacyStorages, storage_records
from ckptgui.formats.torch_save.legacy_stream import Outside, StorageIndex
from ckptgui.formats.torch_save.tar_members import Member, members
from ckptgui.sources.base import read_exactly

_NEEDED = frozenset({"pickle", "storages", "tensors"})
_MAX_COUNT = 4_000_000
_REBUILD = Ref("torch._utils", "_rebuild_tensor")


class TorchTar:
    """Reads the pickles and numbers of the members, and no storage's values."""

    name = "torch-tar"

    def matches(self, probe: Probe) -> bool:
        """A tar archive with torch's members."""
        if probe.head[257:262] != b"ustar":
            return False
        try:
            return members(probe.source).keys() >= _NEEDED
        except DamagedFileError:
            return False

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a cut file, what can still be listed, with the reasons among its warnings."""
        archive, parsed = open_tar(probe, check)
        if parsed.broken is not None and parsed.root is None:
            raise DamagedFileError(parsed.broken)
        builder = TableBuilder()
        refs = (*parsed.refs, *archive.refs)
        storages = LegacyStorages(builder, archive.feed("storages"), archive.index)
        inner = open_inner(refs, parsed.inner, builder, check)
        if parsed.broken is not None:
            archive.warnings.append(f"{parsed.broken} What stands before that is shown.")
        saved = Saved(
            parsed.root,
            inner.routed(storages),
            judge(inner.refs, "pickle"),
            lambda: _records(archive.members, archive.index, storages.rows),
            (*parsed.notes, *archive.warnings, *inner.warnings),
            _attributes(archive, parsed),
        )
        return checkpoint_of(probe, self.name, saved, builder, check)


def open_tar(probe: Probe, check: Check) -> tuple[TarArchive, Parsed]:
    """The archive and its object."""
    archive = TarArchive(probe, members(probe.source), check)
    archive.read_storages()
    archive.read_tensors()
    return archive, archive.read_object()


class TarArchive:
    """What the members say, gathered one after the other."""

    def __init__(self, probe: Probe, found: dict[str, Member], check: Check) -> None:
        self._probe = probe
        self.members = found
        self._check = check
        self._outside = Outside()
        self._views: dict[str, tuple[str, int, int]] = {}  # of a view: its storage, offset and elements
        self._tensors: dict[str, Call] = {}
        self.index = StorageIndex()
        self.refs: list[Ref] = []
        self.warnings: list[str] = []

    @property
    def code(self) -> tuple[tuple[str, str], ...]:
        """The source text of modules by the name of their class."""
        return tuple(self._outside.code.items())

    def feed(self, name: str) -> Feed:
        """The bytes of the file up to the end of a member."""
        return Feed(self._probe.source, self.members[name].offset + self.members[name].length)

    def read_storages(self) -> None:
        """Storages with their keys, each number of elements in front of the values, then the views of them."""
        feed = self.feed("storages")
        place = self.members["storages"].offset
        count = self._take(feed, place)
        place = count.end
        for _ in range(_count(count)):
            described = self._take(feed, place)
            if described.broken is not None or described.end + 8 > feed.end:
                self._cut(f"The file is cut short within its storages: {_and_more(self.index, _count(count))}.")
                return
            key, claim = _claim(feed, described)
            if claim.numel < 0:
                self._cut(f"The number in front of its storage at byte {described.end:,} is impossible.")
                return
            self.index.claims[key] = claim
            place = self.index.add(key, claim, described.end, feed)
        if place > feed.end:
            self._cut(f"The file is cut short: its storages end at byte {amount(place)}.")
            return
        views = self._take(feed, place).root
        for view in views if type(views) is list else []:
            if type(view) is tuple and len(view) == 4 and type(view[2]) is int and type(view[3]) is int:
                self._views[_key(view[0])] = (_key(view[1]), view[2], view[3])

    def read_tensors(self) -> None:
        """Tensors with their keys, each with storage, sizes, strides and offset."""
        feed = self.feed("tensors")
        count = self._take(feed, self.members["tensors"].offset)
        place = count.end
        for number in range(_count(count)):
            described = self._take(feed, place)
            ndim = int.from_bytes(read_exactly(feed.source, described.end, 4), "little", signed=True)
            place = described.end + 8 + 16 * max(ndim, 0) + 8
            if described.broken is not None or ndim < 0 or place > feed.end:
                lost = f"{_count(count) - number:,} of its {_count(count):,} tensors are not described"
                self._cut(f"The file is cut short, or its list of tensors is damaged: {lost}.")
                return
            numbers = struct.unpack(
                f"<{2 * ndim + 1}q", read_exactly(feed.source, described.end + 8, 16 * ndim + 8)
            )
            root = described.root
            if type(root) is tuple and len(root) == 3:
                storage = self._storage(_key(root[1]))
                arguments = (storage, numbers[-1], numbers[:ndim], numbers[ndim : 2 * ndim])
                self._tensors[_key(root[0])] = Call(_REBUILD, arguments)

    def read_object(self) -> Parsed:
        """The object, its persistent ids resolved to tensors, storages and classes."""
        feed = self.feed("pickle")
        return parse_file(feed, self.members["pickle"].offset, self._check, outside=self._resolve)

    def _resolve(self, pid: Node) -> Node:
        if type(pid) is tuple and len(pid) == 3 and type(pid[0]) is Ref:
            return self._outside(("module", *pid))
        key = _key(pid)
        return self._tensors.get(key) or self._storage(key)

    def _storage(self, key: str) -> Persistent:
        """A storage, or a view of one, as the later stream would name it."""
        root, offset, size = self._views.get(key, (key, 0, -1))
        claim = self.index.claims.get(root)
        if claim is None:
            return Persistent(key)
        view = None if size < 0 else (key, offset, size)
        assert claim.dtype is not None
        storage_class = Ref("torch", claim.dtype.storage_class)
        return Persistent(("storage", storage_class, root, claim.device, claim.numel, view))

    def _take(self, feed: Feed, place: int) -> Parsed:
        """The pickle at a place; its names are noted."""
        self._check()
        parsed = parse_file(feed, place, self._check)
        self.refs += parsed.refs
        return parsed

    def _cut(self, sentence: str) -> None:
        self.index.damage = sentence
        self.index.cut = True
        self.warnings.append(sentence)


def _count(parsed: Parsed) -> int:
    return parsed.root if type(parsed.root) is int and 0 <= parsed.root <= _MAX_COUNT else 0


def _key(node: Node) -> str:
    """Keys are numbers, as such or as text."""
    return str(node) if type(node) in (int, str) else ""


def _claim(feed: Feed, described: Parsed) -> tuple[str, StorageClaim]:
    """What stands in front of a storage: ``(key, location, class)``, and then how many elements it has."""
    root = described.root
    if type(root) is tuple and len(root) == 3 and type(root[2]) is Ref and type(root[1]) is str:
        dtype = BY_STORAGE_CLASS.get(root[2].name)
        if dtype is not None:
            numel = int.from_bytes(read_exactly(feed.source, described.end, 8), "little", signed=True)
            return _key(root[0]), StorageClaim(_key(root[0]), dtype, root[1], numel)
    raise DamagedFileError(
        f"Its storage at byte {described.end:,} is of no known type, so those behind it cannot be found."
    )


def _and_more(index: StorageIndex, count: int) -> str:
    return f"{len(index.places):,} of {count:,} are there"


def _attributes(archive: TarArchive, parsed: Parsed) -> dict[str, Any]:
    found: dict[str, Any] = {
        "incomplete": parsed.broken is not None,
        "cut": archive.index.cut,
        "protocol": parsed.protocol,
        "old_text": parsed.old_text,
    }
    if archive.code:
        found["code"] = archive.code
    return found


def _records(found: dict[str, Member], index: StorageIndex, rows: dict[str, int]) -> RecordTable:
    """The members, that of the storages by what is in it."""
    parts = [Record(display(name, 40), 0, *place) for name, place in found.items() if name != "storages"]
    parts += storage_records(index, rows)
    return record_table(sorted(parts, key=lambda record: record.offset))
