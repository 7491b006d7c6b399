"""What a reader may see before it says yes, and what it promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.sources.base import ByteSource
from ckptgui.sources.folder import Folder

HEAD = 512
"""Bytes of the file that a reader may look at before it says yes."""


@dataclass(frozen=True)
class Probe:
    """A file on offer: its path, first bytes, size, and the source to read the header from.

    ``kept`` is what one reader found out in looking, for the next: a zip's directory is parsed once.
    """

    path: str
    head: bytes
    size: int
    source: ByteSource
    kept: dict[str, object] = field(default_factory=dict, compare=False, repr=False)


Check = Callable[[], None]
"""Called between steps of a long parse; raises ``Cancelled`` when the person asked to stop."""


class Reader(Protocol):
    """Parses the header of one format. Stateless; never reads tensor data or imports what a file names."""

    name: str

    def matches(self, probe: Probe) -> bool:
        """Whether the content is this format's, by its bytes and not by its suffix."""
        ...

    def read(self, probe: Probe, check: Check) -> Checkpoint:
        """The checkpoint; raises ``CheckpointError`` for anything that cannot even be listed."""
        ...


class FolderReader(Protocol):
    """Reads checkpoints that are several files in one folder. As stateless and as inert as a ``Reader``."""

    name: str

    def matches(self, folder: Folder, opened: str | None) -> bool:
        """Whether the folder (``opened`` is None), or the file ``opened`` in it, is a piece of this format.

        Decided by names and a few first bytes; never by reading whole files.
        """
        ...

    def read(self, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
        """The whole checkpoint; raises ``CheckpointError`` for anything that cannot even be listed."""
        ...
