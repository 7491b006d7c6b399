"""The rule of a quantised tensor, said again: scheme, scales, zero points, axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ckptgui.core.display import display
from ckptgui.core.dtypes import BY_NAME, DType
from ckptgui.core.extents import Extent
from ckptgui.core.tensors import TensorInfo
from ckptgui.errors import ExportError
from ckptgui.export.pieces import Span
from ckptgui.export.storages import Storage

PER_TENSOR = "per_tensor_affine"
_CHANNEL_DTYPES = {
    "per_channel_affine": ("float64", "int64"),
    "per_channel_affine_float_qparams": ("float32", "float32"),
}
"""Per scheme, the dtypes in which torch keeps scales and zero points (``torch/_tensor.py``)."""


def rule_of(tensor: TensorInfo) -> Mapping[str, Any] | None:
    """The rule, None for what is not quantised; raises ``ExportError`` where it is not known whole."""
    rule = tensor.extra.get("quantization")
    if rule is None:
        return None
    known = rule.get("scheme") == PER_TENSOR or (
        rule.get("scheme") in _CHANNEL_DTYPES
        and rule.get("scales") is not None
        and rule.get("zero_points") is not None
    )
    if not known:
        raise ExportError(f"{display(tensor.name)} is quantised by a rule that is not known whole.")
    found: Mapping[str, Any] = rule
    return found


def channel_storages(rule: Mapping[str, Any], device: str) -> tuple[Storage, Storage]:
    """Storages for the scales and the zero points of each slice."""
    scales, zeros = _CHANNEL_DTYPES[rule["scheme"]]
    return _storage(rule["scales"], BY_NAME[scales], device), _storage(rule["zero_points"], BY_NAME[zeros], device)


def _storage(values: list[Any], dtype: DType, device: str) -> Storage:
    data = np.array(values, dtype.array).tobytes()
    return Storage(Span(Extent(len(data), inline=data), 0, len(data), dtype), dtype, device)
