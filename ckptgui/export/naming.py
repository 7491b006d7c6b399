"""A file name that says what an export holds: ``model-epoch3-loss0.100-state-dict.pt``."""

from __future__ import annotations

import math
import re
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.training.summary import training
from ckptgui.errors import ExportError
from ckptgui.export.request import ExportRequest
from ckptgui.export.select import choose_section

_MAX_STEM = 80
_COUNTED = frozenset({"epoch", "epochs", "ep", "e", "step", "steps", "iter", "iteration", "checkpoint", "ckpt"})
_GENERIC = _COUNTED | {"global", "loss", "last", "latest", "final", "state", "dict", "weights", "full", "pytorch"}
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")
_NUMBERED = re.compile(r"([a-z]+)(\d+(?:\.\d+)?)")
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z]\w*$")  # the name of a folder may end in a number: Llama-3.1
_UNSAFE = re.compile(r"[^\w.+-]+")


def proposed_name(checkpoint: Checkpoint, request: ExportRequest) -> str:
    """A name without a folder; what the source's own name says of epoch and step is not said twice."""
    parts = [_stem(checkpoint.path)]
    section = _section(checkpoint, request)
    if section:
        parts.append(section)
    known = training(checkpoint)
    if known.epoch is not None:
        parts.append(f"epoch{known.epoch.value}")
    elif known.step is not None:
        parts.append(f"step{known.step.value}")
    if known.loss is not None and math.isfinite(known.loss.value):
        parts.append(f"loss{_figure(known.loss.value)}")
    if not section.endswith("state-dict"):
        parts.append("state-dict" if request.only == "state-dict" else "all")
    return f"{'-'.join(parts)}.{request.format}"


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
    stem = _UNSAFE.sub("-", "-".join(kept)).strip("-.")
    return stem[:_MAX_STEM] or "model"


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
    return _UNSAFE.sub("-", "-".join(section.path)).strip("-.").replace("_", "-")[:_MAX_STEM]


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal()


def _figure(value: float) -> str:
    return f"{value:.3f}" if 0.001 <= abs(value) < 10_000 or value == 0 else f"{value:.2e}"
