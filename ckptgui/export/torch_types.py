"""Which element types a ``.pt`` can hold so that ``torch.load(weights_only=True)`` opens it."""

from __future__ import annotations

from dataclasses import replace

from ckptgui.core.display import display
from ckptgui.core.dtypes import BY_NAME, BY_SAFETENSORS, DType, Kind
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.errors import ExportError
from ckptgui.export.quantized import rule_of

_WITHOUT_STORAGE_CLASS = frozenset(
    {
        *("uint16", "uint32", "uint64", "complex32", "float4_e2m1fn_x2"),
        *("bits8", "bits16", "bits1x8", "bits2x4", "bits4x2"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
    }
)
"""Types that torch saves by ``_rebuild_tensor_v3`` over plain bytes (``torch.storage._new_dtypes``)."""


def torch_takes(dtype: DType) -> bool:
    """Whether any tensor of this type can be written as it is counted."""
    return _is_held(dtype) and dtype.kind is not Kind.QUANTIZED


def safetensors_takes(dtype: DType) -> bool:
    """Whether any tensor of this type can be written as it is counted."""
    return bool(dtype.safetensors)


def for_torch(tensor: TensorInfo) -> TensorInfo:
    """The tensor as torch would hold it; raises ``ExportError`` for a type that it does not have or read.

    safetensors counts float4 values, torch counts the bytes that hold two of them.
    """
    if tensor.dtype.name == "F4":
        return _paired(tensor)
    if tensor.dtype.kind is Kind.QUANTIZED and rule_of(tensor) is None:
        raise ExportError(f"{display(tensor.name)} is {tensor.dtype}, but what its values stand for is not known.")
    if _is_held(tensor.dtype):
        return tensor
    raise ExportError(
        f"{display(tensor.name)} is {tensor.dtype}, which torch's weights_only loading does not read."
    )


def for_safetensors(tensor: TensorInfo) -> TensorInfo:
    """The tensor as a safetensors header counts it; raises ``ExportError`` for a type without a code."""
    if tensor.dtype.name == "float4_e2m1fn_x2" and tensor.shape:
        shape = (*tensor.shape[:-1], tensor.shape[-1] * 2)
        return replace(tensor, dtype=BY_SAFETENSORS["F4"], shape=shape, strides=contiguous_strides(shape))
    if not tensor.dtype.safetensors:
        raise ExportError(f"{display(tensor.name)} is {tensor.dtype}, which safetensors cannot hold.")
    return tensor


def _is_held(dtype: DType) -> bool:
    typed = bool(dtype.storage_class) and dtype.kind is not Kind.PACKED
    return typed or dtype.name in _WITHOUT_STORAGE_CLASS


def _paired(tensor: TensorInfo) -> TensorInfo:
    if not tensor.shape or tensor.shape[-1] % 2 or not tensor.is_contiguous or tensor.storage_offset % 2:
        raise ExportError(f"{display(tensor.name)} has float4 values that do not fill their bytes in pairs.")
    shape = (*tensor.shape[:-1], tensor.shape[-1] // 2)
    return replace(
        tensor,
        dtype=BY_NAME["float4_e2m1fn_x2"],
        shape=shape,
        strides=contiguous_strides(shape),
        storage_offset=tensor.storage_offset // 2,
    )
