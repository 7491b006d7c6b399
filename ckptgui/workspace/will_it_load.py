"""Reads the two sides of "Will it load?": a checkpoint, and a model's names and shapes from a file of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.display import display
from ckptgui.core.fit.entries import Entries, entries_of
from ckptgui.core.fit.fit import Fit, fit
from ckptgui.core.fit.search import Fix, find_fix
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.series.parts import part_of
from ckptgui.engine.job import Cancel
from ckptgui.errors import DamagedFileError, UnsupportedError
from ckptgui.formats.json_files import read_json
from ckptgui.formats.registry import is_checkpoint
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import LocalSource
from ckptgui.workspace.opening import open_path
from ckptgui.workspace.run import Run

MAX_JSON = 256 * 2**20
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LoadCheck:
    """The answer for one checkpoint and one model, and the renaming that helps, if one does."""

    fit: Fit
    fix: Fix | None


def will_it_load(checkpoint: Checkpoint, expected: Entries, section: str | None = None) -> LoadCheck:
    """Would ``load_state_dict(strict=True)`` of the model take the checkpoint's? Not for the GUI's thread."""
    with without_garbage_collection():  # 100,000 names are many objects, all of which are wanted
        found = entries_of(part_of(checkpoint, section))
        return LoadCheck(fit(found, expected), find_fix(found, expected))


def read_model(path: str, section: str | None = None, cancel: Cancel | None = None) -> Entries:
    """The names and shapes in a checkpoint or in a JSON file ``{"name": [shape]}``.

    Raises ``CheckpointError``.
    """
    check = cancel.check if cancel is not None else _never
    if not is_checkpoint(path) and not Path(path).is_dir() and _looks_like_json(path):
        source = LocalSource(path)
        try:
            return shapes_in(read_json(source, MAX_JSON, check))
        finally:
            source.close()
    found = open_path(path, cancel)
    if isinstance(found, Run):
        raise UnsupportedError(f"It is a folder of {len(found.members):,} checkpoints; name one of them.")
    return entries_of(part_of(found, section))


def shapes_in(value: Json) -> Entries:
    """The entries that JSON names. Raises ``DamagedFileError`` that says which of them is wrong."""
    if not isinstance(value, Mapping):
        raise DamagedFileError('It is not an object of names and shapes like {"fc.weight": [10, 512]}.')
    for name, shape in value.items():
        if not isinstance(shape, list) or not all(type(n) is int and 0 <= n <= _LARGEST for n in shape):
            raise DamagedFileError(
                f"{display(repr(name))} has {display(repr(shape), 60)}, which is not a shape like [10, 512]."
            )
    return Entries({name: tuple(shape) for name, shape in value.items()})


def _looks_like_json(path: str) -> bool:
    source = LocalSource(path)
    try:
        head = read_exactly(source, 0, min(source.size, 64)).lstrip(b"\xef\xbb\xbf \t\r\n")
    finally:
        source.close()
    return path.lower().endswith(".json") or head.startswith((b"{", b"["))


def _never() -> None:
    """For a caller that does not cancel."""
