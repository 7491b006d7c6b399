"""Words at the end of a row's name: what has to be known about it at a glance, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.core.display import display
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tensors import UNKNOWN, Flag, TensorKind
from ckptgui.core.tree.build import Tree
from ckptgui.gui.numbers import integer, size_text, tr
from ckptgui.gui.tree.found_below import FoundBelow, RowFinding, Tone
from ckptgui.gui.tree.row_figures import RowFigures

__all__ = ["Badge", "Badges", "RowFinding", "Tone", "alarms", "badge_of"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A word at the end of the name cell."""

    text: str
    tone: Tone = Tone.PLAIN
    short: str = ""  # what it says where the name would lose a letter


class Badges:
    """Answers for the rows of one tree, from its table, the figures known so far, and findings."""

    def __init__(self, tree: Tree, figures: RowFigures) -> None:
        self._tree, self._table = tree, tree.checkpoint.tensors
        self._figures = figures
        self._found = FoundBelow(tree, {})

    def set_findings(self, found: FoundBelow) -> None:
        """What somebody found out about tensors."""
        self._found = found

    def of_tensor(self, row: int, members: np.ndarray, error: str | None) -> list[Badge]:
        """Of a tensor's row, or of one that stands for several ``members``; ``error`` is why it has no values."""
        if self.is_nowhere(row):
            return [Badge(tr("missing"))]
        found = [] if error is None else [self.error_badge(row)]
        found += alarms(*self._figures.alarms(int(self._tree.nodes[row])))
        found += [badge_of(each) for each in self._found.below(members)]
        if not found and len(members) == 1 and self._figures.is_all_zero(row):
            found.append(Badge(tr("all zero"), Tone.WARN))
        return found + self._nature(row)

    def of_branch(self, node: int, members: np.ndarray) -> list[Badge]:
        """Of a closed branch: the worst that is known of anything below it."""
        broken = int((self._broken_before[self._tree.end[members]] - self._broken_before[members]).sum())
        if broken:
            return [Badge(f"{integer(broken)} {tr('broken')}", Tone.ALARM)]
        found = alarms(*self._figures.alarms(node))
        if not found and (worst := self._found.below(members)):
            found.append(badge_of(worst[0]))
        return found

    def _nature(self, row: int) -> list[Badge]:
        """What a tensor is, where it is not simply a parameter in the file."""
        table, found = self._table, []
        storage = int(table.storage[row])
        if table.flags[row] & Flag.NOT_PERSISTENT:
            found.append(Badge(tr("not persistent")))
        elif table.kind[row] == TensorKind.BUFFER:
            found.append(Badge(tr("buffer")))
        elif table.kind[row] == TensorKind.ARRAY:
            found.append(Badge(tr("array")))
        if storage < 0 and table.devices[table.device[row]] == "meta":
            found.append(Badge(tr("on meta, no values"), short=tr("meta")))
        elif storage < 0 and table.layouts[table.layout[row]] != "strided":
            found.append(Badge(display(table.layouts[table.layout[row]])))
        elif storage >= 0 and self._unreached[storage] > 0:
            whole = tr("view of {}").format(size_text(table.extents[storage].nbytes))
            found.append(Badge(whole, Tone.WARN, tr("view")))
        return found

    def is_nowhere(self, row: int) -> bool:
        """Whether nothing but the name of a tensor is known, as where its file is missing."""
        table = self._table
        return row in table.errors and table.storage[row] < 0 and table.dtypes[table.dtype[row]].name == UNKNOWN

    def error_badge(self, row: int) -> Badge:
        """How much of a tensor is missing, or that it is broken."""
        storage = int(self._table.storage[row])
        if storage >= 0 and row in self._table.errors:
            extent = self._table.extents[storage]
            dtype = self._table.dtypes[self._table.dtype[row]]
            nbytes = int(self._table.nbytes[row])
            here = extent.available - dtype.nbytes(int(self._table.storage_offset[row]))
            if extent.available < extent.nbytes and here < nbytes:
                if here <= 0:
                    return Badge(tr("missing"))
                return Badge(tr("cut at {} %").format(integer(100 * here // nbytes)), Tone.ALARM)
        return Badge(tr("broken"), Tone.ALARM)

    def make_ready(self) -> None:
        """Work out in advance what the first rows of tensors would have to wait for; for any thread."""
        _ = self._broken_before, self._unreached

    @cached_property
    def _broken_before(self) -> np.ndarray:
        """How many tensors before each node cannot be shown, so that a closed module knows its own."""
        broken = np.zeros(len(self._tree) + 1, np.int32)
        if self._table.errors:
            broken[self._tree.nodes[np.fromiter(self._table.errors, np.int64)] + 1] = 1
        return np.cumsum(broken)

    @cached_property
    def _unreached(self) -> np.ndarray:
        return unreached_bytes(self._table)


def badge_of(finding: RowFinding) -> Badge:
    """``17 dead``"""
    text = f"{integer(finding.count)} {finding.word}" if finding.count else finding.word
    return Badge(text, finding.tone)


def alarms(nan: int, infinite: int) -> list[Badge]:
    """``3 NaN``, ``1 Inf``; nothing where there are none."""
    pairs = ((nan, "NaN"), (infinite, "Inf"))
    return [Badge(f"{integer(count)} {word}", Tone.ALARM) for count, word in pairs if count]
