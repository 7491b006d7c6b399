"""``info --json``: one object, a line a tensor, written as it is read so that a million tensors fit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from ckptgui.cli.health import health
from ckptgui.cli.meaning_answer import globals_answer, modules_answer, provenance_answer, readiness_answer
from ckptgui.cli.reading import Values, Wish
from ckptgui.cli.stats_text import stats_texts
from ckptgui.cli.tensor_lines import tensor_lines
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.kept import kept_values
from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.checksums import Checked


def write_answer(
    checkpoint: Checkpoint,
    path: str,
    values: Values,
    wish: Wish,
    write: Callable[[str], object],
    checked: Checked | None = None,
) -> list[str]:
    """Write the object; the reasons why tensors could not be read whole are returned too."""
    _write_members(head(checkpoint, path), write, "{")
    write(',\n "tensors": [')
    before = "\n  "
    for lines in tensor_lines(
        checkpoint,
        lambda row: tensor(checkpoint, checkpoint.info(row)),
        lambda first, stop: _values_texts(checkpoint, values, wish, first, stop),
    ):
        write(before)
        write(",\n  ".join(lines))
        before = ",\n  "
    write("]")
    reasons = [f"{'/'.join(checkpoint.tensors.path(row))}: {e}" for row, e in sorted(values.errors.items())]
    rest = tail(checkpoint, path, reasons)
    if wish.stats:
        rest["health"] = [
            {"kind": finding.kind, "path": list(finding.path), "text": finding.text}
            for finding in health(checkpoint, values.profile)
        ]
    if checked is not None:
        rest["verify"] = {
            "checked": checked.count,
            "bad": [{"file": fault.file, "record": fault.record, "text": fault.text} for fault in checked.bad],
        }
    _write_members(rest, write, ",\n ")
    write("}\n")
    return reasons


def _values_texts(checkpoint: Checkpoint, values: Values, wish: Wish, first: int, stop: int) -> list[str]:
    """What the entries of some rows say beside the table: what was asked for, read now, and errors."""
    texts = [""] * (stop - first)
    if wish.reads:
        values.read(first, stop)
    if wish.digest:
        texts = [f', "sha256": {_json(values.sha256.get(row))}' for row in range(first, stop)]
    if wish.stats:
        stats = stats_texts(values.profile, checkpoint.tensors, first, stop, values.exact)
        texts = [f'{text}, "stats": {figures}' for text, figures in zip(texts, stats)]
    for row in values.errors.keys() & range(first, stop):
        lost = (', "sha256": null' if wish.digest else "") + (', "stats": null' if wish.stats else "")
        texts[row - first] = f'{lost}, "error": {_json(values.errors[row])}'
    return texts


def head(checkpoint: Checkpoint, path: str) -> dict[str, Any]:
    """What stands before the tensors."""
    return {
        "path": path,
        "format": checkpoint.format,
        "bytes": checkpoint.nbytes,
        "tensor_count": len(checkpoint),
        "parameter_count": checkpoint.parameter_count,
        "sections": [
            {
                "path": list(section.path),
                "role": section.role.value,
                "tensor_count": section.tensor_count,
                "bytes": section.nbytes,
            }
            for section in checkpoint.sections
        ],
        "modules": modules_answer(checkpoint),
    }


def tail(checkpoint: Checkpoint, path: str, reasons: list[str]) -> dict[str, Any]:
    """What stands after the tensors; ``reasons`` join the reader's own warnings."""
    return {
        "metadata": checkpoint.metadata,
        **({"training": told} if (told := kept_values(checkpoint)) else {}),
        "safety": {
            "verdict": checkpoint.verdict,
            "globals": globals_answer(checkpoint),
        },
        "readiness": readiness_answer(checkpoint),
        "provenance": provenance_answer(checkpoint),
        "load": load_snippet(checkpoint),
        "warnings": [*checkpoint.warnings, *reasons],
    }


def tensor(checkpoint: Checkpoint, info: TensorInfo) -> dict[str, Any]:
    """What the table says of an entry of ``tensors``; keys that only some have are left out of the others."""
    answer: dict[str, Any] = {
        "path": list(info.path),
        "name": info.name,
        "shape": list(info.shape),
        "dtype": info.dtype.name,
        "device": info.device,
        "strides": list(info.strides),
        "requires_grad": info.requires_grad,
        "bytes": info.nbytes,
        "storage": info.storage_key,
        "storage_offset": info.storage_offset,
        "layout": info.layout,
        "kind": str(info.kind),
        "file": _file(checkpoint, info),
        "file_offset": info.file_offset,
    }
    if not info.persistent:
        answer["persistent"] = False
    if info.extra.get("uninitialized"):
        answer["uninitialized"] = True
    if "quantization" in info.extra:
        answer["quantization"] = _finite(info.extra["quantization"])
    return answer


def _finite(value: Any) -> Any:
    """The same with names for the floats that JSON does not have: a file may give any scale."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def _file(checkpoint: Checkpoint, info: TensorInfo) -> str | None:
    """Inline bytes lie in the pickle, which is in the file that was opened, or in that of a folder it is below."""
    if info.file is not None or info.extent is None:
        return info.file
    files = {PurePath(source.path).name for source in checkpoint.sources}
    return next((part for part in info.path if part in files), PurePath(checkpoint.path).name)


def _write_members(members: dict[str, Any], write: Callable[[str], object], before: str) -> None:
    for key, value in members.items():
        write(f"{before}{_json(key)}: {_json(value)}")
        before = ",\n "


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
