"""The figures of a comparison as scripts are told them: over all values, as IEEE arithmetic has it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ckptgui.analysis.branch_figures import own_column
from ckptgui.analysis.difference import FIGURES, Differences
from ckptgui.analysis.profile import Profile


def strict(differences: Differences) -> Mapping[str, np.ma.MaskedArray]:
    """The pairwise figures and ``l2_a`` and ``l2_b``, float64 a tensor; masked where a figure has no meaning."""
    records = differences.records
    unread = records["known"] != FIGURES
    nan = (records["nan_a"] > 0) | (records["nan_b"] > 0)
    infinite = (records["inf_a"] > 0) | (records["inf_b"] > 0)
    norm_a, norm_b = (_norm(records[f"l2_{s}"], records[f"nan_{s}"], records[f"inf_{s}"]) for s in "ab")
    lost = nan | (records["inf_both"] > 0)  # infinity less itself
    moved = np.where(lost, np.nan, np.where(infinite, np.inf, records["delta_l2"]))
    widest = np.where(lost, np.nan, np.where(infinite, np.inf, records["max_abs"]))
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(nan | infinite, moved / norm_a, records["relative"])
        fraction = records["changed"] / records["count"]
    cosine = np.where(nan | infinite, np.nan, records["cosine"])
    zero = {
        "relative": norm_a == 0,
        "cosine": (norm_a == 0) | (norm_b == 0),
        "changed_fraction": records["count"] == 0,
    }
    values = {
        "l2_a": norm_a, "l2_b": norm_b, "delta_l2": moved, "relative": relative, "cosine": cosine,
        "max_abs": widest, "changed_fraction": fraction,
    }  # fmt: skip
    return {name: np.ma.MaskedArray(column, unread | zero.get(name, False)) for name, column in values.items()}


def norms(profile: Profile, rows: np.ndarray) -> np.ma.MaskedArray:
    """float64 a row, the norm over all values; masked where the row is -1 or was not read."""
    told = {name: own_column(profile, rows, name) for name in ("l2", "nan", "inf")}
    unread = rows < 0
    unread[~unread] = profile.records["known"][rows[~unread]] != FIGURES
    return np.ma.MaskedArray(_norm(told["l2"], told["nan"], told["inf"]), unread)


def _norm(finite: np.ndarray, nan: np.ndarray, infinite: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.where(nan > 0, np.nan, np.where(infinite > 0, np.inf, finite))
    return found
