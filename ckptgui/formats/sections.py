"""What the parts of a saved object are for: model, optimizer, scheduler … by structure, then by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Role, SavedShape, Section
from ckptgui.core.tensors import Path, TensorTable
from ckptgui.formats import modules
from ckptgui.formats.pickle_graph import Call, Node, entries
from ckptgui.formats.rebuild import is_tensor
from ckptgui.formats.tensor_walk import ATOMS, TensorWalk, children_of

_MODEL_WORDS = frozenset(
    {
        "model", "state_dict", "model_state_dict", "modelstate", "net", "network", "net_state_dict", "module",
        "weights", "params", "parameters", "model_state", "model_dict", "model_weights", "generator",
        "discriminator", "encoder", "decoder", "backbone", "student", "teacher", "actor", "critic", "policy",
    }
)  # fmt: skip
_EMA = re.compile(r"(^|[^a-z])(ema|swa|averaged|shadow)([^a-z]|$)|averagemodel", re.IGNORECASE)
_BY_NAME: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"optim|(^|_)opt(_|\d|$)", re.IGNORECASE), Role.OPTIMIZER),
    (re.compile(r"sched", re.IGNORECASE), Role.SCHEDULER),
    (re.compile(r"scaler", re.IGNORECASE), Role.SCALER),
    (re.compile(r"rng|random_state|numpy_random|torch_random", re.IGNORECASE), Role.RNG),
    (_EMA, Role.EMA),
)


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
    items = entries(root)
    if items is None:
        return SavedShape.OTHER, _keyed(children_of(root), ())
    if _is_optimizer(root):
        return SavedShape.OTHER, [Part((), root, Role.OPTIMIZER)]
    if _is_bare(items):
        return SavedShape.STATE_DICT, [Part((), root, Role.MODEL)]
    parts = _keyed(items, ())
    return SavedShape.CHECKPOINT, _with_a_model(parts)


def _keyed(items: list[tuple[str, Node]], path: Path) -> list[Part]:
    """One part for each key; a wrapper around a whole checkpoint is opened once more."""
    parts: list[Part] = []
    for key, node in items:
        if type(node) in ATOMS:
            continue
        inner = entries(node) if not path else None
        if inner and _is_wrapper(inner):
            parts += _keyed(inner, (key,))
        else:
            parts.append(Part((*path, key), node, role_of(key, node)))
    return parts


def _is_wrapper(items: list[tuple[str, Node]]) -> bool:
    """A dictionary of state dicts that is itself a value of one: it holds a model beside other parts."""
    keys = {key.lower() for key, _ in items}
    holds = [node for _, node in items if _looks_like_state_dict(node) or modules.is_module(node)]
    return bool(holds) and bool(keys & _MODEL_WORDS) and len(items) > 1 and not _direct(items)


def _direct(items: list[tuple[str, Node]]) -> int:
    return sum(is_tensor(node) for _, node in items)


def _is_bare(items: list[tuple[str, Node]]) -> bool:
    """A state dict by itself: tensors under names, with at most as many other values beside them."""
    others = [node for _, node in items if not is_tensor(node)]
    if len(others) * 2 > len(items):
        return False
    return not any(
        _looks_like_state_dict(node) or modules.is_module(node) or _is_optimizer(node) for node in others
    )


def _looks_like_state_dict(node: Node) -> bool:
    items = entries(node)
    if not items:
        return False
    return 2 * _direct(items) >= len(items)


def _is_optimizer(node: Node) -> bool:
    keys = {key for key, _ in entries(node) or ()}
    return "state" in keys and "param_groups" in keys


def role_of(key: str, node: Node) -> Role:
    """What one top-level value is for."""
    if _is_optimizer(node) or (type(node) in (list, tuple) and node and all(map(_is_optimizer, node))):
        return Role.OPTIMIZER
    for pattern, role in _BY_NAME:
        if pattern.search(key):
            return role
    if modules.is_module(node):
        return Role.MODEL
    return Role.MODEL if key.lower() in _MODEL_WORDS and type(node) not in (str, int, float) else Role.OTHER


def _with_a_model(parts: list[Part]) -> list[Part]:
    """Where no name says “model”, what looks like a state dict is one."""
    if any(part.role is Role.MODEL and _holds(part.node) for part in parts):
        return parts
    return [
        Part(part.path, part.node, Role.MODEL)
        if part.role is Role.OTHER and _looks_like_state_dict(part.node)
        else part
        for part in parts
    ]


def _holds(node: Node) -> bool:
    return modules.is_module(node) or _looks_like_state_dict(node) or bool(
        type(node) is Call and node.state is not None
    )  # fmt: skip


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
    rows = np.unique(table.storage[start:stop])
    return int(table.extents.stored_bytes[rows[rows >= 0]].sum())


def to_sections(table: TensorTable, ranges: list[tuple[Part, int, int]]) -> tuple[Section, ...]:
    """Sections for the parts that hold tensors."""
    return tuple(
        Section(part.path, part.role, start, stop, stored_bytes(table, start, stop))
        for part, start, stop in ranges
        if stop > start
    )
