"""The stream that torch.save wrote until 1.5: five pickles end to end, then the storages one after the other.

Facts from ``torch/serialization.py`` (``_legacy_save``, ``_legacy_load``) and, for the byte order, from
``torch/csrc/generic/serialization.cpp``: whatever machine wrote it, numbers are little-endian. Where a storage
lies is known only by walking over those before it; that is done once, eight bytes a storage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ckptgui.core.display import amount, display
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.objects.storages import StorageClaim, claim_of
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.graph import Call, LongText, Node, Persistent, Ref, entries
from ckptgui.formats.pickles.machine import Parsed, parse, parse_file
from ckptgui.sources.base import read_exactly

MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle."""

VERSION = 1001
"""The second pickle."""

_CHECK_EVERY = 4096


def begins_stream(head: bytes) -> bool:
    """Whether these first bytes are the magic number, in whatever protocol it was pickled."""
    if head[:1] not in (b"\x80", b"L"):
        return False
    first = parse(head[:64])
    return first.broken is None and first.root.__class__ is int and first.root == MAGIC


class Place(NamedTuple):
    """Where a storage's values begin in the file, and how many elements the file says that it has."""

    offset: int
    numel: int


@dataclass
class StorageIndex:
    """Where storages lie, by their keys, and what was claimed of them.

    ``damage`` says why storages at the end cannot be found; ``cut`` that the reason is an early end.
    ``reached`` is one past the last byte known.
    """

    claims: dict[str, StorageClaim] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    reached: int = 0
    damage: str | None = None
    cut: bool = False

    def add(self, key: str, claim: StorageClaim, place: int, feed: Feed) -> int:
        """Note the storage whose length stands at ``place``; gives where the next one begins."""
        numel = int.from_bytes(read_exactly(feed.source, place, 8), "little", signed=True)
        size = itemsize(claim)
        if numel != claim.numel and not 0 <= numel * size <= feed.end - place:
            self.places[key] = Place(place + 8, -1)  # the tensors on it say so; those behind it may be whole
            numel = claim.numel
        else:
            self.places[key] = Place(place + 8, numel)
        after = place + 8 + numel * size
        self.reached = min(after, feed.end)
        return after


@dataclass
class LegacyStream:
    """What one stream holds. ``object`` is its fourth pickle; ``first`` is where the storages begin.

    ``code`` has the source text of modules by the name of their class.
    """

    object: Parsed
    others: tuple[Parsed, ...]
    little_endian: bool
    first: int
    index: StorageIndex
    code: tuple[tuple[str, str], ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Every name in the pickles; torch puts names into the fourth alone."""
        return tuple(ref for parsed in (self.object, *self.others) for ref in parsed.refs)

    @property
    def inner(self) -> tuple[Call, ...]:
        """Calls that would unpickle in turn."""
        return tuple(call for parsed in (self.object, *self.others) for call in parsed.inner)


class Outside:
    """What persistent ids stand for in this stream: a storage, or a module's class with its source beside it."""

    def __init__(self, home: Any = None) -> None:
        self._home = home
        self.claims: dict[str, StorageClaim] = {}
        self.code: dict[str, str] = {}

    def __call__(self, pid: Node) -> Node:
        """The node for a persistent id; of several claims on a storage the first counts, as in torch."""
        if type(pid) is tuple and len(pid) == 4 and _is_word(pid[0], "module") and type(pid[1]) is Ref:
            source = pid[3].raw.decode("utf-8", "replace") if type(pid[3]) is LongText else pid[3]
            if type(source) is str and source:
                self.code.setdefault(pid[1].path, source)
            return pid[1]
        node = Persistent(pid, self._home)
        claim = claim_of(node)
        if claim is not None:
            self.claims.setdefault(claim.key, claim)
        return node


def _is_word(node: Node, word: str) -> bool:
    return type(node) is str and node == word


def open_stream(feed: Feed, start: int, check: Check, home: Any = None) -> LegacyStream:
    """Read the pickles at ``start`` and index the storages; ``home`` goes into every ``Persistent``.

    Raises ``DamagedFileError`` where nothing of the object can be told.
    """
    version = parse_file(feed, parse_file(feed, start, check).end, check)
    if version.broken is not None:
        raise DamagedFileError(
            f"The file is cut short: its {feed.end - start:,} bytes end before the list of tensors."
        )
    if version.root.__class__ is not int or version.root != VERSION:
        raise DamagedFileError(f"Its version of torch's older format is not {VERSION}, the only one there is.")
    system = parse_file(feed, version.end, check)
    if system.broken is not None:
        raise DamagedFileError(f"Its description of the system that wrote it breaks off: {system.broken}")
    outside = Outside(home)
    saved = parse_file(feed, system.end, check, outside=outside)
    keys = parse_file(feed, saved.end, check) if saved.broken is None else None
    little = dict(entries(system.root) or ()).get("little_endian") is not False
    others = (version, system) if keys is None else (version, system, keys)
    stream = LegacyStream(
        saved, others, little, saved.end, StorageIndex(outside.claims), tuple(outside.code.items())
    )
    if keys is None:
        stream.index.damage, stream.index.cut = saved.broken, saved.cut
    else:
        stream.first = keys.end
        _walk(stream.index, feed, keys, check)
    return stream


def _walk(index: StorageIndex, feed: Feed, keys: Parsed, check: Check) -> None:
    """Walk over the storages in the order of their keys."""
    names = keys.root if type(keys.root) is list else []
    place = index.reached = keys.end
    if keys.broken is not None or not all(type(name) is str for name in names):
        index.damage, index.cut = keys.broken or "Its list of storages makes no sense.", keys.cut
        return
    for count, name in enumerate(names):
        if count % _CHECK_EVERY == 0:
            check()
        claim = index.claims.get(name)
        if claim is None:
            index.damage = f"No tensor says how long its storage “{display(name)}” is; those behind it are lost."
            return
        if name in index.places:
            index.damage = f"Its list of storages names “{display(name)}” twice; those behind it are lost."
            return
        if place + 8 > feed.end:
            index.damage, index.cut = f"The file is cut short: {_lost(len(names) - count)}.", True
            return
        place = index.add(name, claim, place, feed)
    if place > feed.end:
        index.damage, index.cut = f"The file is cut short: it should have {amount(place)} bytes at least.", True


def _lost(count: int) -> str:
    return "its last storage is not there" if count == 1 else f"its last {count:,} storages are not there"


def itemsize(claim: StorageClaim) -> int:
    """Bytes of an element as torch counts them here, one where they are less than a byte."""
    return 1 if claim.dtype is None else claim.dtype.itemsize


def nbytes_of(claim: StorageClaim, numel: int) -> int:
    """Bytes of a storage of as many elements, each of its own size as torch counts it here."""
    return numel * itemsize(claim)
