"""Where in a checkpoint's metadata its author may have put how far the training was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckptgui.core.checkpoint import Json
from ckptgui.core.kept import WHERE
from ckptgui.core.tensors import Path

Table = tuple[Path, Mapping[str, Json]]
"""A mapping of the metadata and where it stands."""

_HOLDERS = (
    "metrics", "stats", "results", "metadata", "meta", "state", "trainer", "trainer_state", "trainer_state.json",
    "train_state", "info", "history", "log", "logs", "progress", "checkpoint", "extra_state", "meta.pt",
    "common.pt",
)  # fmt: skip
_BESIDE = (("meta.pt",), ("common.pt",), WHERE)
"""Files of Lightning and Megatron with what is not distributed, which a single file has at its top; and the place
where a state dict alone has what went along with it.
"""

_RECENT = 64
"""Entries at the end of a history that are looked at."""


def tops(root: Mapping[str, Json]) -> Iterator[Table]:
    """The top, and what is the top of a file with all that is not distributed."""
    yield (), root
    for path in _BESIDE:
        value: Json = root
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            yield path, value


def places(root: Mapping[str, Json]) -> Iterator[Table]:
    """The top, then the mappings there that by name hold such values, then the ends of their histories."""
    yield (), root
    held = [(path, table) for path, table in tops(root) if path == WHERE]
    for key in _HOLDERS:
        value = root.get(key)
        if isinstance(value, Mapping):
            held.append(((key,), value))
    yield from held
    for path, table in [((), root), *held]:
        yield from _ends(path, table)


def _ends(path: Path, table: Mapping[str, Json]) -> Iterator[Table]:
    """The last entry of transformers' ``log_history`` that tells a loss, and the last of an evaluation."""
    history = table.get("log_history")
    if not isinstance(history, list):
        return
    for begins in ("loss", "eval_"):
        for index in reversed(range(max(0, len(history) - _RECENT), len(history))):
            entry = history[index]
            if isinstance(entry, Mapping) and any(key.startswith(begins) for key in entry):
                yield (*path, "log_history", str(index)), entry
                break
