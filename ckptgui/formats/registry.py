"""The readers, one a line, and the way from a path to a checkpoint: the first whose content it is reads it."""

from __future__ import annotations

import time
from dataclasses import replace

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import HEAD, Check, Probe, Reader
from ckptgui.formats.foreign import refusal
from ckptgui.formats.safetensors import Safetensors
from ckptgui.formats.torch_zip import TorchZip
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.local import LocalSource

READERS: tuple[Reader, ...] = (TorchZip(), Safetensors())
"""In the order in which they are asked."""

FRESH = 2.0
"""Seconds within which a damaged file may simply not be finished."""

_UNFINISHED = "The file changed a moment ago and is perhaps still being written: try again shortly."


def open_checkpoint(path: str, check: Check = lambda: None) -> Checkpoint:
    """What is in the file at ``path``, from its header alone; the file is closed again.

    Raises a ``CheckpointError``, whose sentence does not repeat the path.
    """
    source = LocalSource(path)
    try:
        return open_source(source, check)
    finally:
        source.close()


def open_source(source: ByteSource, check: Check = lambda: None) -> Checkpoint:
    """What is in an open source, which stays the caller's."""
    probe = probe_of(source)
    reader = next((reader for reader in READERS if reader.matches(probe)), None)
    if reader is None:
        raise refusal(probe, [reader.name for reader in READERS], check)
    try:
        with without_garbage_collection():
            checkpoint = reader.read(probe, check)
    except DamagedFileError as error:
        if not _is_fresh(source):
            raise
        raise type(error)(f"{error} {_UNFINISHED}") from error
    if (checkpoint.tensors.errors or checkpoint.attributes.get("cut")) and _is_fresh(source):
        checkpoint = replace(checkpoint, warnings=(*checkpoint.warnings, _UNFINISHED))
    return checkpoint


def probe_of(source: ByteSource) -> Probe:
    """A file as readers may look at it."""
    return Probe(source.identity.path, read_exactly(source, 0, HEAD), source.size, source)


def is_checkpoint(path: str) -> bool:
    """Whether a reader would try the file; a cheap look at its first bytes, False where that fails."""
    try:
        source = LocalSource(path)
    except CheckpointError:
        return False
    try:
        probe = probe_of(source)
        return any(reader.matches(probe) for reader in READERS)
    except CheckpointError:
        return False
    finally:
        source.close()


def _is_fresh(source: ByteSource) -> bool:
    """Whether the file was written within the last moments; a clock that runs backwards counts as no."""
    return 0 <= time.time() - source.identity.mtime_ns / 1e9 < FRESH
