"""What a row of the tree says, as plain values: texts, badges and shares, ready to be painted or spoken."""

from __future__ import annotations

import numpy as np

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import MAX_CELL, MAX_DETAIL, display
from ckptgui.core.tree.build import ROLES, NodeKind, Remainder, Tree
from ckptgui.core.tree.folds import Folds
from ckptgui.gui.numbers import counted, integer, percent, shape_text, size, tr
from ckptgui.gui.tree.badges import Badge, Badges, Tone, alarms
from ckptgui.gui.tree.found_below import FoundBelow
from ckptgui.gui.tree.places import Places, Whereabouts
from ckptgui.gui.tree.plain_values import value_text, value_type
from ckptgui.gui.tree.row_figures import RowFigures, SummarySource

__all__ = ["Rows", "value_text", "value_type"]

_KEPT = 1_000
"""Rows of folded layers that are remembered."""

_SAMPLE = 256
"""Tensors whose shapes are looked at for the width of their column."""


class Rows:
    """Answers for one tree. Never waits, never reads; what is not known yet is simply not there."""

    def __init__(self, tree: Tree, summaries: SummarySource | None = None) -> None:
        self.tree = tree
        self.table = tree.checkpoint.tensors
        self.summaries = summaries
        self.figures = RowFigures(tree, summaries)
        self.places = Places(tree)
        self._badges = Badges(tree, self.figures)
        self._folds: Folds | None = None
        self._members: dict[int, np.ndarray] = {}

    def show_folds(self, folds: Folds | None) -> None:
        """Let rows of equal layers stand for all of them; None: each row for itself. Call it at every change."""
        self._folds = folds
        self._members.clear()

    def name(self, node: int) -> str:
        """The label, as it may be shown."""
        return display(self.tree.labels[node] if self._folds is None else self._folds.label(node)) or '""'

    def note(self, node: int) -> str:
        """What follows the name quietly: how many it stands for, a class, that it is a tensor's second name."""
        row = int(self.tree.row[node])
        tied = row >= 0 and self.tree.repeated[row]
        name = tr("tied") if tied else display(self.tree.classes.get(node, "").rpartition(".")[2])
        return ", ".join(filter(None, (self._times(node), name)))

    def _times(self, node: int) -> str:
        equal = 0 if self._folds is None else self._folds.equal(node)
        if equal:
            return tr("{} × equal").format(integer(equal))
        copies = self.copies(node)
        return f"× {integer(copies)}" if copies > 1 else ""

    def copies(self, node: int) -> int:
        """How many nodes a row stands for; 1 unless it belongs to folded layers."""
        return 1 if self._folds is None else len(self.members(node))

    def members(self, node: int) -> np.ndarray:
        """The nodes that a row stands for, its own first."""
        if self._folds is None:
            return np.array([node])
        found = self._members.get(node)
        if found is None:
            if len(self._members) > _KEPT:
                self._members.clear()
            found = self._members[node] = self._folds.members(node)
        return found

    def is_tied(self, node: int) -> bool:
        """Whether a tensor has another name."""
        row = int(self.tree.row[node])
        return row >= 0 and bool(self.tree.tied[row])

    def role(self, node: int) -> Role:
        """What the node's section is for."""
        return ROLES[int(self.tree.role[node])]

    def shape(self, node: int) -> str:
        """A tensor's shape, a value's value, how many tensors hang below."""
        tree = self.tree
        row = int(tree.row[node])
        if row >= 0:
            return "" if self._badges.is_nowhere(row) else shape_text(self.table.shape(row))
        if tree.kind[node] == NodeKind.VALUE:
            return value_text(tree.values[node])
        count = int(tree.tensors[self.members(node)].sum())
        if count:
            return counted(count, "tensor", "tensors")
        return tr("no tensors") if tree.kind[node] == NodeKind.MODULE else ""

    def shapes(self) -> set[str]:
        """Shapes of this file, of a sample, so that a million tensors cost no more than some hundred."""
        step = max(1, len(self.table) // _SAMPLE)
        return set(map(shape_text, {self.table.shape(row) for row in range(0, len(self.table), step)}))

    def types(self) -> set[str]:
        """What the dtypes of this file are called, and what stands where there are several below."""
        names = {dtype.name for dtype in self.table.dtypes}
        return names | ({self.type(0)} if len(self.tree) else set())

    def shape_is_quiet(self, node: int) -> bool:
        """Whether that text is a count, which steps back behind shapes and values."""
        tree = self.tree
        if tree.kind[node] == NodeKind.VALUE:
            return isinstance(tree.values[node], (dict, list, Remainder))
        return bool(tree.row[node] < 0)

    def type(self, node: int) -> str:
        """The dtype, or a value's type; ``+ 1`` says that there is another dtype below."""
        tree = self.tree
        if tree.kind[node] == NodeKind.VALUE:
            return value_type(tree.values[node])
        if tree.dtype[node] < 0:
            return ""
        more = int(tree.dtypes[node]) - 1
        name = self.table.dtypes[tree.dtype[node]].name
        return f"{name} +{more}" if more else name

    def nbytes(self, node: int) -> int | None:
        """Bytes in the file; the root's are the file's own. None for rows without tensors."""
        if node == 0:
            return self.tree.checkpoint.nbytes
        return int(self.tree.nbytes[self.members(node)].sum()) if self.tree.tensors[node] else None

    def size(self, node: int) -> tuple[str, str] | None:
        """Bytes as number and unit."""
        nbytes = self.nbytes(node)
        return None if nbytes is None else size(nbytes)

    def share(self, node: int) -> float | None:
        """Part of the parent's bytes, 0 to 1; the root is whole."""
        mine = self.nbytes(node)
        if mine is None:
            return None
        whole = self.nbytes(int(self.tree.parent[node])) if node else mine
        return min(1.0, mine / whole) if whole else 0.0

    def place(self, node: int) -> Whereabouts:
        """Where it is now, and where it was when it was saved."""
        return self.places.of(node, self.members(node))

    def mean_std(self, node: int) -> tuple[str, str] | None:
        """Mean and standard deviation, once they are known."""
        return self.figures.mean_std(node, self.copies(node))

    def extremes(self, node: int) -> tuple[str, str] | None:
        """The least and the largest value, once they are known."""
        return self.figures.extremes(node, self.copies(node))

    def zeros(self, node: int) -> str:
        """Which part of the values is zero, once it is known."""
        return self.figures.zeros_text(node, self.copies(node))

    def told(self, node: int) -> list[str]:
        """What is known of the values, in lines, with every digit."""
        return self.figures.told(node, self.copies(node))

    def sparkline(self, node: int) -> bytes:
        """The distribution, a byte a bar; empty until it is known."""
        return self.figures.sparkline(node, self.copies(node))

    def read_share(self, node: int) -> float | None:
        """How much of a branch was read, 0 to 1, as long as that is not all and not nothing."""
        return self.figures.read_share(node)

    def may_have_values(self, node: int) -> bool:
        """Whether a distribution is to be expected here."""
        row = int(self.tree.row[node])
        if row < 0 or self.copies(node) > 1:
            return self.figures.is_whole(node)
        return bool(self.table.storage[row] >= 0 and self.table.numel[row] > 0) and self.error(node) is None

    def error(self, node: int) -> str | None:
        """Why a tensor cannot be shown, in a sentence."""
        row = int(self.tree.row[node])
        if row < 0:
            return None
        reason = self.table.errors.get(row)
        return reason or (self.summaries.error(row) if self.summaries is not None else None)

    def make_ready(self) -> None:
        """Work out in advance what the first rows of tensors would have to wait for; for any thread."""
        self._badges.make_ready()

    def set_findings(self, found: FoundBelow) -> None:
        """What somebody found out about tensors."""
        self._badges.set_findings(found)

    def badges(self, node: int, open_branch: bool = False) -> list[Badge]:
        """What has to be known about a row at a glance, the worst first."""
        row = int(self.tree.row[node])
        if row >= 0:
            return self._badges.of_tensor(row, self.members(node), self.error(node))
        return [] if open_branch else self._badges.of_branch(node, self.members(node))

    def is_missing(self, node: int) -> bool:
        """Whether nothing of a tensor is in the file."""
        row = int(self.tree.row[node])
        if row not in self.table.errors:
            return False
        return self._badges.is_nowhere(row) or self._badges.error_badge(row).tone is Tone.PLAIN

    def tooltip(self, node: int) -> str:
        """The row in full, as plain text."""
        tree = self.tree
        lines = [display(" › ".join(tree.path(node)) or tree.checkpoint.path, MAX_CELL * 4)]
        if tree.kind[node] == NodeKind.VALUE:
            lines.append(value_text(tree.values[node], MAX_CELL * 4))
        elif node in tree.classes:
            lines.append(display(tree.classes[node]))
        if (times := self._fold_sentence(node)) is not None:
            lines.append(times)
        if tree.row[node] >= 0:
            lines.append(
                f"{self.shape(node)}, {self.type(node)}, {tr('{} bytes').format(integer(self._own(node)))}"
            )
        elif tree.tensors[node]:
            lines.append(
                f"{self.shape(node)}, "
                f"{tr('{} elements').format(integer(int(tree.numel[self.members(node)].sum())))}, "
                f"{tr('{} bytes').format(integer(self.nbytes(node) or 0))}"
            )
        if node and (share := self.share(node)):
            above = int(tree.parent[node])
            lines.append(tr("{} of {}").format(percent(share, 1), self.name(above) if above else tr("the file")))
        if node in tree.prefixes:
            lines.append(tr("Every name below begins with {}").format(display(tree.prefixes[node])))
        told = self.told(node)
        said = alarms(*self.figures.alarms(node)) if told else []  # with the figures
        lines += told
        lines.append(", ".join(badge.text for badge in self.badges(node) if badge not in said))
        if (reason := self.error(node)) is not None:
            lines.append(display(reason, MAX_CELL * 2))
        return "\n".join(filter(None, lines))

    def _fold_sentence(self, node: int) -> str | None:
        """That a row stands for several, and which."""
        equal = 0 if self._folds is None else self._folds.equal(node)
        if equal:
            return tr("{} layers, equal in names, shapes and types").format(integer(equal))
        copies = self.copies(node)
        return tr("Of one layer; {} equal ones are counted here").format(integer(copies)) if copies > 1 else None

    def _own(self, node: int) -> int:
        return int(self.table.nbytes[self.tree.row[node]])

    def value(self, node: int) -> str:
        """What "Copy value" gives: a value in full, a tensor's shape, a module's count."""
        if self.tree.kind[node] == NodeKind.VALUE:
            return value_text(self.tree.values[node], MAX_DETAIL, whole=True)
        return self.shape(node)
