"""Decides which storages a ``.pt`` gets: what is shared stays shared, what nobody uses stays behind.

Views whose bytes overlap form a *group* and keep their common storage, offsets and strides; a tensor
alone gets a storage of its own. There it keeps its strides where that costs no more bytes than its values
(transposed, expanded) and becomes contiguous where the view skips most of what it spans. Views that are cast
share a storage where all of the group were of one type and become one type; else each has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.export.pieces import Cast, Piece, Span, Values, values_of


@dataclass(frozen=True, slots=True)
class Storage:
    """One record of tensor data. ``dtype`` None: views of several dtypes share it, so it is plain bytes."""

    piece: Piece
    dtype: DType | None
    device: str

    @property
    def nbytes(self) -> int:
        """Bytes of the record."""
        return self.piece.nbytes


@dataclass(frozen=True, slots=True)
class View:
    """How a tensor lies in its storage; offset and strides count elements."""

    storage: int
    offset: int
    strides: tuple[int, ...]
    conj: bool = False
    neg: bool = False


def plan_storages(
    tensors: Sequence[TensorInfo], dtypes: Sequence[DType], *, share: bool
) -> tuple[list[Storage], list[View]]:
    """Storages in the order of first use, and one view a tensor. Without ``share`` each has its own.

    ``dtypes`` are what the tensors are written as.
    """
    groups = _groups(tensors) if share else [[index] for index in range(len(tensors))]
    order = sorted(groups, key=min)
    storages: list[Storage] = []
    views: dict[int, View] = {}
    for group in order:
        for storage, made in _placed([tensors[index] for index in group], [dtypes[index] for index in group]):
            views.update({group[member]: _moved(view, len(storages)) for member, view in made.items()})
            storages.append(storage)
    return storages, [views[index] for index in range(len(tensors))]


def byte_span(tensor: TensorInfo) -> tuple[int, int]:
    """First byte and one past the last that the tensor's elements touch in its storage."""
    first = tensor.storage_offset
    last = first + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides))
    return tensor.dtype.nbytes(first), tensor.dtype.nbytes(last + 1)


def view_key(tensor: TensorInfo) -> tuple[object, ...]:
    """Equal for two names of one tensor."""
    place = (tensor.storage, tensor.storage_offset, tensor.shape, tensor.strides)
    return (*place, tensor.dtype.name, tensor.conj, tensor.neg)


def _groups(tensors: Sequence[TensorInfo]) -> list[list[int]]:
    """Indices of tensors whose bytes overlap, directly or through others."""
    by_storage: dict[int, list[tuple[int, int, int]]] = {}
    groups: list[list[int]] = []
    for index, tensor in enumerate(tensors):
        if tensor.numel == 0 or tensor.storage < 0:
            groups.append([index])
        else:
            by_storage.setdefault(tensor.storage, []).append((*byte_span(tensor), index))
    for spans in by_storage.values():
        reach = -1
        for start, stop, index in sorted(spans):
            if start >= reach:
                groups.append([])
            groups[-1].append(index)
            reach = max(reach, stop)
    return groups


def _placed(members: Sequence[TensorInfo], dtypes: Sequence[DType]) -> Iterable[tuple[Storage, dict[int, View]]]:
    """The storage of a group and its members' views in it, or several where they cannot share one."""
    kinds: dict[tuple[object, ...], list[int]] = {}
    for index, (tensor, dtype) in enumerate(zip(members, dtypes)):
        kinds.setdefault((view_key(tensor), dtype), []).append(index)
    first = members[0]
    if len(kinds) == 1 or not _can_share(members, dtypes) or first.extent is None:
        alone = [(indices, *_alone(members[indices[0]], dtypes[indices[0]])) for indices in kinds.values()]
        return [(storage, dict.fromkeys(indices, view)) for indices, storage, view in alone]
    unit = max(tensor.dtype.itemsize for tensor in members)
    spans = [byte_span(tensor) for tensor in members]
    start = min(low for low, _ in spans) // unit * unit
    stop = max(high for _, high in spans)
    piece = _cast(Span(first.extent, start, stop, first.dtype), first.dtype, dtypes[0])
    storage = Storage(piece, dtypes[0] if len(set(dtypes)) == 1 else None, first.device)
    views = {}
    for index, tensor in enumerate(members):
        offset = (tensor.dtype.nbytes(tensor.storage_offset) - start) // tensor.dtype.itemsize
        views[index] = View(0, offset, tensor.strides, tensor.conj, tensor.neg)
    return [(storage, views)]


def _can_share(members: Sequence[TensorInfo], dtypes: Sequence[DType]) -> bool:
    """Whether one stretch of bytes can hold different views: one type becomes one, or little-endian bytes stay."""
    saved = {tensor.dtype for tensor in members}
    if len(saved) == 1 and len(set(dtypes)) == 1:
        return True
    extent = members[0].extent
    is_little = extent is not None and extent.byteorder == "little"  # else there is no one way to turn the bytes
    return is_little and all(tensor.dtype == dtype for tensor, dtype in zip(members, dtypes))


def _alone(tensor: TensorInfo, dtype: DType) -> tuple[Storage, View]:
    """A storage for one tensor only."""
    if tensor.numel == 0:
        return Storage(_cast(Values(tensor), tensor.dtype, dtype), dtype, tensor.device), View(
            0, 0, tensor.strides
        )
    start, stop = byte_span(tensor)
    if tensor.extent is not None and stop - start <= tensor.nbytes:
        piece = _cast(Span(tensor.extent, start, stop, tensor.dtype), tensor.dtype, dtype)
        return Storage(piece, dtype, tensor.device), View(0, 0, tensor.strides, tensor.conj, tensor.neg)
    piece = _cast(values_of(tensor), tensor.dtype, dtype)
    return Storage(piece, dtype, tensor.device), View(0, 0, contiguous_strides(tensor.shape))


def _cast(piece: Span | Values, saved: DType, written: DType) -> Piece:
    return piece if saved == written else Cast(piece, saved, written)


def _moved(view: View, storage: int) -> View:
    return View(storage, view.offset, view.strides, view.conj, view.neg)
