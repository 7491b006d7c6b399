"""Tensors that are something more: parameters, buffers, subclasses with tensors among their attributes."""

from __future__ import annotations

from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.tensors import TensorKind
from ckptgui.formats.objects.rebuild_composed import layout_of
from ckptgui.formats.objects.tensor_spec import (
    Args,
    Scope,
    TensorSpec,
    device_of,
    element_type,
    need,
    whole_numbers,
)
from ckptgui.formats.pickles.graph import Call, Node, Ref, entries

UNINITIALIZED = "uninitialized"
"""Key of ``TensorSpec.extra`` for a parameter or buffer whose shape was not known yet."""


def parameter(args: Args, scope: Scope) -> TensorSpec:
    """``_rebuild_parameter``; with a fourth argument, its attributes, ``_rebuild_parameter_with_state``."""
    need(args, 2)
    spec = scope.inner(args[0])
    spec.kind = TensorKind.PARAMETER
    spec.requires_grad = args[1] is True
    if len(args) > 3:
        add_attributes(spec, args[3], scope)
    return spec


def variable(call: Call, scope: Scope) -> TensorSpec:
    """A parameter or variable of before 0.4: its class called on the tensor, then a state of flags.

    The state is ``(requires_grad, volatile, hooks)`` or, older, ``(data, …, hooks, requires_grad, volatile)``.
    """
    args, state = call.args, call.state
    old = type(state) is tuple and len(state) == 5
    given = state[0] if old else args[0] if type(args) is tuple and args else None
    spec = scope.inner(given)
    if call.path.endswith(".Parameter"):
        spec.kind = TensorKind.PARAMETER
        spec.requires_grad = args[1] is True if type(args) is tuple and len(args) > 1 else True
    if type(state) is tuple and len(state) in (3, 5):
        spec.requires_grad = state[3 if old else 0] is True
    return spec


def uninitialized(call: Call, _: Scope) -> TensorSpec:
    """A lazy module's parameter or buffer before its first input: no shape, no values."""
    args = call.args if type(call.args) is tuple else ()
    spec = TensorSpec((0,), BY_NAME["float32"])
    is_parameter = call.path.endswith("Parameter")
    spec.kind = TensorKind.PARAMETER if is_parameter else TensorKind.BUFFER
    spec.requires_grad = args[0] is True if args else is_parameter
    spec.extra[UNINITIALIZED] = True
    return spec


def from_type(args: Args, scope: Scope) -> TensorSpec:
    """A subclass: a function and its arguments, then the class and the instance's attributes."""
    need(args, 3)
    function, kind, inner = args[:3]
    spec = scope.inner(Call(function, inner))
    if type(kind) is Ref:
        if kind.path == "torch.nn.parameter.Parameter":
            spec.kind = TensorKind.PARAMETER
        elif kind.path != "torch.Tensor":
            spec.extra["class"] = kind.path
    if len(args) > 3:
        with_slots = type(args[3]) is tuple and len(args[3]) == 2
        for state in args[3] if with_slots else args[3:4]:
            add_attributes(spec, state, scope)
    return spec


def add_attributes(spec: TensorSpec, state: Node, scope: Scope) -> None:
    """Tensors among an instance's attributes are components, by attribute name; two of them say what it is."""
    attributes = dict(entries(state) or ())
    if attributes.get("_is_param") is True:
        spec.kind = TensorKind.PARAMETER
    elif attributes.get("_is_buffer") is True:
        spec.kind = TensorKind.BUFFER
    known = {id(node) for _, node in spec.components}
    spec.components += [
        (name, value) for name, value in attributes.items() if id(value) not in known and scope.knows(value)
    ]


def wrapper(args: Args, _: Scope) -> TensorSpec:
    """A subclass without a storage of its own; its tensors come with its state."""
    need(args, 8)
    cls, dtype, size, stride, _offset, layout, device, grad = args[:8]
    spec = TensorSpec(
        whole_numbers(size, "size"),
        element_type(dtype),
        strides=whole_numbers(stride, "stride"),
        requires_grad=grad is True,
    )
    spec.device = device_of(device) or "cpu"
    spec.layout = layout_of(layout)
    spec.extra["components"] = []
    if type(cls) is Ref:
        spec.extra["class"] = cls.path
    return spec
