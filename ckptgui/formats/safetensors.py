"""safetensors: a length, a JSON table of tensors, then their bytes end to end without a hole.

The rules are those of safetensors' own README ("Format") and ``safetensors/src/tensor.rs``. They are enforced,
because a file that breaks them can be two files at once; a file that is merely cut short is still listed.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ckptgui.core.builder import MAX_NDIM, TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape, Section
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import BY_SAFETENSORS, DType, Kind
from ckptgui.core.extents import Extent, Segment
from ckptgui.core.records import Record, record_table
from ckptgui.core.tensors import contiguous_strides
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.base import Check, Probe
from ckptgui.sources.base import ByteSource, read_exactly

MAX_HEADER = 100_000_000
"""Bytes of JSON that the format itself allows."""

MAX_UNKNOWN_DTYPES = 64
"""Distinct unknown dtype codes that keep their own name."""

_KEYS = {"dtype", "shape", "data_offsets"}
_CHECK_EVERY = 4096


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of the table; ``begin`` and ``end`` count bytes from the end of the header."""

    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Safetensors:
    """Reads the table; the tensors' bytes are left where they are."""

    name = "safetensors"

    def matches(self, probe: Probe) -> bool:
        """A length that could be meant, followed by the start of a JSON object."""
        return probe.size > 8 and probe.head[8:9] == b"{" and struct.unpack_from("<Q", probe.head)[0] < 1 << 40

    def read(self, probe: Probe, check: Check) -> Checkpoint:
        """The checkpoint; its one section is the root."""
        table, start = _read_table(probe.source, check)
        metadata = _metadata(table.pop("__metadata__", {}))
        rows = [_row(name, entry) for name, entry in table.items()]
        _check_layout(rows, probe.size - start)
        check()
        return _checkpoint(probe, rows, start, metadata, check)


def _read_table(source: ByteSource, check: Check) -> tuple[dict[str, Any], int]:
    """The JSON object and where the data begins."""
    (length,) = struct.unpack("<Q", read_exactly(source, 0, 8))
    if length > MAX_HEADER:
        raise LimitExceededError(
            f"Its header claims {length:,} bytes; the safetensors format allows {MAX_HEADER:,}."
        )
    raw = read_exactly(source, 8, length)
    if len(raw) < length:
        raise DamagedFileError(
            f"The file is cut within its header: at least {8 + length:,} bytes are expected, "
            f"{source.size:,} are here."
        )
    check()
    return _parsed(raw, check), 8 + length


def _parsed(raw: bytes, check: Check) -> dict[str, Any]:
    """The header as a dictionary, with everything refused that parsers are known to disagree about."""
    count = 0

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal count
        count += 1
        if count % _CHECK_EVERY == 0:
            check()
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DamagedFileError(f"Its header names {display(repr(_repeated(pairs)))} twice.")
        return found

    try:
        table = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise DamagedFileError(f"Its header is not UTF-8 at byte {8 + error.start:,}.") from error
    except json.JSONDecodeError as error:
        raise DamagedFileError(f"Its header is not JSON at character {error.pos:,}: {error.msg}.") from error
    except RecursionError as error:
        raise LimitExceededError("Its header nests JSON deeper than it can be read.") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise DamagedFileError("Its header holds a number that is too long.") from error
    if not isinstance(table, dict):
        raise DamagedFileError("Its header is not a JSON object.")
    return table


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    """The first name that has been there before."""
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _refuse_constant(constant: str) -> NoReturn:
    raise DamagedFileError(f"Its header holds {constant}, which is not JSON.")


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise DamagedFileError("Its __metadata__ is not a table of texts.")
    return {_text(key): text for key, text in value.items()}


def _text(name: str) -> str:
    """A name that has an encoding; JSON escapes can spell half of a character."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DamagedFileError(f"Its header's name {display(repr(name))} is not Unicode text.") from error
    return name


def _row(name: str, entry: object) -> _Row:
    """One entry, its types checked; whether its numbers make sense is judged later."""
    if not isinstance(entry, Mapping) or set(entry) != _KEYS or not isinstance(entry["dtype"], str):
        raise DamagedFileError(f"Its entry {display(repr(name))} lacks dtype, shape or data_offsets.")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or not _are_offsets(offsets):
        raise DamagedFileError(f"The shape or data_offsets of {display(repr(name))} are not sizes in order.")
    return _Row(_text(name), _text(entry["dtype"]), tuple(shape), offsets[0], offsets[1])


def _are_sizes(value: object) -> bool:
    """Whether it is a list of unsigned 64-bit integers."""
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 64 for size in value)


def _are_offsets(value: object) -> bool:
    """Whether it is a pair of places in a file, in order."""
    return _are_sizes(value) and len(value) == 2 and value[0] <= value[1] < 1 << 63  # type: ignore[arg-type,index]


def _check_layout(rows: list[_Row], present: int) -> None:
    """Bytes must follow each other from 0 without hole or overlap, and nothing may follow the last."""
    reached = 0
    for row in sorted(rows, key=lambda row: (row.begin, row.end)):
        if row.begin != reached:
            what = "overlaps what is before it" if row.begin < reached else "leaves a hole before it"
            raise DamagedFileError(
                f"The tensor {display(row.name)} {what}: it begins at data byte {row.begin:,}, not {reached:,}."
            )
        reached = row.end
    if reached < present:
        raise DamagedFileError(f"{present - reached:,} bytes after the last tensor belong to none.")


def _checkpoint(probe: Probe, rows: list[_Row], start: int, metadata: dict[str, str], check: Check) -> Checkpoint:
    identity = probe.source.identity
    builder, dtypes = TableBuilder(), _Dtypes()
    root = builder.container_row(()) if rows else -1
    records = [Record("header", 0, 0, start)]
    views: dict[tuple[str, tuple[int, ...], int], tuple[tuple[int, ...], str | None]] = {}
    for count, row in enumerate(rows):
        if count % _CHECK_EVERY == 0:
            check()
            views.clear()  # a file repeats a few shapes, or is not to fill the memory with them
        dtype = dtypes.find(row.code)
        length = row.end - row.begin
        here = max(0, min(row.end, identity.size - start) - row.begin)
        extent = Extent(length, (Segment(identity, start + row.begin, here),))
        storage = builder.add_storage(None, extent, here)
        view = views.get((row.code, row.shape, length))
        if view is None:
            strides = contiguous_strides(row.shape) if len(row.shape) <= MAX_NDIM else ()
            view = views[row.code, row.shape, length] = strides, _size_error(row, dtype)
        strides, error = view
        if error or not builder.add_view(root, row.name, row.shape, strides, dtype, "cpu", storage, 0, False):
            builder.add((row.name,), row.shape, dtype, storage=storage, error=error)
        records.append(Record(row.name, 0, start + row.begin, row.end - row.begin, storage))
    expected = start + max((row.end for row in rows), default=0)
    return Checkpoint(
        path=probe.path,
        format=Safetensors.name,
        nbytes=probe.size,
        sources=(identity,),
        tensors=builder.build(),
        sections=(Section((), Role.MODEL, 0, len(rows), expected - start),),
        metadata=metadata,
        saved_shape=SavedShape.STATE_DICT,
        records=record_table(sorted(records, key=lambda record: record.offset)),
        warnings=_cut(expected, probe.size),
        attributes={"header_bytes": start - 8},
    )


def _cut(expected: int, present: int) -> tuple[str, ...]:
    if present >= expected:
        return ()
    return (f"The file is cut short: {expected:,} bytes are expected, {present:,} are here.",)


class _Dtypes:
    """The dtype of a code. Unknown ones are made up as bytes, each kept once."""

    def __init__(self) -> None:
        self._unknown: dict[str, DType] = {}

    def find(self, code: str) -> DType:
        """The known dtype, or a name with nothing behind it."""
        known = BY_SAFETENSORS.get(code) or self._unknown.get(code)
        if known is None:
            name = code if len(self._unknown) < MAX_UNKNOWN_DTYPES else "unknown"
            known = self._unknown.setdefault(name, DType(name, Kind.PACKED, 8, ""))
        return known


def _size_error(row: _Row, dtype: DType) -> str | None:
    """Why the byte range cannot hold the shape, or None."""
    if row.code not in BY_SAFETENSORS:
        return f"Its dtype {display(row.code)} is not one of the safetensors format."
    if len(row.shape) > MAX_NDIM:
        return None  # the table says so; the product of so many sizes would not end
    numel = math.prod(row.shape)
    bits = numel * dtype.bits
    if bits % 8:
        return f"Its {amount(numel)} elements of {dtype.bits} bits end within a byte."
    if bits // 8 != row.end - row.begin:
        return f"Its shape takes {amount(bits // 8)} bytes, its place in the file has {row.end - row.begin:,}."
    return None
