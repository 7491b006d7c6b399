"""safetensors: a length, a JSON table of tensors, then their bytes end to end without a hole.

The rules are those of safetensors' own README ("Format") and ``safetensors/src/tensor.rs``. They are enforced,
because a file that breaks them can be two files at once; a file that is merely cut short is still listed.
"""

from __future__ import annotations

import struct

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape, Section
from ckptgui.core.dtypes import BY_SAFETENSORS
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.names import NamePool
from ckptgui.core.records import RecordTable
from ckptgui.core.views import Views, measure, within
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.safetensors.json_header import json_table
from ckptgui.formats.safetensors.regular_header import regular_table
from ckptgui.formats.safetensors.table import Table, check_layout, dtypes_of, size_error
from ckptgui.sources.base import ByteSource, read_exactly, read_whole

MAX_HEADER = 100_000_000
"""Bytes of JSON that the format itself allows."""

_ROWS = 1 << 15
"""Rows that are judged together."""


class Safetensors:
    """Reads the table; the tensors' bytes are left where they are."""

    name = "safetensors"

    def matches(self, probe: Probe) -> bool:
        """A length that could be meant, followed by the start of a JSON object."""
        return probe.size > 8 and probe.head[8:9] == b"{" and struct.unpack_from("<Q", probe.head)[0] < 1 << 40

    def read(self, probe: Probe, check: Check) -> Checkpoint:
        """The checkpoint; its one section is the root."""
        table, start = _read_table(probe.source, check)
        check_layout(table, probe.size - start)
        check()
        return _checkpoint(probe, table, start, check)


def _read_table(source: ByteSource, check: Check) -> tuple[Table, int]:
    """The tensors' entries and where the data begins."""
    (length,) = struct.unpack("<Q", read_exactly(source, 0, 8))
    if length > MAX_HEADER:
        raise LimitExceededError(
            f"Its header claims {length:,} bytes; the safetensors format allows {MAX_HEADER:,}."
        )
    raw = read_whole(source, 8, length)
    if len(raw) < length:
        raise DamagedFileError(
            f"The file is cut within its header: at least {8 + length:,} bytes are expected, "
            f"{source.size:,} are here."
        )
    check()
    return parse_table(raw, check), 8 + length


def parse_table(raw: bytes | bytearray, check: Check, *, regular: bool = True) -> Table:
    """The header's entries; ``regular`` False reads one that is written as usual in the plain way too."""
    table = regular_table(raw, check) if regular else None
    return json_table(raw, check) if table is None else table


def _checkpoint(probe: Probe, table: Table, start: int, check: Check) -> Checkpoint:
    identity = probe.source.identity
    expected = start + table.data_bytes
    return Checkpoint(
        path=probe.path,
        format=Safetensors.name,
        nbytes=probe.size,
        sources=(identity,),
        tensors=_builder(table, start, identity, check).build(),
        sections=(Section((), Role.MODEL, 0, len(table), expected - start),),
        metadata=dict(table.metadata),
        saved_shape=SavedShape.STATE_DICT,
        records=_records(table, start),
        warnings=_cut(expected, probe.size),
        attributes={"header_bytes": start - 8},
    )


def _builder(table: Table, start: int, identity: SourceIdentity, check: Check) -> TableBuilder:
    builder = TableBuilder()
    if not len(table):
        return builder
    root = builder.container_row(())
    here = np.clip(np.minimum(table.end, identity.size - start) - table.begin, 0, None)
    builder.add_storages(None, identity, start + table.begin, table.end - table.begin, here)
    dtypes = dtypes_of(table.codes)
    dim_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(table.ndim)])
    doubted = np.zeros(len(table), np.bool_)
    doubted[list(table.errors)] = True
    for first in range(0, len(table), _ROWS):
        check()
        stop = min(first + _ROWS, len(table))
        ndim = table.ndim[first:stop]
        shape = np.ones((stop - first, int(ndim.max())), np.int64)
        shape[within(ndim, shape.shape[1])] = table.dims[dim_start[first] : dim_start[stop]]
        nothing = np.zeros(stop - first, np.int64)
        views = Views(
            shape,
            ndim,
            None,
            table.code[first:stop],
            dtypes,
            nothing,
            ("cpu",),
            np.arange(first, stop),
            nothing,
            nothing.astype(np.bool_),
        )
        errors = _errors(table, first, views, doubted[first:stop])
        builder.add_views(root, table.names.part(first, stop), views, errors)
    return builder


def _errors(table: Table, first: int, views: Views, doubted: np.ndarray) -> dict[int, str]:
    """Why rows cannot have the shape that they claim, by place in ``views``."""
    stop = first + len(views)
    bits = np.array([dtype.bits for dtype in views.dtypes])[views.dtype]
    known = np.array([code in BY_SAFETENSORS for code in table.codes], np.bool_)[views.dtype]
    measured = measure(views.shape, views.steps)
    length = table.end[first:stop] - table.begin[first:stop]
    fine = measured.sure & known & ~doubted & (np.where(measured.sure, measured.numel, 0) * bits == 8 * length)
    found = {}
    for place in np.flatnonzero(~fine).tolist():
        row = first + place
        shape = tuple(views.shape[place, : views.ndim[place]].tolist())
        reason = table.errors.get(row) or size_error(table.codes[table.code[row]], shape, int(length[place]))
        if reason is not None:
            found[place] = reason
    return found


def _records(table: Table, start: int) -> RecordTable:
    """The header, then every tensor's bytes in the order of the file."""
    order = np.argsort(table.begin, kind="stable")
    zero = np.zeros(1, np.int64)
    return RecordTable(
        NamePool.joined([NamePool(["header"]), table.names.reordered(order)]),
        np.zeros(len(table) + 1, np.int32),
        np.concatenate([zero, start + table.begin[order]]),
        np.concatenate([zero + start, (table.end - table.begin)[order]]),
        np.concatenate([zero - 1, order]).astype(np.int32),
    )


def _cut(expected: int, present: int) -> tuple[str, ...]:
    if present >= expected:
        return ()
    return (f"The file is cut short: {expected:,} bytes are expected, {present:,} are here.",)
