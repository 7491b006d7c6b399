"""The training's plain values that go along with an export: kept, changed or left out.

A safetensors file has them as text in its ``__metadata__``; a state dict in a ``.pt`` in its own ``_metadata``,
under a name that no module can have, so that it still loads with ``weights_only`` and ``strict``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ckptgui.core.checkpoint import Checkpoint, Json, Role, Section
from ckptgui.core.display import display
from ckptgui.core.kept import LOST, NOTE, read_values
from ckptgui.core.training.roles import is_scaler_state, is_scheduler_state, role_by_name
from ckptgui.errors import ExportError

MAX_TEXT = 4 << 20
"""Bytes of all values as JSON; a safetensors header has to be read whole before anything of the file."""

_MAX_DEPTH = 64
_MAX_BITS = 2_000
"""Bits of a whole number that loaders and JSON take; a longer one goes as text."""
_LEFT_BEHIND = frozenset({Role.OPTIMIZER, Role.SCHEDULER, Role.SCALER, Role.RNG})
_ATTRIBUTES_ALONE = frozenset({"argparse.Namespace", "types.SimpleNamespace"})
"""Classes of which nothing is lost when their objects are taken for dictionaries."""
_SIGNS = frozenset({"__class__", "__bytes__", "__ref__"})
_OF_THE_FILE = frozenset({"format", "total_size", "total_parameters", "DCP_VERSION", "program"})
"""Values that a format notes about its own files."""


def metadata_of(
    checkpoint: Checkpoint,
    section: Section,
    keep: bool,
    edits: Sequence[tuple[str, str]],
    lost: Mapping[str, str],
    names: Sequence[str] = (),
) -> dict[str, Json]:
    """The values that go along, by key; those of ``names`` are tensors. Raises ``ExportError`` for too many."""
    values = _kept(checkpoint, section) if keep else {}
    for name in names if values else ():
        values.pop(name, None)
    for key, text in edits:
        if not key:
            raise ExportError("A value that goes along needs a name: KEY=VALUE.")
        values.pop(key, None)
        if text:
            values[key] = parsed(text)
    if lost:
        values[LOST] = dict(lost)
    sizes = {key: len(key) + len(as_text(value)) for key, value in values.items()}
    if sum(sizes.values()) > MAX_TEXT:
        key = max(sizes, key=lambda each: sizes[each])
        raise ExportError(
            f"The values to keep take {sum(sizes.values()):,} bytes as text, {MAX_TEXT:,} may go along; "
            f"{display(key)} alone takes {sizes[key]:,}."
        )
    return values


def parsed(text: str) -> Json:
    """The JSON value that a text is, or the text; that too where it nests deeper than values do."""
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return text
    return value if _is_shallow(value) else text


def _is_shallow(value: Json, depth: int = 0) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth < _MAX_DEPTH and all(_is_shallow(each, depth + 1) for each in inner)


def as_text(value: Json) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number that can be kept")
    return value


def _kept(checkpoint: Checkpoint, section: Section) -> dict[str, Json]:
    """Plain values at the top and beside the section's tensors, and those that an earlier export took along."""
    saved = checkpoint.attributes.get("state_dict_metadata", {})
    earlier = saved.get(section.path, {}).get(NOTE, {}) if isinstance(saved, Mapping) else {}
    root = read_values(checkpoint)
    if not isinstance(root, Mapping) or _SIGNS.intersection(root):
        root = {}  # an object's attributes are about the object
    parts = {other.path[0] for other in checkpoint.sections if other.path and other.path != section.path}
    found: dict[str, Json] = {}
    for key, value in {**earlier, **root}.items():
        if key in parts or key in section.path[:1] or key in _OF_THE_FILE or _is_state(key, value):
            continue
        plain = _plain(value)
        if plain is not _NOTHING:
            found[key] = plain
    return found


def _is_state(key: str, value: Json) -> bool:
    """Whether a value is what an optimizer, a scheduler, a scaler or a random generator goes on from."""
    if is_scaler_state(value) or is_scheduler_state(value):
        return True
    return isinstance(value, (Mapping, list)) and role_by_name(key) in _LEFT_BEHIND


_NOTHING: Any = object()


def _plain(value: Json, depth: int = 0) -> Json:
    """The value without objects of classes, long bytes and references in it; ``_NOTHING`` if it is one."""
    if depth > _MAX_DEPTH:
        return _NOTHING
    if isinstance(value, Mapping):
        signs = _SIGNS.intersection(value)
        if signs and not (signs == {"__class__"} and value["__class__"] in _ATTRIBUTES_ALONE):
            return _NOTHING
        inner = {key: _plain(each, depth + 1) for key, each in value.items() if key not in signs}
        return {key: each for key, each in inner.items() if each is not _NOTHING}
    if isinstance(value, (list, tuple)):
        items = [_plain(each, depth + 1) for each in value]
        return [None if each is _NOTHING else each for each in items]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return hex(value)
    return value
