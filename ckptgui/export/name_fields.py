"""What a template of names can ask of a checkpoint: the value of each field that the file tells."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json, Section
from ckptgui.core.training.summary import figure, training
from ckptgui.errors import ExportError
from ckptgui.export.casts import CAST_DTYPES
from ckptgui.export.request import ExportRequest
from ckptgui.export.select import choose_section
from ckptgui.export.template import Value

_ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".index.json", ".gguf", ".npz", ".npy", ".tar", ".pkl")
_MODEL = ("model_name", "arch", "architecture", "model_class", "model_type")
_CONFIGS = ("config.json", "config", "model_config", "hyper_parameters", "hparams", "args", "model_args")
_SAVED = ("saved_at", "saved", "timestamp", "save_time", "created_at", "datetime", "date")
_COUNTED = 2**63
"""What no counter reaches, and Python may refuse to print."""
_FIRST, _LAST = 946_684_800.0, 4_102_444_800.0
"""Seconds of 2000 and 2100: a number between them may be a time."""


def name_values(checkpoint: Checkpoint, request: ExportRequest) -> dict[str, Value]:
    """The values by field, those that are not known left out. Reads nothing and never fails."""
    section = _section(checkpoint, request)
    found: dict[str, Value | None] = {"stem": stem_of(checkpoint.path)}
    known = training(checkpoint)
    for field, counter in (("epoch", known.epoch), ("step", known.step)):
        found[field] = counter.value if counter is not None and abs(counter.value) < _COUNTED else None
    if known.loss is not None and math.isfinite(known.loss.value):
        found["loss"] = known.loss.value
    found["saved"] = _saved(checkpoint)
    found["model"] = _model(checkpoint, section)
    if request.only == "all":
        found["section"] = "all"
    elif section is not None:
        found["section"] = "-".join(map(without_ending, section.path))
    found["dtype"] = _dtype(checkpoint, request, section)
    return {field: value for field, value in found.items() if value is not None and value != ""}


def stem_of(path: str) -> str:
    """The name of a file or folder without the ending of a format: ``Llama-3.1`` has none."""
    return without_ending(PurePath(path).name)


def without_ending(name: str) -> str:
    """A name without the ending of a format that checkpoints are saved in."""
    ending = next((each for each in _ENDINGS if name.lower().endswith(each) and len(name) > len(each)), "")
    return name[: len(name) - len(ending)]


def _section(checkpoint: Checkpoint, request: ExportRequest) -> Section | None:
    if request.only == "all":
        return None
    try:
        return choose_section(checkpoint, request.section)
    except ExportError:
        return None


def _model(checkpoint: Checkpoint, section: Section | None) -> str | None:
    """The class of a saved module, else what the values or the configuration beside it call the model."""
    path = section.path if section is not None else ()
    for module in checkpoint.modules:
        if module.path in ((), path):
            return module.class_name.rpartition(".")[2]
    root = checkpoint.metadata
    if not isinstance(root, Mapping):
        return None
    for table in (root, *(root.get(key) for key in _CONFIGS)):
        if isinstance(table, Mapping):
            classes = table.get("architectures")
            if isinstance(classes, list) and classes and isinstance(classes[0], str):
                return classes[0]
            for key in _MODEL:
                if isinstance(table.get(key), str) and table[key]:
                    return PurePath(table[key]).name
    return None


def _saved(checkpoint: Checkpoint) -> str | None:
    """When, by the file's own values, else by its time of change; in the time of this place."""
    root = checkpoint.metadata
    if isinstance(root, Mapping):
        for key in _SAVED:
            if (told := _time(root.get(key))) is not None:
                return told
    newest = max((source.mtime_ns for source in checkpoint.sources), default=0)
    return _words(newest / 1e9) if newest > 0 else None


def _time(value: Json) -> str | None:
    """A number of seconds, or a date in the order of ISO 8601, as it was written down."""
    if isinstance(value, str):
        try:
            return time.strftime(_FORMAT, time.strptime(value[:16].replace("T", " "), "%Y-%m-%d %H:%M"))
        except ValueError:
            return None
    seconds = figure(value)
    return _words(seconds) if seconds is not None and _FIRST <= seconds < _LAST else None


def _words(seconds: float) -> str | None:
    try:
        return time.strftime(_FORMAT, time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return None


_FORMAT = "%Y-%m-%d-%H%M"


def _dtype(checkpoint: Checkpoint, request: ExportRequest, section: Section | None) -> str | None:
    """The type that most bytes of what is exported have there."""
    table = checkpoint.tensors
    rows = slice(section.start, section.stop) if section is not None else slice(0, len(table))
    codes, sizes = table.dtype[rows], table.nbytes[rows]
    if not len(codes):
        return None
    commonest = table.dtypes[int(np.bincount(codes, weights=sizes).argmax())]
    cast = request.dtype != "keep" and commonest.name in CAST_DTYPES
    return request.dtype if cast else commonest.name
