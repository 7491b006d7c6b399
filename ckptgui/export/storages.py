"""Decides which storages a ``.pt`` gets: what is shared stays shared, what nobody uses stays behind.

Views whose bytes overlap form a *group* and keep their common storage, offsets and strides; a tensor
alone gets a storage of its own. There it keeps its strides where that costs no more bytes than its values
(transposed, expanded) and becomes contiguous where the view skips most of what it spans. Views that are cast
share a storage where all of the group were of one type and become one type; else each has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.export.geometry import Geometry, byte_span, geometry, storage_bytes
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


class Storages(Sequence[Storage]):
    """Storages in the order of first use; those of one tensor alone are made when they are asked for.

    ``of`` is for each tensor the number of its storage (int64), ``parted`` how many tensors share bytes in the
    source with others that have another storage here.
    """

    def __init__(
        self,
        tensors: Sequence[TensorInfo],
        dtypes: Sequence[DType],
        owners: np.ndarray,
        sizes: np.ndarray,
        of: np.ndarray,
        made: Mapping[int, Storage],
        views: Mapping[int, View],
        parted: int,
    ) -> None:
        self.parted = parted
        self._sizes = sizes
        self._added: list[Storage] = []
        self.of = of
        self._tensors = tensors
        self._dtypes = dtypes
        self._owners = owners  # the place of each storage's first tensor
        self._made = made  # those that several share, by number
        self._views = views  # the views of their tensors, by place

    def __len__(self) -> int:
        return len(self._owners) + len(self._added)

    @property
    def sizes(self) -> np.ndarray:
        """int64, bytes of each."""
        return np.concatenate([self._sizes, np.array([storage.nbytes for storage in self._added], np.int64)])

    def add(self, storage: Storage) -> int:
        """One more, of no tensor among those; returns its number."""
        self._added.append(storage)
        return len(self) - 1

    @overload
    def __getitem__(self, index: int) -> Storage: ...
    @overload
    def __getitem__(self, index: slice) -> list[Storage]: ...
    def __getitem__(self, index: int | slice) -> Storage | list[Storage]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if index in self._made:
            return self._made[index]
        if index >= len(self._owners):
            return self._added[index - len(self._owners)]
        owner = self._owners.item(index)
        return _alone(self._tensors[owner], self._dtypes[owner])[0]

    def view(self, place: int) -> View:
        """How one of the tensors lies in its storage."""
        if place in self._views:
            return self._views[place]
        return replace(_alone(self._tensors[place], self._dtypes[place])[1], storage=self.of.item(place))

    @property
    def shared(self) -> list[int]:
        """Places of the tensors that lie in a storage that was made for several."""
        return list(self._views)


def plan_storages(tensors: Sequence[TensorInfo], dtypes: Sequence[DType], *, share: bool) -> Storages:
    """The storages of some tensors that are written as ``dtypes``. Without ``share`` each has its own."""
    lies = geometry(tensors)
    groups = _groups(lies) if share else []
    lone = np.ones(len(tensors), np.bool_)
    lone[[place for group in groups for place in group]] = False
    alone = np.flatnonzero(lone)
    owners, sizes = alone.tolist(), storage_bytes(tensors, dtypes)[alone].tolist()
    placed: list[tuple[int, Storage, dict[int, View]]] = []  # each with its first tensor
    parted = 0
    for group in groups:
        before = len(placed)
        for storage, views in _placed([tensors[at] for at in group], [dtypes[at] for at in group]):
            placed.append((group[min(views)], storage, {group[member]: view for member, view in views.items()}))
        parted += len(group) * (len(placed) > before + 1)
    owners += [first for first, _, _ in placed]
    sizes += [storage.nbytes for _, storage, _ in placed]
    first = np.array(owners, np.int64)
    order = np.argsort(first, kind="stable")
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    of = np.empty(len(tensors), np.int64)
    of[alone] = numbers[: len(alone)]
    made, all_views = {}, {}
    for number, (_, storage, views) in zip(numbers[len(alone) :].tolist(), placed):
        made[number] = storage
        all_views.update({place: replace(view, storage=number) for place, view in views.items()})
        of[list(views)] = number
    return Storages(tensors, dtypes, first[order], np.array(sizes, np.int64)[order], of, made, all_views, parted)


def view_key(tensor: TensorInfo) -> tuple[object, ...]:
    """Equal for two names of one tensor."""
    place = (tensor.storage, tensor.storage_offset, tensor.shape, tensor.strides)
    return (*place, tensor.dtype.name, tensor.conj, tensor.neg)


def _groups(lies: Geometry) -> list[list[int]]:
    """Places of tensors whose bytes overlap, directly or through others; those of one alone are left out."""
    places = np.flatnonzero((lies.numel > 0) & (lies.storage >= 0))
    users = np.bincount(lies.storage[places], minlength=1)
    places = places[users[lies.storage[places]] > 1]
    columns = (lies.storage[places], lies.start[places], lies.stop[places], places)
    spans = sorted(zip(*(column.tolist() for column in columns)))
    groups: list[list[int]] = []
    reach, last = -1, -1
    for storage, start, stop, place in spans:
        if storage != last or start >= reach:
            groups.append([])
            reach = -1
        groups[-1].append(place)
        reach, last = max(reach, stop), storage
    return [sorted(group) for group in groups if len(group) > 1]


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
