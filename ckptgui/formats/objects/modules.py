"""Whole models in a pickle: an ``nn.Module`` whose class is not here, seen as its ``state_dict()`` would be.

A module is an object whose state holds ``_parameters``, ``_buffers`` and ``_modules``. Names, order and what
is left out are torch's (``Module.state_dict``): parameters, buffers, extra state, then submodules in turn;
a submodule that hangs in two places is listed in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ckptgui.core.tensors import TensorKind
from ckptgui.formats.pickles.graph import Call, Dict, Node, Ref, Set, entries

PARTS = frozenset({"_parameters", "_buffers", "_modules"})
"""Attributes that hold what ``state_dict()`` lists."""

_OWN = PARTS | {"_non_persistent_buffers_set", "training"}
_ATOMS = frozenset({str, int, float, bool, type(None)})
_HOOKS = ("_hooks", "_hooks_with_kwargs", "_hooks_always_called", "_backward_hook")


@dataclass(frozen=True, slots=True)
class Member:
    """A tensor of a module or of one below it. ``name`` is dotted; ``attribute`` marks a plain attribute."""

    name: str
    node: Node
    kind: TensorKind
    persistent: bool
    attribute: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A module: where it hangs (dotted, empty for the root of the walk), its class, and its training flag."""

    name: str
    class_name: str
    training: bool | None
    node: Node


def attributes(node: Node) -> dict[str, Node] | None:
    """An object's attributes by name, from the state that BUILD gave it; None where there are none."""
    if type(node) is not Call:
        return None
    state = node.state
    if type(state) is tuple and state and len(state) == 2:  # (attributes, slots)
        merged = dict(entries(state[0]) or ())
        merged.update(entries(state[1]) or ())
        return merged or None
    found = entries(state)
    return None if found is None else dict(found)


def is_module(node: Node) -> bool:
    """Whether a node is an ``nn.Module``."""
    if type(node) is not Call or type(node.state) is not Dict:
        return False
    keys = {key for key in node.state.flat[::2] if type(key) is str}
    return "_parameters" in keys and "_modules" in keys


def class_name(node: Node) -> str:
    """``module.Class`` of an object, whichever way it is made."""
    if type(node) is not Call:
        return ""
    if node.path in ("copy_reg._reconstructor", "copyreg._reconstructor") and type(node.args) is tuple:
        first = node.args[0] if node.args else None
        return first.path if type(first) is Ref else ""
    return node.path


def walk(root: Node, depth: int) -> Iterator[Member | Found]:
    """Every module and tensor below ``root``, in the order of ``state_dict()``. A cycle is not followed."""
    above: list[tuple[int, Iterator[tuple[str, Node]]]] = []
    yield from _own(root, "")
    above.append((id(root), _children(root, "")))
    open_ids = {id(root)}
    while above:
        current, children = above[-1]
        step = next(children, None)
        if step is None:
            above.pop()
            open_ids.discard(current)
            continue
        name, child = step
        if id(child) in open_ids or len(above) >= depth or not is_module(child):
            continue
        yield from _own(child, name)
        above.append((id(child), _children(child, name)))
        open_ids.add(id(child))


def _children(module: Node, name: str) -> Iterator[tuple[str, Node]]:
    parts = attributes(module) or {}
    prefix = f"{name}." if name else ""
    return iter([(prefix + key, child) for key, child in entries(parts.get("_modules")) or ()])


def _own(module: Node, name: str) -> Iterator[Member | Found]:
    """A module and the tensors that hang on it directly."""
    parts = attributes(module) or {}
    training = parts.get("training")
    yield Found(name, class_name(module), training if type(training) is bool else None, module)
    prefix = f"{name}." if name else ""
    for key, node in entries(parts.get("_parameters")) or ():
        if node is not None:
            yield Member(prefix + key, node, TensorKind.PARAMETER, True)
    passing = _names(parts.get("_non_persistent_buffers_set"))
    for key, node in entries(parts.get("_buffers")) or ():
        if node is not None:
            yield Member(prefix + key, node, TensorKind.BUFFER, key not in passing)
    for key, node in parts.items():
        if key not in _OWN and type(node) not in _ATOMS and not _is_hook(key):
            yield Member(prefix + key, node, TensorKind.TENSOR, False, attribute=True)


def _names(node: Node) -> set[str]:
    """The texts in a set."""
    return {item for item in items_of_set(node) or () if type(item) is str}


def items_of_set(node: Node) -> list[Node] | None:
    """Items of a set or frozenset; protocols below 4 make one by a call on a list."""
    if type(node) is Set:
        return node.items
    if type(node) is Call and node.path in _SETS and type(node.args) is tuple:
        inner = node.args[0] if node.args else []
        return list(inner) if type(inner) in (list, tuple) else None
    return None


_SETS = frozenset(f"{module}.{name}" for module in ("__builtin__", "builtins") for name in ("set", "frozenset"))


def plain_attributes(module: Node) -> list[tuple[str, Node]]:
    """A module's attributes that are neither tensors' homes nor hooks: its hyper-parameters and flags."""
    return [
        (key, node)
        for key, node in (attributes(module) or {}).items()
        if key not in PARTS and key != "_non_persistent_buffers_set" and not _is_hook(key)
    ]


def _is_hook(key: str) -> bool:
    return key.startswith("_") and (key.endswith(_HOOKS) or "_hooks" in key)
