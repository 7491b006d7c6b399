"""The training's values that went along with a state dict alone, read back where such a file is opened again.

safetensors has room for texts, which stand in the metadata as they are; numbers among them are read here. A
state dict in a ``.pt`` has a place that is no item of it: its ``_metadata``, where ``state_dict()`` notes the
versions of modules by name. No module can be called ``training``, as that is an attribute of every one. What
stands there is not in a checkpoint's ``metadata``, whose keys are those that ``torch.load`` gives.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count
from ckptgui.core.tensors import Path

NOTE = "training"
"""The name among the modules' notes."""

LOST = "lost"
"""The value that says what a rescue had to leave out, and why."""

WHERE: Path = ("_metadata", NOTE)
"""Where a state dict has them, as a path of attributes and keys."""

_TEXT = 1 << 16
"""Characters of a text that is looked at: longer ones are no figures."""

_NAMED = 3


def kept_values(checkpoint: Checkpoint) -> Mapping[str, Json]:
    """What stands in the ``_metadata`` of the state dict that was saved; empty where there is nothing."""
    notes = checkpoint.attributes.get("state_dict_metadata")
    own = notes.get((), {}) if isinstance(notes, Mapping) else {}
    found = own.get(NOTE)
    return found if isinstance(found, Mapping) else {}


def with_kept(checkpoint: Checkpoint) -> Json:
    """The metadata, and those values at their place, for eyes: a path leads to each of them."""
    kept, root = kept_values(checkpoint), checkpoint.metadata
    if not kept or not isinstance(root, Mapping | None):
        return root
    return {**(root or {}), WHERE[0]: {WHERE[1]: kept}}


def told_values(checkpoint: Checkpoint) -> Json:
    """The same with the numbers, lists and tables that safetensors holds as texts."""
    return read_values(checkpoint) if _is_of_texts(checkpoint) else with_kept(checkpoint)


def read_values(checkpoint: Checkpoint) -> Json:
    """The metadata, in which of texts that safetensors holds numbers, lists and tables are made."""
    root = checkpoint.metadata
    if not isinstance(root, Mapping) or not _is_of_texts(checkpoint):
        return root
    return {key: _read(value) if isinstance(value, str) else value for key, value in root.items()}


def lost_values(checkpoint: Checkpoint) -> Mapping[str, str]:
    """The names that a rescue had to leave out of this file, and why each."""
    root = checkpoint.metadata
    found = kept_values(checkpoint).get(LOST)
    if found is None and isinstance(root, Mapping) and _is_of_texts(checkpoint):
        told = root.get(LOST)
        found = _read(told, whole=True) if isinstance(told, str) else None
    if not isinstance(found, Mapping):
        return {}
    return {name: reason for name, reason in found.items() if isinstance(reason, str)}


def lost_sentence(lost: Mapping[str, str]) -> str:
    """What is missing here, for a person who may not know that the file was rescued."""
    shown = [f"{display(name)} ({display(reason.rstrip('.'))})" for name, reason in list(lost.items())[:_NAMED]]
    more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
    return f"A rescue had to leave {count(len(lost), 'tensor')} out of this file: {', '.join(shown)}{more}."


def _is_of_texts(checkpoint: Checkpoint) -> bool:
    return bool(checkpoint.sources) and all(s.path.endswith(".safetensors") for s in checkpoint.sources)


def _read(text: str, *, whole: bool = False) -> Json:
    """The JSON value that a text is, or the text."""
    if not whole and len(text) > _TEXT:
        return text
    try:
        return json.loads(text, parse_constant=str, parse_float=_finite)
    except (ValueError, RecursionError):
        return text


def _finite(text: str) -> float | str:
    return float(text) if math.isfinite(float(text)) else text
