"""How values are folded: a partial answer of each chunk, merged in order, finished once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np


@dataclass(frozen=True)
class Chunk:
    """Values in the order in which they lie in the file, and where each stands in the tensor.

    The chunk is a box of the tensor: ``starts`` and ``sizes`` in each dimension, outermost first as stored.
    ``weights`` turn a place in the box into a rank, the row-major order in which a person counts; the
    ranks only rise when ``in_order``. ``place`` is how many values of the tensor lie before the first one.
    ``values`` is borrowed: it may be overwritten after the reduction.
    """

    values: np.ndarray
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    weights: tuple[int, ...]
    in_order: bool
    place: int = 0

    def ranks(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """The ranks of some positions in ``values``."""
        rest = np.asarray(positions, np.int64)
        total = np.zeros(rest.shape, np.int64)
        for start, size, weight in zip(reversed(self.starts), reversed(self.sizes), reversed(self.weights)):
            rest, here = np.divmod(rest, size)
            total += (here + start) * weight
        return total

    def rank_of(self, position: int, alike: Callable[[], np.ndarray]) -> int:
        """The lowest rank of the values that ``alike`` picks (bool each); the first is at ``position``."""
        if self.in_order:
            return int(self.ranks([position])[0])
        picked = alike().reshape(self.sizes)
        rank = 0
        # Ranks count as digits do: the dimension of the largest weight decides first.
        for axis in sorted(range(picked.ndim), key=lambda axis: -self.weights[axis]):
            here = int(np.argmax(picked.any(axis=tuple(other for other in range(picked.ndim) if other != axis))))
            rank += (self.starts[axis] + here) * self.weights[axis]
            picked = picked[(slice(None),) * axis + (slice(here, here + 1),)]
        return rank


P = TypeVar("P")
R_co = TypeVar("R_co", covariant=True)


class Reduction(Protocol[P, R_co]):
    """A fold over chunks. ``of`` runs on any thread; ``merge`` may change and return its left side."""

    def of(self, chunk: Chunk) -> P:
        """The partial answer of one chunk; keeps nothing of its values."""
        ...

    def merge(self, left: P, right: P) -> P:
        """Two neighbours as one, ``left`` being the earlier."""
        ...

    def finish(self, whole: P) -> R_co:
        """The answer."""
        ...
