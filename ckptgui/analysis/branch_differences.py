"""How far tensors and whole modules moved, in columns: a module's figures are those of its tensors together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.difference import FIGURES, Differences
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.status import Status

_SQUARED = 1e-150, 1e150
"""Lengths between which squares neither vanish nor overflow."""


@dataclass(frozen=True, eq=False)
class MovedFigures:
    """One entry a tensor, or one a module. NaN stands for what is not known, and for what there is not.

    A tensor's figures are over the places where both values are finite, as its record has them. A module's are
    those of all its tensors that were compared, as one vector; what was added, removed or reshaped is only
    counted. With a NaN or an infinity in it a module has neither ``relative`` nor ``cosine``.
    """

    relative: np.ndarray  # ‖b − a‖ / ‖a‖
    delta_l2: np.ndarray  # ‖b − a‖
    cosine: np.ndarray
    max_abs: np.ndarray  # the largest |b − a|
    changed_fraction: np.ndarray  # of the elements that were compared
    elements: np.ndarray  # int64, those that were compared
    nan: np.ndarray  # int64, NaN in b, or in a where b has none
    inf: np.ndarray  # int64, likewise
    unread: np.ndarray  # int64, tensors of which nothing is known yet
    status: np.ndarray  # uint8 of Status; a module's where all its tensors have one, else CHANGED, or MATCHED
    counts: np.ndarray  # int64, modules × Status: how many tensors are in which; of tensors none

    @property
    def broken(self) -> np.ndarray:
        """bool: a NaN or an infinity is in it."""
        found: np.ndarray = (self.nan > 0) | (self.inf > 0)
        return found


def tensor_figures(differences: Differences) -> MovedFigures:
    """The figures of every tensor."""
    records = differences.records
    read = records["known"] == FIGURES

    def counted(name: str) -> np.ndarray:
        column: np.ndarray = np.where(read, records[name], 0)
        return column

    nan, inf = (np.where((b := counted(f"{w}_b")) > 0, b, counted(f"{w}_a")) for w in ("nan", "inf"))
    return MovedFigures(
        differences.column("relative"),
        differences.column("delta_l2"),
        differences.column("cosine"),
        differences.column("max_abs"),
        differences.column("changed_fraction"),
        counted("count"),
        nan,
        inf,
        (~differences.known).astype(np.int64),
        differences.status,
        np.zeros((0, len(Status)), np.int64),
    )


class Branches:
    """The modules of an outline, or some of them, as ranges of its tensors, ready for being summed over."""

    def __init__(self, outline: Outline, modules: np.ndarray | None = None) -> None:
        self.outline = outline
        self.modules = np.flatnonzero(outline.tensor < 0) if modules is None else modules
        self._leaves = np.flatnonzero(outline.tensor >= 0)
        self._tensors = outline.tensor[self._leaves]
        self._bounds = np.column_stack([outline.start[self.modules], outline.stop[self.modules]]).ravel()

    def over(self, fold: np.ufunc, values: np.ndarray) -> np.ndarray:
        """``fold`` (``np.add`` …, 0 being nothing) over each module's part of ``values``, one entry a tensor."""
        padded = np.append(values, np.zeros(1, values.dtype))  # so that a module may end where the tensors do
        folded: np.ndarray = fold.reduceat(padded, self._bounds)[::2]
        return folded

    def norms(self, lengths: np.ndarray) -> np.ndarray:
        """The length of each module's tensors as one vector, from theirs."""
        some = lengths[lengths > 0]
        if not some.size or (some.min() > _SQUARED[0] and some.max() < _SQUARED[1]):
            return np.asarray(np.sqrt(self.over(np.add, lengths * lengths)))
        return self.over(np.hypot, lengths)

    def nodes(self, tensors: np.ndarray, modules: np.ndarray) -> np.ndarray:
        """One entry a node of the outline, from those of tensors and those of all modules."""
        column = np.empty(len(self.outline), tensors.dtype)
        column[self._leaves] = tensors[self._tensors]
        column[self.modules] = modules
        return column


def module_figures(branches: Branches, differences: Differences) -> MovedFigures:
    """The figures of every module. Some passes over the records; nothing is read again."""
    records, own = differences.records, tensor_figures(differences)
    read = records["known"] == FIGURES

    def length(name: str) -> np.ndarray:
        column: np.ndarray = np.where(read, records[name], 0.0)
        return column

    def summed(values: np.ndarray) -> np.ndarray:
        return branches.over(np.add, values)

    l2_a, l2_b = length("l2_a"), length("l2_b")
    some = summed(read.astype(np.int64)) > 0
    delta, norm = np.where(some, branches.norms(length("delta_l2")), np.nan), branches.norms(l2_a)
    elements, nan, inf = summed(own.elements), summed(own.nan), summed(own.inf)
    figure = (nan == 0) & (inf == 0)
    counts = np.column_stack([summed((own.status == status).astype(np.int64)) for status in Status])
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(figure & (norm > 0), delta / norm, np.nan)
        cosine = np.where(figure, _cosine(branches, l2_a, l2_b, np.nan_to_num(length("cosine"))), np.nan)
        fraction = summed(np.where(read, records["changed"], 0)) / elements
    return MovedFigures(
        relative,
        delta,
        cosine,
        np.where(some, branches.over(np.maximum, length("max_abs")), np.nan),
        fraction,
        elements,
        nan,
        inf,
        summed(own.unread),
        _together(counts),
        counts,
    )


def _together(counts: np.ndarray) -> np.ndarray:
    """uint8 of ``Status`` a module, from how many tensors are in which."""
    there = counts[:, 1:] > 0  # what is in neither of the two does not count
    moved = there.copy()
    moved[:, [Status.MATCHED - 1, Status.SAME - 1]] = False
    mixed = np.where(moved.any(axis=1), Status.CHANGED, Status.MATCHED)
    alone = there.sum(axis=1) == 1
    together: np.ndarray = np.where(alone, there.argmax(axis=1) + 1, mixed)
    return np.where(there.any(axis=1), together, Status.ABSENT).astype(np.uint8)


def module_relative(branches: Branches, differences: Differences) -> np.ndarray:
    """float64 a module, its ``relative`` alone."""
    read = differences.records["known"] == FIGURES
    delta, norm = (branches.norms(np.where(read, differences.records[n], 0.0)) for n in ("delta_l2", "l2_a"))
    known = ~(branches.over(np.add, (read & differences.broken).astype(np.int64)) > 0) & (norm > 0)
    return np.asarray(np.divide(delta, norm, out=np.full(len(norm), np.nan), where=known))


def _cosine(branches: Branches, l2_a: np.ndarray, l2_b: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """From the tensors' cosines: ‖a‖‖b‖ cos is what each adds to the scalar product of the whole."""
    a, b = (lengths / (float(lengths.max(initial=0.0)) or 1.0) for lengths in (l2_a, l2_b))
    product = branches.norms(a) * branches.norms(b)
    together: np.ndarray = np.where(product > 0, branches.over(np.add, cosine * a * b) / product, np.nan)
    return together
