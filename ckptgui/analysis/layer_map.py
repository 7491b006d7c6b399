"""A map of layers × checkpoints: one figure of every row and member, or why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np

from ckptgui.analysis.branch_differences import Branches, module_figures, module_relative
from ckptgui.analysis.branch_figures import Groups, group_figure, own_column
from ckptgui.analysis.colour_scale import ColourScale, ScaleKind, scale_of
from ckptgui.analysis.difference import Differences
from ckptgui.analysis.layer_rows import LayerRows
from ckptgui.analysis.profile import Profile
from ckptgui.core.series.status import Status

_TOLD = (Status.ADDED, Status.REMOVED, Status.RESHAPED, Status.RETYPED)

_SAMPLE = 200_000
"""Cells by which a scale is chosen."""


class Source(Enum):
    """A member's own figures, or how far it is from the one before it, or from the first."""

    OWN = "own"
    PREVIOUS = "previous"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class MapFigure:
    """What a map can show. ``name`` is that of the figure in ``Profile``, or in ``PAIRWISE``."""

    key: str
    source: Source
    name: str
    scale: ScaleKind


FIGURES = {
    figure.key: figure
    for figure in (
        MapFigure("relative", Source.PREVIOUS, "relative", ScaleKind.LOG),
        MapFigure("std", Source.OWN, "std", ScaleKind.OPEN),
        MapFigure("l2", Source.OWN, "l2", ScaleKind.LOG),
        MapFigure("mean", Source.OWN, "mean", ScaleKind.SIGNED),
        MapFigure("zeros", Source.OWN, "zeros", ScaleKind.SHARE),
        MapFigure("nan", Source.OWN, "nan", ScaleKind.SHARE),
        MapFigure("cosine", Source.FIRST, "cosine", ScaleKind.COSINE),
        MapFigure("changed", Source.PREVIOUS, "changed_fraction", ScaleKind.SHARE),
        MapFigure("max", Source.PREVIOUS, "max_abs", ScaleKind.LOG),
    )
}


class Cell(IntEnum):
    """``NONE``: there is no such figure, as for the first of all; ``FAILED``: it could not be read."""

    UNREAD = 0
    VALUE = 1
    NONE = 2
    ABSENT = 3
    FAILED = 4


@dataclass(frozen=True, eq=False)
class MapColumn:
    """One member of a map, an entry a row. ``nan`` and ``inf`` count those in the member itself."""

    values: np.ndarray  # float64, NaN where there is none
    cells: np.ndarray  # uint8 of Cell
    nan: np.ndarray  # int64
    inf: np.ndarray  # int64
    status: np.ndarray  # uint8 of Status: why headers alone tell that there is no figure, else ABSENT


@dataclass(frozen=True, eq=False)
class Standing:
    """How a member's tensors stand to a figure, bool each: it has them, they were read, they never will be."""

    present: np.ndarray
    read: np.ndarray
    failed: np.ndarray


class LayerMap:
    """Rows × members; columns are put in as they are known."""

    def __init__(self, figure: MapFigure, rows: LayerRows, members: int) -> None:
        shape = len(rows), members
        self.figure, self.rows = figure, rows
        self.values = np.full(shape, np.nan)
        self.cells = np.zeros(shape, np.uint8)
        self.nan, self.inf = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.status = np.zeros(shape, np.uint8)  # of Status
        self.broken = np.zeros(shape, bool)  # there are NaN or infinities

    def put(self, member: int, column: MapColumn) -> None:
        """Fill in a member."""
        self.values[:, member], self.cells[:, member] = column.values, column.cells
        self.nan[:, member], self.inf[:, member] = column.nan, column.inf
        self.status[:, member] = column.status
        self.broken[:, member] = (column.nan > 0) | (column.inf > 0)

    def keep(self, before: LayerMap) -> None:
        """Take over the rows that an earlier map of the same figure and members has too."""
        nodes = self.rows.nodes, before.rows.nodes
        _, here, there = np.intersect1d(*nodes, assume_unique=True, return_indices=True)
        for name in ("values", "cells", "nan", "inf", "status", "broken"):
            getattr(self, name)[here] = getattr(before, name)[there]

    def scale(self) -> ColourScale:
        """The scale of what is known, by some rows where there are very many; what broke does not set its ends."""
        some = np.s_[:: max(1, self.values.size // _SAMPLE)]
        shown = (self.cells[some] == Cell.VALUE) & ~self.broken[some]
        return scale_of(self.figure.scale, self.values[some][shown])


def own_figure(
    figure: MapFigure, rows: LayerRows, profile: Profile, at: np.ndarray, numel: np.ndarray, standing: Standing
) -> MapColumn:
    """A member's own figure. ``at`` are the profile's rows by tensor, ``numel`` its elements by row."""
    groups = Groups(rows.heads, len(at))
    values = group_figure(figure.name, profile, at, numel, groups)
    return _column(values, groups, standing, own_column(profile, at, "nan"), own_column(profile, at, "inf"))


def pair_figure(
    figure: MapFigure,
    rows: LayerRows,
    differences: Differences,
    standing: Standing,
    nan: np.ndarray,
    inf: np.ndarray,
) -> MapColumn:
    """How far a member is from another. ``nan`` and ``inf`` are its own by tensor, as far as they are known."""
    groups = Groups(rows.heads, len(nan))
    values = differences.column(figure.name)[rows.heads]
    if rows.folded.any():
        branches = Branches(rows.outline, rows.nodes[rows.folded])
        values[rows.folded] = _module_figure(figure.name, branches, differences)
    read = differences.records["known"] > 0
    nan, inf = (
        np.where(np.isnan(own), np.where(read, differences.records[name], 0), own)
        for own, name in ((nan, "nan_b"), (inf, "inf_b"))
    )
    return _column(values, groups, standing, nan, inf, np.where(rows.folded, 0, differences.structure[rows.heads]))


def _module_figure(name: str, branches: Branches, differences: Differences) -> np.ndarray:
    if name == "relative":
        return module_relative(branches, differences)  # the same, without the others
    found: np.ndarray = getattr(module_figures(branches, differences), name)
    return found


def no_figure(rows: LayerRows, standing: Standing, nan: np.ndarray, inf: np.ndarray) -> MapColumn:
    """A member that there is nothing to compare with; that it is broken is told all the same."""
    nothing = np.full(len(rows), np.nan)
    return _column(nothing, Groups(rows.heads, len(nan)), standing, nan, inf)


def _column(
    values: np.ndarray,
    groups: Groups,
    standing: Standing,
    nan: np.ndarray,
    inf: np.ndarray,
    status: np.ndarray | int = 0,
) -> MapColumn:
    unread = groups.any(standing.present & ~standing.read & ~standing.failed)
    cells = np.full(len(values), Cell.ABSENT, np.uint8)
    cells[groups.any(standing.present)] = Cell.NONE
    cells[groups.any(standing.failed)] = Cell.FAILED
    cells[np.isfinite(values)] = Cell.VALUE
    cells[unread] = Cell.UNREAD
    nan, inf = (groups.sums(np.nan_to_num(each).astype(np.int64)) for each in (nan, inf))
    told = np.isin(cells, (Cell.NONE, Cell.ABSENT)) & np.isin(status, _TOLD)
    return MapColumn(values, cells, nan, inf, np.where(told, status, Status.ABSENT).astype(np.uint8))
