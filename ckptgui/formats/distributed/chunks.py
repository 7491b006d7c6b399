"""A piece of a distributed tensor: a whole archive of ``torch.save`` in a stretch of a file, and what lies where.

There are tens of thousands of them, and those of equal shape and type begin with equal bytes up to the values.
So a look at the first kilobyte tells it, and beginnings that were understood once are known again; whatever is
not as torch writes it is left to the reader of whole archives.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.core.dtypes import ByteOrder, DType
from ckptgui.core.tensors import TensorKind, contiguous_strides
from ckptgui.formats.objects.rebuild import spec_of
from ckptgui.formats.objects.storages import UNKNOWN, Storage, StorageClaim, claim_of
from ckptgui.formats.objects.tensor_spec import TensorSpec
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import Node
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.torch_archive import PICKLE
from ckptgui.formats.zips.local import REFUSED_FLAGS

HEAD = 1024
"""Bytes at the start of a piece that tell where its values begin, unless they are aligned to more than 64."""

_MOST_KNOWN = 1 << 16
_MOST_STARTS = 32

_LOCAL = struct.Struct("<4s2x2H16x2H")
"""Signature, flags, method, and lengths of name and extra field of a record's own header in a zip."""


class Plain(NamedTuple):
    """A plain tensor in an archive: its view, and its storage's ``nbytes`` at byte ``data`` of the archive.

    ``strides`` are None where they are row-major.
    """

    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    offset: int
    nbytes: int
    data: int
    device: str


class PlainPieces:
    """Recognises the beginnings of archives that hold one plain tensor, and remembers those it has seen."""

    def __init__(self) -> None:
        self._known: dict[bytes, Plain | None] = {}
        self._starts: dict[int, None] = {}

    def look(self, head: bytes) -> Plain | None:
        """The tensor in the archive that begins with ``head``; None where that needs a longer look."""
        for start in self._starts:
            found = self._known.get(head[:start])
            if found is not None:
                return found
        found = plain_at(head)
        if found is not None and len(self._starts) < _MOST_STARTS and len(self._known) < _MOST_KNOWN:
            self._starts[found.data] = None
            self._known[head[: found.data]] = found
        return found


def plain_at(head: bytes) -> Plain | None:
    """Understand the beginning of an archive: its pickle, then a record with the values as they are."""
    start = pickle_start(head)
    if start is None:
        return None
    parsed = parse(head, start=start)
    if parsed.broken or parsed.notes or parsed.inner:
        return None
    if any(name.use is not GlobalClass.KNOWN for name in judge(parsed.refs)):
        return None
    storages = _OneStorage()
    spec = spec_of(parsed.root, storages)
    claim = storages.claim
    if spec is None or claim is None or not is_plain(spec):
        return None
    prefix = head[_LOCAL.size : head.index(PICKLE.encode())]
    found = _find(head, prefix + b"data/" + claim.key.encode(), parsed.end)
    if found is None or not _is_little(head, prefix, parsed.end, found):
        return None
    strides = None if spec.strides == contiguous_strides(spec.shape) else spec.strides
    return Plain(spec.dtype, spec.shape, strides, spec.offset, claim.nbytes, found, spec.device)


def pickle_start(head: bytes) -> int | None:
    """Where the pickle begins in an archive that has it first, stored as it is."""
    record = _record(head, 0)
    if record is None or record[0].rpartition(b"/")[2] != PICKLE.encode():
        return None
    return record[1]


def is_plain(spec: TensorSpec) -> bool:
    """Whether a tensor is a strided view of one storage and nothing more."""
    return (
        spec.error is None
        and spec.layout == "strided"
        and spec.kind in (TensorKind.TENSOR, TensorKind.PARAMETER)
        and not (spec.conj or spec.neg or spec.extra or spec.components)
        and spec.storage >= 0
    )


def _record(head: bytes, at: int) -> tuple[bytes, int] | None:
    """Name and first byte of the stored record whose header stands at ``at``."""
    if len(head) < at + _LOCAL.size:
        return None
    signature, flags, method, name, extra = _LOCAL.unpack_from(head, at)
    if signature != b"PK\x03\x04" or method or flags & REFUSED_FLAGS:
        return None
    return head[at + _LOCAL.size : at + _LOCAL.size + name], at + _LOCAL.size + name + extra


def _find(head: bytes, name: bytes, after: int) -> int | None:
    """Where the bytes of a record begin, if its header is found behind ``after``."""
    at = head.find(name, after)
    if at < _LOCAL.size:
        return None
    record = _record(head, at - _LOCAL.size)
    return record[1] if record is not None and record[0] == name and record[1] <= len(head) else None


def _is_little(head: bytes, prefix: bytes, after: int, data: int) -> bool:
    """Whether the archive's numbers have their least byte first; it says so before the values, or not at all."""
    at = _find(head[:data], prefix + b"byteorder", after)
    return at is None or head.startswith(b"little", at)


class _OneStorage:
    """Stands in for an archive's storages: there is one, and what is claimed of it is noted."""

    byteorder: ByteOrder = "little"

    def __init__(self) -> None:
        self.claim: StorageClaim | None = None

    def get(self, node: Node) -> Storage:
        """The one storage; a second one makes the tensor no plain one."""
        claim = claim_of(node)
        if claim is None or self.claim is not None:
            self.claim = None
            return UNKNOWN
        self.claim = claim
        return Storage(0, claim.dtype, claim.device, None)

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Bytes in the pickle are nothing plain."""
        return -1

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """Nothing is read."""
        return None
