"""Sums of floats over fixed stretches of a tensor, so that they do not depend on how it is cut into chunks.

An *atom* is ``ATOM`` neighbours in stored order, counted from the tensor's start. Within one the order of adding
is fixed; what the atoms come to is added without any loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.sums import Sums

ATOM = 4096
"""Values of an atom: they fit the first-level cache."""


@dataclass(slots=True)
class Atoms:
    """``digits`` (3 rows: values, magnitudes, squares) of whole atoms, and by number those that were cut."""

    digits: np.ndarray
    loose: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Atoms:
        """Of nothing yet."""
        from ckptgui.analysis.accumulator import DIGITS

        return cls(np.zeros((3, DIGITS), np.int64))

    def keep(self, place: int, values: np.ndarray) -> None:
        """Take in some values of one atom; ``place`` is the first one's in the tensor."""
        if not values.size:
            return
        number = place // ATOM
        before = self.loose.pop(number, None)
        joined = values.copy() if before is None else np.concatenate([before, values])
        if joined.size == ATOM:
            self._fold(joined)
        else:
            self.loose[number] = joined

    def merge(self, later: Atoms) -> Atoms:
        """Take in what follows."""
        self.digits += later.digits
        for number, values in later.loose.items():
            self.keep(number * ATOM, values)
        return self

    def finish(self, n: int) -> Sums:
        """The sums of all ``n`` finite values."""
        from ckptgui.analysis.accumulator import LOWEST, whole_of

        for values in self.loose.values():
            self._fold(values)
        self.loose.clear()
        total, size, squares = map(whole_of, self.digits)
        return Sums(n, total, size, squares << -LOWEST, LOWEST)

    def _fold(self, values: np.ndarray) -> None:
        from ckptgui.analysis.float_kernels import fold_atom

        fold_atom(values, self.digits)
