"""What a dictionary holds, for those who can take a run of tensors as one: a hundred thousand stay in columns."""

from __future__ import annotations

from itertools import chain, repeat

from ckptgui.core.names import NamePool
from ckptgui.formats.pickles.graph import MAPPINGS, Call, Dict, Node, Run, Runs, entries, pairs_of

Piece = tuple[str, Node] | Run


def pieces(node: Node) -> list[Piece] | None:
    """Items as ``entries`` has them, runs in one piece; None where there are none, or they must be taken apart.

    They stay whole where all keys are texts, none comes twice, and nothing was set on a tensor.
    """
    runs = _runs_of(node)
    if runs is None:
        return None
    if not runs.is_cut:
        runs.cut, runs.is_cut = _cut(node.loose, runs), True
    return runs.cut


def loose(node: Node) -> list[tuple[str, Node]] | None:
    """Items as ``entries`` has them, without the tensors of runs."""
    cut = pieces(node)
    return entries(node) if cut is None else [piece for piece in cut if type(piece) is tuple]


def outline(node: Node) -> list[tuple[str, Node]] | None:
    """Items as ``entries`` has them, for a look at names and kinds: one tensor stands for all of its run."""
    flat = glance(node) if pieces(node) else None
    return entries(node) if flat is None else list(zip(flat[::2], flat[1::2]))


def glance(node: Node) -> list[Node] | None:
    """Keys and values in turns as ``pairs_of`` has them, for a look: one tensor stands for all of its run."""
    runs = _runs_of(node)
    if runs is None:
        return pairs_of(node)
    if runs.glance is None:
        flat: list[Node] = []
        done = 0
        for at, run in runs:
            flat += node.loose[done:at]
            flat += chain.from_iterable(zip(run.names, repeat(run.sample)))
            done = at
        runs.glance = flat + node.loose[done:]
    return runs.glance


def _runs_of(node: Node) -> Runs | None:
    """The runs of a dictionary that has nothing but what was set on it."""
    if type(node) is Dict or (type(node) is Call and node.args == () and node.path in MAPPINGS):
        return node.runs
    return None


def _cut(flat: list[Node], runs: Runs) -> list[Piece] | None:
    keys, values = flat[::2], flat[1::2]
    if any(run.touched for _, run in runs) or any(type(key) is not str for key in keys):
        return None
    if not NamePool.joined([NamePool(keys), *(run.names for _, run in runs)]).distinct:
        return None
    found: list[Piece] = []
    done = 0
    for at, run in runs:
        found += zip(keys[done : at // 2], values[done : at // 2])
        found.append(run)
        done = at // 2
    return [*found, *zip(keys[done:], values[done:])]
