"""What somebody found out about tensors, added up for the branches that they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ckptgui.core.tree.build import Tree


class Tone(Enum):
    """How loud a badge is."""

    PLAIN = "plain"  # outlined
    WARN = "warn"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class RowFinding:
    """What a tensor's figures alone do not tell, ``17 dead`` for instance.

    ``count`` 0 leaves the word alone. Of a closed module the finding with the least ``rank`` is shown, its
    counts added up.
    """

    word: str
    count: int = 0
    rank: int = 0
    tone: Tone = Tone.WARN


class FoundBelow:
    """Findings by row of the table, as running sums over the tree: a branch of any size is two look-ups a kind."""

    def __init__(self, tree: Tree, findings: Mapping[int, Sequence[RowFinding]]) -> None:
        self._tree = tree
        self._kinds: list[RowFinding] = []  # worst first
        self._nodes: list[np.ndarray] = []  # where there is one, a column a kind
        self._sums: list[np.ndarray] = []  # of the counts before each of those, and in the end of all
        rows: dict[tuple[int, str, Tone], tuple[list[int], list[int]]] = {}
        for row, found in findings.items():
            for each in found:
                places, counts = rows.setdefault((each.rank, each.word, each.tone), ([], []))
                places.append(row)
                counts.append(each.count)
        for rank, word, tone in sorted(rows, key=lambda kind: kind[:2]):
            places, counts = rows[rank, word, tone]
            nodes = tree.nodes[np.array(places, np.int64)]
            order = np.argsort(nodes, kind="stable")
            self._kinds.append(RowFinding(word, 0, rank, tone))
            self._nodes.append(nodes[order])
            self._sums.append(np.concatenate([[0], np.cumsum(np.array(counts, np.int64)[order])]))

    def below(self, members: np.ndarray) -> list[RowFinding]:
        """What was found in these nodes or below them, each kind once with all its counts, worst first."""
        found: list[RowFinding] = []
        ends = self._tree.end[members]
        for kind, nodes, sums in zip(self._kinds, self._nodes, self._sums):
            first, stop = np.searchsorted(nodes, members), np.searchsorted(nodes, ends)
            if (stop > first).any():
                count = int((sums[stop] - sums[first]).sum())
                found.append(RowFinding(kind.word, count, kind.rank, kind.tone))
        return found
