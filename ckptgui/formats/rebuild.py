"""Recognises the calls by which torch and numpy rebuild tensors, and reads what they describe.

``spec_of`` answers for one node. A call that is known but makes no sense (a size that is a text, a storage
that is none) is still a tensor, one with an ``error``: it keeps its place in the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ckptgui.core.display import amount
from ckptgui.core.dtypes import BY_NAME, ByteOrder, DType, Kind, decode
from ckptgui.core.tensors import TensorKind
from ckptgui.formats.numpy_nodes import array_of
from ckptgui.formats.pickle_feed import FileBytes
from ckptgui.formats.pickle_graph import MISSING, Call, Node, Ref, entries
from ckptgui.formats.torch_storages import Storage

_UNREADABLE = "Its description in the pickle does not make sense: "
_FALLBACK = BY_NAME["uint8"]


class Storages(Protocol):
    """Turns persistent ids into extents (see ``torch_storages``)."""

    @property
    def byteorder(self) -> ByteOrder:
        """Byte order of the storages."""
        ...

    def get(self, node: Node) -> Storage:
        """The storage of a persistent id."""
        ...

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Register bytes of the pickle itself, once for each node that owns such."""
        ...

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage, or None."""
        ...


@dataclass(slots=True)
class TensorSpec:
    """A tensor as a call describes it. ``components`` are further tensors, by name, that it is made of."""

    shape: tuple[int, ...]
    dtype: DType
    storage: int = -1
    strides: tuple[int, ...] | None = None
    offset: int = 0
    device: str = "cpu"
    requires_grad: bool = False
    kind: TensorKind = TensorKind.TENSOR
    layout: str = "strided"
    conj: bool = False
    neg: bool = False
    error: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    components: list[tuple[str, Node]] = field(default_factory=list)
    source: Node = None  # the persistent id, for the few who must look at the values


class _Nonsense(Exception):  # noqa: N818 - becomes TensorSpec.error
    pass


def is_tensor(node: Node) -> bool:
    """Whether ``spec_of`` would answer, without the work of it."""
    if type(node) is not Call or type(node.target) is not Ref:
        return False
    return node.target.path in _REBUILDERS or array_of(node) is not None


def spec_of(node: Node, storages: Storages) -> TensorSpec | None:
    """The tensor or array that a node describes, or None when it is something else."""
    if type(node) is not Call or type(node.target) is not Ref:
        return None
    rebuild = _REBUILDERS.get(node.target.path)
    if rebuild is None:
        return _array_spec(node, storages)
    try:
        spec = rebuild(_args(node, 0), storages, 0)
    except _Nonsense as error:
        return TensorSpec((), _FALLBACK, error=f"{_UNREADABLE}{error}.")
    if node.path.startswith("torch._tensor.") is False and node.state is not MISSING:
        _add_state_tensors(spec, node.state)
    return spec


Rebuild = Callable[[tuple[Node, ...], Storages, int], TensorSpec]
_MAX_WRAPS = 16


def _args(node: Call, least: int) -> tuple[Node, ...]:
    if type(node.args) is not tuple or len(node.args) < least:
        raise _Nonsense("it is called with too few values")
    return node.args


def _need(args: tuple[Node, ...], least: int) -> None:
    if len(args) < least:
        raise _Nonsense(f"it has {len(args)} of the {least} values that describe a tensor")


def _inner(node: Node, storages: Storages, wraps: int) -> TensorSpec:
    """The tensor inside a parameter or a subclass."""
    if wraps >= _MAX_WRAPS:
        raise _Nonsense(f"it is wrapped more than {_MAX_WRAPS} times")
    rebuild = _REBUILDERS.get(node.path) if type(node) is Call else None
    if rebuild is None:
        raise _Nonsense("there is no tensor in it")
    return rebuild(_args(node, 0), storages, wraps + 1)


def _ints(node: Node, what: str) -> tuple[int, ...]:
    """A tuple of integers (a ``torch.Size`` is a call around one)."""
    if type(node) is Call and node.path == "torch.Size" and type(node.args) is tuple and len(node.args) == 1:
        node = node.args[0]
    if type(node) not in (tuple, list):
        raise _Nonsense(f"its {what} is no list of numbers")
    for number in node:
        if type(number) is not int:
            raise _Nonsense(f"its {what} is no list of whole numbers")
    return node if type(node) is tuple else tuple(node)


def _int(node: Node, what: str) -> int:
    if type(node) is not int:
        raise _Nonsense(f"its {what} is no whole number")
    return node


def dtype_of(node: Node) -> DType | None:
    """The dtype that a reference such as ``torch.float32`` names."""
    return BY_NAME.get(node.name) if type(node) is Ref and node.module == "torch" else None


def device_of(node: Node) -> str | None:
    """The device that a text or a ``torch.device`` call names."""
    if type(node) is str:
        return node
    if type(node) is Call and node.path == "torch.device" and type(node.args) is tuple:
        parts = [part for part in node.args if type(part) in (str, int)]
        return ":".join(map(str, parts)) if parts and len(parts) == len(node.args) else None
    return None


def _view(args: tuple[Node, ...], storages: Storages, dtype: DType | None = None) -> TensorSpec:
    """Storage, offset, size and stride, with which every strided rebuild begins."""
    _need(args, 4)
    storage = storages.get(args[0])
    return TensorSpec(
        shape=_ints(args[2], "size"),
        dtype=dtype or storage.dtype or _FALLBACK,
        storage=storage.row,
        strides=_ints(args[3], "stride"),
        offset=_int(args[1], "offset") + storage.offset,
        device=storage.device,
        error=storage.error,
        source=args[0],
    )


def _tensor(args: tuple[Node, ...], storages: Storages, _wraps: int) -> TensorSpec:
    spec = _view(args, storages)
    if len(args) > 4:
        spec.requires_grad = args[4] is True
    if len(args) > 6:
        _apply_bits(spec, args[6])
    return spec


def _tensor_v3(args: tuple[Node, ...], storages: Storages, _wraps: int) -> TensorSpec:
    _need(args, 7)
    dtype = dtype_of(args[6])
    if dtype is None:
        raise _Nonsense("its element type is not known")
    spec = _view(args, storages, dtype)
    spec.requires_grad = args[4] is True
    if len(args) > 7:
        _apply_bits(spec, args[7])
    return spec


def _apply_bits(spec: TensorSpec, metadata: Node) -> None:
    """Conjugation and negation that are still to be applied to the stored values."""
    marks = dict(entries(metadata) or ())
    spec.conj = marks.get("conj") is True
    spec.neg = marks.get("neg") is True


def _parameter(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    _need(args, 2)
    spec = _inner(args[0], storages, wraps)
    spec.kind = TensorKind.PARAMETER
    spec.requires_grad = args[1] is True
    return spec


def _parameter_with_state(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    spec = _parameter(args, storages, wraps)
    if len(args) > 3:
        _add_state_tensors(spec, args[3])
    return spec


def _from_type(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    """A subclass: a function and its arguments, then the class and the instance's attributes."""
    _need(args, 3)
    function, kind, inner = args[:3]
    spec = _inner(Call(function, inner), storages, wraps)
    if type(kind) is Ref:
        if kind.path == "torch.nn.parameter.Parameter":
            spec.kind = TensorKind.PARAMETER
        elif kind.path != "torch.Tensor":
            spec.extra["class"] = kind.path
    if len(args) > 3:
        state = args[3][0] if type(args[3]) is tuple and args[3] else args[3]
        if dict(entries(state) or ()).get("_is_buffer") is True:
            spec.kind = TensorKind.BUFFER
        _add_state_tensors(spec, state)
    return spec


def _add_state_tensors(spec: TensorSpec, state: Node) -> None:
    """Tensors among an instance's attributes are components of a wrapper, by attribute name."""
    spec.components += [(name, value) for name, value in entries(state) or () if is_tensor(value)]


def _wrapper(args: tuple[Node, ...], _storages: Storages, _wraps: int) -> TensorSpec:
    """A subclass without a storage of its own; its tensors come with its state."""
    _need(args, 8)
    cls, dtype, size, stride, _, layout, device, grad = args[:8]
    found = dtype_of(dtype)
    if found is None:
        raise _Nonsense("its element type is not known")
    spec = TensorSpec(_ints(size, "size"), found, strides=_ints(stride, "stride"), requires_grad=grad is True)
    spec.device = device_of(device) or "cpu"
    spec.layout = _layout(layout)
    spec.extra["components"] = []
    if type(cls) is Ref:
        spec.extra["class"] = cls.path
    return spec


def _layout(node: Node) -> str:
    """Layout names come as ``torch.serialization._get_layout("torch.sparse_coo")`` or as ``torch.strided``."""
    if type(node) is Call and type(node.args) is tuple and len(node.args) == 1 and type(node.args[0]) is str:
        name = node.args[0]
    elif type(node) is Ref:
        name = node.path
    else:
        raise _Nonsense("its layout is not known")
    name = name.removeprefix("torch.")
    if name not in _LAYOUTS:
        raise _Nonsense("its layout is not known")
    return name


_LAYOUTS = frozenset(
    {"strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged", "_mkldnn"}
)


def _sparse(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    _need(args, 2)
    layout = _layout(args[0])
    parts = args[1]
    if type(parts) is not tuple or len(parts) < 3:
        raise _Nonsense("its parts are missing")
    if layout == "sparse_coo":
        names: tuple[str, ...] = ("indices", "values")
    elif layout in ("sparse_csr", "sparse_bsr"):
        names = ("crow_indices", "col_indices", "values")
    else:
        names = ("ccol_indices", "row_indices", "values")
    if len(parts) <= len(names):
        raise _Nonsense("its size is missing")
    return _composed(layout, _ints(parts[len(names)], "size"), list(zip(names, parts)), storages, wraps)


def _nested(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    """A ragged tensor: its values in one buffer, with the size and place of each piece in tensors beside it."""
    _need(args, 4)
    names = ("buffer", "nested_sizes", "nested_strides", "storage_offsets")
    count = _inner(args[1], storages, wraps).shape[:1]
    return _composed("nested", count, list(zip(names, args)), storages, wraps)


def _composed(
    layout: str, shape: tuple[int, ...], parts: list[tuple[str, Node]], storages: Storages, wraps: int
) -> TensorSpec:
    """A tensor without a storage of its own: its dtype and device are those of its values."""
    values = _inner(dict(parts).get("values", parts[0][1]), storages, wraps)
    spec = TensorSpec(shape, values.dtype, device=values.device, requires_grad=values.requires_grad, layout=layout)
    spec.components = parts
    spec.extra["components"] = []
    return spec


def _quantized(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    _need(args, 6)
    spec = _view(args, storages)
    spec.requires_grad = args[5] is True
    if spec.dtype.kind not in (Kind.QUANTIZED, Kind.PACKED):
        raise _Nonsense(f"{spec.dtype} is not a quantised type")
    spec.extra["quantization"] = _quantization(args[4], spec, storages, wraps)
    return spec


def _quantization(node: Node, spec: TensorSpec, storages: Storages, wraps: int) -> dict[str, Any]:
    """Scheme, and scale and zero point, one for all or one for each slice of an axis."""
    if type(node) is not tuple or len(node) < 3 or type(node[0]) is not Ref:
        raise _Nonsense("its quantisation is not described")
    scheme = node[0].name
    if not scheme.startswith("per_channel"):
        if type(node[1]) not in (int, float) or type(node[2]) is not int:
            raise _Nonsense("its scale or zero point is no number")
        return {"scheme": scheme, "scale": node[1], "zero_point": node[2]}
    if len(node) < 4 or type(node[3]) is not int or not 0 <= node[3] < len(spec.shape):
        raise _Nonsense("the axis of its scales is not one of its dimensions")
    slices = spec.shape[node[3]]
    scales, zeros = (_inner(part, storages, wraps) for part in node[1:3])
    if scales.shape != (slices,) or zeros.shape != (slices,):
        raise _Nonsense(f"it has not one scale for each of the {amount(slices)} slices of its axis")
    return {
        "scheme": scheme,
        "scales": _values(scales, storages),
        "zero_points": _values(zeros, storages),
        "axis": node[3],
    }


_MOST_SCALES = 1 << 20


def _values(spec: TensorSpec, storages: Storages) -> list[Any] | None:
    """The numbers of a small contiguous tensor; None where they cannot be had."""
    if spec.error or spec.offset < 0 or spec.shape[0] > _MOST_SCALES or spec.strides != (1,):
        return None
    size = spec.dtype.itemsize
    data = storages.bytes_of(spec.source, spec.offset * size, spec.shape[0] * size)
    return None if data is None else decode(data, spec.dtype, storages.byteorder).tolist()


def _meta(args: tuple[Node, ...], _storages: Storages, _wraps: int) -> TensorSpec:
    """A tensor that never had data."""
    _need(args, 4)
    dtype = dtype_of(args[0])
    if dtype is None:
        raise _Nonsense("its element type is not known")
    return TensorSpec(
        _ints(args[1], "size"),
        dtype,
        strides=_ints(args[2], "stride"),
        device="meta",
        requires_grad=args[3] is True,
    )


def _from_numpy(args: tuple[Node, ...], storages: Storages, _wraps: int) -> TensorSpec:
    """A tensor of a device that was copied into a numpy array for saving."""
    _need(args, 4)
    spec = _array_spec(args[0], storages)
    dtype = dtype_of(args[1])
    if spec is None or dtype is None:
        raise _Nonsense("there is no array in it")
    if dtype.itemsize == spec.dtype.itemsize:
        spec.dtype = dtype
    spec.kind = TensorKind.TENSOR
    spec.device = device_of(args[2]) or "cpu"
    spec.requires_grad = args[3] is True
    return spec


def _from_cpu(args: tuple[Node, ...], storages: Storages, wraps: int) -> TensorSpec:
    _need(args, 4)
    spec = _inner(args[0], storages, wraps)
    spec.device = device_of(args[2]) or "cpu"
    spec.requires_grad = args[3] is True
    return spec


def _array_spec(node: Node, storages: Storages) -> TensorSpec | None:
    array = array_of(node)
    if array is None:
        return None
    strides = None
    if array.fortran and len(array.shape) > 1:
        step, steps = 1, []
        for size in array.shape:
            steps.append(step)
            step *= max(size, 1)
        strides = tuple(steps)
    return TensorSpec(
        array.shape,
        array.dtype,
        storage=storages.inline(array.data, array.byteorder, node),
        strides=strides,
        kind=TensorKind.ARRAY,
    )


_REBUILDERS: dict[str, Rebuild] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter_with_state,
    "torch._utils._rebuild_qtensor": _quantized,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_nested_tensor": _nested,
    "torch._utils._rebuild_meta_tensor_no_storage": _meta,
    "torch._utils._rebuild_wrapper_subclass": _wrapper,
    "torch._utils._rebuild_device_tensor_from_numpy": _from_numpy,
    "torch._utils._rebuild_xla_tensor": _from_numpy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _from_cpu,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch._tensor._rebuild_from_type": _from_type,
    "torch.tensor._rebuild_from_type": _from_type,
}
"""What each rebuild function's arguments mean (``torch/_utils.py``, ``torch/_tensor.py``)."""
