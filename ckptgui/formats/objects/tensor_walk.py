"""From the graph to rows: every tensor under every name, in saved order.

Containers are followed as often as they are reached, because a tensor has each of its names; a budget bounds
what repetition can ask for, and what holds no tensor is looked at once.
"""

from __future__ import annotations

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Json, Module
from ckptgui.core.tensors import Path, TensorKind
from ckptgui.formats.base import Check
from ckptgui.formats.limits import DEFAULT, Limits, exceeded
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.module_attributes import constructed_with
from ckptgui.formats.objects.numpy_nodes import objects_of
from ckptgui.formats.objects.rebuild import spec_of
from ckptgui.formats.objects.tensor_spec import MAX_WRAPS, ManyStorages, Storages, TensorSpec
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import MISSING, Call, Dict, Node, Persistent, Ref, Run, Set, entries
from ckptgui.formats.pickles.pieces import pieces
from ckptgui.formats.pickles.runs import TensorRun

ATOMS = frozenset({str, int, float, bool, type(None), bytes, FileBytes, Ref, Persistent})
"""Types of values in which nothing hangs."""

_CHECK_EVERY = 4096
_PLAIN = "torch._utils._rebuild_tensor_v2"
_INTEGERS = frozenset({int})


class TensorWalk:
    """Adds rows to a builder. ``modules`` are the modules met, ``warnings`` what had to be left out."""

    def __init__(self, builder: TableBuilder, storages: Storages, check: Check, limits: Limits = DEFAULT) -> None:
        self._builder = builder
        self._storages = storages
        self._check = check
        self._limits = limits
        self._open: set[int] = set()
        self._barren: set[int] = set()
        self._seen: set[int] = set()
        self._known: set[int] = set()  # what is registered in a module, or listed already
        self._constructed: dict[int, tuple[tuple[str, Json], ...]] = {}
        self._repeated = 0
        self._since_check = 0
        self._within = 0  # tensors whose components are being listed
        self._components: set[int] = set()
        self._components_again = 0
        self.modules: list[Module] = []
        self.warnings: list[str] = []

    def visit(self, node: Node, path: Path) -> None:
        """List every tensor in ``node``, which hangs at ``path``."""
        if type(node) in ATOMS:
            return
        if type(node) is Call:
            spec = spec_of(node, self._storages)
            if spec is not None:
                self.emit(spec, path)
                return
        self._container(node, path)

    def _container(self, node: Node, path: Path) -> None:
        key = id(node)
        if key in self._open or key in self._barren:
            return
        again = key in self._seen
        if again and self._repeated >= self._limits.repeats:
            self._warn("Some tensors are reached by more names than can be listed.")
            return
        if len(self._open) >= self._limits.depth:
            self._warn(f"Values nested more than {self._limits.depth} deep are not listed.")
            return
        before = len(self._builder)
        self._open.add(key)
        if modules.is_module(node):
            self._module(node, path)
        else:
            self._children(node, path)
        self._open.discard(key)
        added = len(self._builder) - before
        if added == 0:
            self._barren.add(key)
        elif again:
            self._repeated += added
        self._seen.add(key)

    def _children(self, node: Node, path: Path) -> None:
        """Tensors as torch.save writes nearly all of them are taken here; the rest is visited."""
        container = -1
        for piece in pieces(node) or children_of(node):
            if not isinstance(piece, tuple):
                self._run(piece, path)
                continue
            name, child = piece
            if is_plain(child):
                if container < 0:
                    container = self._builder.container_row(path)
                if self._plain(child, container, name):
                    continue
            if type(child) not in ATOMS:
                self.visit(child, (*path, name))

    def _run(self, run: Run, path: Path) -> None:
        """Append a run of plain tensors at once, or one by one where there is something to say about one."""
        count = len(run.names)
        if len(self._builder) + count > self._limits.tensors:
            raise exceeded("tensors", self._limits)
        self._check()
        container = self._builder.container_row(path)
        views = None
        if isinstance(self._storages, ManyStorages) and isinstance(run, TensorRun):
            views = self._storages.get_all(run)
        if views is not None:
            self._builder.add_views(container, run.names, views, {})
            return
        flat = run.pairs()
        for name, call in zip(flat[::2], flat[1::2]):
            if not self._plain(call, container, name):
                self.visit(call, (*path, name))

    def _plain(
        self,
        call: Call,
        container: int,
        name: str,
        kind: TensorKind = TensorKind.TENSOR,
        persistent: bool = True,
    ) -> bool:
        """Append a plain tensor in one step; False when anything about it needs a second look."""
        args = call.args
        if type(args) is not tuple or len(args) != 6 or call.state is not MISSING:
            return False
        pid, offset, shape, strides, grad, _ = args
        if type(shape) is not tuple or type(strides) is not tuple or type(offset) is not int:
            return False
        if not _INTEGERS.issuperset(map(type, shape)) or not _INTEGERS.issuperset(map(type, strides)):
            return False
        storage = self._storages.get(pid)
        if storage.error is not None or storage.dtype is None or storage.row < 0 or storage.offset:
            return False
        self._count()
        view = (shape, strides, storage.dtype, storage.device, storage.row, offset, grad is True)
        return self._builder.add_view(container, name, *view, kind, persistent)

    def _count(self) -> None:
        """Hold the number of rows to its limit, and hear the wish to stop now and then."""
        if len(self._builder) >= self._limits.tensors:
            raise exceeded("tensors", self._limits)
        self._since_check += 1
        if self._since_check >= _CHECK_EVERY:
            self._since_check = 0
            self._check()

    def _module(self, root: Node, path: Path) -> None:
        """A module's tensors under one name each, whatever dots that has."""
        steps = list(modules.walk(root, self._limits.depth))
        self._known.update(id(s.node) for s in steps if isinstance(s, modules.Found) or not s.attribute)
        container = -1
        for step in steps:
            if isinstance(step, modules.Found):
                self._found(step, (*path, step.name) if step.name else path)
                continue
            if is_plain(step.node):
                container = container if container >= 0 else self._builder.container_row(path)
                if self._plain(step.node, container, step.name, step.kind, step.persistent):
                    continue
            spec = spec_of(step.node, self._storages)
            if spec is not None:
                spec.kind = step.kind
                self.emit(spec, (*path, step.name), step.persistent)
            elif step.attribute:
                self._attribute(step.node, path, step.name, len(self._open))

    def _attribute(self, node: Node, path: Path, name: str, depth: int) -> None:
        """Tensors in a plain attribute of a module: kept with it, but not part of its state dict."""
        key = id(node)
        if type(node) in ATOMS or key in self._open or key in self._barren or depth >= self._limits.depth:
            return
        if modules.is_module(node):
            self._unregistered(node, path, name)
            return
        before = len(self._builder)
        self._open.add(key)
        for child_name, child in children_of(node):
            if id(child) in self._known:  # as in torch's own lists of a recurrent layer's weights
                continue
            spec = spec_of(child, self._storages)
            if spec is not None:
                self.emit(spec, (*path, f"{name}.{child_name}"), persistent=False)
            else:
                self._attribute(child, path, f"{name}.{child_name}", depth + 1)
        self._open.discard(key)
        if len(self._builder) == before:
            self._barren.add(key)

    def _found(self, found: modules.Found, path: Path, registered: bool = True) -> None:
        """Note a module; one that hangs in several places was constructed once."""
        key = id(found.node)
        if key not in self._constructed:
            self._constructed[key] = constructed_with(found.node)
        self.modules.append(
            Module(path, found.class_name, found.training, self._constructed[key], registered=registered)
        )

    def _unregistered(self, root: Node, path: Path, name: str) -> None:
        """A module in a plain attribute: ``state_dict()`` does not know it, unless it is registered elsewhere."""
        if id(root) in self._known:
            return
        for step in modules.walk(root, self._limits.depth):
            below = f"{name}.{step.name}" if step.name else name
            if isinstance(step, modules.Found):
                self._known.add(id(step.node))
                self._found(step, (*path, below), registered=False)
            elif not step.attribute:
                spec = spec_of(step.node, self._storages)
                if spec is not None:
                    spec.kind = step.kind
                    self.emit(spec, (*path, below), persistent=False)

    def emit(self, spec: TensorSpec, path: Path, persistent: bool = True) -> int:
        """Append a row, and one for each component."""
        self._count()
        parts = spec.components
        if parts:
            spec.extra.setdefault("components", [])
        row = self._builder.add(
            path,
            spec.shape,
            spec.dtype,
            storage=spec.storage,
            storage_offset=spec.offset,
            strides=spec.strides,
            device=spec.device,
            requires_grad=spec.requires_grad,
            kind=spec.kind,
            persistent=persistent,
            layout=spec.layout,
            conj=spec.conj,
            neg=spec.neg,
            error=spec.error,
            extra=spec.extra or None,
        )
        if parts:
            self._emit_components(row, spec, path, persistent)
        return row

    def _emit_components(self, row: int, spec: TensorSpec, path: Path, persistent: bool) -> None:
        """The tensors that a row is made of; where it has no storage of its own, its bytes are theirs."""
        rows: list[int] = spec.extra["components"]
        for name, node in spec.components:
            component = spec_of(node, self._storages)
            if component is None:
                continue
            component.kind = TensorKind.COMPONENT
            if id(node) in self._components:
                self._components_again += 1
            self._components.add(id(node))
            if self._within >= MAX_WRAPS or self._components_again > self._limits.components:
                component.components = []
                self._warn("Some tensors are made of more tensors than can be listed.")
            self._within += 1
            rows.append(self.emit(component, (*path, name), persistent))
            self._within -= 1
        if spec.storage < 0:
            self._builder.set_nbytes(row, sum(map(self._builder.nbytes, rows)))

    def _warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)


def is_plain(node: Node) -> bool:
    """Whether a tensor is made as torch.save and torch.jit write nearly all of them."""
    return type(node) is Call and type(node.target) is Ref and node.target.path == _PLAIN


def children_of(node: Node) -> list[tuple[str, Node]]:
    """What hangs below a value, by the names that paths use."""
    if type(node) in (list, tuple):
        return [(str(index), child) for index, child in enumerate(node)]
    if type(node) is Set:
        return [(str(index), child) for index, child in enumerate(node.items)]
    if type(node) is Dict:
        return entries(node) or []
    if type(node) is Call:
        return _children_of_call(node)
    return []


def _children_of_call(node: Call) -> list[tuple[str, Node]]:
    """A mapping's items, a list-like's items, an object's arguments and attributes."""
    objects = objects_of(node)
    if objects is not None:
        return [(str(index), child) for index, child in enumerate(objects)]
    found = entries(node)
    if found is None:
        found = []
        if type(node.args) is tuple:
            found += _arguments(node)
        found += [(str(index), child) for index, child in enumerate(node.items or ())]
        found += modules_pairs(node)
    if node.state is not MISSING:
        known = modules.attributes(node)
        if known is not None and node.path != "collections.OrderedDict":
            found += list(known.items())
        elif known is None and type(node.state) not in ATOMS:
            found.append(("state", node.state))
    return found


def _arguments(node: Call) -> list[tuple[str, Node]]:
    """Arguments by position; a single list or dictionary stands for the object made from it."""
    args = node.args
    if len(args) == 1 and type(args[0]) in (list, tuple, Dict):
        return children_of(args[0])
    return [(str(index), child) for index, child in enumerate(args)]


def modules_pairs(node: Call) -> list[tuple[str, Node]]:
    """Pairs that were set on an object that is no mapping we know."""
    if not node.flat:
        return []
    holder = Dict()
    holder.flat = node.flat
    return entries(holder) or []
