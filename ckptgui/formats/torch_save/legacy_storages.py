"""From the persistent ids of torch's older stream to extents, views of a storage included."""

from __future__ import annotations

from ckptgui.core.builder import TableBuilder
from ckptgui.core.display import amount, display
from ckptgui.core.extents import Extent
from ckptgui.core.records import Record
from ckptgui.formats.objects.inline_storages import InlineStorages
from ckptgui.formats.objects.storages import UNKNOWN, Storage, StorageClaim, claim_of
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.graph import Node
from ckptgui.formats.torch_save.legacy_stream import StorageIndex, nbytes_of
from ckptgui.sources.base import read_exactly


class LegacyStorages(InlineStorages):
    """Storages of one stream. Registers each with the builder the first time that a tensor uses it.

    ``label`` stands before their keys, where the stream is one of several.
    """

    def __init__(self, builder: TableBuilder, feed: Feed, index: StorageIndex, label: str = "") -> None:
        super().__init__(builder)
        self._feed = feed
        self._label = label
        self._index = index
        self.rows: dict[str, int] = {}

    def get(self, node: Node) -> Storage:
        """The storage that a persistent id names; with an error when it cannot be what it claims."""
        claim = claim_of(node)
        if claim is None:
            return UNKNOWN
        row = self.rows.get(claim.key)
        if row is None:
            row = self.rows[claim.key] = self._register(claim)
        offset, error = self._view(node.pid, claim)
        return Storage(row, claim.dtype, claim.device, self._disagreement(claim) or error, offset)

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage: parameters of a quantisation, which belong to the description."""
        claim = claim_of(node)
        place = self._index.places.get(claim.key) if claim else None
        if place is None or claim is None or start < 0 or start + length > nbytes_of(claim, place.numel):
            return None
        begin = place.offset + start
        data = read_exactly(self._feed.source, begin, min(length, self._feed.end - begin))
        return data if len(data) == length else None

    def _register(self, claim: StorageClaim) -> int:
        place = self._index.places.get(claim.key)
        nbytes = nbytes_of(claim, claim.numel)
        extent = Extent(nbytes) if place is None else self._feed.extent(place.offset, nbytes)
        return self._builder.add_storage(self._label + claim.key, extent)

    def _disagreement(self, claim: StorageClaim) -> str | None:
        place = self._index.places.get(claim.key)
        key = display(claim.key)
        if place is None:
            why = self._index.damage
            return f"Its storage “{key}” is not there.{f' {why}' if why else ''}" if claim.numel else None
        if place.numel != claim.numel:
            found = f"{place.numel:,}" if place.numel >= 0 else "an impossible number"
            return f"Its storage “{key}” claims {amount(claim.numel)} elements; before its values stands {found}."
        return None

    def _view(self, pid: tuple[Node, ...], claim: StorageClaim) -> tuple[int, str | None]:
        """Where a view of the storage begins, in elements: ``(key, offset, size)`` behind the claim."""
        view = pid[5] if len(pid) > 5 else None
        if view is None:
            return 0, None
        if type(view) is not tuple or len(view) != 3 or type(view[1]) is not int or type(view[2]) is not int:
            return 0, "The part of its storage that it is a view of is not described."
        _, offset, size = view
        if offset < 0 or size < 0 or offset + size > claim.numel:
            return 0, f"Its view of {amount(size)} elements at {amount(offset)} is outside its storage."
        return offset, None


def storage_records(index: StorageIndex, rows: dict[str, int]) -> list[Record]:
    """Each storage that was found, without the number in front of it."""
    found = []
    for key, place in index.places.items():
        length = nbytes_of(index.claims[key], max(place.numel, 0))
        here = max(0, min(length, index.reached - place.offset))
        found.append(Record(key, 0, place.offset, here, rows.get(key, -1)))
    return found
