"""Parts of sentences: names of tensors, modules and checkpoints as pieces of their own, so that they can lead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.analysis.breakage.breakage import Piece
from ckptgui.analysis.breakage.history import History
from ckptgui.core.display import display
from ckptgui.core.series.words import counter_of, member_text

LISTED = 3
"""Tensors that are named one by one; of more the first, or the module that they all are in."""

MINUS = "\u2212"


def pieces(*parts: Piece | str) -> tuple[Piece, ...]:
    """Plain words and names in one row."""
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def number(value: float) -> str:
    """Three significant digits, ``0.0157``; ``3.1e−05`` below 1e−3 and from 1e7; whole numbers whole."""
    if value != value:
        return "NaN"
    if value and (abs(value) < 1e-3 or abs(value) >= 1e7):
        return f"{value:.1e}".replace("-", MINUS).replace("e+", "e")
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", MINUS)


class Speaker:
    """Names things of one series."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._outline = history.series.matching.outline
        self._counter = counter_of(history.series)
        below = np.concatenate([[0], np.cumsum(history.weights)])
        self._weights_below = below[self._outline.stop] - below[self._outline.start]

    def member(self, column: int) -> Piece:
        """The checkpoint of a column: ``epoch 7``."""
        member = self.history.members[column]
        return Piece(member_text(self.history.series.members[member], self._counter), member=member)

    def tensor(self, tensor: int) -> Piece:
        """A tensor by its whole name."""
        return Piece(display(self._outline.names[tensor], 200), node=int(self._outline.node_of[tensor]))

    def names(self, tensors: Sequence[int]) -> tuple[Piece, ...]:
        """The subject of a sentence: ``a``, ``a and b``, ``head (4 tensors)``, ``a and 12 more``."""
        module = self._module(tensors)
        if module > 0 and len(tensors) > 1:
            return pieces(
                Piece(display(self._outline.path(module), 200), node=module), f" ({len(tensors):,} tensors)"
            )
        if len(tensors) > LISTED:
            return pieces(self.tensor(tensors[0]), f" and {len(tensors) - 1:,} more")
        named = [self.tensor(tensor) for tensor in tensors]
        found: list[Piece | str] = []
        for place, name in enumerate(named):
            found += [" and " if place == len(named) - 1 else ", "] if place else []
            found.append(name)
        return pieces(*found)

    def _module(self, tensors: Sequence[int]) -> int:
        """The module whose weights these are, all of them; 0 or -1 where there is none."""
        outline = self._outline
        node = int(outline.parent[outline.node_of[tensors[0]]])
        first, last = min(tensors), max(tensors)
        while node > 0 and not (outline.start[node] <= first and last < outline.stop[node]):
            node = int(outline.parent[node])
        return node if node > 0 and int(self._weights_below[node]) == len(tensors) else -1
