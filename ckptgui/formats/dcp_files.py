"""The files of a distributed checkpoint that hold bytes, opened by the names that its description gives."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ckptgui.core.display import amount, display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError
from ckptgui.formats.dcp_metadata import Slice
from ckptgui.sources.base import ByteSource
from ckptgui.sources.folder import Folder, plain_name

SUFFIX = ".distcp"
RANK_FILE = re.compile(r"__(\d{1,9})_(\d{1,9})\.distcp", re.ASCII)
"""As torch's ``FileSystemWriter`` names them: the rank, and which of its files."""

_NAMED = 3
"""Files that a sentence names before it only counts."""


class DataFiles:
    """Opens each file once and keeps it until ``close``; a file that cannot be had is a sentence."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._open: dict[str, ByteSource] = {}
        self.lost: dict[str, str] = {}

    def get(self, name: str) -> ByteSource | None:
        """The file, or None; ``lost`` then says why."""
        found = self._open.get(name)
        if found is None and name not in self.lost:
            try:
                plain_name(name)
                if name not in self._folder.files:
                    self.lost[name] = f"Its file {display(name)} is not in the folder."
                else:
                    found = self._open[name] = self._folder.open(name)
            except CheckpointError as error:
                self.lost[name] = f"Its file {display(name)} cannot be opened: {error}"
        return found

    def problem(self, place: Slice) -> str | None:
        """Why a stretch of a file is not there whole."""
        source = self.get(place.file)
        if source is None:
            return self.lost[place.file]
        if place.offset < 0 or place.length < 0:
            return f"Its place in {display(place.file)} is negative."
        if place.offset + place.length > source.size:
            return (
                f"It lies up to byte {amount(place.offset + place.length)} of {display(place.file)}, "
                f"which has {source.size:,}."
            )
        return None

    @property
    def identities(self) -> list[SourceIdentity]:
        """The files that were opened, in the order of their names as a person counts."""
        return [self._open[name].identity for name in in_order(self._open)]

    def warnings(self) -> list[str]:
        """Which files are missing, and which in the folder nothing refers to."""
        found = []
        if self.lost:
            found.append(f"{_counted(self.lost, 'file is', 'files are')} missing: {_names(self.lost)}.")
        spare = [name for name in self._folder.files if name.endswith(SUFFIX) and name not in self._open]
        spare = [name for name in spare if name not in self.lost]
        if spare:
            found.append(
                f"{_counted(spare, 'file', 'files')} in the folder "
                f"{'is' if len(spare) == 1 else 'are'} not part of it: {_names(spare)}."
            )
        return found

    def close(self) -> None:
        """Give every handle back."""
        while self._open:
            self._open.popitem()[1].close()


def in_order(names: Iterable[str]) -> list[str]:
    """Names sorted with the numbers in them as numbers."""
    return sorted(names, key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def _counted(names: Iterable[str], one: str, many: str) -> str:
    count = len(list(names))
    return f"{count:,} {one if count == 1 else many}"


def _names(names: Iterable[str]) -> str:
    ordered = in_order(names)
    more = len(ordered) - _NAMED
    told = ", ".join(display(name, 80) for name in ordered[:_NAMED])
    return f"{told} and {more:,} more" if more > 0 else told
