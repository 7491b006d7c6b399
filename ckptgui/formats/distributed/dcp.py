"""Distributed checkpoints (``torch.distributed.checkpoint``): a folder of ranks' files and their description."""

from __future__ import annotations

import re
from dataclasses import replace

from ckptgui.core.checkpoint import Checkpoint, GlobalName
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.alone import read_alone
from ckptgui.formats.distributed.files import RANK_FILE, SUFFIX, in_order
from ckptgui.formats.distributed.in_safetensors import is_shard, read_shards, shards_in
from ckptgui.formats.distributed.metadata import Description, describe
from ckptgui.formats.distributed.names import judged
from ckptgui.formats.distributed.quick import describe_quickly
from ckptgui.formats.distributed.read import FORMAT, Told, read_described
from ckptgui.formats.limits import DEFAULT, exceeded
from ckptgui.formats.pickles.machine import parse
from ckptgui.formats.torch_save.inner_streams import names
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
            return _is_piece(opened) or is_shard(folder, opened)
        if METADATA in folder.files and folder.head(METADATA, 1) == b"\x80":
            return True
        return any(_is_piece(name) and name != METADATA for name in folder.files) or bool(shards_in(folder))

    def read(self, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
        """The whole; raises ``CheckpointError`` where nothing of it can be listed."""
        described_by = _described_by(folder)
        if not described_by:
            shards = shards_in(folder)
            if shards:
                return read_shards(folder, shards, check)
        return _Opening(folder, check).read(described_by)


def _is_piece(name: str) -> bool:
    return name == METADATA or name.endswith(SUFFIX) or RANK_METADATA.fullmatch(name) is not None


def _described_by(folder: Folder) -> list[str]:
    """The files with the description: one of all ranks, else one of each."""
    if METADATA in folder.files:
        return [METADATA]
    return in_order(name for name in folder.files if RANK_METADATA.fullmatch(name))


class _Opening:
    """Collects what the describing files say, and then reads what they describe."""

    def __init__(self, folder: Folder, check: Check) -> None:
        self._folder = folder
        self._check = check
        self._description = Description()
        self._by: list[SourceIdentity] = []
        self._names: list[GlobalName] = []
        self._warnings: list[str] = []

    def read(self, described_by: list[str]) -> Checkpoint:
        """The checkpoint; without a description that makes sense, the ranks' files as they are."""
        for name in described_by:
            try:
                self._describe(name)
            except CheckpointError as error:
                self._warnings.append(f"{display(name)}: {error}")
        self._warnings += _missing_ranks(described_by)
        told = Told(tuple(self._by), tuple(self._names), tuple(self._warnings))
        if self._description.order or not (self._warnings or not described_by):
            found = read_described(self._folder, self._description, told, self._check)
            writer = "torch" if METADATA in described_by else "ranks"
            return replace(found, attributes={**found.attributes, "writer": writer, "ranks": self._ranks()})
        files = in_order(name for name in self._folder.files if name.endswith(SUFFIX))
        if not files:
            raise DamagedFileError(self._warnings[0])
        return read_alone(self._folder, files, told, self._check)

    def _ranks(self) -> int:
        """How many ranks saved it, as far as their files tell."""
        files = (RANK_FILE.fullmatch(name) for name in self._folder.files)
        return max((int(match[1]) + 1 for match in files if match), default=0)

    def _describe(self, name: str) -> None:
        source = self._folder.open(name)
        try:
            if source.size > DEFAULT.pickle_bytes:
                raise exceeded("pickle_bytes")
            data = read_exactly(source, 0, source.size)
        finally:
            source.close()
        self._by.append(source.identity)
        quick = describe_quickly(data, self._check)
        if quick is not None:
            description, refs = quick
            self._names += judged(refs, name)
            self._description.add(description)
            return
        parsed = parse(data, self._check)
        self._names += judged(names(parsed, self._check), name)
        self._warnings += parsed.notes
        if parsed.broken is not None:
            raise DamagedFileError(parsed.broken)
        self._description.add(describe(parsed.root, self._check))


def _missing_ranks(described_by: list[str]) -> list[str]:
    """Ranks below the last that have no description of their own, where each should have one."""
    ranks = {int(match[1]) for name in described_by if (match := RANK_METADATA.fullmatch(name))}
    missing = [rank for rank in range(min(max(ranks, default=0), len(ranks) + 8)) if rank not in ranks]
    if not missing:
        return []
    return [f"The description of {'rank' if len(missing) == 1 else 'ranks'} "
            f"{', '.join(map(str, missing))} is missing."]  # fmt: skip
