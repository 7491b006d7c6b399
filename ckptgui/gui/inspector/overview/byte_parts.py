"""Where the bytes of a file go, in numbers: by what they are for, then by what is in each; columns, no widgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import ROLES, NodeKind, Tree
from ckptgui.core.waste import Waste
from ckptgui.gui.numbers import counted, integer, tr

MAX_PARTS = 400
"""Parts of a role that are told apart; below that they would be thinner than a pixel."""

MAX_SLOTS = 24
_DESCENTS = 4
"""How often a part that is most of its role gives way to what is in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the bar and where a click leads; ``note`` is what the legend adds to the count.

    ``role`` is None where no tensor reaches the bytes, ``plain`` says that they are no tensors' at all.
    """

    label: str
    nbytes: int
    tensors: int
    role: Role | None
    path: Path | None = None
    parts: tuple[Part, ...] = ()
    note: str = ""
    plain: bool = False


def byte_parts(checkpoint: Checkpoint, tree: Tree, waste: Waste) -> tuple[Part, ...]:
    """One part a role, in saved order; then what no tensor reaches, then all that is no tensor's.

    Looks at every row once, by columns: not for the GUI's thread.
    """
    nbytes = _stored_below(tree)
    holders: dict[Role, list[int]] = {}
    for node in children(tree, 0).tolist():
        if tree.tensors[node]:
            holders.setdefault(ROLES[int(tree.role[node])], []).append(node)
    found = [_role_part(tree, nbytes, role, nodes) for role, nodes in holders.items()]
    found = [part for part in found if part.nbytes]
    found.sort(key=lambda part: part.role is Role.OTHER)  # what has no name for itself goes last
    if waste.total:
        found.append(Part(tr("Seen by no tensor"), waste.total, 0, None, _largest_waster(checkpoint, waste)))
    rest = checkpoint.nbytes - _stored(checkpoint) - waste.unnamed_bytes
    if found and rest > 0:
        found.append(Part(tr("Not tensors"), rest, 0, Role.SCHEDULER, plain=True))
    return tuple(found)


def children(tree: Tree, node: int) -> np.ndarray:
    """The nodes right below, in order, found by columns: a module may hold a hundred thousand."""
    first = node + 1
    return np.flatnonzero(tree.parent[first : int(tree.end[node])] == node) + first


def role_title(role: Role) -> str:
    """What a part of a file is for, as a heading."""
    return {
        Role.MODEL: tr("Model"),
        Role.EMA: tr("EMA"),
        Role.OPTIMIZER: tr("Optimizer"),
        Role.SCHEDULER: tr("Scheduler"),
        Role.SCALER: tr("Scaler"),
        Role.RNG: tr("RNG states"),
        Role.OTHER: tr("Other"),
    }[role]


def _stored_below(tree: Tree) -> np.ndarray:
    """int64 for each node, the bytes that its tensors have in the file; what is on the meta device has none."""
    leaves = np.flatnonzero(tree.row >= 0)
    stored = tree.checkpoint.tensors.storage[tree.row[leaves]] >= 0
    sums = np.zeros(len(tree) + 1, np.int64)
    sums[1:][leaves] = np.where(stored, tree.nbytes[leaves], 0)
    np.cumsum(sums, out=sums)
    return np.asarray(sums[tree.end] - sums[:-1])


def _role_part(tree: Tree, nbytes: np.ndarray, role: Role, nodes: list[int]) -> Part:
    total, tensors = int(nbytes[nodes].sum()), int(tree.tensors[nodes].sum())
    path = tree.path(nodes[0]) if len(nodes) == 1 or tree.kind[nodes[0]] == NodeKind.SECTION else ()
    title, note = role_title(role), ""
    inner: tuple[Part, ...] = ()
    if role is Role.OPTIMIZER:
        inner, note = _slots(tree, nbytes, nodes, path)
    if not inner:
        inner = _inside(tree, nbytes, nodes, role)
    if role is Role.OTHER and len(nodes) == 1:
        title = display(tree.labels[nodes[0]])
    return Part(title, total, tensors, role, path, inner, note)


def _inside(tree: Tree, nbytes: np.ndarray, nodes: list[int], role: Role) -> tuple[Part, ...]:
    """The second level: what is right below; a part that is most of it gives way to what is in that."""
    if len(nodes) == 1 and tree.row[nodes[0]] >= 0:
        return ()
    shown = np.array(nodes, np.int64) if len(nodes) > 1 else children(tree, nodes[0])
    total = int(nbytes[shown].sum())
    several_sections = len(nodes) > 1 and tree.kind[nodes[0]] == NodeKind.SECTION  # these say more than "0", "1"
    for _ in range(0 if several_sections else _DESCENTS):
        large = np.flatnonzero(nbytes[shown] * 3 >= total).tolist()
        place = next((at for at in large if _gives_way(tree, nbytes, int(shown[at]), total)), None)
        if place is None:
            break
        shown = np.concatenate([shown[:place], children(tree, int(shown[place])), shown[place + 1 :]])
    shown = shown[nbytes[shown] > 0]
    kept, rest = _told_apart(nbytes[shown])
    parts = [_part(tree, int(nbytes[node]), node, role) for node in shown[kept].tolist()]
    if len(rest):
        left = shown[rest]
        label = tr("{0} more").format(integer(len(left)))
        parts.append(Part(label, int(nbytes[left].sum()), int(tree.tensors[left].sum()), role))
    return tuple(parts)


def _gives_way(tree: Tree, nbytes: np.ndarray, node: int, total: int) -> bool:
    """Whether a large part says less than what is in it: numbered layers, or modules that are nearly all."""
    if not tree.is_branch(node):
        return False
    inner = children(tree, node)
    if not tree.branches[inner].any():
        return False
    numbered = len(inner) > 1 and all(tree.labels[int(child)].isdecimal() for child in inner[:8].tolist())
    return numbered or bool(nbytes[node] * 5 > total * 4)


def _told_apart(nbytes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the parts that are shown, in saved order, and of those that are one part together."""
    if len(nbytes) <= MAX_PARTS:
        return np.arange(len(nbytes)), np.zeros(0, np.int64)
    order = np.argsort(-nbytes, kind="stable")
    return np.sort(order[:MAX_PARTS]), order[MAX_PARTS:]


def _part(tree: Tree, nbytes: int, node: int, role: Role) -> Part:
    label = tree.labels[node]
    if tree.row[node] >= 0:
        label = label.partition(".")[0]  # the module, where a lone tensor stands for it
    return Part(display(label), nbytes, int(tree.tensors[node]), role, tree.path(node))


def _slots(tree: Tree, nbytes: np.ndarray, nodes: list[int], path: Path) -> tuple[tuple[Part, ...], str]:
    """An optimizer's bytes by slot (``exp_avg``, ``exp_avg_sq``), which says more than by parameter."""
    names = tree.checkpoint.tensors.names
    sizes: dict[str, list[int]] = {}
    for node in nodes:
        part = slice(node, int(tree.end[node]))
        inside = np.flatnonzero(tree.row[part] >= 0) + node
        for row, size in zip(tree.row[inside].tolist(), nbytes[inside].tolist()):
            entry = sizes.setdefault(names[row].rpartition(".")[2], [0, 0])
            entry[0] += size
            entry[1] += 1
            if len(sizes) > MAX_SLOTS:
                return (), ""
    rows = {tree.labels[child]: tree.path(child) for child in children(tree, nodes[0])[:MAX_SLOTS].tolist()}
    parts = tuple(
        Part(display(name), size, count, Role.OPTIMIZER, rows.get(name, path))
        for name, (size, count) in sizes.items()
        if size
    )
    return parts, _per_parameter(sizes.values())


def _per_parameter(sizes: Iterable[list[int]]) -> str:
    """``two slots per parameter``, where every parameter has as many that weigh something."""
    kept = list(sizes)
    total = sum(size for size, _ in kept)
    heavy = [count for size, count in kept if size * 100 > total]
    if not heavy or len(set(heavy)) > 1:
        return ""
    words = {1: tr("one slot per parameter"), 2: tr("two slots per parameter"), 3: tr("three slots per parameter")}
    return words.get(len(heavy)) or counted(len(heavy), "slot per parameter", "slots per parameter")


def _largest_waster(checkpoint: Checkpoint, waste: Waste) -> Path | None:
    row = largest_waster(checkpoint, waste)
    return checkpoint.tensors.path(row) if row is not None else None


def largest_waster(checkpoint: Checkpoint, waste: Waste) -> int | None:
    """The row of the first view of the storage that has most bytes which no tensor reaches."""
    if not waste.nbytes:
        return None
    views = np.flatnonzero(checkpoint.tensors.storage == int(np.argmax(waste.unreached)))
    return int(views[0]) if len(views) else None


def _stored(checkpoint: Checkpoint) -> int:
    """Bytes of all storages as they lie in the file; more than the file where they are compressed."""
    extents = checkpoint.tensors.extents
    return int(extents.stored_bytes.sum()) if len(extents) else 0
