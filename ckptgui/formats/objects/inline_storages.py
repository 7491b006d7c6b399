"""Values whose bytes stand in the pickle itself; a pickle by itself has no others."""

from __future__ import annotations

from ckptgui.core.builder import TableBuilder
from ckptgui.core.display import display
from ckptgui.core.dtypes import ByteOrder
from ckptgui.formats.objects.storages import UNKNOWN, Storage, claim_of
from ckptgui.formats.pickles.feed import FileBytes, extent_of
from ckptgui.formats.pickles.graph import Node


class InlineStorages:
    """Registers with the builder what stands in a pickle, each value once."""

    byteorder: ByteOrder = "little"

    def __init__(self, builder: TableBuilder) -> None:
        self._builder = builder
        self._owned: dict[int, int] = {}

    def get(self, node: Node) -> Storage:
        """A storage beside the pickle, as that of an unpacked ``data.pkl``, is not here."""
        claim = claim_of(node)
        if claim is None:
            return UNKNOWN
        reason = f"Its storage “{display(claim.key)}” lies beside this pickle and not in it."
        return Storage(-1, claim.dtype, claim.device, reason)

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Register bytes that stand in the pickle itself, once for each node that owns such."""
        row = self._owned.get(id(owner))
        if row is None:
            row = self._owned[id(owner)] = self._builder.add_storage(None, extent_of(data, byteorder))
        return row

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """Nothing: there are no storages."""
        return None
