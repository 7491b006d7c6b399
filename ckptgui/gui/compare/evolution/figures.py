"""What can be shown of a selection over the epochs as numbers: what each is called, and its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.over_epochs import OF_ONE, OF_PAIR, of_one, of_pair
from ckptgui.analysis.profile import Profile
from ckptgui.gui.compare.comparison import Comparison

BAND = "quantiles"
FIRST = "cosine_first"

WORDS = {
    BAND: "quantiles",
    "std": "std",
    "mean": "mean",
    "min": "min",
    "max": "max",
    "l2": "L2",
    "zeros": "zeros",
    "nan": "NaN",
    "inf": "infinite",
    "relative": "relative change",
    "cosine": "cosine to the one before",
    FIRST: "cosine to the first",
    "max_abs": "max change",
    "changed_fraction": "fraction changed",
}
"""Every curve, in the order in which they are offered."""

COLUMN = ("std", "mean", "min", "max", "l2", "zeros", "relative", "cosine")
"""What may stand beside the ridges."""

SHARES = frozenset({"zeros", "changed_fraction"})
COUNTS = frozenset({"nan", "inf"})

Table = dict[str, np.ndarray]
"""float64 a member by the name of the figure; NaN where it is not known or there is none."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Where the figures of a selection at one member are found; for any thread. Arrays are views, read at once."""

    member: int
    rows: np.ndarray
    profile: Profile | None
    numel: np.ndarray | None
    before: np.ndarray | None  # DIFFERENCE with the member before
    first: np.ndarray | None  # and with the first

    def figures(self) -> dict[str, float]:
        """All of them."""
        rows = self.rows[self.rows >= 0]
        nothing = dict.fromkeys(OF_ONE, np.nan)
        there = self.profile is not None and self.numel is not None and rows.size
        found = of_one(self.profile.records[rows], self.numel[rows]) if there else nothing  # type: ignore[union-attr,index]
        found |= of_pair(self.before) if self.before is not None else dict.fromkeys(OF_PAIR, np.nan)
        found[FIRST] = of_pair(self.first)["cosine"] if self.first is not None else np.nan
        return found


def sources_of(comparison: Comparison, node: int, members: Sequence[int], *, first: bool) -> list[Sources]:
    """On the GUI thread: what the figures of some members are worked out of; ``first``: those against it too."""
    outline, matching, whole = comparison.outline, comparison.matching, comparison.series.whole
    here = slice(int(outline.start[node]), int(outline.stop[node]))
    found = []
    for member in members:
        part = matching.parts[member]
        if part is None:
            found.append(Sources(member, np.zeros(0, np.int64), None, None, None, None))
            continue
        before = comparison.previous(member)
        found.append(
            Sources(
                member,
                matching.rows[here, member],
                comparison.profile(member),
                part.checkpoint.tensors.numel,
                comparison.pair(before, member).records[here] if before >= 0 else None,
                comparison.pair(whole[0], member).records[here] if first and member != whole[0] else None,
            )
        )
    return found


def empty_table(members: int) -> Table:
    """Nothing is known yet."""
    return {name: np.full(members, np.nan) for name in (*OF_ONE, *OF_PAIR, FIRST)}
