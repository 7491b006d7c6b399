"""What a preset does in a few words, and what the options' choices are called."""

from __future__ import annotations

import re

from ckptgui.core.display import display
from ckptgui.export.request import ExportRequest
from ckptgui.gui.numbers import counted, short_number, tr

GB = 10**9
SHARDS = (1, 2, 5, 10)
"""Sizes of shards that are offered, in GB of 10⁹ bytes."""

_UNITS = {"": GB, "kb": 10**3, "mb": 10**6, "gb": GB, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"\s*(\d{1,9}(?:[.,]\d{1,6})?)\s*([a-zA-Z]*)\s*")


def preset_words(request: ExportRequest) -> str:
    """``safetensors, bfloat16, without *head*``."""
    parts = [tr("safetensors") if request.format == "safetensors" else ".pt"]
    parts.append(tr("as saved") if request.dtype == "keep" else request.dtype)
    if request.only == "all":
        parts.append(tr("everything"))
    if request.format == "pt" and request.location == "cpu":
        parts.append(tr("opens without a GPU"))
    elif request.format == "pt" and request.location != "keep":
        parts.append(tr("for {device}").format(device=display(request.location, 20)))
    if request.include:
        parts.append(tr("only {names}").format(names=display(", ".join(request.include), 40)))
    if request.exclude:
        parts.append(tr("without {names}").format(names=display(", ".join(request.exclude), 40)))
    if request.dtype_for:
        parts.append(counted(len(request.dtype_for), "exception", "exceptions"))
    if request.max_shard_bytes:
        parts.append(tr("shards of {size}").format(size=shard_words(request.max_shard_bytes)))
    if request.rename:
        parts.append(tr("renamed"))
    return ", ".join(parts)


def shard_words(nbytes: int) -> str:
    """``5 GB``, ``750 MB``: 1,000-based, as Hugging Face counts."""
    for unit, size in (("GB", GB), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= size and not nbytes % (size // 1000):
            value = nbytes / size
            return f"{short_number(int(value) if value == int(value) else value)} {unit}"
    return counted(nbytes, "byte", "bytes")


def parsed_size(text: str) -> int | None:
    """Bytes of ``5GB``, ``750 MB``, ``2`` (GB); None where it is no size."""
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        return None
    nbytes = round(float(found[1].replace(",", ".")) * unit)
    return nbytes if nbytes > 0 else None


def patterns(text: str) -> tuple[str, ...]:
    """Patterns as they are typed, commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
