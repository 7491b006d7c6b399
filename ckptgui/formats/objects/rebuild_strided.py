"""Strided tensors: views of a storage as torch has rebuilt them over the years (``torch/_utils.py``)."""

from __future__ import annotations

from ckptgui.core.dtypes import DType
from ckptgui.formats.objects.tensor_spec import (
    FALLBACK,
    Args,
    Nonsense,
    Scope,
    TensorSpec,
    device_of,
    element_type,
    need,
    whole_number,
    whole_numbers,
)
from ckptgui.formats.pickles.graph import Call, Node, entries


def view(args: Args, scope: Scope, dtype: DType | None = None) -> TensorSpec:
    """Storage, offset, size and stride, with which every strided rebuild begins."""
    need(args, 4)
    storage = scope.storages.get(args[0])
    return TensorSpec(
        shape=whole_numbers(args[2], "size"),
        dtype=dtype or storage.dtype or FALLBACK,
        storage=storage.row,
        strides=whole_numbers(args[3], "stride"),
        offset=whole_number(args[1], "offset") + storage.offset,
        device=storage.device,
        error=storage.error,
        source=args[0],
    )


def tensor(args: Args, scope: Scope) -> TensorSpec:
    """``_rebuild_tensor`` and ``_rebuild_tensor_v2``: the storage's class tells the element type."""
    spec = view(args, scope)
    if len(args) > 4:
        spec.requires_grad = args[4] is True
    if len(args) > 6:
        _apply_bits(spec, args[6])
    return spec


def tensor_v3(args: Args, scope: Scope) -> TensorSpec:
    """``_rebuild_tensor_v3``: the element type is told, the storage is of bytes."""
    need(args, 7)
    spec = view(args, scope, element_type(args[6]))
    spec.requires_grad = args[4] is True
    if len(args) > 7:
        _apply_bits(spec, args[7])
    return spec


def _apply_bits(spec: TensorSpec, metadata: Node) -> None:
    """Conjugation and negation that are still to be applied to the stored values."""
    marks = dict(entries(metadata) or ())
    spec.conj = marks.get("conj") is True
    spec.neg = marks.get("neg") is True


def meta(args: Args, _: Scope) -> TensorSpec:
    """A tensor that never had data."""
    need(args, 4)
    return TensorSpec(
        whole_numbers(args[1], "size"),
        element_type(args[0]),
        strides=whole_numbers(args[2], "stride"),
        device="meta",
        requires_grad=args[3] is True,
    )


def from_cpu(args: Args, scope: Scope) -> TensorSpec:
    """A tensor of a device that was copied to the CPU for saving."""
    need(args, 4)
    spec = scope.inner(args[0])
    spec.device = device_of(args[2]) or "cpu"
    spec.requires_grad = args[3] is True
    return spec


def old_tensor(call: Call, scope: Scope) -> TensorSpec:
    """``torch.FloatTensor`` made empty, then set to its storage and geometry (``Tensor.__setstate__``)."""
    if type(call.state) is not tuple or len(call.state) != 4:
        raise Nonsense("its state is not a storage with offset, size and stride")
    return view(call.state, scope)
