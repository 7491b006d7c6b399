"""Recognises the calls by which torch and numpy rebuild tensors, and reads what they describe.

``spec_of`` answers for one node. A call that is known but makes no sense (a size that is a text, a storage
that is none) is still a tensor, one with an ``error``: it keeps its place in the list.
"""

from __future__ import annotations

from ckptgui.core.dtypes import BY_STORAGE_CLASS
from ckptgui.formats.objects import rebuild_composed as composed
from ckptgui.formats.objects import rebuild_strided as strided
from ckptgui.formats.objects import rebuild_wrapped as wrapped
from ckptgui.formats.objects.numpy_nodes import array_of
from ckptgui.formats.objects.rebuild_arrays import array, from_numpy
from ckptgui.formats.objects.rebuild_quantized import quantized
from ckptgui.formats.objects.tensor_spec import (
    FALLBACK,
    Nonsense,
    Rebuild,
    RebuildCall,
    Scope,
    Storages,
    TensorSpec,
)
from ckptgui.formats.pickles.graph import MISSING, Call, Node, Ref

_UNREADABLE = "Its description in the pickle does not make sense: "

_BY_ARGUMENTS: dict[str, Rebuild] = {
    "torch._utils._rebuild_tensor": strided.tensor,
    "torch._utils._rebuild_tensor_v2": strided.tensor,
    "torch._utils._rebuild_tensor_v3": strided.tensor_v3,
    "torch._utils._rebuild_parameter": wrapped.parameter,
    "torch._utils._rebuild_parameter_with_state": wrapped.parameter,
    "torch._utils._rebuild_qtensor": quantized,
    "torch._utils._rebuild_sparse_tensor": composed.sparse,
    "torch._utils._rebuild_sparse_csr_tensor": composed.sparse,
    "torch._utils._rebuild_nested_tensor": composed.nested,
    "torch.nested._internal.nested_tensor._rebuild_njt": composed.jagged,
    "torch._utils._rebuild_meta_tensor_no_storage": strided.meta,
    "torch._utils._rebuild_wrapper_subclass": wrapped.wrapper,
    "torch._utils._rebuild_device_tensor_from_numpy": from_numpy,
    "torch._utils._rebuild_xla_tensor": from_numpy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": strided.from_cpu,
    "torch._tensor._rebuild_from_type_v2": wrapped.from_type,
    "torch._tensor._rebuild_from_type": wrapped.from_type,
    "torch.tensor._rebuild_from_type": wrapped.from_type,
}
"""What each rebuild function's arguments mean (``torch/_utils.py``, ``torch/_tensor.py``)."""

_BY_CALL: dict[str, RebuildCall] = {
    "torch.nn.parameter.Parameter": wrapped.variable,
    "torch.autograd.variable.Variable": wrapped.variable,
    "torch.nn.parameter.UninitializedParameter": wrapped.uninitialized,
    "torch.nn.parameter.UninitializedBuffer": wrapped.uninitialized,
    **{
        f"{place}.{storage.removesuffix('Storage')}Tensor": strided.old_tensor
        for place in ("torch", "torch.cuda")
        for storage in BY_STORAGE_CLASS
    },
}
"""Classes that are called, with a state that follows."""


def is_tensor(node: Node) -> bool:
    """Whether ``spec_of`` would answer, without the work of it."""
    if type(node) is not Call or type(node.target) is not Ref:
        return False
    path = node.target.path
    return path in _BY_ARGUMENTS or _is_by_call(node, path) or array_of(node) is not None


def spec_of(node: Node, storages: Storages) -> TensorSpec | None:
    """The tensor or array that a node describes, or None when it is something else."""
    try:
        return _rebuild(node, Scope(storages, is_tensor, _rebuild))
    except Nonsense as error:
        return TensorSpec((), FALLBACK, error=f"{_UNREADABLE}{error}.")


def _rebuild(node: Node, scope: Scope) -> TensorSpec | None:
    """The same within another tensor; raises ``Nonsense``."""
    if type(node) is not Call or type(node.target) is not Ref:
        return None
    path = node.target.path
    rebuild = _BY_ARGUMENTS.get(path)
    if rebuild is None:
        return _BY_CALL[path](node, scope) if _is_by_call(node, path) else array(node, scope.storages)
    if type(node.args) is not tuple:
        raise Nonsense("it is called without the values that describe a tensor")
    spec = rebuild(node.args, scope)
    if node.state is not MISSING and not path.startswith("torch._tensor."):
        wrapped.add_attributes(spec, node.state, scope)
    return spec


def _is_by_call(node: Call, path: str) -> bool:
    """A class that is only mentioned, or that a state does not fill, is a value like any other."""
    if path not in _BY_CALL:
        return False
    return node.state is not MISSING or not path.endswith("Tensor")
