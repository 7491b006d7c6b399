"""A safetensors header as JSON, with everything refused that parsers are known to disagree about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from ckptgui.core.builder import MAX_NDIM
from ckptgui.core.display import display
from ckptgui.core.names import NamePool
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.base import Check
from ckptgui.formats.safetensors_table import Table, size_error

_KEYS = {"dtype", "shape", "data_offsets"}
_CHECK_EVERY = 4096
_INT64_MAX = 2**63 - 1


def json_table(raw: bytes | bytearray, check: Check) -> Table:
    """The table; raises ``DamagedFileError`` on the first rule that the header breaks."""
    entries = parsed(raw, check)
    metadata = metadata_of(entries)
    entries.pop("__metadata__", None)
    names: list[str] = []
    codes: dict[str, int] = {}
    code: list[int] = []
    dims: list[int] = []
    ndim: list[int] = []
    places: list[list[int]] = []
    errors: dict[int, str] = {}
    for row, (name, entry) in enumerate(entries.items()):
        if row % _CHECK_EVERY == 0:
            check()
        dtype, shape, offsets = _checked(name, entry)
        names.append(name)
        code.append(codes.setdefault(dtype, len(codes)))
        reason = size_error(dtype, tuple(shape), offsets[1] - offsets[0])
        if reason is not None:
            errors[row] = reason
        sizes = shape if len(shape) <= MAX_NDIM else []
        dims += [min(size, _INT64_MAX) for size in sizes]
        ndim.append(len(sizes))
        places.append(offsets)
    begin, end = np.array(places, np.int64).reshape(-1, 2).T
    return Table(
        NamePool(names),
        np.array(code, np.int64),
        tuple(codes),
        np.array(dims, np.int64),
        np.array(ndim, np.int64),
        begin,
        end,
        metadata,
        errors,
    )


def parsed(raw: bytes | bytearray, check: Check) -> dict[str, Any]:
    """The header as a dictionary; a key may stand only once in each."""
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


def _checked(name: str, entry: object) -> tuple[str, list[int], list[int]]:
    """Code, shape and place of one entry, their types checked; whether the numbers make sense is judged later."""
    if not isinstance(entry, Mapping) or set(entry) != _KEYS or not isinstance(entry["dtype"], str):
        raise DamagedFileError(f"Its entry {display(repr(name))} lacks dtype, shape or data_offsets.")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or not _are_offsets(offsets):
        raise DamagedFileError(f"The shape or data_offsets of {display(repr(name))} are not sizes in order.")
    _text(name)
    return _text(entry["dtype"]), shape, offsets


def _are_sizes(value: object) -> bool:
    """Whether it is a list of unsigned 64-bit integers."""
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 64 for size in value)


def _are_offsets(value: object) -> bool:
    """Whether it is a pair of places in a file, in order."""
    return _are_sizes(value) and len(value) == 2 and value[0] <= value[1] < 1 << 62  # type: ignore[arg-type,index]
