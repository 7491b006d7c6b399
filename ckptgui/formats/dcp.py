"""Distributed checkpoints (``torch.distributed.checkpoint``): a folder of ranks' files and their description."""

from __future__ import annotations

import re

from ckptgui.core.checkpoint import Checkpoint, GlobalName
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.dcp_files import SUFFIX, in_order
from ckptgui.formats.dcp_metadata import Description, describe
from ckptgui.formats.dcp_names import judged
from ckptgui.formats.dcp_read import FORMAT, read_described
from ckptgui.formats.inner_streams import names
from ckptgui.formats.limits import DEFAULT, exceeded
from ckptgui.formats.pickle_machine import parse
from ckptgui.sources.base import read_exactly
from ckptgui.sources.folder import Folder

METADATA = ".metadata"
"""The description of all ranks' files."""

RANK_METADATA = re.compile(r"__(\d{1,9})\.metadata", re.ASCII)
"""A rank's own description, where the ranks saved without talking to each other."""


class Dcp:
    """Reads the description, and of each piece as much as tells where its values begin."""

    name = FORMAT

    def matches(self, folder: Folder, opened: str | None) -> bool:
        """By the names that torch gives: the folder, its description, or any rank's file in it."""
        if opened is not None:
            return opened == METADATA or opened.endswith(SUFFIX) or RANK_METADATA.fullmatch(opened) is not None
        files = folder.files
        return METADATA in files or any(name.endswith(SUFFIX) for name in files)

    def read(self, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
        """The whole; raises ``CheckpointError`` where nothing of it can be listed."""
        return _Opening(folder, check).read(_described_by(folder))


def _described_by(folder: Folder) -> list[str]:
    """The files with the description: one of all ranks, else one of each."""
    if METADATA in folder.files:
        return [METADATA]
    return in_order(name for name in folder.files if RANK_METADATA.fullmatch(name))


class _Opening:
    def __init__(self, folder: Folder, check: Check) -> None:
        self._folder = folder
        self._check = check
        self._description = Description()
        self._tellers: list[SourceIdentity] = []
        self._names: list[GlobalName] = []
        self._warnings: list[str] = []

    def read(self, described_by: list[str]) -> Checkpoint:
        errors = []
        for name in described_by:
            try:
                self._describe(name)
            except CheckpointError as error:
                errors.append(f"{display(name)}: {error}")
        return read_described(
            self._folder, self._description, self._tellers, self._names, self._warnings + errors, self._check
        )

    def _describe(self, name: str) -> None:
        source = self._folder.open(name)
        try:
            if source.size > DEFAULT.pickle_bytes:
                raise exceeded("pickle_bytes")
            data = read_exactly(source, 0, source.size)
        finally:
            source.close()
        self._tellers.append(source.identity)
        parsed = parse(data, self._check)
        self._names += judged(names(parsed, self._check), name)
        self._warnings += parsed.notes
        if parsed.broken is not None:
            raise DamagedFileError(parsed.broken)
        self._description.add(describe(parsed.root, self._check))
