"""Checkpoints laid out by hand over a raw file, so that writing is tested apart from any reader."""

from __future__ import annotations

import itertools

import torch

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment
from ckptgui.sources.local import identify

_numbers = itertools.count()


def dtype_of(tensor):
    return BY_NAME[str(tensor.dtype).removeprefix("torch.")]


def raw_bytes(storage):
    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes()


def lay_out(folder, tensors, *, path=(), role=Role.MODEL, device=None, metadata=None, attributes=None, **options):
    """A checkpoint of ``{name: tensor}`` whose storages lie in a raw file, shared as torch shares them."""
    raw = folder / f"raw{next(_numbers)}.bin"
    builder = TableBuilder()
    storages, data = {}, bytearray(b"head")
    for tensor in tensors.values():
        storage = tensor.untyped_storage()
        if storage._cdata not in storages:
            storages[storage._cdata] = (len(data), storage.nbytes())
            data += raw_bytes(storage)
    raw.write_bytes(data)
    identity = identify(str(raw))
    rows = {
        key: builder.add_storage(str(number), Extent(size, (Segment(identity, offset, size),)))
        for number, (key, (offset, size)) in enumerate(storages.items())
    }
    for name, tensor in tensors.items():
        builder.add(
            (*path, name),
            tensor.shape,
            dtype_of(tensor),
            storage=rows[tensor.untyped_storage()._cdata],
            storage_offset=tensor.storage_offset(),
            strides=tensor.stride(),
            device=device or str(tensor.device),
            conj=tensor.is_conj(),
            neg=tensor.is_neg(),
            **options,
        )
    table = builder.build()
    section = Section(path, role, 0, len(table), sum(size for _, size in storages.values()))
    return Checkpoint(
        path=str(raw),
        format="torch-zip",
        nbytes=len(data),
        sources=(identity,),
        tensors=table,
        sections=(section,),
        metadata=metadata if metadata is not None else {},
        attributes=attributes or {},
    )


def same_bits(one, other):
    """Equal in dtype, shape and every bit of every value."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return value_bytes(one) == value_bytes(other)


def value_bytes(tensor):
    tensor = tensor.detach().resolve_conj().resolve_neg()
    storage = tensor.untyped_storage()
    item = tensor.element_size()
    data = raw_bytes(storage)
    out = bytearray()
    for index in itertools.product(*map(range, tensor.shape)):
        place = (tensor.storage_offset() + sum(i * s for i, s in zip(index, tensor.stride()))) * item
        out += data[place : place + item]
    return bytes(out)
