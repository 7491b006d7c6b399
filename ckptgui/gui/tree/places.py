"""Where the tensors of a tree are now, in the file or on a device, and where they were when they were saved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.display import display
from ckptgui.core.loading.saved_devices import tells_devices
from ckptgui.core.tree.build import Tree
from ckptgui.gui.numbers import integer, tr


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a cell says: where it is ``now``, and in pale words where it was ``saved``, if that is elsewhere."""

    now: str
    saved: str = ""
    resident: bool = False

    @property
    def text(self) -> str:
        """Both."""
        return f"{self.now} ({self.saved})" if self.saved else self.now


NOWHERE = Whereabouts("")


class Places:
    """Answers at once, for a million rows: totals of branches are differences of two running sums."""

    def __init__(self, tree: Tree, place: np.ndarray | None = None, names: tuple[str, ...] = ("",)) -> None:
        """``place`` (uint8 a tensor row) is into ``names``, of which the first means the file."""
        self._tree, self._table = tree, tree.checkpoint.tensors
        self._names = names
        self._place = np.zeros(len(self._table), np.uint8) if place is None else place
        self._tells = tells_devices(tree.checkpoint)
        self._before = [self._running_sum(number) for number in range(1, len(names))]

    def _running_sum(self, number: int) -> np.ndarray:
        """int32, tensors at one place before each node."""
        tree = self._tree
        there = np.zeros(len(tree), np.int32)
        there[tree.nodes[self._place == number]] = 1
        return np.concatenate([[0], np.cumsum(there, dtype=np.int32)])

    @property
    def any(self) -> bool:
        """Whether anything lies on a device."""
        return len(self._names) > 1 and bool(self._place.any())

    def held(self, node: int) -> int:
        """Tensors of a node and below that lie on a device."""
        end = int(self._tree.end[node])
        return sum(int(before[end] - before[node]) for before in self._before)

    def texts(self) -> set[str]:
        """What the widest cells say."""
        saved = {display(name, 24) for name in self._table.devices} if self._tells else {""}
        return {Whereabouts(now or tr("file"), was).text for now in self._names for was in saved}

    def of(self, node: int, members: np.ndarray) -> Whereabouts:
        """Of a row that stands for ``members``: a tensor's place, or how many of a branch lie on a device."""
        row = int(self._tree.row[node])
        if row >= 0 and len(members) == 1:
            return self._of_tensor(row)
        tensors = int(self._tree.tensors[members].sum())
        if not tensors:
            return NOWHERE
        ends = self._tree.end[members]
        counts = [int((before[ends] - before[members]).sum()) for before in self._before]
        held = sum(counts)
        if not held:
            return Whereabouts(tr("file"))
        if max(counts) == tensors:
            return Whereabouts(self._names[1 + counts.index(tensors)], resident=True)
        return Whereabouts(tr("{0} of {1}").format(integer(held), integer(tensors)), resident=True)

    def _of_tensor(self, row: int) -> Whereabouts:
        table, now = self._table, self._names[int(self._place[row])]
        if not now and table.storage[row] < 0:
            return NOWHERE
        saved = table.devices[table.device[row]] if self._tells else ""
        differs = saved not in (now, "cpu") or (bool(now) and saved == "cpu" and now != tr("CPU memory"))
        return Whereabouts(now or tr("file"), display(saved, 24) if saved and differs else "", bool(now))
