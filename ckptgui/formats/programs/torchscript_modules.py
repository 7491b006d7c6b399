"""Script modules in a TorchScript pickle, told as the ``nn.Module`` that they were made from.

``torch.jit`` saves an object as its attributes, tensors, submodules and plain values side by side, and says
in the code which of them are parameters and buffers. Sorted into ``_parameters``, ``_buffers`` and
``_modules`` they are what a pickled module is, so names, order and kinds are those of ``state_dict()``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ckptgui.formats.base import Check
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.pickles.graph import MISSING, Call, Dict, Node, Persistent, Ref, Set, entries
from ckptgui.formats.programs.torchscript_code import ClassFacts

_ROOT = "__torch__"
_MANGLED = re.compile(r"\.?___torch_mangle_\d+")
_JIT = "torch.jit._pickle"
_CHECK_EVERY = 4096
_ATOMS = frozenset({str, int, float, bool, type(None), bytes, Ref, Persistent})

Facts = Callable[[Ref], ClassFacts | None]
"""What is known of a class by its name in the pickle."""


def is_script_object(node: Node) -> bool:
    """Whether a node is an object of a class that the archive itself defines."""
    return type(node) is Call and type(node.target) is Ref and _is_script_name(node.target)


def _is_script_name(ref: Ref) -> bool:
    return ref.module == _ROOT or ref.module.startswith(f"{_ROOT}.")


def tell_as_modules(root: Node, facts: Facts, check: Check) -> bool:
    """Rewrite every script module below ``root``; False where the kinds of some tensors had to be guessed.

    Lists and dictionaries that carry the name of their type lose it, and classes the marks of the compiler.
    """
    modules: list[tuple[Call, ClassFacts | None]] = []
    objects: list[Call] = []
    _collect(root, facts, check, modules, objects)
    ids = {id(node) for node, _ in modules}
    told = True
    for node, known in modules:
        told &= _sort(node, known, ids)
    for node in objects:
        node.target = plain_name(node.target)
    return told


def _collect(
    root: Node, facts: Facts, check: Check, modules: list[tuple[Call, ClassFacts | None]], objects: list[Call]
) -> None:
    """Find every script object, the modules among them apart, and untag containers on the way."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if type(node) in _ATOMS or id(node) in seen:
            continue
        seen.add(id(node))
        if len(seen) % _CHECK_EVERY == 0:
            check()
        if type(node) is Call and not is_tensor(node):
            _untag(node)
            if is_script_object(node):
                objects.append(node)
                known = facts(node.target)
                if _is_module(node, known):
                    modules.append((node, known))
        waiting += reversed(inside(node))


def inside(node: Node) -> list[Node]:
    """The values that hang on a node; none on a tensor."""
    if type(node) in (list, tuple):
        return list(node)
    if type(node) is Dict:
        return list(node.flat)
    if type(node) is Set:
        return node.items
    if type(node) is not Call or is_tensor(node):
        return []
    return [node.args, node.items, node.flat, None if node.state is MISSING else node.state]


def _untag(node: Call) -> None:
    """``restore_type_tag(value, "List[int]")`` and ``build_intlist(value)`` are the value."""
    target = node.target
    if type(target) is not Ref or target.module != _JIT or type(node.args) is not tuple or not node.args:
        return
    if type(node.args[0]) is list:
        node.target, node.args = Ref("builtins", "list"), node.args[:1]
    elif type(node.args[0]) is Dict:
        node.target, node.args = Ref("collections", "OrderedDict"), node.args[:1]


def _is_module(node: Call, known: ClassFacts | None) -> bool:
    if known is not None:
        return known.is_module
    return any(name == "training" for name, _ in entries(node.state) or ())


def _sort(node: Call, known: ClassFacts | None, modules: set[int]) -> bool:
    """Give a module the attributes that an ``nn.Module`` has; False where kinds are a guess."""
    parameters, buffers, children, others = Dict(), Dict(), Dict(), Dict()
    pairs = entries(node.state)
    if pairs is None:
        pairs = [] if node.state is MISSING else [("state", node.state)]
    told = True
    for name, value in pairs:
        kind = others
        if id(value) in modules:
            kind = children
        elif is_tensor(value) and known is None:
            kind = parameters if _has_grad(value) else buffers
            told = False
        elif known is not None and name in known.parameters:
            kind = parameters
        elif known is not None and is_tensor(value) and known.is_buffer(name):
            kind = buffers
        kind.flat += [name, value]
    given = {name for name, _ in pairs}
    for name, value in (known.constants if known else {}).items():
        if name not in given:
            others.flat += [name, value]
    state = Dict()
    state.flat = [*others.flat, "_parameters", parameters, "_buffers", buffers, "_modules", children]
    node.state = state
    return told


def _has_grad(tensor: Call) -> bool:
    return type(tensor.args) is tuple and len(tensor.args) > 4 and tensor.args[4] is True


def plain_name(ref: Ref) -> Ref:
    """The class as its program called it: ``__torch__.torch.nn.modules.conv.___torch_mangle_0.Conv2d``."""
    module = _MANGLED.sub("", ref.module).removeprefix(_ROOT).removeprefix(".")
    return Ref(module or "__main__", ref.name)
