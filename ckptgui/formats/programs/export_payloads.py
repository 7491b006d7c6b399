"""The tensors of a torch.export archive: a table of names in JSON, and a blob of values for each storage.

Facts: ``PayloadConfig``, ``PayloadMeta``, ``TensorMeta`` and the numbers of types and layouts in
``torch/_export/serde/schema.py``; what a blob holds in ``torch/export/pt2_archive/_package.py``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import BY_NAME, ByteOrder
from ckptgui.core.extents import Extent
from ckptgui.core.tensors import Path, TensorKind
from ckptgui.formats.programs.archive_listing import ArchiveListing
from ckptgui.formats.programs.archive_texts import extent_of
from ckptgui.formats.programs.json_records import items, read_json, table, text, whole
from ckptgui.formats.torch_save.torch_archive import byteorder_of

SCALARS = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16",
    29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu",
    34: "uint32", 35: "uint64",
}  # fmt: skip
"""Element types by their numbers in the schema."""

LAYOUTS = {
    1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc", 6: "_mkldnn",
    7: "strided",
}  # fmt: skip
"""Layouts by their numbers in the schema."""

_FALLBACK = BY_NAME["uint8"]
_CHECK_EVERY = 1024


@dataclass(frozen=True, slots=True)
class TensorMeta:
    """A tensor as the table describes it; ``error`` says what of that makes no sense."""

    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    offset: int
    dtype: str
    device: str
    requires_grad: bool
    error: str | None


def meta_of(said: Mapping[str, Any]) -> TensorMeta:
    """What a ``TensorMeta`` in JSON says."""
    sizes, strides = _integers(said.get("sizes")), _integers(said.get("strides"))
    offset = _integer(said.get("storage_offset"))
    number, layout = whole(said.get("dtype")), whole(said.get("layout"))
    error = None
    if number not in SCALARS or SCALARS[number] not in BY_NAME:
        error = f"Its element type is number {_told(number)}, which is not known."
    elif layout != 7:
        name = LAYOUTS.get(layout or 0, f"number {_told(layout)}")
        error = f"Its layout is {name}; the archive has the values of strided tensors alone."
    elif sizes is None or strides is None or offset is None:
        error = "Its shape, strides or offset are no numbers."
    device = table(said.get("device"))
    index = whole(device.get("index"))
    place = text(device.get("type")) or "cpu"
    return TensorMeta(
        sizes or (),
        strides if sizes is not None else None,
        offset or 0,
        SCALARS.get(number or 0, "uint8"),
        place if index is None else f"{place}:{index}",
        said.get("requires_grad") is True,
        error,
    )


def _told(number: int | None) -> str:
    return "none" if number is None else amount(number)


def _integer(value: Any) -> int | None:
    """A ``SymInt``: a number, or an expression with the number that it stood for."""
    said = table(value)
    if "as_int" in said:
        return whole(said["as_int"])
    return whole(table(table(said.get("as_expr")).get("hint")).get("as_int"))


def _integers(value: Any) -> tuple[int, ...] | None:
    found = [_integer(size) for size in items(value)]
    known = tuple(number for number in found if number is not None)
    return known if isinstance(value, list) and len(known) == len(found) else None


def list_payloads(listing: ArchiveListing, config: str, base: Path, buffers: Collection[str] = ()) -> list[str]:
    """List what the table ``config`` names, below ``base``; gives the names of objects that are no tensors.

    ``buffers`` are those of its names that are buffers which a state dict leaves out.
    """
    said = table(read_json(listing.source, listing.directory, listing.prefix + config).get("config"))
    folder = config.rpartition("/")[0] + "/"
    order = byteorder_of(listing.directory, listing.source, listing.prefix, listing.warnings)
    others: list[str] = []
    for count, (name, payload) in enumerate(said.items()):
        if count % _CHECK_EVERY == 0:
            listing.check()
        name, payload = text(name), table(payload)
        record = folder + text(payload.get("path_name"))
        if payload.get("tensor_meta") is None:
            others.append(name)
        elif payload.get("use_pickle") is True:
            _add_pickled(listing, record, (*base, name), meta_of(table(payload["tensor_meta"])))
        else:
            _add_raw(listing, record, (*base, name), payload, order, name in buffers)
    return others


def _add_pickled(listing: ArchiveListing, record: str, path: Path, meta: TensorMeta) -> None:
    """A tensor of a class of its own, which torch.save wrote; a row with the reason where that cannot be read."""
    before = len(listing.builder)
    error = f"Its record “{display(record)}” is not in the file."
    if listing.has(record):
        warned = len(listing.warnings)
        what = f"“{display('.'.join(path))}”"
        with listing.losing_nothing_else(what):
            listing.nested(record, path)
        if len(listing.builder) > before:
            return
        if len(listing.warnings) > warned:
            reason = listing.warnings.pop().removeprefix(f"{what}: ")
            error = f"Its record “{display(record)}” is no checkpoint: {reason}"
        else:
            error = "There is no tensor in its record."
    listing.builder.add(path, meta.shape, BY_NAME.get(meta.dtype, _FALLBACK), device=meta.device, error=error)


def _add_raw(
    listing: ArchiveListing, record: str, path: Path, payload: Mapping[str, Any], order: ByteOrder, passing: bool
) -> None:
    """A strided view of a blob, which several names may share."""
    meta = meta_of(table(payload["tensor_meta"]))
    entry = listing.directory.entries.get(listing.prefix + record)
    error, storage, device = meta.error, -1, meta.device
    if entry is None:
        error = error or f"Its record “{display(record)}” is not in the file."
    elif entry.size == 0 and math.prod(meta.shape[:64]) > 0:
        device = "meta"  # exported without values: torch makes zeros of it
    else:
        storage = listing.rows.get(entry.name, -1)
        if storage < 0:
            lies = extent_of(listing.source, entry)
            extent = Extent(lies.nbytes, lies.segments, lies.codec, order)
            storage = listing.rows[entry.name] = listing.builder.add_storage(record, extent)
    is_parameter = payload.get("is_param") is True
    is_buffer = passing or record.startswith("data/weights/")
    listing.builder.add(
        path,
        meta.shape,
        BY_NAME.get(meta.dtype, _FALLBACK),
        storage=storage,
        storage_offset=meta.offset,
        strides=meta.strides,
        device=device,
        requires_grad=meta.requires_grad,
        kind=TensorKind.PARAMETER if is_parameter else TensorKind.BUFFER if is_buffer else TensorKind.TENSOR,
        persistent=not passing,
        error=error,
    )
