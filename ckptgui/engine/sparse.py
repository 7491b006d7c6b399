"""A sparse tensor's figures: of its values and the zeros that are not stored, and where in the whole they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.analysis.unstored import with_zeros
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.sparse_places import INDICES, StoredPlaces, stored_places
from ckptgui.engine.summarise import summarise
from ckptgui.sources.locate import SourcePool


def summarise_row(
    checkpoint: Checkpoint,
    row: int,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    exact: bool = False,
    alone: bool = True,
) -> Summary:
    """``summarise`` for a row of a checkpoint, sparse tensors included, whose values are rows of their own.

    A sparse tensor in which an element is stored more than once has a count only, as it is their sum that counts;
    and so has one that is too large to find that out, a nested one and a wrapper.
    """
    info = checkpoint.info(row)
    parts = _parts(checkpoint, info)
    if info.error is not None or info.numel == 0 or "values" not in parts:
        return summarise(info, pool, cancel, report, exact, alone)
    values = parts["values"]
    places = stored_places(info, parts, pool, cancel)
    if places is None or values.numel > info.numel:
        return Summary(Statistics(info.numel))
    stored = summarise(values, pool, cancel, report, exact, alone)
    whole = with_zeros(stored, info.numel - values.numel)
    if whole.statistics.nan is None or not places.known:
        return whole
    return replace(whole, statistics=_placed(whole.statistics, stored.statistics, places, info.shape))


def _parts(checkpoint: Checkpoint, info: TensorInfo) -> Mapping[str, TensorInfo]:
    """The components of a sparse tensor by name; nothing for any other."""
    if info.layout not in INDICES:
        return {}
    parts = {part.path[-1]: part for part in map(checkpoint.info, info.extra.get("components") or ())}
    return parts if all(name in parts for name in (*INDICES[info.layout], "values")) else {}


def _placed(whole: Statistics, stored: Statistics, places: StoredPlaces, shape: tuple[int, ...]) -> Statistics:
    """The figures with the places of what they are about."""
    ranks = places.ranks_of(stored)
    nought = places.first_unstored
    if nought is not None:
        for name, extreme in (("argmin", whole.min), ("argmax", whole.max)):
            if extreme == 0:
                ranks[name] = min(nought, ranks[name]) if getattr(stored, name[3:]) == 0 else nought
    found = {name: tuple(int(i) for i in np.unravel_index(rank, shape)) for name, rank in ranks.items()}
    return replace(whole, **found)  # type: ignore[arg-type]  # all of them are places
