"""From a pickle's persistent ids to extents: a storage named ``7`` is the record ``data/7``.

The pickle claims how many elements a storage has, the archive says how many bytes the record holds. They are
two independent numbers; where they disagree the tensors on that storage carry the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ckptgui.core.builder import TableBuilder
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import BY_STORAGE_CLASS, ByteOrder, DType
from ckptgui.core.extents import Codec, Extent, Segment, SourceIdentity
from ckptgui.core.views import Views
from ckptgui.formats.objects.stored_runs import HOMES, UNTYPED, Records, register_run
from ckptgui.formats.pickles.feed import FileBytes, extent_of
from ckptgui.formats.pickles.graph import Node, Persistent, Ref
from ckptgui.formats.pickles.runs import TensorRun
from ckptgui.formats.zips.directory import DEFLATED
from ckptgui.formats.zips.entries import ZipEntry


class Storage(NamedTuple):
    """A storage as a tensor sees it: its extent's row, and the dtype that its class tells, if any."""

    row: int
    dtype: DType | None
    device: str
    error: str | None
    offset: int = 0  # elements in front of it, where it is a view of a larger storage


class StorageClaim(NamedTuple):
    """A persistent id that makes sense: the record's key, the element type (None: bytes), place and length."""

    key: str
    dtype: DType | None
    device: str
    numel: int

    @property
    def nbytes(self) -> int:
        """Bytes that the storage should have."""
        return self.numel if self.dtype is None else self.dtype.nbytes(self.numel)


def claim_of(node: Node) -> StorageClaim | None:
    """What a persistent id says, or None when it is not a storage's."""
    if type(node) is not Persistent:
        return None
    pid = node.pid
    if type(pid) is not tuple or len(pid) < 5 or pid[0].__class__ is not str or pid[0] != "storage":
        return None
    _, storage_class, key, place, numel = pid[:5]
    if type(key) is int:
        key = str(key)
    if type(storage_class) is not Ref or storage_class.module not in HOMES:
        return None
    if type(key) is not str or type(place) is not str or type(numel) is not int or numel < 0:
        return None
    if storage_class.name in UNTYPED:
        return StorageClaim(key, None, place, numel)
    dtype = BY_STORAGE_CLASS.get(storage_class.name)
    return None if dtype is None else StorageClaim(key, dtype, place, numel)


Read = Callable[[int, int], bytes]
"""Bytes at an offset of the source, fewer at its end."""

Place = Callable[[Extent], Extent]
"""Where in the file an extent of the archive lies, for an archive within another."""

UNKNOWN = Storage(-1, None, "cpu", "The pickle does not say which storage it lies in.")


class _Known(NamedTuple):
    row: int
    size: int
    cut: bool
    missing: bool


class ZipStorages:
    """Storages of one archive. Registers each with the builder the first time that a tensor uses it."""

    def __init__(
        self,
        builder: TableBuilder,
        find: Callable[[str], ZipEntry | None],
        identity: SourceIdentity,
        byteorder: ByteOrder,
        read: Read,
        cut: bool,
        label: str = "",
        place: Place | None = None,
        records: Records | None = None,
    ) -> None:
        self._builder = builder
        self._find = find
        self._identity = identity
        self._byteorder = byteorder
        self._read = read
        self._cut = cut
        self._label = label
        self._place = place
        self._records = records
        self._known: dict[str, _Known] = {}
        self._owned: dict[int, int] = {}
        self.rows: dict[str, int] = {}

    def get(self, node: Node) -> Storage:
        """The storage that a persistent id names; with an error when it cannot be what it claims."""
        claim = claim_of(node)
        if claim is None:
            return UNKNOWN
        key, dtype, device, numel = claim
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._register(claim)
        row, size, _, missing = known
        if missing or size < (numel if dtype is None else dtype.nbytes(numel)):
            return Storage(row, dtype, device, self._disagreement(claim, known))
        return Storage(row, dtype, device, None)

    def get_all(self, run: TensorRun) -> Views | None:
        """The tensors of a run, if nothing is wrong with the storage of any; None leaves them to ``get``."""
        return register_run(run, self._records, self.rows, self._builder) if self._records else None

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Register bytes that stand in the pickle itself, once for each node that owns such."""
        row = self._owned.get(id(owner))
        if row is None:
            row = self._owned[id(owner)] = self._builder.add_storage(None, extent_of(data, byteorder))
        return row

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a stored record: parameters of a quantisation, which belong to the description."""
        claim = claim_of(node)
        entry = self._find(claim.key) if claim else None
        if entry is None or entry.method == DEFLATED or start < 0 or start + length > entry.compressed:
            return None
        data = self._read(entry.data_offset + start, length)
        return data if len(data) == length else None

    @property
    def byteorder(self) -> ByteOrder:
        """Byte order of the records."""
        return self._byteorder

    def _register(self, claim: StorageClaim) -> _Known:
        """Give a storage its row, without much ado where it is a record as torch writes it."""
        records = self._records
        name = "" if records is None else records.folder + claim.key
        stored = None if records is None else records.entries.stored(name)
        if records is None or stored is None or name in self.rows:
            return self._described(claim)
        row = self._builder.place_storage(records.label + claim.key, self._identity, *stored, records.byteorder)
        self.rows[name] = row
        return _Known(row, stored[1], cut=False, missing=False)

    def _described(self, claim: StorageClaim) -> _Known:
        entry = self._find(claim.key)
        key = self._label + claim.key
        if entry is None:
            row = self._builder.add_storage(key, Extent(claim.nbytes, byteorder=self._byteorder))
            return _Known(row, 0, self._cut, missing=claim.nbytes > 0)
        codec = Codec.DEFLATE if entry.method == DEFLATED else Codec.STORED
        size = entry.size if codec is Codec.STORED or entry.whole else 0
        if entry.name in self.rows:  # by a run
            return _Known(self.rows[entry.name], size, not entry.whole, missing=False)
        segments = (Segment(self._identity, entry.data_offset, entry.compressed),) if entry.compressed else ()
        here = entry.compressed if codec is Codec.STORED else entry.size
        extent = Extent(entry.size, segments, codec, self._byteorder)
        extent = extent if self._place is None else self._place(extent)
        row = self._builder.add_storage(key, extent, min(here, entry.size))
        self.rows[entry.name] = row
        return _Known(row, size, not entry.whole, missing=False)

    def _disagreement(self, claim: StorageClaim, known: _Known) -> str:
        key, claimed = display(claim.key), amount(claim.nbytes)
        if known.cut:
            return f"The file is cut short: the {claimed} bytes of its storage “{key}” are not all there."
        if known.missing:
            return f"Its storage “{key}” of {claimed} bytes is not in the file."
        return f"Its storage “{key}” claims {claimed} bytes, but its record has {known.size:,}."
