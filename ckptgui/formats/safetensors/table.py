"""What a safetensors header says of its tensors, in columns, whichever way it was parsed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.core.builder import MAX_NDIM
from ckptgui.core.display import amount, display
from ckptgui.core.dtypes import BY_SAFETENSORS, DType, Kind
from ckptgui.core.names import NamePool
from ckptgui.errors import DamagedFileError

MAX_UNKNOWN_DTYPES = 64
"""Distinct unknown dtype codes that keep their own name."""


@dataclass(frozen=True)
class Table:
    """The entries in the header's order, a row each.

    ``code`` is a place in ``codes``; ``dims`` holds every shape end to end, ``ndim`` how many sizes each has;
    ``begin`` and ``end`` count bytes from the end of the header. ``errors`` says by row why a size cannot be.
    """

    names: NamePool
    code: np.ndarray  # int64
    codes: tuple[str, ...]
    dims: np.ndarray  # int64
    ndim: np.ndarray  # int64
    begin: np.ndarray  # int64
    end: np.ndarray  # int64
    metadata: Mapping[str, str]
    errors: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def data_bytes(self) -> int:
        """Bytes of all tensors together."""
        return int(self.end.max(initial=0))


def check_layout(table: Table, present: int) -> None:
    """Bytes must follow each other from 0 without hole or overlap, and nothing may follow the last."""
    order = np.lexsort((table.end, table.begin))
    begin, end = table.begin[order], table.end[order]
    reached = np.concatenate([np.zeros(1, np.int64), end[:-1]])[: len(order)]
    wrong = np.flatnonzero(begin != reached)
    if len(wrong):
        place = wrong[0]
        what = "overlaps what is before it" if begin[place] < reached[place] else "leaves a hole before it"
        raise DamagedFileError(
            f"The tensor {display(table.names[int(order[place])])} {what}: it begins at data byte "
            f"{begin[place]:,}, not {reached[place]:,}."
        )
    if table.data_bytes < present:
        raise DamagedFileError(f"{present - table.data_bytes:,} bytes after the last tensor belong to none.")


def dtypes_of(codes: tuple[str, ...]) -> tuple[DType, ...]:
    """The dtype of each code; unknown ones are made up as bytes, each once, very many as one."""
    unknown: dict[str, DType] = {}
    found = []
    for code in codes:
        known = BY_SAFETENSORS.get(code) or unknown.get(code)
        if known is None:
            name = code if len(unknown) < MAX_UNKNOWN_DTYPES else "unknown"
            known = unknown.setdefault(name, DType(name, Kind.PACKED, 8, ""))
        found.append(known)
    return tuple(found)


def size_error(code: str, shape: tuple[int, ...], length: int) -> str | None:
    """Why a range of ``length`` bytes cannot hold this shape, or None."""
    dtype = BY_SAFETENSORS.get(code)
    if dtype is None:
        return f"Its dtype {display(code)} is not one of the safetensors format."
    if len(shape) > MAX_NDIM:  # the product of so many sizes would not end
        return f"It claims {len(shape):,} dimensions; at most {MAX_NDIM} are possible."
    numel = math.prod(shape)
    bits = numel * dtype.bits
    if bits % 8:
        return f"Its {amount(numel)} elements of {dtype.bits} bits end within a byte."
    if bits // 8 != length:
        return f"Its shape takes {amount(bits // 8)} bytes, its place in the file has {length:,}."
    return None
