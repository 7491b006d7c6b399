"""What the parts of a saved object are for: model, optimizer, scheduler … by structure, then by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Role, SavedShape, Section
from ckptgui.core.columns import distinct
from ckptgui.core.tensors import Path, TensorTable
from ckptgui.core.training.roles import role_by_name
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.objects.structures import (
    is_average,
    is_bare,
    is_optimizer,
    is_random_state,
    is_scaler,
    is_state_dict,
    names_weights,
    tensors_in,
)
from ckptgui.formats.objects.tensor_walk import ATOMS, TensorWalk, children_of
from ckptgui.formats.pickles.graph import Call, Dict, Node, entries
from ckptgui.formats.pickles.pieces import glance

_MAX_SPLIT = 16
"""Parts that a mapping of models or optimizers is taken apart into; more are one section."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the saved object that is walked as one: its place, value and purpose."""

    path: Path
    node: Node
    role: Role


def parts_of(root: Node) -> tuple[SavedShape, list[Part]]:
    """The shape of what was saved, and its parts in saved order; plain values are not among them."""
    if is_tensor(root):
        return SavedShape.TENSOR, [Part((), root, Role.OTHER)]
    if modules.is_module(root):
        return SavedShape.MODULE, [Part((), root, Role.MODEL)]
    if glance(root) is None:
        return SavedShape.OTHER, _with_a_model(_keyed(children_of(root), ()))
    if is_optimizer(root):
        return SavedShape.OTHER, [Part((), root, Role.OPTIMIZER)]
    if is_random_state(root):
        return SavedShape.OTHER, [Part((), root, Role.RNG)]
    if is_bare(root):
        return SavedShape.STATE_DICT, [Part((), root, Role.MODEL)]
    return SavedShape.CHECKPOINT, _with_a_model(_averaged(_keyed(entries(root) or [], ())))


def _averaged(parts: list[Part]) -> list[Part]:
    """Lightning's weight averaging saves the average as ``state_dict``, and the model beside it.

    From ``lightning/pytorch/callbacks/weight_averaging.py`` (``on_save_checkpoint``).
    """
    if not {("current_model_state",), ("averaging_state",)} <= {part.path for part in parts}:
        return parts
    roles: dict[Path, Role] = {("state_dict",): Role.EMA, ("averaging_state",): Role.OTHER}
    return [Part(part.path, part.node, roles.get(part.path, part.role)) for part in parts]


def _keyed(items: list[tuple[str, Node]], path: Path) -> list[Part]:
    """One part for each key; a wrapper around a whole checkpoint, or around several models, is opened once."""
    parts: list[Part] = []
    loose: list[Node] = []
    for key, node in items:
        if type(node) in ATOMS:
            continue
        if is_tensor(node):
            loose += (key, node)
            continue
        parts += _loose(loose, path)
        loose = []
        inner = _few_entries(node) if not path else None
        if inner and _is_wrapper(key, inner):
            named = role_by_name(key)
            parts += [
                Part(part.path, part.node, named if named and part.role is Role.OTHER else part.role)
                for part in _keyed(inner, (key,))
            ]
        else:
            parts.append(Part((*path, key), node, role_of(key, node)))
    return parts + _loose(loose, path)


def _loose(flat: list[Node], path: Path) -> list[Part]:
    """Tensors that follow each other among a checkpoint's parts: the weights of a model, else each for itself."""
    run = Dict()
    run.flat = flat
    if names_weights(run):
        return [Part(path, run, Role.MODEL)]
    return [Part((*path, key), node, role_of(key, node)) for key, node in zip(flat[::2], flat[1::2])]


def _few_entries(node: Node) -> list[tuple[str, Node]] | None:
    """The items of a mapping that may be taken apart; None for one that has too many, which may be very many."""
    flat = glance(node)
    return None if flat is None or len(flat) > 2 * _MAX_SPLIT else entries(node)


def _is_wrapper(key: str, items: list[tuple[str, Node]]) -> bool:
    """A mapping that is no part itself but holds some: models by name, or a model beside its optimizer."""
    if tensors_in(items):
        return False
    holds = [name for name, node in items if is_state_dict(node) or modules.is_module(node) or is_optimizer(node)]
    if not holds:
        return False
    if _PLURAL.search(key):
        return len(holds) == len(items)
    named = role_by_name(key)
    if named is not None and not (named is Role.MODEL and any(is_optimizer(node) for _, node in items)):
        return False
    return len(items) > 1 and any(role_by_name(name) in (Role.MODEL, Role.OPTIMIZER) for name in holds)


_PLURAL = re.compile(r"(model|net|network|optimizer|optim|ema|state_dict)s$", re.IGNORECASE)
"""Names of mappings that hold several of a kind."""


def role_of(key: str, node: Node) -> Role:
    """What one top-level value is for: by its structure where that tells, else by its name."""
    if is_optimizer(node) or (type(node) in (list, tuple) and node and all(map(is_optimizer, node))):
        return Role.OPTIMIZER
    if is_scaler(node):
        return Role.SCALER
    if is_average(node):
        return Role.EMA
    named = role_by_name(key)
    if named is not None:
        return named
    return Role.MODEL if modules.is_module(node) or names_weights(node) else Role.OTHER


def _with_a_model(parts: list[Part]) -> list[Part]:
    """Where neither names nor structure say “model”, what looks like a state dict is one."""
    if any(part.role is Role.MODEL and _holds(part.node) for part in parts):
        return parts
    return [
        Part(part.path, part.node, Role.MODEL) if part.role is Role.OTHER and is_state_dict(part.node) else part
        for part in parts
    ]


def _holds(node: Node) -> bool:
    return modules.is_module(node) or is_state_dict(node) or bool(type(node) is Call and node.state is not None)


def walk_parts(parts: list[Part], walk: TensorWalk, builder: TableBuilder) -> list[tuple[Part, int, int]]:
    """List the tensors of each part; gives the rows that it takes, from and up to which."""
    ranges = []
    for part in parts:
        start = len(builder)
        walk.visit(part.node, part.path)
        ranges.append((part, start, len(builder)))
    return ranges


def stored_bytes(table: TensorTable, start: int, stop: int) -> int:
    """Bytes in the file of the storages that rows ``start`` to ``stop`` lie in, each once."""
    rows = distinct(table.storage[start:stop])
    return int(table.extents.stored_bytes[rows[rows >= 0]].sum())


def to_sections(table: TensorTable, ranges: list[tuple[Part, int, int]]) -> tuple[Section, ...]:
    """Sections for the parts that hold tensors."""
    return tuple(
        Section(part.path, part.role, start, stop, stored_bytes(table, start, stop))
        for part, start, stop in ranges
        if stop > start
    )
