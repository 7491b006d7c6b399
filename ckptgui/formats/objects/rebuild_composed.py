"""Tensors that are made of others: sparse in every layout, nested."""

from __future__ import annotations

from ckptgui.formats.objects.tensor_spec import Args, Nonsense, Scope, TensorSpec, need, whole_numbers
from ckptgui.formats.pickles.graph import Call, Node, Ref, entries

_LAYOUTS = frozenset(
    {"strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged", "_mkldnn"}
)


def layout_of(node: Node) -> str:
    """Layout names come as ``torch.serialization._get_layout("torch.sparse_coo")`` or as ``torch.strided``."""
    if type(node) is Call and type(node.args) is tuple and len(node.args) == 1 and type(node.args[0]) is str:
        name = node.args[0]
    elif type(node) is Ref:
        name = node.path
    else:
        raise Nonsense("its layout is not known")
    name = name.removeprefix("torch.")
    if name not in _LAYOUTS:
        raise Nonsense("its layout is not known")
    return "nested" if name == "jagged" else name


def sparse(args: Args, scope: Scope) -> TensorSpec:
    """``_rebuild_sparse_tensor``: a layout, then indices, values and size."""
    need(args, 2)
    layout = layout_of(args[0])
    parts = args[1]
    if type(parts) is not tuple or len(parts) < 3:
        raise Nonsense("its parts are missing")
    if layout == "sparse_coo":
        names: tuple[str, ...] = ("indices", "values")
    elif layout in ("sparse_csr", "sparse_bsr"):
        names = ("crow_indices", "col_indices", "values")
    elif layout in ("sparse_csc", "sparse_bsc"):
        names = ("ccol_indices", "row_indices", "values")
    else:
        raise Nonsense(f"its layout {layout} is not a sparse one")
    if len(parts) <= len(names):
        raise Nonsense("its size is missing")
    return _composed(layout, whole_numbers(parts[len(names)], "size"), list(zip(names, parts)), scope)


def nested(args: Args, scope: Scope) -> TensorSpec:
    """A ragged tensor: its values in one buffer, with the size and place of each piece in tensors beside it."""
    need(args, 4)
    names = ("buffer", "nested_sizes", "nested_strides", "storage_offsets")
    count = scope.inner(args[1]).shape[:1]
    return _composed("nested", count, list(zip(names, args)), scope)


def jagged(args: Args, scope: Scope) -> TensorSpec:
    """The newer ragged tensor: values, and the offsets at which its pieces begin (``_rebuild_njt``)."""
    need(args, 1)
    given = dict(entries(args[0]) or ())
    parts = [(name, given[name]) for name in ("values", "offsets", "lengths") if given.get(name) is not None]
    if [name for name, _ in parts[:2]] != ["values", "offsets"]:
        raise Nonsense("its values or offsets are missing")
    ends = scope.inner(given["offsets"]).shape
    spec = _composed("nested", (max(0, ends[0] - 1),) if len(ends) == 1 else (), parts, scope)
    spec.requires_grad = given.get("requires_grad") is True
    return spec


def _composed(layout: str, shape: tuple[int, ...], parts: list[tuple[str, Node]], scope: Scope) -> TensorSpec:
    """A tensor without a storage of its own: its dtype and device are those of its values."""
    values = scope.inner(dict(parts).get("values", parts[0][1]))
    spec = TensorSpec(shape, values.dtype, device=values.device, requires_grad=values.requires_grad, layout=layout)
    spec.components = parts
    spec.extra["components"] = []
    return spec
