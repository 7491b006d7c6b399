"""What the comparison of two tensors of one shape comes to, in columns.

``DIFFERENCE`` is the one place that says what is known of a pair. Its figures are over finite values, so that a
layer with three NaN can still be looked at; ``Differences`` also answers as IEEE arithmetic would over all values,
which is what scripts are told (``docs/cli.md``, ``compare --json``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.series.status import Status

DIFFERENCE = np.dtype(
    [
        ("known", "u1"),  # UNKNOWN, FIGURES or NO_FIGURES
        ("count", "<i8"),  # elements
        ("changed", "<i8"),  # elements not equal in value: NaN equals NaN, -0.0 equals 0.0; see without_figures
        ("nan_a", "<i8"),
        ("nan_b", "<i8"),
        ("inf_a", "<i8"),
        ("inf_b", "<i8"),
        ("inf_both", "<i8"),  # places where both are the same infinity, whose difference is NaN
        ("l2_a", "<f8"),  # over the finite values of each
        ("l2_b", "<f8"),
        ("delta_l2", "<f8"),  # from here on over the places where both are finite
        ("relative", "<f8"),  # NaN where the norm of a is zero
        ("cosine", "<f8"),  # NaN where either norm is zero
        ("max_abs", "<f8"),
        ("argmax", "<i8"),  # its place, row-major over the shape, -1 for none
    ]
)

UNKNOWN, FIGURES, NO_FIGURES = 0, 1, 2

PAIRWISE = ("relative", "delta_l2", "cosine", "max_abs", "changed_fraction")
"""The figures of a pair of tensors, by the names that scripts know."""


@dataclass(frozen=True, eq=False)
class Differences:
    """One record a tensor of the matching, of one pair of checkpoints. ``structure`` is what headers tell."""

    structure: np.ndarray  # uint8 of Status
    records: np.ndarray  # DIFFERENCE

    @classmethod
    def unread(cls, structure: np.ndarray) -> Differences:
        """Nothing was read yet."""
        return cls(structure, np.zeros(len(structure), DIFFERENCE))

    @property
    def known(self) -> np.ndarray:
        """bool a tensor: there is nothing more to find out."""
        readable = (self.structure == Status.MATCHED) | (self.structure == Status.RETYPED)
        known: np.ndarray = ~readable | (self.records["known"] != UNKNOWN)
        return known

    @property
    def status(self) -> np.ndarray:
        """uint8 of ``Status`` a tensor; ``MATCHED`` as long as the values were not read."""
        read = (self.records["known"] != UNKNOWN) & (self.records["changed"] >= 0)
        found = np.where(self.records["changed"] > 0, Status.CHANGED, Status.SAME)
        status: np.ndarray = np.where((self.structure == Status.MATCHED) & read, found, self.structure)
        return status.astype(np.uint8)

    def column(self, name: str) -> np.ndarray:
        """float64 a tensor, NaN where there is none: one of ``PAIRWISE`` or a field, over the finite values."""
        if name == "changed_fraction":
            with np.errstate(invalid="ignore", divide="ignore"):
                values = self.records["changed"] / self.records["count"]
        else:
            values = self.records[name].astype(np.float64)
        column: np.ndarray = np.where(self.records["known"] == FIGURES, values, np.nan)
        return column

    @property
    def broken(self) -> np.ndarray:
        """bool a tensor: a NaN or an infinity is in either of the two."""
        some = [self.records[name] > 0 for name in ("nan_a", "nan_b", "inf_a", "inf_b")]
        found: np.ndarray = np.logical_or.reduce(some)
        return found


def without_figures(count: int, changed: int) -> np.ndarray:
    """The record (1) of a pair of ``count`` elements of which it can only be told whether they are the same.

    ``changed`` is 0 where they are, -1 where not even that can be told.
    """
    record = np.zeros(1, DIFFERENCE)
    record["known"], record["count"], record["changed"], record["argmax"] = NO_FIGURES, count, changed, -1
    return record


def same_records(
    count: np.ndarray, has_figures: np.ndarray, norm: np.ndarray, nan: np.ndarray, infinite: np.ndarray
) -> np.ndarray:
    """The records of pairs of equal tensors, from what is known of one of the two; a NaN norm is one too large."""
    found = np.zeros(len(count), DIFFERENCE)
    found["known"] = np.where(has_figures, FIGURES, NO_FIGURES)
    found["count"], found["argmax"] = count, -1
    for name, column in (("nan_a", nan), ("nan_b", nan), ("inf_a", infinite), ("inf_b", infinite)):
        found[name] = np.where(has_figures, column, 0)
    found["inf_both"] = found["inf_a"]
    norm = np.where(has_figures, np.where(np.isnan(norm), np.inf, norm), 0.0)
    found["l2_a"] = found["l2_b"] = norm
    found["relative"] = np.where(norm > 0, 0.0, np.nan)
    found["cosine"] = np.where(norm > 0, 1.0, np.nan)
    return found


_COUNTS = ("nan_a", "nan_b", "inf_a", "inf_b", "inf_both")


def plausible(records: np.ndarray, numel: np.ndarray) -> np.ndarray:
    """bool a record: it may be that of a pair of ``numel`` elements, so that nobody stumbles over it."""
    good: np.ndarray = (records["known"] <= NO_FIGURES) & (records["count"] == numel)
    good &= (records["argmax"] >= -1) & (records["argmax"] < np.maximum(numel, 1)) & (records["changed"] >= -1)
    good &= (records["changed"] <= numel) | (records["known"] == NO_FIGURES)
    for name in _COUNTS:
        good &= (records[name] >= 0) & (records[name] <= numel)
    for name in ("l2_a", "l2_b", "delta_l2", "max_abs"):
        good &= records[name] >= 0
    return good
