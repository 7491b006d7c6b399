"""What a tensor's bytes stand for, in a few bytes: the tag that makes equal digests mean equal values."""

from __future__ import annotations

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.decoding import quantisation
from ckptgui.engine.plan import Layout


def tag_of(info: TensorInfo, layout: Layout) -> bytes:
    """Dtype, shape, the order in which elements are stored, and the rule of quantised ones."""
    tag = plain_tag(info.dtype.name, info.shape)
    if not layout.in_order:
        tag += f"|{layout.sizes}|{layout.weights}".encode()
    if layout.times != 1:
        tag += f"|{layout.axes}".encode()
    rule = quantisation(info)
    if rule is not None:
        scale, zero, axis = rule
        tag += f"|{axis}|".encode() + scale.tobytes() + zero.tobytes()
    return tag


def plain_tag(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The tag of a row-major tensor of plain numbers."""
    return f"{dtype}|{shape}".encode()
