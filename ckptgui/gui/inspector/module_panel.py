"""What a section or a module amounts to: totals, element types, devices, its class, its largest tensors."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Module
from ckptgui.core.display import display
from ckptgui.core.loading.saved_devices import tells_devices
from ckptgui.core.module_line import module_line
from ckptgui.core.tree.build import ROLES, NodeKind, Tree
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.dtype_bar import DTypeBar, dtype_shares
from ckptgui.gui.inspector.fact_line import FactLine
from ckptgui.gui.inspector.facts import Fact
from ckptgui.gui.inspector.findings import Finder, Judgement
from ckptgui.gui.inspector.head import PanelHead, add_head
from ckptgui.gui.inspector.histogram.series import Pins
from ckptgui.gui.inspector.module_values import ModuleValues
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.inspector.tensor_list import TensorList, largest_tensors
from ckptgui.gui.inspector.values_grid import ValuesGrid, telling_items
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import Caption, PlainLabel
from ckptgui.gui.numbers import counted, integer, percent, size_text, tr
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.theme import mono_font

LARGEST = 12
MAX_ATTRIBUTES = 24


class ModulePanel(QWidget):
    """Follows a section, a module, or a container of tensors."""

    link_activated = Signal(object)
    values_wanted = Signal()

    def __init__(self, background: Background, finder: Finder, pins: Pins, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finder = finder
        finder.found.connect(self._name_by_slots)
        self._listed: tuple[Checkpoint, Tree, list[int], str] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.head = PanelHead(self)
        self.facts = FactLine(self)
        self.kind = FactLine(self)
        self.line = PlainLabel("", self, wrap=True, selectable=True)
        self.line.setFont(mono_font())
        add_head(layout, self, self.head, self.line, self.facts, self.kind)
        self._modules: tuple[Checkpoint | None, dict[str, Module]] = (None, {})
        self._page = ScrollPage(self, top=10)
        layout.addWidget(self._page, 1)
        body = self._page.body
        self.made_head = SectionHead(tr("Attributes"), self)
        self.made: ValuesGrid | None = None
        self._made_place = QVBoxLayout()
        self.values = ModuleValues(background, pins, self.head, self)
        self.values.link_activated.connect(self.link_activated)
        body.addWidget(self.values)
        body.addWidget(self.made_head)
        body.addLayout(self._made_place)
        self._below = QWidget(self)
        self._below.setFixedHeight(6)
        body.addWidget(self._below)
        self.types_head = SectionHead(tr("Element types"), self)
        self.types = DTypeBar(self)
        self.devices = PlainLabel("", self, colour="text2", wrap=True)
        self.largest_head = SectionHead(tr("Largest tensors"), self)
        self.largest_note = Caption("", self)
        self.largest_head.add(self.largest_note)
        self.largest = TensorList(self)
        self.largest.link_activated.connect(self.link_activated)
        for part in (self.types_head, self.types, self.devices):
            body.addWidget(part)
        body.addSpacing(10)
        body.addWidget(self.largest_head)
        body.addWidget(self.largest)
        body.addStretch(1)

    def forget(self) -> None:
        """Another checkpoint has come: what is found from now on is not about this one."""
        self._listed = None
        self.values.forget()

    def _name_by_slots(self, found: object) -> None:
        """Call an optimizer's tensors by their parameters once these are known."""
        if isinstance(found, Judgement) and self._listed is not None:
            self.largest.set_rows(*self._listed, slots=found.slots)

    def show_module(self, checkpoint: Checkpoint, tree: Tree, summaries: Summaries, selection: Selection) -> None:
        """Show a node that has tensors below it."""
        node = selection.node
        path = tree.path(node)
        title = tree.labels[node]
        if tree.kind[node] != NodeKind.SECTION and path:
            title = path[-1]
        self.head.show_name(list(path[:-1]), title, "/".join(path))
        self.facts.set_facts(_totals(checkpoint, tree, node))
        module = self._module_at(checkpoint, tree, node)
        self.kind.set_facts(_kind(tree, node, module))
        self._show_made(module)
        self.types.set_shares(dtype_shares(tree, node))
        self.devices.setText(devices_text(tree, node) if tells_devices(checkpoint) else "")
        nodes = largest_tensors(tree, node, LARGEST)
        has = bool(tree.tensors[node])
        for part in (self.values, self.types_head, self.types, self.largest_head, self.largest):
            part.setVisible(has)
        if has:
            self.values.follow(summaries, tree, node)
        self.devices.setVisible(bool(self.devices.text()))
        self.largest_note.setText(
            tr("{0} of {1}").format(integer(len(nodes)), integer(int(tree.tensors[node])))
            if len(nodes) < int(tree.tensors[node])
            else ""
        )
        self._listed = (checkpoint, tree, nodes, _prefix(path, tree, node))
        judgement = self._finder.judgement
        self.largest.set_rows(*self._listed, slots=judgement.slots if judgement else None)
        self._page.verticalScrollBar().setValue(0)

    def _module_at(self, checkpoint: Checkpoint, tree: Tree, node: int) -> Module | None:
        """The pickled module that a node stands for, if it stands for one."""
        if self._modules[0] is not checkpoint:
            self._modules = checkpoint, {".".join(module.path): module for module in reversed(checkpoint.modules)}
        return self._modules[1].get(".".join(tree.path(node)))

    def _show_made(self, module: Module | None) -> None:
        """The module as ``print(model)`` has it, and the plain values that it was made with."""
        self.line.setText(display(module_line(module), 512) if module is not None else "")
        self.line.setVisible(module is not None)
        if self.made is not None:
            self.made.hide()
            self.made.deleteLater()
        values = dict(module.attributes) if module is not None else {}
        told = [name for name, _ in telling_items(values)[0]]
        self.made = None
        self.made_head.setVisible(bool(told))
        self._below.setVisible(bool(told))
        if told:
            self.made = ValuesGrid("", values, self, MAX_ATTRIBUTES)
            self.made.more_wanted.connect(self.values_wanted)
            self._made_place.addWidget(self.made)
            self.made.show()


def _prefix(path: tuple[str, ...], tree: Tree, node: int) -> str:
    """What the names below have in common and need not say again."""
    return f"{path[-1]}." if path and tree.kind[node] == NodeKind.MODULE else ""


def _totals(checkpoint: Checkpoint, tree: Tree, node: int) -> list[Fact]:
    nbytes, numel = int(tree.nbytes[node]), int(tree.numel[node])
    facts = [Fact(counted(int(tree.tensors[node]), "tensor", "tensors"))]
    if tree.tensors[node]:
        is_model = ROLES[int(tree.role[node])].value in ("model", "ema")
        facts.append(
            Fact(counted(numel, "parameter", "parameters") if is_model else counted(numel, "value", "values"))
        )
        facts.append(Fact(size_text(nbytes), tip=tr("{0} bytes").format(integer(nbytes))))
        facts.append(Fact(percent(nbytes, checkpoint.nbytes), tail=tr("of the file")))
    return facts


def _kind(tree: Tree, node: int, module: Module | None) -> list[Fact]:
    """What it was in the program that saved it."""
    facts = []
    name = module.class_name if module else tree.classes.get(node, "")
    if name:
        facts.append(Fact(display(name), tr("class")))
    if module is not None and module.training is not None:
        facts.append(Fact(tr("training mode") if module.training else tr("evaluation mode"), tr("saved in")))
    if tree.kind[node] == NodeKind.SECTION:
        facts.append(Fact(tr(ROLES[int(tree.role[node])].value), tr("role")))
    if module is not None and not module.registered:
        facts.append(Fact("", tr("in a plain attribute"), tip=tr("state_dict() does not see it.")))
    prefix = tree.prefixes.get(node)
    if prefix:
        facts.append(Fact(display(prefix), tr("every name begins with")))
    return facts


def devices_text(tree: Tree, node: int) -> str:
    """``Saved on cuda:0 (76 tensors) and cpu (1 tensor).``"""
    table = tree.checkpoint.tensors
    if len(table.devices) == 1 and tree.tensors[node]:
        return tr("Saved on {0}.").format(display(table.devices[0]))
    part = tree.row[node : int(tree.end[node])]
    counts = np.bincount(table.device[part[part >= 0]], minlength=len(table.devices))
    found = [(int(count), display(name)) for count, name in zip(counts, table.devices) if count]
    if not found:
        return ""
    if len(found) == 1:
        return tr("Saved on {0}.").format(found[0][1])
    listed = [f"{name} ({counted(count, 'tensor', 'tensors')})" for count, name in sorted(found, reverse=True)]
    return tr("Saved on {0}.").format(f"{', '.join(listed[:-1])} {tr('and')} {listed[-1]}")
