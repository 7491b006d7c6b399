"""Whether what was opened is still what lies on the disk. Asks the disk, so not for the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.errors import CheckpointError, UnreadableFileError
from ckptgui.sources.folder import Folder
from ckptgui.sources.local import identify


class Change(Enum):
    """What happened to a file."""

    GONE = "gone"
    CHANGED = "changed"
    NEW = "new"  # in the folder of a checkpoint that was not whole


@dataclass(frozen=True, slots=True)
class News:
    """A change, and the name of the file of several that it is about; empty where there is one."""

    change: Change
    file: str = ""


class Watch:
    """Looks again and again at the files of one checkpoint; where some were missing, also for new ones."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._sources = checkpoint.sources
        lacking = bool(checkpoint.tensors.errors) or bool(checkpoint.attributes.get("incomplete"))
        self._folder = checkpoint.path if lacking and "members" in checkpoint.attributes else None
        self._names: frozenset[str] | None = None

    def look(self, check: Callable[[], None]) -> News | None:
        """The first thing that is not as it was; None where all is."""
        for source in self._sources:
            check()
            try:
                now = identify(source.path)
            except CheckpointError:
                return News(Change.GONE, self._name(source.path))
            if now != source:
                return News(Change.CHANGED, self._name(source.path))
        return self._new()

    def _name(self, path: str) -> str:
        return PurePath(path).name if len(self._sources) > 1 else ""

    def _new(self) -> News | None:
        if self._folder is None:
            return None
        try:
            names = frozenset(Folder(self._folder).files)
        except UnreadableFileError:
            return None
        if self._names is None:
            self._names = names
        more = sorted(names - self._names)
        return News(Change.NEW, more[0]) if more else None
