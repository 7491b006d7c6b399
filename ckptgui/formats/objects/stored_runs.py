"""The storages of a run of tensors, found in a zip's directory and registered all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.columns import distinct
from ckptgui.core.dtypes import BY_NAME, BY_STORAGE_CLASS, ByteOrder, DType
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.names import NamePool
from ckptgui.core.views import Views
from ckptgui.formats.pickles.graph import Node, Ref
from ckptgui.formats.pickles.runs import TensorRun
from ckptgui.formats.zips.entries import ZipEntries

_BYTES = BY_NAME["uint8"]

HOMES = frozenset({"torch", "torch.storage", "torch.cuda"})
"""Modules that torch's storage classes are named by."""

UNTYPED = frozenset({"UntypedStorage", "_UntypedStorage"})


@dataclass(frozen=True, slots=True)
class Records:
    """Where storages' records are: that of ``7`` is ``folder`` + ``7``. ``label`` stands before their keys."""

    entries: ZipEntries
    folder: str
    identity: SourceIdentity
    byteorder: ByteOrder
    label: str


def register_run(run: TensorRun, records: Records, rows: dict[str, int], builder: TableBuilder) -> Views | None:
    """The tensors of a run on storages that were all registered, and noted in ``rows`` by their records' names.

    None, and nothing is done, unless each has a stored record of its own, as large as the pickle says.
    """
    typed = _types_of(run)
    if typed is None or any(type(text) is not str for text in (run.word, *run.places)):
        return None
    element, dtypes, stored = typed
    names = [records.folder + key for key in run.keys]
    at = records.entries.rows(names)
    if run.word != "storage" or int(at.min()) < 0 or len(distinct(at)) < len(at):
        return None
    if not rows.keys().isdisjoint(names):
        return None
    places = records.entries.places
    bits = np.array([dtype.bits for dtype in stored], np.int64)[run.storage_class]
    needed = (np.maximum(run.numel, 0) * bits + 7) // 8
    if (run.numel < 0).any() or (places.size[at] < needed).any() or places.method[at].any():
        return None
    size = places.size[at]
    first = builder.add_storages(
        NamePool(records.label + key for key in run.keys) if records.label else run.keys,
        records.identity,
        places.data_offset[at],
        size,
        size,
        big=records.byteorder == "big",
        placed=size > 0,
    )
    storage = np.arange(first, first + len(run))
    rows.update(zip(names, storage.tolist()))
    return Views(
        shape=run.shape,
        ndim=run.ndim,
        strides=run.strides,
        dtype=element,
        dtypes=dtypes,
        device=run.place,
        devices=tuple(run.places),
        storage=storage,
        offset=run.offset,
        requires_grad=run.requires_grad,
        parameter=run.parameters,
    )


def _types_of(run: TensorRun) -> tuple[np.ndarray, tuple[DType, ...], list[DType]] | None:
    """The element type of each tensor, as a row of those that there are, and that of each class of storages.

    A storage of bytes is of bytes, and a tensor on it needs to be told its type. None where one makes no sense.
    """
    own = [dtype_of(storage_class) for storage_class in run.classes]
    told = [
        BY_NAME.get(node.name) if type(node) is Ref and node.module == "torch" else None for node in run.told_types
    ]
    if any(dtype is None and not is_bytes(kind) for dtype, kind in zip(own, run.classes)):
        return None
    element = np.where(run.told < 0, run.storage_class + len(told), run.told)
    used = distinct(element)
    dtypes = [[*told, *own][number] for number in used.tolist()]
    known = tuple(dtype for dtype in dtypes if dtype is not None)
    if len(known) < len(dtypes):
        return None
    return np.searchsorted(used, element), known, [dtype or _BYTES for dtype in own]


def is_bytes(storage_class: Node) -> bool:
    """Whether a storage's class tells no type."""
    return type(storage_class) is Ref and storage_class.module in HOMES and storage_class.name in UNTYPED


def dtype_of(storage_class: Node) -> DType | None:
    """The element type that a class of storages tells; None for one of bytes, or none of torch's."""
    if type(storage_class) is not Ref or storage_class.module not in HOMES:
        return None
    return BY_STORAGE_CLASS.get(storage_class.name)
