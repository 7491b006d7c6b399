"""What somebody wants to have moved: the tensors below a node of the tree, each once, and what of it would fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.core.display import display
from ckptgui.core.sharing import first_of_same
from ckptgui.core.tensors import TensorInfo
from ckptgui.core.tree.build import NodeKind, Tree
from ckptgui.device.messages import Resident
from ckptgui.gui.numbers import counted, tr


@dataclass(frozen=True, eq=False)
class Wish:
    """Node ``node`` of ``tree`` on ``device``; ``residents`` are what is held of the checkpoint by now, by row."""

    tree: Tree
    node: int
    device: str
    residents: Mapping[int, Resident]

    @property
    def name(self) -> str:
        """What it is called, ready to be shown."""
        label = self.tree.labels[self.node] if self.node else self.tree.checkpoint.path.rpartition("/")[2]
        return display(label, 60)

    @cached_property
    def rows(self) -> np.ndarray:
        """int64, the tensors below that have bytes and can be moved."""
        rows = rows_below(self.tree, self.node)
        table = self.tree.checkpoint.tensors
        fine = (table.storage[rows] >= 0) & (table.nbytes[rows] > 0)
        if table.errors:
            fine &= ~np.isin(rows, np.fromiter(table.errors, np.int64))
        return np.asarray(rows[fine])

    @cached_property
    def left_out(self) -> int:
        """Tensors below that have no bytes, or are broken."""
        return len(rows_below(self.tree, self.node)) - len(self.rows)

    @cached_property
    def first_of(self) -> np.ndarray:
        """int64, of each of ``rows`` the one that is the same view of the same bytes, itself where none is."""
        return first_of_same(self.tree.checkpoint.tensors, self.rows)

    @cached_property
    def elsewhere(self) -> tuple[int, ...]:
        """Rows, each tensor once, that lie on another device by now."""
        held = self.residents
        found = {held[row].token: row for row in self.rows.tolist() if row in held}
        return tuple(row for row in found.values() if held[row].device != self.device)

    @cached_property
    def in_file(self) -> tuple[int, ...]:
        """Rows, each tensor once, that lie on no device."""
        first = self.rows[self.rows == self.first_of]
        return tuple(row for row in first.tolist() if row not in self.residents)

    @property
    def done(self) -> bool:
        """Whether all of it is there."""
        return bool(len(self.rows)) and not self.elsewhere and not self.in_file

    @cached_property
    def needed(self) -> int:
        """Bytes that the device must have."""
        return int(self.tree.checkpoint.tensors.nbytes[[*self.elsewhere, *self.in_file]].sum())

    def make_ready(self) -> Wish:
        """Count what has to be counted; for a job's thread."""
        _ = self.needed, self.left_out
        return self

    @property
    def tensors(self) -> int:
        """How many are to be moved."""
        return len(self.elsewhere) + len(self.in_file)

    def infos(self) -> list[TensorInfo]:
        """What is to be read from the file; one object each, so not for the GUI thread."""
        return [self.tree.checkpoint.info(row) for row in self.in_file]

    def arrived(self, residents: Sequence[Resident]) -> dict[int, Resident]:
        """By row what came for ``infos``, under every name that it has."""
        by_first = dict(zip(self.in_file, residents, strict=True))
        pairs = zip(self.rows.tolist(), self.first_of.tolist())
        return {row: by_first[first] for row, first in pairs if first in by_first}

    def fitting(self, free: int) -> int | None:
        """The largest part of it that needs no more than ``free`` bytes, as a node; None where none is."""
        tree = self.tree
        below = np.arange(self.node + 1, int(tree.end[self.node]))
        nbytes = tree.nbytes[below]
        nbytes = np.where((tree.kind[below] != NodeKind.VALUE) & (nbytes <= free), nbytes, 0)
        return int(below[np.argmax(nbytes)]) if nbytes.any() else None

    def left_out_words(self) -> str:
        """That some have no bytes to be moved; empty where all have."""
        if not self.left_out:
            return ""
        verb = tr("is left out: it has no bytes that could be moved.")
        verbs = tr("are left out: they have no bytes that could be moved.")
        return f"{counted(self.left_out, 'tensor', 'tensors')} {verb if self.left_out == 1 else verbs}"


def rows_below(tree: Tree, node: int) -> np.ndarray:
    """int64, the tensors of a node: its own row, or those below."""
    rows = tree.row[node : int(tree.end[node])]
    return rows[rows >= 0].astype(np.int64)
