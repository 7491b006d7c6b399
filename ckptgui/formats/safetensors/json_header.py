"""A safetensors header as JSON, with everything refused that parsers are known to disagree about."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from ckptgui.core.builder import MAX_NDIM
from ckptgui.core.columns import frozen
from ckptgui.core.display import display
from ckptgui.core.names import NamePool
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.json_files import loaded, repeated
from ckptgui.formats.safetensors.table import Table, size_error

_KEYS = {"dtype", "shape", "data_offsets"}
_CHECK_EVERY = 4096
_INT64_MAX = 2**63 - 1


def json_table(raw: bytes | bytearray, check: Check) -> Table:
    """The table; raises ``DamagedFileError`` on the first rule that the header breaks."""
    entries = parsed(raw, check)
    metadata = metadata_of(entries)
    entries.pop("__metadata__", None)
    codes: dict[str, int] = {}
    code, dims, ndim, begin, end = (array("q") for _ in range(5))
    errors: dict[int, str] = {}
    for row, (name, entry) in enumerate(entries.items()):
        if row % _CHECK_EVERY == 0:
            check()
        found = _checked(name, entry)
        code.append(codes.setdefault(found.dtype, len(codes)))
        reason = size_error(found.dtype, found.shape, found.end - found.begin)
        if reason is not None:
            errors[row] = reason
        sizes = found.shape if len(found.shape) <= MAX_NDIM else ()
        dims.extend(min(size, _INT64_MAX) for size in sizes)
        ndim.append(len(sizes))
        begin.append(found.begin)
        end.append(found.end)
    return Table(
        NamePool(entries),
        frozen(code),
        tuple(codes),
        frozen(dims),
        frozen(ndim),
        frozen(begin),
        frozen(end),
        metadata,
        errors,
    )


class _Entry(NamedTuple):
    """What stands for a tensor in the header, a tenth of the dictionary's size."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def parsed(raw: bytes | bytearray, check: Check) -> dict[str, Any]:
    """The header as a dictionary, tensors in it as ``_Entry``; a key may stand only once in each."""
    count = 0
    known: dict[Any, Any] = {}  # a file repeats a few dtypes and shapes

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Entry:
        nonlocal count
        count += 1
        if count % _CHECK_EVERY == 0:
            check()
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DamagedFileError(f"Its header names {display(repr(repeated(pairs)))} twice.")
        entry = _entry(found)
        if entry is None:
            return found
        dtype, shape = known.setdefault(entry.dtype, entry.dtype), known.setdefault(entry.shape, entry.shape)
        return entry._replace(dtype=dtype, shape=shape)

    table = loaded(raw, "Its header", 8, object_pairs_hook=unique, parse_constant=_refuse_constant)
    if isinstance(table, _Entry):  # a tensor's entry where the table should be
        return table._asdict()
    if not isinstance(table, dict):
        raise DamagedFileError("Its header is not a JSON object.")
    return table


def _refuse_constant(constant: str) -> NoReturn:
    raise DamagedFileError(f"Its header holds {constant}, which is not JSON.")


def metadata_of(entries: Mapping[str, Any]) -> dict[str, str]:
    """The file's own remarks, text by text."""
    value = entries.get("__metadata__", {})
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


def _checked(name: str, entry: object) -> _Entry:
    """One entry, if it is one; whether its numbers make sense is judged later."""
    if isinstance(entry, _Entry):
        _text(name)
        _text(entry.dtype)
        return entry
    if not isinstance(entry, Mapping) or set(entry) != _KEYS or not isinstance(entry["dtype"], str):
        raise DamagedFileError(f"Its entry {display(repr(name))} lacks dtype, shape or data_offsets.")
    raise DamagedFileError(f"The shape or data_offsets of {display(repr(name))} are not sizes in order.")


def _entry(found: Mapping[str, Any]) -> _Entry | None:
    """An object in the header as an entry, if it is one of the right types."""
    if found.keys() != _KEYS:
        return None
    dtype, shape, offsets = found["dtype"], found["shape"], found["data_offsets"]
    if not isinstance(dtype, str) or not _are_sizes(shape) or not _are_offsets(offsets):
        return None
    return _Entry(dtype, tuple(shape), *offsets)


def _are_sizes(value: object) -> bool:
    """Whether it is a list of unsigned 64-bit integers."""
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 64 for size in value)


def _are_offsets(value: object) -> bool:
    """Whether it is a pair of places in a file, in order."""
    return _are_sizes(value) and len(value) == 2 and value[0] <= value[1] < 1 << 62  # type: ignore[arg-type,index]
