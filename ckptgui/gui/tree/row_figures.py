"""What a row says of its values once they are known: mean and spread, extremes, zeros, distribution."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ckptgui.analysis.profile import FIGURES, Profile
from ckptgui.core.dtypes import Kind
from ckptgui.core.tree.build import Tree
from ckptgui.core.tree.figures import Figures
from ckptgui.gui.numbers import exact, integer, percent, significant, tr

_WHOLE = (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


class SummarySource(Protocol):
    """Who knows the figures of tensors, at once or later (``gui.summaries``)."""

    profile: Profile

    def error(self, row: int) -> str | None:
        """Why a row has none."""


class RowFigures:
    """A tensor's figures come from its record, those of a branch and of folded layers from what is merged.

    ``merged`` and ``pictures`` (bars from 0 to 255, by node and copies) are worked out elsewhere.
    """

    def __init__(self, tree: Tree, source: SummarySource | None) -> None:
        self._tree, self._source = tree, source
        self.merged: Figures | None = None
        self.pictures: dict[tuple[int, int], bytes] = {}

    def mean_std(self, node: int, copies: int) -> tuple[str, str] | None:
        """Mean and standard deviation; the row stands for ``copies`` nodes."""
        record = self._record(node, copies)
        if record is not None:
            mean, std = float(record["mean"]), float(record["std"])
        elif (merged := self._whole(node, copies)) is not None:
            mean, std = float(merged.mean[node]), float(merged.std[node])
        else:
            return None
        return None if np.isnan(mean) else (significant(mean), "" if np.isnan(std) else significant(std))

    def extremes(self, node: int, copies: int) -> tuple[str, str] | None:
        """The least and the largest finite value."""
        record = self._record(node, copies)
        if record is not None and self._source is not None:
            found = self._source.profile.statistics(int(self._tree.row[node]))
            if found is None or found.min is None or found.max is None:
                return None
            return significant(found.min), significant(found.max)
        merged = self._whole(node, copies)
        if merged is None or np.isnan(merged.low[node]):
            return None
        low, high = float(merged.low[node]), float(merged.high[node])
        if self._is_whole_numbers(node):
            return significant(int(low)), significant(int(high))
        return significant(low), significant(high)

    def _is_whole_numbers(self, node: int) -> bool:
        dtypes = self._tree.checkpoint.tensors.dtypes
        return self._tree.dtypes[node] == 1 and dtypes[self._tree.dtype[node]].kind in _WHOLE

    def zeros(self, node: int, copies: int) -> tuple[int, int] | None:
        """How many values are zero, and of how many."""
        record = self._record(node, copies)
        if record is not None:
            elements = int(self._tree.checkpoint.tensors.numel[self._tree.row[node]])
            return (int(record["zeros"]), elements) if elements else None
        merged = self._whole(node, copies)
        if merged is None or not merged.elements[node]:
            return None
        return int(merged.zeros[node]), int(merged.elements[node])

    def zeros_text(self, node: int, copies: int) -> str:
        """``0.74 %``"""
        found = self.zeros(node, copies)
        return "" if found is None else percent(*found)

    def told(self, node: int, copies: int) -> list[str]:
        """All of it in lines, with every digit; nothing as long as something is left to read."""
        record, merged = self._record(node, copies), self._whole(node, copies)
        if record is not None and self._source is not None:
            found = self._source.profile.statistics(int(self._tree.row[node]))
            if found is None:
                return []
            mean, std, low, high = found.mean, found.std, found.min, found.max
        elif merged is not None:
            mean, std = _some(merged.mean[node]), _some(merged.std[node])
            low, high = _some(merged.low[node]), _some(merged.high[node])
        else:
            return []
        zeros, (nan, infinite) = self.zeros(node, copies), self.alarms(node)
        lines = [] if mean is None else [tr("mean {}, std {}").format(exact(mean), exact(std))]
        lines += [] if low is None else [tr("min {}, max {}").format(exact(low), exact(high))]
        lines += [] if zeros is None else [tr("{} of {} are zero").format(integer(zeros[0]), integer(zeros[1]))]
        return lines + ([f"{integer(nan)} NaN, {integer(infinite)} Inf"] if nan + infinite else [])

    def read_share(self, node: int) -> float | None:
        """How much of a branch's bytes was read, while some were and some were not."""
        merged = self.merged
        if merged is None or not merged.left[node] or not merged.elements[node] or not merged.nbytes[node]:
            return None
        return 1.0 - float(merged.left_bytes[node]) / float(merged.nbytes[node])

    def is_whole(self, node: int) -> bool:
        """Whether all values that a branch has, or folded layers have, are known."""
        return self.merged is not None and not self.merged.left[node] and bool(self.merged.elements[node])

    def alarms(self, node: int) -> tuple[int, int]:
        """NaN and infinite values that are known here or below."""
        row = int(self._tree.row[node])
        merged = self.merged
        nan, infinite = (0, 0) if merged is None else (int(merged.nan[node]), int(merged.inf[node]))
        if row >= 0 and not nan + infinite and (record := self._record(node, 1)) is not None:
            return int(record["nan"]), int(record["posinf"]) + int(record["neginf"])
        return nan, infinite

    def is_all_zero(self, row: int) -> bool:
        """Whether a tensor of several values has no other than zero."""
        found = self.zeros(int(self._tree.nodes[row]), 1)
        return found is not None and found[1] > 1 and found[0] == found[1]

    def sparkline(self, node: int, copies: int) -> bytes:
        """The distribution, a byte a bar; empty until it is known."""
        if copies == 1 and self._tree.row[node] >= 0:
            return b"" if self._source is None else self._source.profile.sparkline(int(self._tree.row[node]))
        return self.pictures.get((node, copies), b"")

    def _record(self, node: int, copies: int) -> np.void | None:
        """A tensor's own record, once it was read."""
        row = int(self._tree.row[node])
        if row < 0 or copies > 1 or self._source is None:
            return None
        record: np.void = self._source.profile.records[row]
        return record if record["known"] == FIGURES else None

    def _whole(self, node: int, copies: int) -> Figures | None:
        """What is merged, where nothing of it is missing; a tensor alone has only its own."""
        merged = self.merged
        if merged is None or (copies == 1 and self._tree.row[node] >= 0) or not self.is_whole(node):
            return None
        return merged


def _some(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
