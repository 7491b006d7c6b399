"""Quantised tensors, with the rule by which their integers stand for reals."""

from __future__ import annotations

from typing import Any

from ckptgui.core.display import amount
from ckptgui.core.dtypes import Kind, decode
from ckptgui.formats.objects.rebuild_strided import view
from ckptgui.formats.objects.tensor_spec import Args, Nonsense, Scope, Storages, TensorSpec, need
from ckptgui.formats.pickles.graph import Node, Ref

_MOST_SCALES = 1 << 20


def quantized(args: Args, scope: Scope) -> TensorSpec:
    """``_rebuild_qtensor``: a view, then the scheme with its numbers."""
    need(args, 6)
    spec = view(args, scope)
    spec.requires_grad = args[5] is True
    if spec.dtype.kind not in (Kind.QUANTIZED, Kind.PACKED):
        raise Nonsense(f"{spec.dtype} is not a quantised type")
    spec.extra["quantization"] = _rule(args[4], spec, scope)
    return spec


def _rule(node: Node, spec: TensorSpec, scope: Scope) -> dict[str, Any]:
    """Scheme, and scale and zero point, one for all or one for each slice of an axis."""
    if type(node) is not tuple or len(node) < 3 or type(node[0]) is not Ref:
        raise Nonsense("its quantisation is not described")
    scheme = node[0].name
    if not scheme.startswith("per_channel"):
        if type(node[1]) not in (int, float) or type(node[2]) is not int:
            raise Nonsense("its scale or zero point is no number")
        return {"scheme": scheme, "scale": node[1], "zero_point": node[2]}
    if len(node) < 4 or type(node[3]) is not int or not 0 <= node[3] < len(spec.shape):
        raise Nonsense("the axis of its scales is not one of its dimensions")
    slices = spec.shape[node[3]]
    scales, zeros = (_numbers(part, slices, scope) for part in node[1:3])
    return {"scheme": scheme, "scales": scales, "zero_points": zeros, "axis": node[3]}


def _numbers(node: Node, slices: int, scope: Scope) -> list[Any] | None:
    """One number a slice, from a tensor or (in older files) a list; None where they cannot be had."""
    if type(node) is list:
        if len(node) != slices or not all(type(number) in (int, float) for number in node):
            raise Nonsense(f"it has not one scale for each of the {amount(slices)} slices of its axis")
        return node
    spec = scope.inner(node)
    if spec.shape != (slices,):
        raise Nonsense(f"it has not one scale for each of the {amount(slices)} slices of its axis")
    return _values(spec, scope.storages)


def _values(spec: TensorSpec, storages: Storages) -> list[Any] | None:
    """The numbers of a small contiguous tensor; None where they cannot be had."""
    if spec.error or spec.offset < 0 or spec.shape[0] > _MOST_SCALES or spec.strides != (1,):
        return None
    size = spec.dtype.itemsize
    data = storages.bytes_of(spec.source, spec.offset * size, spec.shape[0] * size)
    return None if data is None else decode(data, spec.dtype, storages.byteorder).tolist()
