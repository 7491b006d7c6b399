"""Where the plain values of several checkpoints differ; for the command line and the window's panel of changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ckptgui.core.checkpoint import Json
from ckptgui.core.tensors import Path

MAX_LISTED = 1_000
MAX_VISITS = 2_000_000
"""Values that are looked at: metadata is as large as its file makes it."""


class Absent(Enum):
    """Not there, which None does not say: None can stand in a file."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class MetadataDifference:
    """A place and what stands there in each checkpoint, ``ABSENT`` where nothing does."""

    path: Path
    values: tuple[Json | Absent, ...]


@dataclass(frozen=True, slots=True)
class MetadataDifferences:
    """The differences in saved order. ``more`` were found and are not listed; ``cut``: not all was looked at.

    ``looked_at`` is how many values there were. ``equal`` has those that are equal, where they were asked for.
    """

    listed: tuple[MetadataDifference, ...]
    more: int = 0
    cut: bool = False
    looked_at: int = 0
    equal: tuple[MetadataDifference, ...] = ()


def metadata_differences(
    metadata: Sequence[Json | Absent],
    most: int = MAX_LISTED,
    visits: int = MAX_VISITS,
    *,
    with_equal: bool = False,
) -> MetadataDifferences:
    """Compare the metadata of two checkpoints or more; one that cannot be read is ``ABSENT``.

    Dictionaries are gone through key by key, lists place by place where all are equally long; whatever differs
    otherwise differs as a whole. 1 and 1.0 are equal, 1 and True are not; a dictionary of tensors alone, which is
    empty here, is as good as absent. ``most`` are listed, and of equal ones as many if ``with_equal``. It takes up
    to seconds where metadata is large: not for the GUI's thread.
    """
    listed: list[MetadataDifference] = []
    same: list[MetadataDifference] = []
    found = equal = 0
    top = tuple(ABSENT if value is None else value for value in metadata)  # a file without any has None
    open_places: list[Iterator[_Place]] = [iter([((), top)] if any(v is not ABSENT for v in top) else [])]
    while open_places:
        place = next(open_places[-1], None)
        if place is None:
            open_places.pop()
            continue
        visits -= len(top)
        if visits < 0:
            return MetadataDifferences(tuple(listed), found - len(listed), True, found + equal, tuple(same))
        path, values = place
        there = values if path else tuple(value for value in values if value is not ABSENT)
        if all(isinstance(value, Mapping) for value in there):
            open_places.append(_by_key(path, values))
        elif (length := _length(there)) is not None:
            open_places.append(_by_position(path, values, length))
        elif not _equal(there) and not all(value is ABSENT or value == {} for value in there):
            found += 1
            if len(listed) < most:
                listed.append(MetadataDifference(path, values))
        else:
            equal += 1
            if with_equal and len(same) < most:
                same.append(MetadataDifference(path, values))
    return MetadataDifferences(tuple(listed), found - len(listed), False, found + equal, tuple(same))


_Place = tuple[Path, tuple[Json | Absent, ...]]


def _by_key(path: Path, values: Sequence[Json | Absent]) -> Iterator[_Place]:
    for key in dict.fromkeys(key for value in values if value is not ABSENT for key in value):
        yield (*path, key), tuple(ABSENT if value is ABSENT else value.get(key, ABSENT) for value in values)


def _by_position(path: Path, values: Sequence[Json | Absent], count: int) -> Iterator[_Place]:
    for at in range(count):
        yield (*path, str(at)), tuple(ABSENT if value is ABSENT else value[at] for value in values)


def _length(values: Sequence[Json | Absent]) -> int | None:
    """That of the lists that all of them are, if it is one."""
    lengths = {len(value) if isinstance(value, list) else None for value in values}
    return lengths.pop() if len(lengths) == 1 else None


def _equal(values: Sequence[Json | Absent]) -> bool:
    """Whether values, some of which are no containers, are one."""
    first = values[0]
    return all(isinstance(value, bool) == isinstance(first, bool) and value == first for value in values)
