"""Values that a pickle of torch.package leaves to a function: a script module in the same package is one.

The persistent id is ``("reduce_package", id, function, arguments)``; without the id in the oldest ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ckptgui.formats.pickles.graph import MISSING, Call, Dict, Node, Persistent, Ref
from ckptgui.formats.pickles.machine import Parsed
from ckptgui.formats.programs.torchscript_modules import inside

_SCRIPT = "torch.jit._script.unpackage_script_module"


def resolve_reduced(parsed: Parsed, scripts: Mapping[str, Parsed]) -> Parsed:
    """The pickle with its script modules in their places; other such values as the calls that they would be."""
    calls: dict[int, Node] = {}

    def value_of(node: Node) -> Node:
        if type(node) is not Persistent:
            return node
        if id(node) not in calls:
            calls[id(node)] = _value(node, scripts)
        return calls[id(node)]

    root = value_of(parsed.root)
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if type(node) is list:
            node[:] = map(value_of, node)
        elif type(node) is Dict:
            node.flat[:] = map(value_of, node.flat)
        elif type(node) is Call and type(node.state) is Persistent:
            node.state = value_of(node.state)
        elif type(node) is Call and type(node.args) is tuple and not _holds_storage(node):
            node.args = tuple(map(value_of, node.args))
        waiting += [child for child in inside(node) if child is not MISSING]
    return replace(parsed, root=root)


def _holds_storage(call: Call) -> bool:
    """Whether it is a tensor, whose first argument is a storage and must stay one."""
    return call.path.startswith(("torch._utils.", "torch._tensor."))


def _value(node: Persistent, scripts: Mapping[str, Parsed]) -> Node:
    pid = node.pid
    if type(pid) is not tuple or len(pid) < 3 or type(pid[0]) is not str or pid[0] != "reduce_package":
        return node
    function, arguments = pid[-2:]
    if type(function) is not Ref or type(arguments) is not tuple:
        return node
    function.called = True
    script = scripts.get(arguments[0]) if arguments and type(arguments[0]) is str else None
    if function.path == _SCRIPT and script is not None:
        return script.root
    return Call(function, arguments)
