"""What torch wrote into bytes within a pickle: a storage or tensor that was copied or pickled without torch.save.

``torch.storage._load_from_bytes`` hands its bytes to ``torch.load`` with everything allowed. Here the stream in
them is read as inertly as the file around it: its names are listed, its object takes the place of the call, its
storages lie where they lie in the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from ckptgui.core.builder import TableBuilder
from ckptgui.core.dtypes import ByteOrder
from ckptgui.errors import DamagedFileError, UnknownFormatError
from ckptgui.formats.base import HEAD, Check, Probe
from ckptgui.formats.objects.numpy_nodes import data_of
from ckptgui.formats.objects.storages import Storage
from ckptgui.formats.objects.tensor_spec import Storages
from ckptgui.formats.pickles.feed import Feed, FileBytes, feed_of
from ckptgui.formats.pickles.graph import Call, Dict, Node, Persistent, Ref, Set
from ckptgui.formats.pickles.machine import Parsed, parse_file
from ckptgui.formats.pickles.stream import LOAD_FROM_BYTES
from ckptgui.formats.torch_save.legacy_storages import LegacyStorages
from ckptgui.formats.torch_save.legacy_stream import begins_stream, open_stream
from ckptgui.formats.torch_save.torch_archive import open_archive
from ckptgui.sources.base import read_exactly
from ckptgui.sources.part import PartSource

MAX_LEVELS = 8
"""Streams within streams that are followed."""

MAX_BYTES = 256 << 20
"""Bytes of pickles that are looked at in all; one value may hold very many."""


@dataclass
class Inner:
    """``refs`` are all names, the outermost first; ``opened`` says how many streams with storages were found."""

    refs: tuple[Ref, ...] = ()
    opened: int = 0
    warnings: list[str] = field(default_factory=list)

    def routed(self, outer: Storages) -> Storages:
        """Storages that find those of the streams within, too."""
        return _Routed(outer) if self.opened else outer


def open_inner(refs: Iterable[Ref], calls: Iterable[Call], builder: TableBuilder, check: Check) -> Inner:
    """Open what ``calls`` would unpickle, level by level; each becomes the object that it would load."""
    return _Opening(builder, check).open(refs, calls)


def names(parsed: Parsed, check: Check = lambda: None) -> tuple[Ref, ...]:
    """Every name of a pickle, then those of the pickles within it, each once."""
    return open_inner(parsed.refs, parsed.inner, TableBuilder(), check).refs


class _Opening:
    def __init__(self, builder: TableBuilder, check: Check) -> None:
        self._builder = builder
        self._check = check
        self._found: dict[str, Ref] = {}
        self._roots: dict[int, tuple[Node, Node]] = {}  # by the identity of the value, which is kept alive
        self._left = MAX_BYTES
        self._closed = False  # something that would be unpickled is no stream of torch's
        self._inner = Inner()

    def open(self, refs: Iterable[Ref], calls: Iterable[Call]) -> Inner:
        self._found = {ref.path: ref for ref in refs}
        level = list(calls)
        for _ in range(MAX_LEVELS):
            level = [deeper for call in level for deeper in self._open(call)]
        if level:
            self._warn(f"Streams within one another more than {MAX_LEVELS} deep are not looked at.")
        loader = self._found.get(LOAD_FROM_BYTES)
        if loader is not None:
            loader.opened = not level and not self._closed
        self._inner.refs = tuple(self._found.values())
        return self._inner

    def _open(self, call: Call) -> tuple[Call, ...]:
        """Read the stream that a call unpickles, put its object in the call's place; the calls in it."""
        data = data_of(call.args[0])
        if not data:
            self._closed = True
            return ()
        value = call.args[0]
        deeper: tuple[Call, ...] = ()
        if id(value) not in self._roots:
            self._check()
            root, deeper = self._read(data)
            self._roots[id(value)] = value, root
        root = self._roots[id(value)][1]
        if call.path == LOAD_FROM_BYTES and root is not None:
            _become(call, root)
        else:
            self._closed = True
        return deeper

    def _read(self, data: bytes | FileBytes) -> tuple[Node, tuple[Call, ...]]:
        if self._left <= 0:
            self._warn(f"More than {MAX_BYTES:,} bytes of pickles within pickles are not looked at.")
            return None, ()
        feed, start = feed_of(data)
        head = read_exactly(feed.source, start, min(HEAD, len(data)))
        try:
            if begins_stream(head):
                return self._legacy(feed, start)
            if head.startswith(b"PK\x03\x04"):
                return self._zip(feed, start, head)
            parsed = parse_file(feed, start, self._check)
        except (DamagedFileError, UnknownFormatError) as error:
            self._warn(f"A stream within its pickle cannot be read: {error}")
            return None, ()
        self._left -= parsed.end - start
        self._add(parsed.refs)
        return None, parsed.inner

    def _zip(self, feed: Feed, start: int, head: bytes) -> tuple[Node, tuple[Call, ...]]:
        self._inner.opened += 1
        part = PartSource(feed.source, start, feed.end - start)
        home = Home()
        probe = Probe(part.identity.path, head, part.size, part)
        archive = open_archive(probe, self._check, lambda pid: Persistent(pid, home))
        label = f"{self._inner.opened}/"
        home.storages = archive.storages(self._builder, label=label, place=partial(feed.placed, start))
        self._left -= archive.length
        self._add(archive.parsed.refs)
        for warning in archive.warnings:
            self._warn(f"A stream within its pickle is damaged: {warning}")
        return archive.parsed.root, archive.parsed.inner

    def _legacy(self, feed: Feed, start: int) -> tuple[Node, tuple[Call, ...]]:
        self._inner.opened += 1
        home = Home()
        stream = open_stream(feed, start, self._check, home)
        home.storages = LegacyStorages(self._builder, feed, stream.index, f"{self._inner.opened}/")
        self._left -= stream.first - start
        self._add(stream.refs)
        if stream.index.damage is not None:
            self._warn(f"A stream within its pickle is damaged: {stream.index.damage}")
        return stream.object.root, stream.inner

    def _add(self, refs: tuple[Ref, ...]) -> None:
        for ref in refs:
            known = self._found.setdefault(ref.path, ref)
            if known is ref:
                ref.offset = -1  # it counts in the bytes within
            known.called |= ref.called
            known.made |= ref.made
            known.tampered |= ref.tampered

    def _warn(self, sentence: str) -> None:
        if sentence not in self._inner.warnings:
            self._inner.warnings.append(sentence)


def _become(call: Call, root: Node) -> None:
    """Let a call be the object that it would load. A node keeps its identity, so all who hold it see that."""
    if type(root) is Call:
        for name in ("target", "args", "makes", "kwargs", "items", "flat", "state"):
            setattr(call, name, getattr(root, name))
    elif type(root) is Dict:
        call.target, call.args, call.flat = Ref("collections", "OrderedDict"), (), root.flat
    elif type(root) in (list, tuple, Set):
        call.target, call.args = Ref("builtins", "list"), (root.items if type(root) is Set else root,)
    else:
        call.args = (root,)


class Home:
    """Stands in a ``Persistent`` for the storages of its stream, which are known once that has been read."""

    __slots__ = ("storages",)

    def __init__(self) -> None:
        self.storages: Storages | None = None


class _Routed:
    """Sends each storage to the stream that has it."""

    def __init__(self, outer: Storages) -> None:
        self._outer = outer

    @property
    def byteorder(self) -> ByteOrder:
        """That of the outermost stream; those within are little-endian."""
        return self._outer.byteorder

    def get(self, node: Node) -> Storage:
        """The storage of a persistent id, or of a call that became one."""
        storages, node = self._home(node)
        return storages.get(node)

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Register bytes of the pickle itself."""
        return self._outer.inline(data, byteorder, owner)

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage, or None."""
        storages, node = self._home(node)
        return storages.bytes_of(node, start, length)

    def _home(self, node: Node) -> tuple[Storages, Node]:
        if type(node) is Call and node.path == LOAD_FROM_BYTES and type(node.args) is tuple and node.args:
            node = node.args[0]
        if type(node) is Persistent and type(node.home) is Home and node.home.storages is not None:
            return node.home.storages, node
        return self._outer, node
