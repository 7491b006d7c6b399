"""JSON files that stand beside weights: read whole within bounds, and what JSON leaves open settled.

Python's own writer spells NaN and infinities, and so do trainers: such a figure becomes its name, as it does
in ``metadata`` of ``docs/cli.md``. Names that stand twice in one object are refused.
"""

from __future__ import annotations

import codecs
import json
import math
from typing import Any

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.base import Check
from ckptgui.formats.objects.metadata import MAX_DEPTH
from ckptgui.sources.base import ByteSource, read_exactly

MAX_CONTAINERS, MAX_VALUES = 1_000_000, 8_000_000
"""What a small file can claim to be must not fill the memory: a list takes 60 times its two brackets."""

_CHECK_EVERY = 4096


def read_json(source: ByteSource, limit: int, check: Check) -> Json:
    """The value in a file of at most ``limit`` bytes; raises ``DamagedFileError``, without the file's name."""
    if source.size > limit:
        raise LimitExceededError(f"It has {source.size:,} bytes; at most {limit:,} are read.")
    raw = read_exactly(source, 0, source.size).removeprefix(codecs.BOM_UTF8)  # as Windows begins a text
    if problem := too_many(raw):
        raise LimitExceededError(f"It {problem}.")
    check()
    value = _parsed(raw, check)
    _check_depth(value)
    return value


def too_many(raw: bytes, containers: int = MAX_CONTAINERS) -> str | None:
    """Why a text of JSON is not read, by what it would become: words to follow the name of where it stands."""
    if raw.count(b"{") + raw.count(b"[") <= containers and raw.count(b",") <= MAX_VALUES:
        return None
    return f"has more than {containers:,} objects and lists or {MAX_VALUES:,} values, which are not read"


def _parsed(raw: bytes, check: Check) -> Json:
    count = 0

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal count
        count += 1
        if count % _CHECK_EVERY == 0:
            check()
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DamagedFileError(f"It names {display(repr(repeated(pairs)))} twice.")
        return found

    return loaded(raw, "It", object_pairs_hook=unique, parse_constant=str, parse_float=_figure)


def loaded(raw: bytes | bytearray, what: str, start: int = 0, **hooks: Any) -> Json:
    """``json.loads`` with every refusal a sentence about ``what``, whose bytes begin at ``start`` of its file."""
    try:
        return json.loads(raw.decode(), **hooks)
    except UnicodeDecodeError as error:
        raise DamagedFileError(f"{what} is not UTF-8 at byte {start + error.start:,}.") from error
    except json.JSONDecodeError as error:
        raise DamagedFileError(f"{what} is not JSON at character {error.pos:,}: {error.msg}.") from error
    except RecursionError as error:
        raise LimitExceededError(f"{what} nests JSON deeper than it can be read.") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise DamagedFileError(f"{what} holds a number that is too long.") from error


def repeated(pairs: list[tuple[str, Any]]) -> str:
    """The first name that has been there before."""
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _figure(digits: str) -> float | str:
    """A number; one beyond float64 by the name that it has as metadata."""
    number = float(digits)
    if math.isfinite(number):
        return number
    return "Infinity" if number > 0 else "-Infinity"


def _check_depth(value: Json) -> None:
    """Who writes metadata out again must not run out of stack."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise LimitExceededError(f"It nests JSON more than {MAX_DEPTH} deep.")
