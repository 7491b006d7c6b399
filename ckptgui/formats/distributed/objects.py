"""What a distributed checkpoint keeps beside tensors: each object is an archive of ``torch.save`` by itself.

torch loads them with everything allowed (``default_planner.load_bytes``); here they are read as inertly as any
pickle. Most are a number or a word, and there may be a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import GlobalName
from ckptgui.core.dtypes import ByteOrder
from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.errors import DamagedFileError, LimitExceededError, UnsupportedError
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.chunks import HEAD, pickle_start
from ckptgui.formats.distributed.names import judged
from ckptgui.formats.objects.storages import UNKNOWN, Storage
from ckptgui.formats.objects.tensor_spec import Storages
from ckptgui.formats.objects.tensor_walk import ATOMS
from ckptgui.formats.pickles.feed import FileBytes, extent_of
from ckptgui.formats.pickles.graph import Call, Dict, Node, Persistent, Set
from ckptgui.formats.pickles.machine import Parsed, parse
from ckptgui.formats.torch_save.inner_streams import open_inner
from ckptgui.formats.torch_save.torch_archive import PICKLE, Archive, prefix_of
from ckptgui.formats.zips.directory import read_directory
from ckptgui.sources.base import ByteSource
from ckptgui.sources.memory import MemorySource
from ckptgui.sources.part import PartSource
from ckptgui.sources.zstd import ZstdStream

MOST = 64 << 20
"""Bytes of one object's pickle, and of a compressed object once it is decoded."""

MOST_IN_ALL = 256 << 20
"""Bytes of all objects' pickles together."""

_MOST_KNOWN = 1 << 16
_MOST_ENDS = 64


class Objects:
    """Reads objects into the graph of the whole; ``names`` are the names in each, ``warnings`` what is odd.

    It is the storages of that graph: a ``Persistent`` whose identity is a ``Storage`` already is that one, any
    other knows its home.
    """

    byteorder: ByteOrder = "little"

    def __init__(self, builder: TableBuilder, check: Check) -> None:
        self._builder = builder
        self._check = check
        self._known: dict[bytes, Node] = {}
        self._ends: dict[int, None] = {}
        self._left = MOST_IN_ALL
        self._owned: dict[int, int] = {}
        self.names: list[list[GlobalName]] = []
        self.warnings: dict[str, None] = {}

    # Reading

    def value(self, head: bytes, name: str, source: ByteSource, offset: int, length: int) -> Node:
        """The object in ``length`` bytes at ``offset``, of which ``head`` are the first.

        Raises ``CheckpointError`` where it cannot be read.
        """
        for end in self._ends:
            known = self._known.get(head[:end], self)
            if known is not self:
                return known
        start = pickle_start(head)
        parsed = None if start is None else parse(head, self._check, start=start)
        if parsed is None or parsed.broken is not None or any(True for _ in persistents(parsed.root)):
            return self.stored(name, source, offset, length)
        if type(parsed.root) in ATOMS and not parsed.refs:
            self._remember(head[: parsed.end], parsed.root)
        return self._taken(parsed, name, source)

    def _remember(self, head: bytes, value: Node) -> None:
        if len(self._known) < _MOST_KNOWN and (len(head) in self._ends or len(self._ends) < _MOST_ENDS):
            self._ends[len(head)] = None
            self._known[head] = value

    def stored(self, name: str, source: ByteSource, offset: int, length: int) -> Node:
        """The object of the whole archive in ``length`` bytes at ``offset``."""
        part = PartSource(source, offset, length)
        return self._archived(name, source, part, lambda extent: extent.moved(offset))

    def decoded(self, name: str, source: ByteSource, offset: int, length: int) -> Node:
        """The same where the bytes are a zstd frame around the archive."""
        whole = whole_frame(ZstdStream(source, offset, length), min(MOST, self._left))
        self._left -= len(whole)
        segments = (Segment(source.identity, offset, length),)

        def within(extent: Extent) -> Extent:
            if extent.codec is not Codec.STORED:
                raise UnsupportedError("It is compressed twice, which is not read.")
            skip = extent.segments[0].offset if extent.segments else 0
            return Extent(extent.nbytes, segments, Codec.ZSTD, extent.byteorder, skip=skip)

        return self._archived(name, source, MemorySource(whole), within)

    def _archived(self, name: str, file: ByteSource, source: ByteSource, move: Callable[[Extent], Extent]) -> Node:
        """The object of an archive; ``move`` says where what lies in it lies in the file."""
        archive = open_whole(source, self._check, min(MOST, self._left))
        self._left -= archive.length
        self._register(archive, name, move)
        for warning in archive.warnings:
            self.warnings[warning] = None
        return self._taken(archive.parsed, name, file)

    def _register(self, archive: Archive, name: str, move: Callable[[Extent], Extent]) -> None:
        """Let each storage identity in the archive's pickle know where it is at home."""
        outside = list(persistents(archive.parsed.root))
        if outside:
            home: Storages = _Moved(archive, outside, f"{name}/", self._builder, move)
            for node in outside:
                node.home = home

    def _taken(self, parsed: Parsed, name: str, file: ByteSource) -> Node:
        """The value of a pickle, with its names and the streams within it noted."""
        refs = parsed.refs
        if parsed.inner:
            inner = open_inner(parsed.refs, parsed.inner, self._builder, self._check)
            refs = inner.refs
            self.warnings.update(dict.fromkeys(inner.warnings))
        if refs:
            self.names.append(judged(refs, f"{name} in {PurePath(file.identity.path).name}"))
        self.warnings.update(dict.fromkeys(parsed.notes))
        return parsed.root

    # The storages of the graph

    def get(self, node: Node) -> Storage:
        """The storage that stands in the graph itself, or the one that its home knows."""
        if type(node) is not Persistent:
            return UNKNOWN
        if type(node.pid) is Storage:
            return node.pid
        found: Storage = UNKNOWN if node.home is None else node.home.get(node)
        return found

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Bytes that stand in an object's pickle, once for each node that owns such."""
        row = self._owned.get(id(owner))
        if row is None:
            row = self._owned[id(owner)] = self._builder.add_storage(None, extent_of(data, byteorder))
        return row

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage in an object."""
        if type(node) is not Persistent or node.home is None:
            return None
        found: bytes | None = node.home.bytes_of(node, start, length)
        return found


class _Moved:
    """The storages that an archive names, registered where they lie in the file and not in the archive."""

    def __init__(
        self,
        archive: Archive,
        named: list[Persistent],
        label: str,
        builder: TableBuilder,
        move: Callable[[Extent], Extent],
    ) -> None:
        within = TableBuilder()
        self._storages = archive.storages(within, label=label)
        for node in named:
            self._storages.get(node)
        self._table = within.build()
        self._builder = builder
        self._move = move
        self._rows: dict[int, int] = {}

    @property
    def byteorder(self) -> ByteOrder:
        """Byte order of the archive."""
        return self._storages.byteorder

    def get(self, node: Node) -> Storage:
        """A storage of the archive, by its row in the table of the whole."""
        found = self._storages.get(node)
        if found.row < 0:
            return found
        try:
            row = self._rows.get(found.row)
            if row is None:
                extent = self._move(self._table.extents[found.row])
                row = self._builder.add_storage(self._table.storage_keys[found.row], extent)
                self._rows[found.row] = row
        except UnsupportedError as error:
            return found._replace(row=-1, error=str(error))
        return found._replace(row=row)

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Bytes of a pickle lie in no archive."""
        return self._builder.add_storage(None, extent_of(data, byteorder))

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage."""
        return self._storages.bytes_of(node, start, length)


def open_whole(source: ByteSource, check: Check, most: int = MOST) -> Archive:
    """A whole archive with a pickle of at most ``most`` bytes; raises ``DamagedFileError``."""
    directory = read_directory(source, check)
    prefix = prefix_of(directory.entries)
    if prefix is None:
        raise DamagedFileError("It is a zip archive without a pickle in it.")
    warnings: list[str] = []
    data = directory.read(source, prefix + PICKLE, most, warnings)
    parsed = parse(data, check)
    if parsed.broken is not None:
        raise DamagedFileError(parsed.broken)
    return Archive(source, directory, prefix, parsed, len(data), warnings=warnings)


def whole_frame(stream: ZstdStream, most: int) -> bytes:
    """A decoded frame of at most ``most`` bytes; raises ``LimitExceededError`` for a longer one."""
    buffer = bytearray(HEAD)
    got = 0
    while (more := stream.read_into(got, memoryview(buffer)[got:])) == len(buffer) - got:
        got += more
        if got > most:
            raise LimitExceededError(f"It is compressed and takes more than {most:,} bytes; it is not read.")
        buffer.extend(bytes(len(buffer)))
    return bytes(memoryview(buffer)[: got + more])


def persistents(root: Node) -> Iterator[Persistent]:
    """Every value in a graph that lies outside its pickle."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if type(node) in _PLAIN or id(node) in seen:
            continue
        seen.add(id(node))
        if type(node) is Persistent:
            yield node
        elif type(node) in (list, tuple):
            left += node
        elif type(node) is Dict:
            left += node.flat
        elif type(node) is Set:
            left += node.items
        elif type(node) is Call:
            left += (node.target, node.args, node.state, node.kwargs, *(node.items or ()), *(node.flat or ()))


_PLAIN = ATOMS - {Persistent}
