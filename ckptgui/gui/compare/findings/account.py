"""Everything that is found out about a run as a whole, worked out at once from what is known so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.analysis.breakage.breakages import breakages
from ckptgui.analysis.breakage.history import history_of
from ckptgui.analysis.breakage.repeats import Unchanging, equal_members, unchanging
from ckptgui.analysis.difference import Differences
from ckptgui.analysis.profile import Profile
from ckptgui.core.series.best import Metric, metrics
from ckptgui.core.series.disk_use import DiskUse, disk_use
from ckptgui.core.series.saving import Saving, saving
from ckptgui.core.series.series import Series
from ckptgui.engine.job import Cancel


@dataclass(frozen=True, eq=False)
class RunAccount:
    """``looked_at`` tensors of model weights; ``equal`` are pairs of a member and the earlier one that it equals.

    ``not_finite`` has how many values of a member's weights are NaN or infinite, ``of_tensor`` the places among
    ``breakages`` of those that a tensor has a part in, in the order of time.
    """

    series: Series
    breakages: tuple[Breakage, ...]
    of_tensor: Mapping[int, tuple[int, ...]]
    looked_at: int
    not_finite: Mapping[int, int]
    unchanging: Unchanging
    equal: tuple[tuple[int, int], ...]
    saving: Saving
    use: DiskUse
    metrics: tuple[Metric, ...]


def account_of(
    series: Series,
    profiles: Sequence[Profile | None],
    pairs: Mapping[tuple[int, int], Differences],
    cancel: Cancel,
) -> RunAccount:
    """For any thread but the GUI's. Records that are being filled are read as they are; whoever fills them asks
    for another account. Raises ``Cancelled``.
    """
    history = history_of(series, profiles, pairs, cancel.check)
    found = tuple(breakages(history))
    places: dict[int, list[int]] = {}
    for place in sorted(range(len(found)), key=lambda place: found[place].member):
        for tensor in found[place].tensors:
            places.setdefault(tensor, []).append(place)
    bad = np.nansum([history.figures[name][history.weights] for name in ("nan", "inf")], axis=(0, 1))
    return RunAccount(
        series,
        found,
        {tensor: tuple(own) for tensor, own in places.items()},
        int(np.count_nonzero(history.weights)),
        dict(zip(history.members, bad.astype(int).tolist(), strict=True)),
        unchanging(history),
        equal_members(history),
        saving(series.members),
        disk_use(series.members),
        metrics(series.members),
    )
