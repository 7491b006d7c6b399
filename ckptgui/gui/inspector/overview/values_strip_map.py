"""Which tensors stand where in the strip of a model's values, and what is known of each; all in columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.profile import PROFILE_QUANTILES, Profile
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.dtypes import Kind
from ckptgui.core.sharing import sharing
from ckptgui.core.tree.build import Tree

_ENDS = tuple(PROFILE_QUANTILES.index(q) for q in (0.01, 0.25, 0.75, 0.99))
_NUMBER = re.compile(r"\d+")


MOST_NAMED = 20_000
"""Tensors up to which groups are told; no name would have room among more."""


@dataclass(frozen=True)
class Group:
    """Neighbours that belong together: ``tensors`` from ``start`` to ``stop`` of the strip, and their name."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class StripMap:
    """``rows`` of the table in network order, which is the saved one; tied names stand once."""

    rows: np.ndarray  # int64
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class StripValues:
    """float64 a tensor, NaN where it is not known: the middle 98 % from ``low`` to ``high``, the middle half from
    ``lower`` to ``upper``; ``nan`` and ``inf`` count what is not finite.
    """

    low: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    high: np.ndarray
    nan: np.ndarray
    inf: np.ndarray


def strip_map(checkpoint: Checkpoint, tree: Tree) -> StripMap:
    """The floating-point tensors of the model; without a model those of its average, without that all."""
    table = checkpoint.tensors
    chosen = checkpoint.with_role(Role.MODEL) or checkpoint.with_role(Role.EMA) or checkpoint.sections
    some = np.zeros(len(table), bool)
    for section in chosen:
        some[section.start : section.stop] = True
    real = np.array([dtype.kind in (Kind.FLOAT, Kind.QUANTIZED) for dtype in table.dtypes] or [False])
    some &= real[table.dtype] & (table.numel > 0) & ~sharing(checkpoint).repeated
    rows = np.flatnonzero(some)
    return StripMap(rows, tuple(_groups(tree, rows)) if len(rows) <= MOST_NAMED else ())


def _groups(tree: Tree, rows: np.ndarray) -> list[Group]:
    """Layers by their number, what is before and behind them by its first word."""
    found: list[Group] = []
    for place, row in enumerate(rows.tolist()):
        name = _group_name(tree, row)
        if found and found[-1].name == name:
            found[-1] = Group(name, found[-1].start, place + 1)
        else:
            found.append(Group(name, place, place + 1))
    return found


def _group_name(tree: Tree, row: int) -> str:
    parts = tree.bare_name(row).split(".")
    for number, part in enumerate(parts[:-1]):
        if _NUMBER.fullmatch(part):
            above = parts[number - 1] if number else ""
            return display(f"{_singular(above)} {part}".strip(), 40)
    return display(parts[0], 40)


def _singular(word: str) -> str:
    """``block`` of ``blocks``; other words stay."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def strip_values(profile: Profile, rows: np.ndarray) -> StripValues:
    """What is known of them now."""
    records = profile.records[rows]
    ends = np.where(records["known"][:, None] == 1, records["quantiles"][:, _ENDS], np.nan).astype(np.float64)
    infinite = records["posinf"] + records["neginf"]
    return StripValues(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3], records["nan"].copy(), infinite)
