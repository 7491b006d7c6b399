"""The tree's rules, one node after the other: slow and simple, to hold against the tree in columns."""

from itertools import pairwise
from pathlib import PurePath

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import ROLES, NodeKind, Remainder
from ckptgui.core.tree.columns import WRAPPERS
from ckptgui.core.tree.joining import FLAT
from ckptgui.core.tree.names import MAX_LEVELS
from ckptgui.core.tree.slot_labels import slot_labels
from ckptgui.core.tree.values import MAX_VALUE_DEPTH, MAX_VALUES, MAX_VALUES_EACH


def slow_tree(checkpoint):
    """The columns of a checkpoint's tree as lists."""
    growth = Growth(checkpoint)
    return Columns(checkpoint, growth.prefixes).freeze(growth.grow())


class Node:
    """A row while the tree grows."""

    def __init__(self, label, kind, row=-1):
        self.label = label
        self.kind = kind
        self.row = row
        self.role = None
        self.class_name = ""
        self.tensors = 1 if row >= 0 else 0
        # A tensor never has children; two empty containers each would be most of the work for a large file.
        self.children = [] if row < 0 else _NO_CHILDREN
        self.sub = {} if row < 0 else _NO_BRANCHES  # the branches among the children
        self.value = None
        self.value_path = ()
        self.firm = False

    def branch(self, label):
        """The branch of this label, made if there is none."""
        found = self.sub.get(label)
        if found is None:
            found = self.sub[label] = Node(label, NodeKind.MODULE)
            self.children.append(found)
        return found


_NO_CHILDREN = []
_NO_BRANCHES = {}


class Growth:
    """Hangs tensors, modules and values on the root."""

    def __init__(self, checkpoint):
        self._checkpoint = checkpoint
        self._values = 0
        self._sections = {}
        paths = {module.path for module in checkpoint.modules}
        self._homes_of_modules = {path[:keys] for path in paths for keys in range(len(path) + 1)}
        self.prefixes = {}
        self.slots = slot_labels(checkpoint)
        self._root = Node(PurePath(checkpoint.path).name or checkpoint.path, NodeKind.ROOT)

    def grow(self):
        """The root, with everything below it."""
        covered = 0
        for section in self._checkpoint.sections:
            self._hang_rows(range(covered, section.start), (), None)
            self._hang_section(section)
            covered = max(covered, section.stop)
        self._hang_rows(range(covered, len(self._checkpoint.tensors)), (), None)
        self._name_classes()
        self._hang_values(self._root, self._checkpoint.metadata, (), 0)
        self._keep_slots()
        return self._root

    def _keep_slots(self):
        for path in self.slots.optimizers:
            base = next((path[:keys] for keys in range(len(path), -1, -1) if path[:keys] in self._sections), ())
            node = self._sections.get(base, self._root)
            for key in path[len(base) :]:
                node = node.sub.get(key) if node else None
            for child in node.sub.values() if node else ():
                child.firm = True

    def _at(self, path):
        node = self._root
        for key in path:
            node = node.branch(key)
        return node

    def _hang_section(self, section):
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

    def _hang_rows(self, rows, base, section, role=None):
        """Split names below ``base`` at dots; rows that share a module find it without a walk."""
        if not rows:
            return
        table = self._checkpoint.tensors
        top = section or self._at(base)
        heads = {}
        names = []
        inside = [place for place in self.slots.optimizers if place[: len(base)] == base]
        for row, container, name in zip(
            rows, table.container[rows.start : rows.stop].tolist(), table.names[rows.start : rows.stop]
        ):
            head = heads.get(container)
            if head is None:
                head = heads[container] = self._head(container, base)
            names.append(head + (name if container >= 0 else self._root.label))
            if row in self.slots.names and len(inside) == 1:
                names[-1] = ".".join((*inside[0][len(base) :], self.slots.names[row]))
        prefix = _wrapper_prefix(names) if section is not None and not self._has_classes(base) else ""
        if prefix and section is not None:
            self.prefixes[section] = prefix
        homes = {}
        for row, name in zip(rows, names):
            module, dot, label = name[len(prefix) :].rpartition(".")
            home = homes.get((module, dot))
            if home is None:
                home = top
                for part in module.split(".", MAX_LEVELS) if dot else ():
                    home = home.branch(part)
                homes[module, dot] = home
            leaf = Node(label, NodeKind.TENSOR, row)
            leaf.role = role
            home.children.append(leaf)

    def _head(self, container, base):
        keys = self._checkpoint.tensors.containers[container][len(base) :] if container >= 0 else ()
        return ".".join(keys) + "." if keys else ""

    def _has_classes(self, section):
        return section in self._homes_of_modules

    def _name_classes(self):
        """Give modules their class; those without a tensor get their row here, in the order of the modules."""
        ordered = {}
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

    def _hang_values(self, node, value, path, depth):
        """Hang what a dictionary or list holds beside the tensors that are there, in the order of its keys."""
        if depth > MAX_VALUE_DEPTH:
            return
        pairs = [(key, item) for key, item in _items(value) if not (isinstance(value, list) and item is None)]
        if node.class_name:  # a module's own settings would bury its tensors; they are in the metadata
            pairs = [(key, item) for key, item in pairs if key in node.sub]
        order = []
        for count, (key, item) in enumerate(pairs):
            if key == "state" and path in self.slots.optimizers:
                order += [child for child in node.children if child in node.sub.values()]
                if isinstance(item, dict) and not any(item.values()):
                    continue
            below = node.sub.get(key) or (_find(node, key) if "." in key else None)
            if below is not None:
                self._hang_values(below, item, (*path, key), depth + 1)
                if key in node.sub:
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


def _value(label, value, path):
    node = Node(label, NodeKind.VALUE)
    node.value, node.value_path = value, path
    return node


def _items(value):
    if isinstance(value, dict):
        yield from ((key, item) for key, item in value.items() if key != "__class__")
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _is_nested(value):
    """Whether a value gets rows of its own: a dictionary, or a list that holds more than plain values."""
    if isinstance(value, dict):
        return "__ref__" not in value and "__bytes__" not in value
    return isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value[:MAX_VALUES_EACH])


def _merged(children, order):
    """Children with the keys of ``order`` put in; those that ``order`` lacks stay before their successor."""
    placed = set(order)
    if not placed:
        return children
    result = []
    rest = iter(order)
    have = set(children)
    for child in children:
        if child in placed:
            for node in rest if child not in result else ():
                result.append(node)
                if node is child:
                    break
        else:
            if not result:  # values that were saved before any tensor
                result.extend(node for node in _taken_until(order, have))
                rest = iter(order[len(result) :])
            result.append(child)
    result.extend(rest)
    seen = set()
    return [node for node in result if not (node in seen or seen.add(node))]


def _taken_until(order, have):
    for node in order:
        if node in have:
            return
        yield node


def _descend(node, dotted):
    if dotted:
        for part in dotted.split(".", MAX_LEVELS):
            node = node.branch(part)
    return node


def _find(node, dotted):
    found = node
    for part in dotted.split(".", MAX_LEVELS):
        found = found.sub.get(part) if found is not None else None
    return found


def _wrapper_prefix(names):
    """What wrappers put before every one of these names: ``module._orig_mod.``, or nothing."""
    prefix = ""
    rest = names[0]
    while (head := rest.partition("."))[1] and head[0] in WRAPPERS:
        prefix, rest = f"{prefix}{head[0]}.", head[2]
    while prefix and not all(name.startswith(prefix) for name in names):
        prefix = prefix[: prefix[:-1].rfind(".") + 1]
    return prefix


class Columns:
    """Puts the grown tree into preorder columns, joining as the module's head says."""

    def __init__(self, checkpoint, prefixes):
        self._checkpoint = checkpoint
        self._wrappers = prefixes
        self._parent = []
        self._depth = []
        self._end = []
        self._kind = []
        self._row = []
        self._role = []
        self._labels = []
        self._classes = {}
        self._prefixes = {}
        self._values = {}
        self._paths = {}

    def freeze(self, root):
        _count(root)
        self._emit(root, "", -1, 0, Role.OTHER, bool(self._checkpoint.modules))
        return {
            "label": self._labels,
            "parent": self._parent,
            "depth": self._depth,
            "end": self._end,
            "kind": self._kind,
            "row": self._row,
            "role": self._role,
            "classes": self._classes,
            "prefixes": self._prefixes,
            "values": self._values,
            "value_paths": self._paths,
        }

    def _emit(self, node, above, parent, depth, role, classes):
        number = len(self._parent)
        role = node.role or role
        self._parent.append(parent)
        self._depth.append(depth)
        self._end.append(number + 1)
        self._kind.append(int(node.kind))
        self._row.append(node.row)
        self._role.append(_ROLE_NUMBER[role])
        self._labels.append(above + node.label)
        if node.row >= 0:
            return
        if node.class_name:
            self._classes[number] = node.class_name
        if node in self._wrappers:
            self._prefixes[number] = self._wrappers[node]
        if node.kind is NodeKind.VALUE:
            self._values[number] = node.value
            self._paths[number] = node.value_path
        if node.children:
            for child in _in_order(node.children):
                emit = self._emit if child.row >= 0 else self._emit_joined
                emit(child, "", number, depth + 1, role, classes)
            self._end[number] = len(self._parent)

    def _emit_joined(self, node, above, parent, depth, role, classes):
        if node.kind is NodeKind.MODULE and node.children and not node.firm:
            only = node.children[0] if len(node.children) == 1 else None
            if only is not None and only.kind is (NodeKind.TENSOR if classes else only.kind) is not NodeKind.VALUE:
                at = len(self._parent)
                self._emit_joined(only, f"{above}{node.label}.", parent, depth, role, classes)
                if node.class_name:
                    self._classes[at] = node.class_name
                return
            if not classes and _is_flat(node):
                for module in _in_order(node.children):
                    for leaf in _in_order(module.children):
                        self._emit(leaf, f"{above}{node.label}.{module.label}.", parent, depth, role, classes)
                return
        self._emit(node, above, parent, depth, role, classes)


_ROLE_NUMBER = {role: number for number, role in enumerate(ROLES)}


def _count(node):
    node.tensors = sum([1 if child.row >= 0 else _count(child) for child in node.children])
    return node.tensors


def _is_flat(node):
    return node.tensors <= FLAT and all(
        child.kind is NodeKind.MODULE and child.children and all(leaf.row >= 0 for leaf in child.children)
        for child in node.children
    )


def _in_order(children):
    """Saved order; where labels are plain numbers those stand in their natural order among themselves."""
    if len(children) < 2:
        return children
    places = [place for place, child in enumerate(children) if _is_number(child.label)]
    numbers = [int(children[place].label) for place in places]
    if all(a <= b for a, b in pairwise(numbers)):
        return children
    result = list(children)
    for place, source in zip(places, sorted(places, key=lambda p: int(children[p].label))):
        result[place] = children[source]
    return result


def _is_number(label):
    return label.isascii() and label.isdigit() and len(label) < 19
