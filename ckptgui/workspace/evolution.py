"""How the values of one selection are spread at every member of a series: bars on one axis, for any drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.histogram import Scale
from ckptgui.analysis.profile import PROFILE_QUANTILES
from ckptgui.analysis.ridges import Axis, common_axis, counted
from ckptgui.workspace.distributions import MemberValues


@dataclass(frozen=True, eq=False)
class Evolution:
    """One row a member. ``found`` is what is known of it by now, None for one that was not read yet.

    Counts are zero and quantiles NaN where there are no values. ``outside`` are the values beyond the axis.
    """

    found: tuple[MemberValues | None, ...]
    axis: Axis
    counts: np.ndarray  # float64, members × bars
    quantiles: np.ndarray  # float64, members × PROFILE_QUANTILES
    totals: np.ndarray  # float64, finite values
    outside: np.ndarray  # float64

    @property
    def has_values(self) -> np.ndarray:
        """bool a member."""
        there: np.ndarray = self.totals > 0
        return there

    @property
    def exact(self) -> bool:
        """Whether every bar is."""
        return all(each.values.exact for each in self.found if each is not None and each.values is not None)

    @property
    def left_out(self) -> int:
        """Elements of the fullest member that are not among its values yet."""
        return max((each.left_out for each in self.found if each is not None), default=0)

    @property
    def extremes(self) -> tuple[float, float]:
        """The least and the largest value of all; NaN where there are none."""
        some = [each.values for each in self.found if each is not None and each.values is not None]
        return min((v.low for v in some), default=np.nan), max((v.high for v in some), default=np.nan)


def evolution_of(
    found: Sequence[MemberValues | None],
    scale: Scale = "linear",
    *,
    whole: bool = False,
    integral: bool = False,
    before: Evolution | None = None,
) -> Evolution:
    """Count the bars of every member; those that ``before`` has on the same axis are not counted again."""
    values = [each.values if each is not None else None for each in found]
    axis = common_axis([each for each in values if each is not None], scale, whole=whole, integral=integral)
    if before is not None and _covers(before.axis, axis):
        axis = before.axis
    counts = np.zeros((len(found), axis.bins))
    quantiles = np.full((len(found), len(PROFILE_QUANTILES)), np.nan)
    totals = np.zeros(len(found))
    same = before is not None and before.axis is axis
    for member, each in enumerate(values):
        if each is None:
            continue
        known = (
            same and before is not None and member < len(before.found) and before.found[member] is found[member]
        )
        counts[member] = before.counts[member] if known and before is not None else counted(each, axis)
        quantiles[member], totals[member] = each.quantiles, each.total
    outside = np.maximum(totals - counts.sum(axis=1), 0.0)
    return Evolution(tuple(found), axis, counts, quantiles, totals, outside)


def _covers(old: Axis, new: Axis) -> bool:
    """Whether the axis that stands may stay, as the new one is hardly another: nothing jumps as epochs come."""
    if (old.bins, old.scale) != (new.bins, new.scale) or old.low > new.low or old.high < new.high:
        return False
    return old.threshold == new.threshold and bool(new.high / 2 - new.low / 2 > 0.9 * (old.high / 2 - old.low / 2))
