"""The object that was saved, put together again from the planner's keys: ``optim.state.0`` is in ``optim``.

torch flattens nested dictionaries and lists to names joined with dots before it saves
(``torch/distributed/checkpoint/_nested_dict.py``) and keeps the keys beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ckptgui.formats.pickles.graph import Dict, Node

Keys = tuple[str | int, ...]


class _Branch:
    """A dictionary or list while it is put together."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        self.children: dict[str | int, _Branch | _Leaf] = {}


class _Leaf:
    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node


def nested(leaves: Iterable[tuple[str, Node]], paths: Mapping[str, Keys]) -> tuple[Node, int]:
    """The root with every leaf at its path, and how many had none that fits and hang there by name.

    Without any paths the names are the keys of the one dictionary that was saved.
    """
    root = _Branch()
    misplaced = 0
    for name, node in leaves:
        leaf = _Leaf(node)
        if not _hang(root, paths.get(name, (name,)), leaf):
            misplaced += 1
            key = name
            while key in root.children:
                key += "'"
            root.children[key] = leaf
    return _node(root), misplaced


def _hang(root: _Branch, keys: Keys, leaf: _Leaf) -> bool:
    """Put a leaf at its place unless another value is in the way."""
    at = root
    for key in keys[:-1]:
        child = at.children.get(key)
        if child is None:
            child = at.children[key] = _Branch()
        if type(child) is not _Branch:
            return False
        at = child
    return at.children.setdefault(keys[-1], leaf) is leaf


def _node(branch: _Branch) -> Node:
    """A list where the keys are positions from 0 on, else a dictionary."""
    keys = list(branch.children)
    values = [child.node if isinstance(child, _Leaf) else _node(child) for child in branch.children.values()]
    if keys and all(type(key) is int for key in keys) and sorted(keys) == list(range(len(keys))):
        return [value for _, value in sorted(zip(keys, values), key=lambda pair: pair[0])]
    made = Dict()
    made.flat = [part for pair in zip(keys, values) for part in pair]
    return made
