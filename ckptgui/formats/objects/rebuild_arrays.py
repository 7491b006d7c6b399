"""numpy's arrays, by themselves and as the values of a tensor."""

from __future__ import annotations

from ckptgui.core.tensors import TensorKind
from ckptgui.formats.objects.numpy_nodes import array_of
from ckptgui.formats.objects.tensor_spec import (
    Args,
    Nonsense,
    Scope,
    Storages,
    TensorSpec,
    device_of,
    element_type,
    need,
)
from ckptgui.formats.pickles.graph import Node


def array(node: Node, storages: Storages) -> TensorSpec | None:
    """The array that a node rebuilds, if a tensor could be like it."""
    found = array_of(node)
    if found is None:
        return None
    strides = None
    if found.fortran and len(found.shape) > 1:
        step, steps = 1, []
        for size in found.shape:
            steps.append(step)
            step *= max(size, 1)
        strides = tuple(steps)
    return TensorSpec(
        found.shape,
        found.dtype,
        storage=storages.inline(found.data, found.byteorder, node),
        strides=strides,
        kind=TensorKind.ARRAY,
    )


def from_numpy(args: Args, scope: Scope) -> TensorSpec:
    """A tensor of a device that was copied into a numpy array for saving.

    Where that has another element type (numpy has no bfloat16), it is the array that is told.
    """
    need(args, 4)
    spec = array(args[0], scope.storages)
    dtype = element_type(args[1])
    if spec is None:
        raise Nonsense("there is no array in it")
    if dtype.itemsize == spec.dtype.itemsize:
        spec.dtype = dtype
    spec.kind = TensorKind.TENSOR
    spec.device = device_of(args[2]) or "cpu"
    spec.requires_grad = args[3] is True
    return spec
