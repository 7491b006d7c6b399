"""What the passes over resident tensors have in common: every key of a small one, and first places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ckptgui.analysis.found import NONE, Extreme, Found, Special, Specials
from ckptgui.analysis.keys import Space, values_of
from ckptgui.analysis.small import found_of_points
from ckptgui.device.inside.stored import Piece


class SmallKeys:
    """Every key of a small tensor, with how often it stands there."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: torch.Tensor) -> None:
        """Take in some."""
        found, counts = torch.unique(keys, sorted=True, return_counts=True)
        self._parts.append((found.cpu().numpy(), counts.cpu().numpy()))

    def found(self, specials: Specials, low: Extreme | None, high: Extreme | None) -> Found:
        """What they tell, with all else that was found."""
        together = np.concatenate([keys for keys, _ in self._parts])
        keys, inverse = np.unique(together, return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts for _, counts in self._parts]), keys.size)
        return found_of_points(self._points(keys), counts.astype(np.int64), specials, low, high)

    def _points(self, keys: np.ndarray) -> np.ndarray:
        if self._space == "int":
            return keys
        if self._space == "uint64":
            whole: np.ndarray = keys.view(np.uint64) ^ np.uint64(1 << 63)
            return whole
        return values_of(self._space, keys)


def special_of(piece: Piece, count: int, known: Special, alike: Callable[[], torch.Tensor]) -> Special:
    """So many more of a kind; the place of the first is looked for where it is not known to stand before."""
    if not count:
        return NONE
    return count, known[1] if known[0] and piece.in_order else piece.first(alike())


def may_be_first(piece: Piece, better: bool, equal: bool) -> bool:
    """Whether an extreme of this piece may stand before the one that is known."""
    return better or (equal and not piece.in_order)


def ends_of(
    piece: Piece, keys: torch.Tensor, low: int, high: int, least: Extreme | None, most: Extreme | None
) -> tuple[Extreme | None, Extreme | None]:
    """The extremes of a piece, by key, where they are or may be those of the whole; ``least`` and ``most`` are
    what is known.
    """
    is_low = least is None or may_be_first(piece, low < least[0], low == least[0])
    is_high = most is None or may_be_first(piece, high > most[0], high == most[0])
    return (
        (low, piece.first(keys == low)) if is_low else None,
        (high, piece.first(keys == high)) if is_high else None,
    )
