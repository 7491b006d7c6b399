"""The ``stats`` of ``info --json`` as text, column by column, for some thousand tensors at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

import numpy as np

from ckptgui.analysis.distribution import QUANTILES
from ckptgui.analysis.profile import FIGURES, FLOAT, PROFILE_QUANTILES, UNSIGNED, Profile
from ckptgui.core.tensors import TensorTable

_KEYS = tuple(str(q) for q in QUANTILES)
_PLACES = [PROFILE_QUANTILES.index(q) for q in QUANTILES]


def stats_texts(
    profile: Profile, table: TensorTable, first: int, stop: int, exact: Mapping[int, np.ndarray]
) -> Iterator[str]:
    """The ``stats`` of each row from ``first`` on and before ``stop``; those in ``exact`` with these quantiles."""
    records = profile.records[first:stop]
    approximate = records["approximate"] != 0
    quantiles = records["quantiles"][:, _PLACES]
    for row in exact.keys() & range(first, stop):
        quantiles[row - first], approximate[row - first] = exact[row], False
    columns = {
        "count": table.numel[first:stop].tolist(),
        "min": _extremes(records, "min"),
        "max": _extremes(records, "max"),
        "argmin": _places(table, first, records["argmin"]),
        "argmax": _places(table, first, records["argmax"]),
        "mean": _reals(records["mean"]),
        "std": _reals(records["std"]),
        "nan": records["nan"].tolist(),
        "first_nan": _places(table, first, records["first_nan"]),
        "inf": (records["posinf"] + records["neginf"]).tolist(),
        "zeros": records["zeros"].tolist(),
        "l1": _reals(records["l1"]),
        "l2": _reals(records["l2"]),
        "quantiles": _objects(quantiles),
        "approximate": ['["quantiles"]' if some else "[]" for some in approximate.tolist()],
    }
    known = (records["known"] == FIGURES).tolist()
    form = "{" + ", ".join(f"{json.dumps(key)}: %s" for key in columns) + "}"
    for has, values in zip(known, zip(*columns.values())):
        yield form % values if has else "null"


def _reals(column: np.ndarray) -> list[str]:
    """JSON has no NaN and no infinity: a figure that is one is none."""
    return [repr(value) if math.isfinite(value) else "null" for value in column.tolist()]


def _extremes(records: np.ndarray, name: str) -> list[str]:
    """Integers' extremes are whole."""
    bits = np.ascontiguousarray(records[name])
    texts = np.array(_reals(bits.view(np.float64)), object)
    whole = records["number"] != FLOAT
    texts[whole] = list(map(str, bits[whole].tolist()))
    unsigned = records["number"] == UNSIGNED
    texts[unsigned] = list(map(str, bits[unsigned].view(np.uint64).tolist()))
    texts[records["argmin"] == -1] = "null"
    listed: list[str] = texts.tolist()
    return listed


def _places(table: TensorTable, first: int, ranks: np.ndarray) -> list[str]:
    """The index of each row-major place; null where there is none."""
    texts = []
    for row, rank in enumerate(ranks.tolist(), first):
        if rank < 0:
            texts.append("null")
            continue
        index = []
        for size in reversed(table.shape(row)):
            rank, here = divmod(rank, size) if size else (rank, 0)
            index.append(here)
        texts.append(str(index[::-1]))
    return texts


def _objects(quantiles: np.ndarray) -> list[str]:
    form = "{" + ", ".join(f'"{key}": %s' for key in _KEYS) + "}"
    return [form % values for values in zip(*map(_reals, quantiles.T))]
