"""The files of a distributed checkpoint that hold bytes, opened by the names that its description gives."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ckptgui.core.display import amount, display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError, UnreadableFileError
from ckptgui.formats.distributed.metadata import Slice
from ckptgui.sources.base import ByteSource
from ckptgui.sources.folder import Folder, plain_name
from ckptgui.sources.locate import PooledSource, SourcePool

SUFFIX = ".distcp"
RANK_FILE = re.compile(r"__(\d{1,9})_(\d{1,9})\.distcp", re.ASCII)
"""As torch's ``FileSystemWriter`` names them: the rank, and which of its files."""

_GONE = "is not in the folder."
_NAMED = 3
"""Files that a sentence names before it only counts."""


class DataFiles:
    """The files that are ``known``, by name, some of them open; of one in ``lost``, why it cannot be had."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._pool = SourcePool()
        self.known: dict[str, SourceIdentity] = {}
        self.lost: dict[str, str] = {}

    def identity(self, name: str) -> SourceIdentity | None:
        """Which file has this name, or None; ``lost`` then says why."""
        found = self.known.get(name)
        if found is None and name not in self.lost:
            try:
                plain_name(name)
                if name not in self._folder.files:
                    self.lost[name] = f"Its file {display(name)} {_GONE}"
                else:
                    source = self._folder.open(name)
                    self._pool.add(source)
                    found = self.known[name] = source.identity
            except CheckpointError as error:
                self.lost[name] = f"Its file {display(name)} cannot be opened: {error}"
        return found

    def source(self, name: str) -> ByteSource:
        """The file, to be read until ``close``; raises ``UnreadableFileError`` where it cannot be had."""
        identity = self.identity(name)
        if identity is None:
            raise UnreadableFileError(self.lost[name])
        return PooledSource(self._pool, identity)

    def problem(self, place: Slice) -> str | None:
        """Why a stretch of a file is not there whole."""
        identity = self.known.get(place.file) or self.identity(place.file)
        if identity is None:
            return self.lost[place.file]
        if place.offset < 0 or place.length < 0:
            return f"Its place in {display(place.file)} is negative."
        if place.offset + place.length > identity.size:
            return (
                f"It lies up to byte {amount(place.offset + place.length)} of {display(place.file)}, "
                f"which has {identity.size:,}."
            )
        return None

    @property
    def identities(self) -> list[SourceIdentity]:
        """The files that were opened, in the order of their names as a person counts."""
        return [self.known[name] for name in in_order(self.known)]

    def warnings(self) -> list[str]:
        """Which files are missing, and which in the folder nothing refers to."""
        found = []
        gone = [name for name, reason in self.lost.items() if reason.endswith(_GONE)]
        if gone:
            found.append(f"{_counted(gone, 'file is', 'files are')} missing: {_names(gone)}.")
        if len(gone) < len(self.lost):
            closed = self.lost.keys() - set(gone)
            found.append(f"{_counted(closed, 'file', 'files')} cannot be opened: {_names(closed)}.")
        spare = [name for name in self._folder.files if name.endswith(SUFFIX) and name not in self.known]
        spare = [name for name in spare if name not in self.lost]
        if spare:
            found.append(
                f"{_counted(spare, 'file', 'files')} in the folder "
                f"{'is' if len(spare) == 1 else 'are'} not part of it: {_names(spare)}."
            )
        return found

    def close(self) -> None:
        """Give every handle back."""
        self._pool.close()


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
