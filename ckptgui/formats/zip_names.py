"""Names of a zip's records: refused where a file system or another reader could take them for something else."""

from __future__ import annotations

import re
from typing import NoReturn

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError

# Tried over all names at once with NUL between them; each begins with a literal, which the engine finds fast.
_BAD = tuple(
    re.compile(pattern)
    for pattern in (
        r"\A(?:[/\0]|[A-Za-z]:|\Z)",  # the first: empty, absolute, with a drive
        "\0(?:[/\0]|[A-Za-z]:|\\Z)",  # any other
        r"\\",
        r"\.\.(?<![^/\0]\.\.)(?=[/\0]|\Z)",  # climbing
    )
)


def check_names(raw: list[bytes]) -> list[str]:
    """The names as text; raises for an empty, absolute or climbing one, and for two that fold to one.

    torch looks records up without regard to case, Python with: two names that differ in case alone are two
    different answers to one question.
    """
    joined = b"\0".join(raw)
    try:
        text = joined.decode()
    except UnicodeDecodeError:
        _refuse_one_of(raw)
    if raw and (text.count("\0") >= len(raw) or _is_bad(text)):
        _refuse_one_of(raw)
    names = text.split("\0") if raw else []
    folded = list(map(str.lower, names))
    if len(set(folded)) < len(folded):
        seen: set[str] = set()
        for name, fold in zip(names, folded):
            if fold in seen:
                raise DamagedFileError(f"It has two records named {display(name)}, letter case aside.")
            seen.add(fold)
    return names


def _is_bad(text: str) -> bool:
    return any(pattern.search(text) for pattern in _BAD)


def _refuse_one_of(raw: list[bytes]) -> NoReturn:
    """Name the culprit, which the joined names hide."""
    for data in raw:
        try:
            name = data.decode()
        except UnicodeDecodeError as error:
            raise DamagedFileError(f"Its record {display(repr(data))} has a name that is not UTF-8.") from error
        if "\0" in name or _is_bad(name):
            raise DamagedFileError(f"Its record {display(repr(name))} is not named by a plain relative path.")
    raise AssertionError("names that are bad together are bad alone")
