"""Which tensor of one checkpoint is which of another: by name, once wrappers' prefixes are taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.series.outline import Outline, outline_of
from ckptgui.core.series.parts import Part

WRAPPERS = ("module.", "_orig_mod.")
"""What DistributedDataParallel and torch.compile put before a model's names."""


@dataclass(frozen=True, eq=False)
class Matching:
    """Tensors × checkpoints. ``rows[t, m]`` is the row of tensor ``t`` in checkpoint ``m``, -1 where it is not.

    ``names`` are in the outline's order. ``stripped`` are the prefixes that were taken off, for each checkpoint.
    """

    outline: Outline
    rows: np.ndarray  # int64
    parts: tuple[Part | None, ...]  # None for a checkpoint that cannot be read
    stripped: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tensors."""
        return self.outline.names

    def __len__(self) -> int:
        return len(self.rows)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor in the first checkpoint that has it."""
        for part, row in zip(self.parts, self.rows[tensor].tolist()):
            if part is not None and row >= 0:
                return part.checkpoint.tensors.shape(row)
        return ()


def match(parts: Sequence[Part | None]) -> Matching:
    """Match the names of all parts; a part that is None has none of the tensors."""
    numbers: dict[str, int] = {}
    columns: list[tuple[np.ndarray, np.ndarray]] = []
    stripped: list[tuple[str, ...]] = []
    for part in parts:
        prefixes, names = ((), ()) if part is None else without_wrappers(part.names)
        stripped.append(prefixes)
        places = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
        columns.append((places, part.rows if part is not None else np.zeros(0, np.int64)))
    outline, order = outline_of(list(numbers))
    rows = np.full((len(numbers), len(parts)), -1, np.int64)
    for at, (places, own) in enumerate(columns):
        rows[places[::-1], at] = own[::-1]  # of equal names the first one counts
    return Matching(outline, rows[order], tuple(parts), tuple(stripped))


def without_wrappers(names: Sequence[str]) -> tuple[tuple[str, ...], Sequence[str]]:
    """The prefixes that every name begins with, outermost first, and the names without them."""
    prefixes: list[str] = []
    while names:
        found = next((each for each in WRAPPERS if all(name.startswith(each) for name in names)), None)
        if found is None:
            break
        prefixes.append(found)
        names = [name[len(found) :] for name in names]
    return tuple(prefixes), names
