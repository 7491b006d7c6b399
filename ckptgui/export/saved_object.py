"""What of a saved object may be said again: tensors and plain values, nested as they were, and no more.

A node of the pickle's graph is sorted into a *tensor*, a *container*, a *plain* value or *foreign*. Only
the first three are ever written; what is foreign is left out and listed, so nobody's payload goes along.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.tensors import Path
from ckptgui.export.pickle_file import MAX_LONG_BYTES, long_bytes
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.numpy_nodes import bytes_of, scalar_of
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.objects.tensor_spec import device_of
from ckptgui.formats.pickles.graph import (
    MISSING,
    Call,
    Dict,
    LongText,
    Node,
    Ref,
    Set,
    entries,
    key_text,
    pairs_of,
    type_name,
)


class Sort(Enum):
    """What a node is to an export."""

    TENSOR = auto()
    DICT = auto()
    ORDERED_DICT = auto()
    LIST = auto()
    TUPLE = auto()
    PLAIN = auto()
    FOREIGN = auto()


MAX_DEPTH = 500
"""Containers nested deeper than this are foreign: no loader should have to descend there."""


def sort_of(node: Node) -> Sort:
    """Which of them a node is, by its own look alone."""
    if is_tensor(node):
        return Sort.TENSOR
    if type(node) is list:
        return Sort.LIST
    if type(node) is tuple:
        return Sort.TUPLE
    if type(node) is Dict:
        return Sort.DICT
    if type(node) is Call and pairs_of(node) is not None:
        return Sort.ORDERED_DICT if node.path == "collections.OrderedDict" else Sort.DICT
    return Sort.FOREIGN if plain_value(node) is MISSING else Sort.PLAIN


class Name:
    """An importable constant of torch's, such as ``torch.float32``; ``weights_only`` knows them all."""

    __slots__ = ("attribute", "module")

    def __init__(self, module: str, attribute: str) -> None:
        self.module = module
        self.attribute = attribute


class Made:
    """A value that a known function makes of plain arguments: ``torch.Size((2, 3))``, a set, a complex."""

    __slots__ = ("arguments", "name")

    def __init__(self, module: str, attribute: str, *arguments: Any) -> None:
        self.name = Name(module, attribute)
        self.arguments = arguments


def plain_value(node: Node) -> Any:
    """The Python value, ``Name`` or ``Made`` that a node stands for; MISSING when it is none that may go on."""
    kind = type(node)
    if node is None or kind in (bool, str, float):
        return node
    if kind is int:
        return node if len(long_bytes(node)) <= MAX_LONG_BYTES else MISSING
    if kind is LongText:
        return node.raw.decode("utf-8", "surrogatepass")
    if kind is Ref:
        return Name("torch", node.name) if node.module == "torch" and node.name in BY_NAME else MISSING
    if kind is Set or (kind is Call and modules.items_of_set(node) is not None):
        return _set(node.items if kind is Set else modules.items_of_set(node) or [])
    raw = bytes_of(node)
    if raw is not None:
        return Made("_codecs", "encode", raw.decode("latin-1"), "latin1") if raw else MISSING
    return _called(node) if kind is Call else MISSING


def _set(items: list[Node]) -> Any:
    """A set of atoms; one that holds anything else is foreign."""
    values = [plain_value(item) for item in items]
    if not all(type(value) in (str, int, float, bool, type(None)) for value in values):
        return MISSING
    return Made("__builtin__", "set", values)


def _called(node: Call) -> Any:
    number = scalar_of(node)
    if type(number) is complex:
        return Made("__builtin__", "complex", number.real, number.imag)
    if number is not MISSING:
        return number
    maker = _MAKERS.get(node.path)
    return maker(node) if maker is not None and type(node.args) is tuple else MISSING


def _size(node: Call) -> Any:
    sizes = node.args[0] if len(node.args) == 1 else None
    if type(sizes) is not tuple or not all(type(size) is int for size in sizes):
        return MISSING
    return Made("torch", "Size", sizes)


def _complex(node: Call) -> Any:
    if len(node.args) != 2 or not all(type(part) in (int, float) for part in node.args):
        return MISSING
    return Made("__builtin__", "complex", *node.args)


def _device(node: Call) -> Any:
    return MISSING if device_of(node) is None else Made("torch", "device", *node.args)


_MAKERS: dict[str, Callable[[Call], Any]] = {
    "torch.Size": _size,
    "torch.device": _device,
    "__builtin__.complex": _complex,
    "builtins.complex": _complex,
}


def is_key(node: Node) -> bool:
    """Whether a dictionary's key may be said again: an atom, or a tuple of atoms."""
    if type(node) is tuple:
        return all(type(part) in (str, int, float, bool, type(None)) for part in node)
    return (
        node is None
        or type(node) in (str, float, bool)
        or (type(node) is int and plain_value(node) is not MISSING)
    )


def items_of(node: Node) -> list[tuple[str, Node, Node]]:
    """A dictionary's items as (name in paths, key, value), in the order of its names."""
    keys = {(key_text(key), type_name(key)): key for key in (pairs_of(node) or [])[::2]}
    return [(name, key, value) for (name, value), key in zip(entries(node) or [], keys.values())]


def below(node: Node, name: str, cache: dict[int, dict[str, Node]]) -> Node:
    """What hangs below a container under a name; MISSING if nothing does."""
    children = cache.get(id(node))
    if children is None:
        if type(node) in (list, tuple):
            children = {str(index): child for index, child in enumerate(node)}
        else:
            children = {key: child for key, _, child in items_of(node)}
        cache[id(node)] = children
    return children.get(name, MISSING)


def node_at(root: Node, path: Path, cache: dict[int, dict[str, Node]]) -> Node:
    """The tensor's node at ``path``, if only containers lead there; MISSING otherwise."""
    node = root
    for depth, name in enumerate(path):
        if depth >= MAX_DEPTH or sort_of(node) not in CONTAINERS:
            return MISSING
        node = below(node, name, cache)
    return node if is_tensor(node) else MISSING


CONTAINERS = frozenset({Sort.DICT, Sort.ORDERED_DICT, Sort.LIST, Sort.TUPLE})
