"""From a tensor's description to where its bytes lie: one stretch of a file, or blocks of several files."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from ckptgui.core.builder import MAX_NDIM, TableBuilder
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.core.extents import Assembly, Block, Codec, Extent, Segment
from ckptgui.core.tensors import contiguous_strides
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.chunks import Plain, is_plain
from ckptgui.formats.distributed.files import DataFiles
from ckptgui.formats.distributed.looks import Looks
from ckptgui.formats.distributed.metadata import Piece, SavedTensor, Slice
from ckptgui.formats.distributed.objects import Objects, open_whole
from ckptgui.formats.distributed.tiling import tiling_error, told
from ckptgui.formats.objects.rebuild import spec_of
from ckptgui.formats.objects.storages import Storage
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref
from ckptgui.sources.part import PartSource

ZSTD = "stream.zstd"
"""The one transform that torch brings (``torch/distributed/checkpoint/_extension.py``), version 1."""

_REBUILD = Ref("torch._utils", "_rebuild_tensor_v2")
_HOOKS = Call(Ref("collections", "OrderedDict"), ())


class Located(NamedTuple):
    """A piece whose bytes are known: its extent and the view of it (strides None: row-major)."""

    extent: Extent
    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    offset: int


Stretch = tuple[str, Segment, int]
"""A record for the ribbon: its name, where it lies, and the row of the storage whose bytes are in it."""


@dataclass
class Tensors:
    """Gives each described tensor its place in the graph. ``stretches`` are the records for the ribbon."""

    builder: TableBuilder
    files: DataFiles
    looks: Looks
    objects: Objects
    check: Check
    stretches: list[Stretch] = field(default_factory=list)
    _right: set[tuple[int, tuple[int, ...], str]] = field(default_factory=set)

    def leaf(self, name: str, tensor: SavedTensor) -> Node:
        """The node of a tensor: a view of a storage that is registered, or the reason why there is none."""
        dtype = tensor.dtype
        try:
            if tensor.error is not None or dtype is None:
                raise DamagedFileError(tensor.error or "Its element type is not known.")
            pieces = _whole(tensor)
            if not pieces:  # nothing to read
                row = self.builder.add_storage(None, Extent(0))
                return _node(Storage(row, dtype, "cpu", None), tensor.shape)
            if len(pieces) == 1:
                return self._single(name, tensor, pieces[0], dtype)
            return self._assembled(name, tensor, pieces, dtype)
        except CheckpointError as error:
            return _node(Storage(-1, dtype, "cpu", str(error)), tensor.shape)

    def _single(self, name: str, tensor: SavedTensor, piece: Piece, dtype: DType) -> Node:
        place = self._place(piece)
        found = self._plain(place)
        if found is None:
            return self._odd(name, piece, place, dtype)
        located = _checked(self._located(place, found), piece, dtype)
        row = self.builder.add_storage(None, located.extent)
        self.stretches.append((name, located.extent.segments[0], row))
        storage = Storage(row, dtype, found.device, None)
        return _node(storage, located.shape, located.offset, located.strides)

    def _assembled(self, name: str, tensor: SavedTensor, pieces: list[Piece], dtype: DType) -> Node:
        blocks = [self._block(piece, self._place(piece), dtype) for piece in pieces]
        order = {block.extent.byteorder for block in blocks}
        if len(order) > 1:
            raise DamagedFileError("Its pieces were written by machines of different byte orders.")
        assembly = Assembly(tensor.shape, dtype.itemsize, tuple(blocks))
        extent = Extent(dtype.nbytes(math.prod(tensor.shape)), byteorder=order.pop(), assembly=assembly)
        row = self.builder.add_storage(None, extent, extent.nbytes)
        self.stretches += [(f"{name} at {block.offsets}", block.extent.segments[0], row) for block in blocks]
        return _node(Storage(row, dtype, "cpu", None), tensor.shape)

    def _block(self, piece: Piece, place: Slice, dtype: DType) -> Block:
        """One of several pieces; what was found right of a beginning is right of every equal one."""
        found = self._plain(place)
        key = id(found), piece.sizes, dtype.name
        if found is None or key not in self._right:
            located = _checked(self._piece(place, found), piece, dtype)
            self._right.add(key)
            extent, offset, strides = located.extent, located.offset, located.strides
        else:
            extent, offset, strides = self._extent(place, found), found.offset, found.strides
        return Block(piece.offsets, piece.sizes, extent, offset, strides)

    def _place(self, piece: Piece) -> Slice:
        """Where a piece lies; raises when it lies nowhere."""
        if piece.place is None:
            raise DamagedFileError(f"The .metadata does not say where its piece at {told(piece.offsets)} lies.")
        problem = self.files.problem(piece.place)
        if problem is not None:
            raise DamagedFileError(problem)
        return piece.place

    def _plain(self, place: Slice) -> Plain | None:
        """What a look tells of a stretch."""
        if place.transforms:
            require_zstd(place.transforms)
            return self.looks.decoded(place)
        found = self.looks.found.get(place[:2])
        if isinstance(found, Plain):
            return found
        if found is not None and not found.startswith(b"PK"):
            raise DamagedFileError(
                f"What lies at byte {place.offset:,} of {display(place.file)} is not what torch.save writes."
            )
        return None

    def _located(self, place: Slice, found: Plain) -> Located:
        return Located(self._extent(place, found), found.dtype, found.shape, found.strides, found.offset)

    def _extent(self, place: Slice, found: Plain) -> Extent:
        """The bytes of a plain tensor in its archive's stretch; raises where they do not fit into it."""
        identity = self.files.known[place.file]
        if place.transforms:
            segments = (Segment(identity, place.offset, place.length),)
            return Extent(found.nbytes, segments, Codec.ZSTD, skip=found.data)
        if found.data + found.nbytes > place.length:
            raise DamagedFileError(
                f"Its {found.nbytes:,} bytes do not fit into their {place.length:,} of {display(place.file)}."
            )
        return Extent(found.nbytes, (Segment(identity, place.offset + found.data, found.nbytes),))

    def _piece(self, place: Slice, found: Plain | None) -> Located:
        """One of several pieces, with a longer look where that is needed."""
        if found is not None:
            return self._located(place, found)
        if place.transforms:
            raise DamagedFileError(
                f"What is compressed at byte {place.offset:,} of {display(place.file)} is no tensor."
            )
        source = self.files.source(place.file)
        scratch = TableBuilder()
        archive = open_whole(PartSource(source, place.offset, place.length), self.check)
        spec = spec_of(archive.parsed.root, archive.storages(scratch))
        if spec is None or not is_plain(spec):
            reason = spec.error if spec is not None and spec.error else "It is no plain tensor."
            raise DamagedFileError(f"Its piece at byte {place.offset:,} of {display(place.file)} is odd: {reason}")
        extent = scratch.build().extents[spec.storage].moved(place.offset)
        return Located(extent, spec.dtype, spec.shape, spec.strides, spec.offset)

    def _odd(self, name: str, piece: Piece, place: Slice, dtype: DType) -> Node:
        """A whole tensor that is no plain one: sparse, quantised, conjugated, or written by other means."""
        source = self.files.source(place.file)
        offset = place.offset
        if place.transforms:
            node = self.objects.decoded(name, source, offset, place.length)
        else:
            node = self.objects.stored(name, source, offset, place.length)
        spec = spec_of(node, self.objects)
        if spec is None:
            raise DamagedFileError(f"What lies at byte {offset:,} of {display(place.file)} is no tensor.")
        if spec.error is None:
            _check_geometry(spec.dtype, spec.shape, piece, dtype)
        if spec.storage >= 0:
            segment = Segment(source.identity, offset, place.length)
            self.stretches.append((name, segment, spec.storage))
        return node


def require_zstd(transforms: tuple[str, ...]) -> None:
    """Raise for anything but one zstd of a version that is known."""
    for transform in transforms:
        name, _, version = transform.partition("/")
        if name != ZSTD or version.partition(".")[0] != "1":
            raise DamagedFileError(f"Its bytes went through “{display(transform)}”, which is not known here.")
    if len(transforms) > 1:
        raise DamagedFileError(
            f"Its bytes went through {len(transforms):,} transforms, which are not undone here."
        )


def _whole(tensor: SavedTensor) -> list[Piece]:
    """The pieces that have elements, each once; raises where they do not make up the tensor."""
    if any(size < 0 for size in tensor.shape) or len(tensor.shape) > MAX_NDIM:
        raise DamagedFileError("Its shape makes no sense.")
    distinct = {(piece.offsets, piece.sizes): piece for piece in reversed(tensor.pieces) if 0 not in piece.sizes}
    pieces = list(distinct.values())[::-1]
    if 0 in tensor.shape and not pieces:
        return []
    problem = tiling_error(tensor.shape, [(piece.offsets, piece.sizes) for piece in pieces])
    if problem is not None:
        raise DamagedFileError(problem)
    return pieces


def _checked(located: Located, piece: Piece, dtype: DType) -> Located:
    """A piece that is what its description says; raises when it is not."""
    _check_geometry(located.dtype, located.shape, piece, dtype)
    strides = contiguous_strides(located.shape) if located.strides is None else located.strides
    last = located.offset + sum((size - 1) * step for size, step in zip(located.shape, strides))
    if located.offset < 0 or min(strides, default=0) < 0 or len(strides) != len(located.shape):
        raise DamagedFileError("A size, stride or offset is negative.")
    if dtype.nbytes(last + 1) > located.extent.nbytes:
        raise DamagedFileError(
            f"It needs {dtype.nbytes(last + 1):,} bytes; its record has {located.extent.nbytes:,}."
        )
    return located


def _check_geometry(dtype: DType, shape: tuple[int, ...], piece: Piece, expected: DType) -> None:
    if dtype != expected or tuple(shape) != piece.sizes:
        raise DamagedFileError(
            f"The .metadata says {expected} {told(piece.sizes)} for its piece at {told(piece.offsets)}, "
            f"the file has {dtype} {told(shape)}."
        )


def _node(
    storage: Storage, shape: tuple[int, ...], offset: int = 0, strides: tuple[int, ...] | None = None
) -> Call:
    """A tensor as torch.save would have put it, on a storage that is known already."""
    if strides is None:
        strides = contiguous_strides(shape) if len(shape) <= MAX_NDIM else ()
    return Call(_REBUILD, (Persistent(storage), offset, shape, strides, False, _HOOKS))
