"""Grows the tree of a checkpoint: names are split at dots, values stand where they were saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from ckptgui.core.checkpoint import Checkpoint, Json, Role, Section
from ckptgui.core.tensors import Path
from ckptgui.core.tree_columns import WRAPPERS, NodeKind

MAX_LEVELS = 48
"""Dots beyond this many in one name no longer make levels."""

MAX_VALUES = 20_000
MAX_VALUES_EACH = 1_000
MAX_VALUE_DEPTH = 24
"""Values shown in the tree: in all, of one container, one in another. All of them are in the metadata view."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """Stands in for ``count`` values that the tree leaves out."""

    count: int


class Node:
    """A row while the tree grows."""

    __slots__ = ("children", "class_name", "kind", "label", "role", "row", "sub", "tensors", "value", "value_path")

    def __init__(self, label: str, kind: NodeKind, row: int = -1) -> None:
        self.label = label
        self.kind = kind
        self.row = row
        self.role: Role | None = None
        self.class_name = ""
        self.tensors = 1 if row >= 0 else 0
        # A tensor never has children; two empty containers each would be most of the work for a large file.
        self.children: list[Node] = [] if row < 0 else _NO_CHILDREN
        self.sub: dict[str, Node] = {} if row < 0 else _NO_BRANCHES  # the branches among the children
        self.value: Any = None
        self.value_path: Path = ()

    def branch(self, label: str) -> Node:
        """The branch of this label, made if there is none."""
        found = self.sub.get(label)
        if found is None:
            found = self.sub[label] = Node(label, NodeKind.MODULE)
            self.children.append(found)
        return found


_NO_CHILDREN: list[Node] = []
_NO_BRANCHES: dict[str, Node] = {}


class Growth:
    """Hangs tensors, modules and values on the root."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._values = 0
        self._sections: dict[Path, Node] = {}
        paths = {module.path for module in checkpoint.modules}
        self._homes_of_modules = {path[:keys] for path in paths for keys in range(len(path) + 1)}
        self.prefixes: dict[Node, str] = {}
        self._root = Node(PurePath(checkpoint.path).name or checkpoint.path, NodeKind.ROOT)

    def grow(self) -> Node:
        """The root, with everything below it."""
        covered = 0
        for section in self._checkpoint.sections:
            self._hang_rows(range(covered, section.start), (), None)
            self._hang_section(section)
            covered = max(covered, section.stop)
        self._hang_rows(range(covered, len(self._checkpoint.tensors)), (), None)
        self._name_classes()
        self._hang_values(self._root, self._checkpoint.metadata, (), 0)
        return self._root

    def _at(self, path: Path) -> Node:
        node = self._root
        for key in path:
            node = node.branch(key)
        return node

    def _hang_section(self, section: Section) -> None:
        table = self._checkpoint.tensors
        rows = range(section.start, section.stop)
        if len(rows) == 1 and table.path(section.start) == section.path:
            self._hang_rows(rows, section.path[:-1], None, section.role)
            return
        node = self._at(section.path)
        node.role = section.role
        if node is not self._root:
            node.kind = NodeKind.SECTION
        self._sections[section.path] = node
        self._hang_rows(rows, section.path, node)

    def _hang_rows(self, rows: range, base: Path, section: Node | None, role: Role | None = None) -> None:
        """Split names below ``base`` at dots; rows that share a module find it without a walk."""
        if not rows:
            return
        table = self._checkpoint.tensors
        top = section or self._at(base)
        heads: dict[int, str] = {}
        names: list[str] = []
        for container, name in zip(
            table.container[rows.start : rows.stop].tolist(), table.names[rows.start : rows.stop]
        ):
            head = heads.get(container)
            if head is None:
                head = heads[container] = self._head(container, base)
            names.append(head + (name if container >= 0 else self._root.label))
        prefix = _wrapper_prefix(names) if section is not None and not self._has_classes(base) else ""
        if prefix and section is not None:
            self.prefixes[section] = prefix
        homes: dict[str, Node] = {}
        for row, name in zip(rows, names):
            module, _, label = name[len(prefix) :].rpartition(".")
            home = homes.get(module)
            if home is None:
                home = homes[module] = _descend(top, module)
            leaf = Node(label, NodeKind.TENSOR, row)
            leaf.role = role
            home.children.append(leaf)

    def _head(self, container: int, base: Path) -> str:
        keys = self._checkpoint.tensors.containers[container][len(base) :] if container >= 0 else ()
        return ".".join(keys) + "." if keys else ""

    def _has_classes(self, section: Path) -> bool:
        return section in self._homes_of_modules

    def _name_classes(self) -> None:
        """Give modules their class; those without a tensor get their row here, in the order of the modules."""
        ordered: dict[Node, list[Node]] = {}
        for module in self._checkpoint.modules:
            above_it = (module.path[:keys] for keys in range(len(module.path), -1, -1))
            base = next((path for path in above_it if path in self._sections), ())
            home = self._sections.get(base, self._root)
            dotted = ".".join(module.path[len(base) :])
            node = home
            if dotted:
                above, _, label = dotted.rpartition(".")
                parent = _descend(home, above)
                node = parent.branch(label)
                ordered.setdefault(parent, []).append(node)
            node.class_name = module.class_name
        for parent, modules in ordered.items():
            place = {node: number for number, node in enumerate(modules)}
            parent.children.sort(key=lambda child: place.get(child, len(place) if child.sub else -1))

    def _hang_values(self, node: Node, value: Json, path: Path, depth: int) -> None:
        """Hang what a dictionary or list holds beside the tensors that are there, in the order of its keys."""
        if depth > MAX_VALUE_DEPTH:
            return
        pairs = [(key, item) for key, item in _items(value) if not (isinstance(value, list) and item is None)]
        if node.class_name:  # a module's own settings would bury its tensors; they are in the metadata
            pairs = [(key, item) for key, item in pairs if key in node.sub]
        order: list[Node] = []
        for count, (key, item) in enumerate(pairs):
            below = node.sub.get(key) or (_find(node, key) if "." in key else None)
            if below is not None:
                self._hang_values(below, item, (*path, key), depth + 1)
                order.append(below)
                continue
            self._values += 1
            if count >= MAX_VALUES_EACH or self._values > MAX_VALUES:
                order.append(_value("…", Remainder(len(pairs) - count), path))
                break
            leaf = _value(key, item, (*path, key))
            order.append(leaf)
            if _is_nested(item):
                self._hang_values(leaf, item, leaf.value_path, depth + 1)
        node.children = _merged(node.children, order)


def _value(label: str, value: Json, path: Path) -> Node:
    node = Node(label, NodeKind.VALUE)
    node.value, node.value_path = value, path
    return node


def _items(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield from ((key, item) for key, item in value.items() if key != "__class__")
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _is_nested(value: Json) -> bool:
    """Whether a value gets rows of its own: a dictionary, or a list that holds more than plain values."""
    if isinstance(value, dict):
        return "__ref__" not in value and "__bytes__" not in value
    return isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value[:MAX_VALUES_EACH])


def _merged(children: list[Node], order: list[Node]) -> list[Node]:
    """Children with the keys of ``order`` put in; those that ``order`` lacks stay before their successor."""
    placed = set(order)
    if not placed:
        return children
    result: list[Node] = []
    rest = iter(order)
    have = set(children)
    for child in children:
        if child in placed:
            for node in rest:
                result.append(node)
                if node is child:
                    break
        else:
            if not result:  # values that were saved before any tensor
                result.extend(node for node in _taken_until(order, have))
                rest = iter(order[len(result) :])
            result.append(child)
    result.extend(rest)
    seen: set[Node] = set()
    return [node for node in result if not (node in seen or seen.add(node))]  # type: ignore[func-returns-value]


def _taken_until(order: list[Node], have: set[Node]) -> Iterator[Node]:
    for node in order:
        if node in have:
            return
        yield node


def _descend(node: Node, dotted: str) -> Node:
    if dotted:
        for part in dotted.split(".", MAX_LEVELS):
            node = node.branch(part)
    return node


def _find(node: Node, dotted: str) -> Node | None:
    found: Node | None = node
    for part in dotted.split(".", MAX_LEVELS):
        found = found.sub.get(part) if found is not None else None
    return found


def _wrapper_prefix(names: list[str]) -> str:
    """What wrappers put before every one of these names: ``module._orig_mod.``, or nothing."""
    prefix = ""
    rest = names[0]
    while (head := rest.partition("."))[1] and head[0] in WRAPPERS:
        prefix, rest = f"{prefix}{head[0]}.", head[2]
    while prefix and not all(name.startswith(prefix) for name in names):
        prefix = prefix[: prefix[:-1].rfind(".") + 1]
    return prefix
