"""A file name that says what an export holds: ``model-epoch3-loss0.100-state-dict.pt``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.errors import ExportError
from ckptgui.export.name_fields import name_values
from ckptgui.export.request import ExportRequest
from ckptgui.export.select import choose_section
from ckptgui.export.template import Template, Value, formatted, parse_template, plain

_COUNTED = frozenset({"epoch", "epochs", "ep", "e", "step", "steps", "iter", "iteration", "checkpoint", "ckpt"})
_GENERIC = _COUNTED | {"global", "loss", "last", "latest", "final", "state", "dict", "weights", "full", "pytorch"}
_SHORT = {"bfloat16": "bf16", "float16": "f16", "float32": "f32", "float64": "f64"}
"""What an element type is called in a name, where tensors are cast to it."""

_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")
_NUMBERED = re.compile(r"([a-z]+)(\d+(?:\.\d+)?)")
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z]\w*$")  # the name of a folder may end in a number: Llama-3.1
_UNSAFE = re.compile(r"[^\w.+-]+")


def proposed_name(checkpoint: Checkpoint, request: ExportRequest, template: str = "") -> str:
    """A name without a folder, by a template or, where that is empty, as it reads best.

    Then what the source's own name says of epoch and step is not said twice. An export in shards is a folder,
    whose name has no suffix. Raises ``ExportError`` where the template is none, or gives no name.
    """
    return proposal(checkpoint, request)(parse_template(template) if template else None)


def proposal(checkpoint: Checkpoint, request: ExportRequest) -> Callable[[Template | None], str]:
    """What ``proposed_name`` answers for each template, with the checkpoint looked at once."""
    suffix = "" if request.max_shard_bytes is not None else f".{request.format}"
    stem = _stem(checkpoint.path)
    values = {"model": stem, **name_values(checkpoint, request)}
    best = f"{_best_name(checkpoint, request, stem, values)}{suffix}"
    return lambda template: template.name(values, suffix) if template is not None else best


def _best_name(checkpoint: Checkpoint, request: ExportRequest, stem: str, values: Mapping[str, Value]) -> str:
    parts = [stem]
    section = _section(checkpoint, request)
    if section:
        parts.append(section)
    told = [field for field in ("epoch", "step") if field in values][:1] + ["loss"] * ("loss" in values)
    parts += [f"{field}{formatted(values[field])}" for field in told]
    if not section.endswith("state-dict"):
        parts.append("state-dict" if request.only == "state-dict" else "all")
    if request.dtype != "keep":
        parts.append(_SHORT.get(request.dtype, request.dtype))
    return "-".join(parts)


def _stem(path: str) -> str:
    """The file's own name without the words that every checkpoint has; ``model`` when nothing is left."""
    name = _SUFFIX.sub("", PurePath(path).name)
    kept: list[str] = []
    counted = False
    for word in _WORD.findall(name):
        lower = word.lower()
        numbered = _NUMBERED.fullmatch(lower)
        if lower in _GENERIC or (numbered and numbered[1] in _GENERIC) or (counted and _is_number(lower)):
            counted = lower in _GENERIC
            continue
        counted = False
        kept.append(word)
    return plain(_UNSAFE.sub("-", "-".join(kept))) or "model"


def _section(checkpoint: Checkpoint, request: ExportRequest) -> str:
    """The section's name where it is not the model that everyone expects."""
    if request.only == "all":
        return ""
    try:
        section = choose_section(checkpoint, request.section)
    except ExportError:
        return ""
    models = checkpoint.with_role(Role.MODEL)
    if not section.path or (section.role is Role.MODEL and len(models) == 1):
        return ""
    return plain(_UNSAFE.sub("-", "-".join(section.path)).replace("_", "-"))


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal()
