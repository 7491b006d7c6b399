"""Paths that were opened together: which of them are one run, told from their names alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from ckptgui.core.series.patterns import pattern_of
from ckptgui.formats.folders.shard_names import shard_name


def gathered(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """The paths in groups, one a tab: files of one folder that differ by numbers are together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path in dict.fromkeys(paths):
        place = PurePath(path)
        pattern = pattern_of(place.name)
        alone = "#" not in pattern or shard_name(place.name) is not None  # shards are one checkpoint, not many
        groups.setdefault((str(place.parent), path if alone else pattern), []).append(path)
    return [tuple(group) for group in groups.values()]
