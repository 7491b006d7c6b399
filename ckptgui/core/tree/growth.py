"""Grows the tree of a checkpoint: names are split at dots, classes and values stand where they were saved.

Tensors and the modules that their names tell of are columns. Only what is seldom many is looked at one by one:
sections, classes of whole models, values.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.kept import with_kept
from ckptgui.core.tensors import Path
from ckptgui.core.tree.columns import NodeKind
from ckptgui.core.tree.names import MAX_LEVELS, DottedNames, Modules, modules_of
from ckptgui.core.tree.nodes import Made, Place
from ckptgui.core.tree.rows import Base, dotted_names
from ckptgui.core.tree.slot_labels import slot_labels
from ckptgui.core.tree.values import Remainder, hang_values

__all__ = ["MAX_LEVELS", "Growth", "Remainder"]


class Growth:
    """Nodes by number: the root is 0, parents come before their children, tensors are not among them.

    Nodes that names tell of are in ``modules``; those before and after them are in ``made``, one object each.
    """

    def __init__(self, checkpoint: Checkpoint, check: Callable[[], None] = lambda: None) -> None:
        self.checkpoint = checkpoint
        self.sections: dict[Path, int] = {}
        self.roles: dict[int, Role] = {}
        self.row_roles: dict[int, Role] = {}
        self.prefixes: dict[int, str] = {}
        self.classes: dict[int, str] = {}
        self.values: dict[int, Any] = {}
        self.value_paths: dict[int, Path] = {}
        self.made: dict[int, Made] = {
            0: Made(PurePath(checkpoint.path).name or checkpoint.path, NodeKind.ROOT, -1, 0)
        }
        self.places: dict[int, Place] = {}
        self._below: dict[int, dict[str, int]] = {0: {}}
        self._bases: list[Base] = []
        homes = {module.path for module in checkpoint.modules}
        self._homes_of_modules = {path[:keys] for path in homes for keys in range(len(path) + 1)}
        self._lay_sections()
        self.slots = slot_labels(checkpoint)
        self.names: DottedNames = dotted_names(
            checkpoint, self._bases, self.made[0].label, self._take_prefix, self.slots
        )
        known = {
            node: {label.encode("utf-8", "surrogatepass"): child for label, child in below.items()}
            for node, below in self._below.items()
            if below
        }
        self.modules: Modules = modules_of(self.names, len(self.made), known, check)
        for node, row in self.modules.met.items():
            place = self.places[node]
            self.places[node] = place._replace(row=min(place.row, row))
        self._count = len(self.made) + len(self.modules.parent)
        self._below.clear()
        self._name_classes()
        hang_values(self, with_kept(checkpoint))

    def __len__(self) -> int:
        return self._count

    def _lay_sections(self) -> None:
        """Nodes for the sections, and which of them every row's name hangs on."""
        covered, table = 0, self.checkpoint.tensors
        for section in self.checkpoint.sections:
            self._bases.append(Base(covered, section.start, (), 0, 0))
            if section.stop - section.start == 1 and table.path(section.start) == section.path:
                node = self._at(section.path[:-1], section.start)
                above = section.path[:-1]
                self._bases.append(Base(section.start, section.stop, above, node, self.made[node].depth))
                self.row_roles[section.start] = section.role
            else:
                node = self._at(section.path, section.start)
                self.roles[node] = section.role
                if node:
                    self.made[node] = self.made[node]._replace(kind=NodeKind.SECTION)
                self.sections[section.path] = node
                depth = self.made[node].depth
                self._bases.append(Base(section.start, section.stop, section.path, node, depth, True))
            covered = max(covered, section.stop)
        self._bases.append(Base(covered, len(table), (), 0, 0))

    def _at(self, path: Path, row: int) -> int:
        node = 0
        for key in path:
            below = self._below.setdefault(node, {})
            if key not in below:
                new = below[key] = len(self.made)
                self.made[new] = Made(key, NodeKind.MODULE, node, self.made[node].depth + 1)
                self.places[new] = Place(0, row, (new - _MANY) * _MANY)  # before what the names below it make
            node = below[key]
        return node

    def _take_prefix(self, node: int, base: Path, prefix: str) -> bool:
        """Whether a wrapper's prefix may be taken off a section's names; whole models keep theirs."""
        if base in self._homes_of_modules:
            return False
        self.prefixes[node] = prefix
        return True

    def label(self, node: int) -> str:
        """The label of a node; of a tensor, whose numbers follow all others', when nothing more is hung."""
        made = self.made.get(node)
        if made is not None:
            return made.label
        if node >= self._count:
            row = node - self._count
            start, stop = int(self.modules.label[row]), int(self.names.end[row])
        else:
            start = int(self.modules.start[node - self.modules.first])
            stop = start + int(self.modules.length[node - self.modules.first])
        return self.names.text.data[start:stop].tobytes().decode("utf-8", "surrogatepass")

    def depth(self, node: int) -> int:
        """Levels above a node."""
        made = self.made.get(node)
        return made.depth if made is not None else int(self.modules.depth[node - self.modules.first])

    def place(self, node: int) -> Place:
        """Where a node stands among its siblings."""
        found = self.places.get(node)
        return found or Place(0, int(self.modules.row[node - self.modules.first]), 0)

    def below(self, node: int) -> dict[str, int]:
        """The branches right below a node, by label."""
        found = self._below.get(node)
        if found is None:
            found = self._below[node] = {self.label(child): child for child in self._family.children(node)}
        return found

    def find(self, node: int, dotted: str) -> int | None:
        """The branch at a dotted name below a node."""
        found: int | None = node
        for part in dotted.split(".", MAX_LEVELS):
            found = self.below(found).get(part) if found is not None else None
        return found

    def slot_nodes(self) -> list[int]:
        """The branches that gather an optimizer's tensors of one slot."""
        nodes = (self._optimizer_node(path) for path in self.slots.optimizers)
        return [child for node in nodes if node is not None for child in self.below(node).values()]

    def _optimizer_node(self, path: Path) -> int | None:
        keys = next((keys for keys in range(len(path), -1, -1) if path[:keys] in self.sections), 0)
        found: int | None = self.sections.get(path[:keys], 0)
        for key in path[keys:]:
            found = self.below(found).get(key) if found is not None else None
        return found

    def add(self, parent: int, label: str, kind: NodeKind, place: Place) -> int:
        """Hang a new node below another, after all that names tell of."""
        node = self._count
        self._count += 1
        self.made[node] = Made(label, kind, parent, self.depth(parent) + 1)
        self.places[node] = place
        return node

    def first_child(self, node: int) -> int | None:
        """The first branch right below a node, -1 where a tensor stands before it; None without children."""
        places = [(self.place(child), child) for child in self.below(node).values()]
        row = self._family.first_tensor(node)
        if row is not None:
            places.append((Place(0, row, 0), -1))
        return min(places)[1] if places else None

    @property
    def _family(self) -> _Family:
        if self._known_family is None:
            self._known_family = _Family(self)
        return self._known_family

    _known_family: _Family | None = None

    def _name_classes(self) -> None:
        """Give modules their class; those without a tensor get their row here, in the order of the modules."""
        ordered: dict[int, list[int]] = {}
        for module in self.checkpoint.modules:
            above_it = (module.path[:keys] for keys in range(len(module.path), -1, -1))
            base = next((path for path in above_it if path in self.sections), ())
            node = self.sections.get(base, 0)
            dotted = ".".join(module.path[len(base) :])
            if dotted:
                above, _, label = dotted.rpartition(".")
                parent = self._branch_at(node, above)
                node = self._branch(parent, label)
                ordered.setdefault(parent, []).append(node)
            self.classes[node] = module.class_name
        for parent, modules in ordered.items():
            turns = {node: number for number, node in enumerate(modules, 1)}
            for child in self.below(parent).values():
                group = turns.get(child, len(turns) + 1 if self.below(child) else 0)
                self.places[child] = self.place(child)._replace(group=group)

    def _branch_at(self, node: int, dotted: str) -> int:
        for part in dotted.split(".", MAX_LEVELS) if dotted else ():
            node = self._branch(node, part)
        return node

    def _branch(self, parent: int, label: str) -> int:
        below = self.below(parent)
        if label not in below:
            below[label] = self.add(parent, label, NodeKind.MODULE, Place(0, len(self.checkpoint), len(below)))
        return below[label]


_MANY = 1 << 24


class _Family:
    """The branches below each node that names tell of, found by one sort when they are first asked for."""

    def __init__(self, growth: Growth) -> None:
        modules = growth.modules
        early = [(made.parent, node) for node, made in growth.made.items() if 0 < node < modules.first]
        parents = np.concatenate([np.array([parent for parent, _ in early], np.int64), modules.parent])
        nodes = np.concatenate(
            [np.array([node for _, node in early], np.int64), modules.first + np.arange(len(modules.parent))]
        )
        order = np.argsort(parents, kind="stable")
        self._parents, self._nodes = parents[order], nodes[order]
        self._first_row: np.ndarray | None = None
        self._home = modules.home
        self._count = modules.first + len(modules.parent)

    def children(self, node: int) -> list[int]:
        low, high = np.searchsorted(self._parents, [node, node + 1])
        found: list[int] = self._nodes[low:high].tolist()
        return found

    def first_tensor(self, node: int) -> int | None:
        if self._first_row is None:
            self._first_row = np.full(self._count, -1, np.int64)
            self._first_row[self._home[::-1]] = np.arange(len(self._home) - 1, -1, -1)
        row = int(self._first_row[node]) if node < self._count else -1
        return row if row >= 0 else None
