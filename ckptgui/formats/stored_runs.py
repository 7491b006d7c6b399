"""The storages of a run of tensors, found in a zip's directory and registered all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.columns import distinct
from ckptgui.core.dtypes import BY_STORAGE_CLASS, ByteOrder, DType
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.names import NamePool
from ckptgui.core.views import Views
from ckptgui.formats.pickle_graph import Node, Ref
from ckptgui.formats.pickle_runs import TensorRun
from ckptgui.formats.zip_entries import ZipEntries

HOMES = frozenset({"torch", "torch.storage", "torch.cuda"})
"""Modules that torch's storage classes are named by."""


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
    dtypes = tuple(dtype for dtype in map(dtype_of, run.classes) if dtype is not None)
    if len(dtypes) < len(run.classes) or any(type(text) is not str for text in (run.word, *run.places)):
        return None
    names = [records.folder + key for key in run.keys]
    at = records.entries.rows(names)
    if run.word != "storage" or int(at.min()) < 0 or len(distinct(at)) < len(at):
        return None
    if not rows.keys().isdisjoint(names):
        return None
    places = records.entries.places
    bits = np.array([dtype.bits for dtype in dtypes], np.int64)[run.storage_class]
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
        dtype=run.storage_class,
        dtypes=dtypes,
        device=run.place,
        devices=tuple(run.places),
        storage=storage,
        offset=run.offset,
        requires_grad=run.requires_grad,
    )


def dtype_of(storage_class: Node) -> DType | None:
    """The element type that a class of storages tells; None for one of bytes, or none of torch's."""
    if type(storage_class) is not Ref or storage_class.module not in HOMES:
        return None
    return BY_STORAGE_CLASS.get(storage_class.name)
