"""Figures of some tensors together, at one checkpoint or between two: those of a module as one long vector."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.profile import FIGURES, UNKNOWN, Profile

OF_ONE = ("std", "mean", "min", "max", "l2", "zeros", "nan", "inf")
"""Figures of a checkpoint. ``zeros`` is the share of all elements, ``nan`` and ``inf`` are counts."""

OF_PAIR = ("relative", "cosine", "max_abs", "changed_fraction")
"""Figures of two checkpoints."""


def of_one(records: np.ndarray, numel: np.ndarray) -> dict[str, float]:
    """``OF_ONE`` of tensors with these records (``RECORD``) and element counts; all NaN until all were read."""
    known = records["known"] == FIGURES
    if (records["known"] == UNKNOWN).any() or not known.any():
        return dict.fromkeys(OF_ONE, np.nan)
    profile = _profile(records[known])
    numel = numel[known].astype(np.float64)
    nan, inf = profile.column("nan"), profile.column("inf")
    some = numel - nan - inf > 0
    weights = (numel - nan - inf)[some]
    total = float(weights.sum())
    found = {
        "zeros": float(profile.column("zeros").sum() / max(numel.sum(), 1.0)),
        "nan": float(nan.sum()),
        "inf": float(inf.sum()),
    }
    if not total:
        return {name: found.get(name, np.nan) for name in OF_ONE}
    mean, std, l2 = (profile.column(name)[some] for name in ("mean", "std", "l2"))
    with np.errstate(over="ignore", invalid="ignore"):
        middle = float((mean * (weights / total)).sum())
        around = np.hypot(std, mean - middle) if len(mean) > 1 else std
        found |= {
            "mean": middle,
            "std": _length(around * np.sqrt(weights / total)),
            "l2": _length(l2),
            "min": float(profile.column("min")[some].min()),
            "max": float(profile.column("max")[some].max()),
        }
    return {name: found[name] for name in OF_ONE}


def of_pair(records: np.ndarray) -> dict[str, float]:
    """``OF_PAIR`` of the pairs that were compared (``DIFFERENCE``); all NaN until there is one.

    Several tensors of which one has a NaN or an infinity have neither ``relative`` nor ``cosine``.
    """
    records = records[records["known"] == FIGURES]
    if not len(records):
        return dict.fromkeys(OF_PAIR, np.nan)
    count = int(records["count"].sum())
    found = {
        "max_abs": float(np.fmax.reduce(records["max_abs"])),
        "changed_fraction": float(records["changed"].sum() / count) if count else np.nan,
    }
    if len(records) == 1:
        found |= {name: float(records[name][0]) for name in ("relative", "cosine")}
    else:
        broken = any(records[name].any() for name in ("nan_a", "nan_b", "inf_a", "inf_b"))
        found |= dict.fromkeys(("relative", "cosine"), np.nan) if broken else _directions(records)
    return {name: found[name] for name in OF_PAIR}


def _directions(records: np.ndarray) -> dict[str, float]:
    a, b = _length(records["l2_a"]), _length(records["l2_b"])
    if not a:
        return dict.fromkeys(("relative", "cosine"), np.nan)
    relative = _length(records["delta_l2"]) / a
    if not b:
        return {"relative": relative, "cosine": np.nan}
    shares = (records["l2_a"] / a) * (records["l2_b"] / b)
    return {"relative": relative, "cosine": float((shares * np.nan_to_num(records["cosine"])).sum())}


def _length(values: np.ndarray) -> float:
    """The length of a vector, without overflow on the way."""
    top = float(np.abs(values).max(initial=0.0))
    return top * float(np.sqrt(((values / top) ** 2).sum())) if 0 < top < np.inf else top


def _profile(records: np.ndarray) -> Profile:
    profile = Profile(0, lambda _: ())
    profile.records = records
    return profile
