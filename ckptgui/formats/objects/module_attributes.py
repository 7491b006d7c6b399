"""The plain values that a module of a whole model was constructed with: kernel sizes, strides, rates, names."""

from __future__ import annotations

import math

from ckptgui.core.checkpoint import Json
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.numpy_dtype_text import dtype_text
from ckptgui.formats.objects.numpy_nodes import scalar_of
from ckptgui.formats.objects.tensor_spec import device_of
from ckptgui.formats.pickles.graph import MISSING, Call, Node, Ref, entries

MAX_ATTRIBUTES = 64
"""Attributes of one module; a class that has more keeps something else in them."""

MAX_ITEMS = 16
"""Items of a list or a tuple; a longer one is no constructor's argument."""

MAX_TEXT = 200

_SEQUENCES = frozenset({"torch.Size", "builtins.list", "__builtin__.list", "builtins.tuple", "__builtin__.tuple"})


def constructed_with(module: Node) -> tuple[tuple[str, Json], ...]:
    """A module's public plain attributes, then those parameters and buffers that it does without, as None."""
    found: dict[str, Json] = {}
    for key, node in modules.plain_attributes(module):
        if len(found) >= MAX_ATTRIBUTES:
            break
        value = MISSING if key.startswith("_") or key == "training" else plain(node)
        if value is not MISSING:
            found[key] = value
    parts = modules.attributes(module) or {}
    for home in ("_parameters", "_buffers"):
        for key, node in (entries(parts.get(home)) or [])[:MAX_ATTRIBUTES]:
            if node is None:
                found.setdefault(key, None)
    return tuple(found.items())


def plain(node: Node, depth: int = 2) -> Json:
    """A value as JSON where it is a number, a text, a name or a short list of those; MISSING for all others."""
    kind = type(node)
    if node is None or kind is bool or kind is int:
        return node
    if kind is str:
        return node if len(node) <= MAX_TEXT else MISSING
    if kind is float:
        return node if math.isfinite(node) else repr(node)
    if kind is Ref:
        return node.path[:MAX_TEXT]
    if kind in (list, tuple):
        return _items(node, depth)
    return _made(node, depth) if kind is Call else MISSING


def _items(items: list[Node] | tuple[Node, ...], depth: int) -> Json:
    if not depth or len(items) > MAX_ITEMS:
        return MISSING
    values = [plain(item, depth - 1) for item in items]
    return MISSING if any(value is MISSING for value in values) else values


def _made(node: Call, depth: int) -> Json:
    """A number of numpy's, a size, a device or a dtype."""
    number = scalar_of(node)
    if number is not MISSING:
        return plain(number) if type(number) in (bool, int, float) else MISSING
    if node.path in _SEQUENCES and type(node.args) is tuple and len(node.args) == 1:
        return plain(node.args[0], depth)
    text = device_of(node) or dtype_text(node)
    return MISSING if text is None else text
