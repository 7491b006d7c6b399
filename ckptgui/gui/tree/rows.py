"""What a row of the tree says, as plain values: texts, badges and shares, ready to be painted or spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import MAX_CELL, MAX_DETAIL, display
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tensors import UNKNOWN, Flag, TensorKind
from ckptgui.core.tree.build import ROLES, NodeKind, Remainder, Tree
from ckptgui.core.tree.folds import Folds
from ckptgui.gui.numbers import counted, integer, percent, shape_text, significant, size, size_text, tr
from ckptgui.gui.tree.plain_values import value_text, value_type
from ckptgui.gui.tree.subtotals import Subtotal, rows_below, subtotal

__all__ = ["BINS", "Badge", "Rows", "SummarySource", "Tone", "value_text", "value_type"]

BINS = 40
"""Bars of a distribution in a row."""

_KEPT = 1_000
_MOST_ASKED = 512
"""Rows of folded layers that are remembered, and layers of one whose alarms are looked up."""

_SAMPLE = 256
"""Tensors whose shapes are looked at for the width of their column."""


class SummarySource(Protocol):
    """Who knows statistics, at once or later (``gui.summaries``)."""

    def get(self, row: int) -> Any:
        """A row's summary, if it is known."""

    def error(self, row: int) -> str | None:
        """Why there is none."""

    def want(self, rows: Sequence[int]) -> None:
        """Ask for rows that are on the screen."""


class Tone(Enum):
    """How loud a badge is."""

    PLAIN = "plain"  # outlined
    WARN = "warn"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Badge:
    """A word at the end of the name cell."""

    text: str
    tone: Tone = Tone.PLAIN
    short: str = ""  # what it says where the name would lose a letter


class Rows:
    """Answers for one tree. Never waits, never reads; what is not known yet is simply not there."""

    def __init__(self, tree: Tree, summaries: SummarySource | None = None) -> None:
        self.tree = tree
        self.table = tree.checkpoint.tensors
        self.summaries = summaries
        self._subtotals: dict[int, Subtotal] = {}
        self._sparklines: dict[int, tuple[Any, bytes]] = {}
        self._folds: Folds | None = None
        self._members: dict[int, np.ndarray] = {}
        self._alarmed: dict[int, tuple[int, int]] = {}  # NaN and infinite values of what was read, by node
        self._alarm_sums: tuple[np.ndarray, np.ndarray] | None = None  # those nodes in order, sums before each

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
            return "" if self._is_nowhere(row) else shape_text(self.table.shape(row))
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

    def mean_std(self, node: int) -> tuple[str, str] | None:
        """Mean and standard deviation, once they are known."""
        found = self._statistics(node) or self.subtotal(node) if self.copies(node) == 1 else None
        if found is None or found.mean is None:
            return None
        return significant(float(found.mean)), "" if found.std is None else significant(float(found.std))

    def subtotal(self, node: int) -> Subtotal | None:
        """The figures of a small branch, once all its tensors' are known; none where it stands for several."""
        if self.copies(node) > 1:
            return None
        found = self._subtotals.get(node)
        if found is None and self.summaries is not None:
            rows = [row for row in rows_below(self.tree, node) if row not in self.table.errors]
            known = [summary for summary in map(self.summaries.get, rows) if summary is not None]
            if rows and len(known) == len(rows):
                found = self._subtotals[node] = subtotal(known, BINS)
        return found

    def _statistics(self, node: int) -> Any:
        row = int(self.tree.row[node])
        known = self.summaries.get(row) if row >= 0 and self.summaries is not None else None
        return None if known is None else known.statistics

    def may_have_values(self, node: int) -> bool:
        """Whether a distribution is to be expected here."""
        row = int(self.tree.row[node])
        if self.copies(node) > 1:
            return False
        if row < 0:
            return self.subtotal(node) is not None
        return self.table.storage[row] >= 0 and self.table.numel[row] > 0 and self.error(node) is None

    def sparkline(self, node: int) -> bytes:
        """The distribution, a byte a bin; empty until it is known."""
        row = int(self.tree.row[node])
        if row < 0:
            together = self.subtotal(node)
            return together.sparkline if together is not None else b""
        known = self.summaries.get(row) if self.summaries is not None else None
        if known is None or known.distribution is None:
            return b""
        found = self._sparklines.get(row)
        if found is None or found[0] is not known:  # an exact reading may replace the first one
            found = self._sparklines[row] = (known, known.distribution.sparkline(BINS))
        return found[1]

    def error(self, node: int) -> str | None:
        """Why a tensor cannot be shown, in a sentence."""
        row = int(self.tree.row[node])
        if row < 0:
            return None
        reason = self.table.errors.get(row)
        return reason or (self.summaries.error(row) if self.summaries is not None else None)

    def make_ready(self) -> None:
        """Work out in advance what the first rows of tensors would have to wait for; for any thread."""
        _ = self._broken_before, self._unreached

    @cached_property
    def _broken_before(self) -> np.ndarray:
        """How many tensors before each node cannot be shown, so that a closed module knows its own."""
        broken = np.zeros(len(self.tree) + 1, np.int32)
        if self.table.errors:
            broken[self.tree.nodes[np.fromiter(self.table.errors, np.int64)] + 1] = 1
        return np.cumsum(broken)

    @cached_property
    def _unreached(self) -> np.ndarray:
        return unreached_bytes(self.table)

    def badges(self, node: int, open_branch: bool = False) -> list[Badge]:
        """What has to be known about a row at a glance, the worst first."""
        row = int(self.tree.row[node])
        if row >= 0:
            return list(self._tensor_badges(node, row))
        members = self.members(node)
        count = int((self._broken_before[self.tree.end[members]] - self._broken_before[members]).sum())
        if count and not open_branch:
            return [Badge(f"{integer(count)} {tr('broken')}", Tone.ALARM)]
        together = self.subtotal(node) if not open_branch else None
        if together is not None:
            return _alarms(*together.alarms)
        return self._alarms_below(node) if self._alarmed and not open_branch else []

    def take_alarm(self, row: int) -> None:
        """A tensor was read: remember what is wrong in it for the closed branches above."""
        known = self.summaries.get(row) if self.summaries is not None else None
        if known is not None and not self.tree.repeated[row]:
            found = known.statistics.nan or 0, known.statistics.inf or 0
            if any(found):
                self._alarmed[self.tree.node_of_row(row)] = found
                self._alarm_sums = None

    def _alarms_below(self, node: int) -> list[Badge]:
        """What is known to be wrong below a closed branch of which not all is read."""
        if self._alarm_sums is None:
            nodes = np.array(sorted(self._alarmed), np.int64)
            counts = np.array([(0, 0), *(self._alarmed[each] for each in nodes.tolist())], np.int64)
            self._alarm_sums = nodes, counts.cumsum(axis=0)
        nodes, sums = self._alarm_sums
        members = self.members(node)
        first, stop = np.searchsorted(nodes, members), np.searchsorted(nodes, self.tree.end[members])
        nan, infinite = (sums[stop] - sums[first]).sum(axis=0).tolist()
        return _alarms(nan, infinite)

    def _tensor_badges(self, node: int, row: int) -> Sequence[Badge]:
        if self._is_nowhere(row):
            return [Badge(tr("missing"))]
        table, found = self.table, []
        if self.error(node) is not None:
            found.append(self._error_badge(row))
        if self.copies(node) > 1:
            found.extend(self._alarms_of_all(node))
        elif (statistics := self._statistics(node)) is not None:
            found.extend(_health(statistics))
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

    def _alarms_of_all(self, node: int) -> list[Badge]:
        """What is known to be wrong in any of the tensors that a row stands for."""
        known = [self._statistics(member) for member in self.members(node)[:_MOST_ASKED].tolist()]
        found = [statistics for statistics in known if statistics is not None]
        return _alarms(sum(each.nan or 0 for each in found), sum(each.inf or 0 for each in found))

    def _is_nowhere(self, row: int) -> bool:
        """Whether nothing but the name of a tensor is known, as where its file is missing."""
        table = self.table
        return row in table.errors and table.storage[row] < 0 and table.dtypes[table.dtype[row]].name == UNKNOWN

    def _error_badge(self, row: int) -> Badge:
        storage = int(self.table.storage[row])
        if storage >= 0 and row in self.table.errors:
            extent = self.table.extents[storage]
            dtype = self.table.dtypes[self.table.dtype[row]]
            nbytes = int(self.table.nbytes[row])
            here = extent.available - dtype.nbytes(int(self.table.storage_offset[row]))
            if extent.available < extent.nbytes and here < nbytes:
                if here <= 0:
                    return Badge(tr("missing"))
                return Badge(tr("cut at {} %").format(integer(100 * here // nbytes)), Tone.ALARM)
        return Badge(tr("broken"), Tone.ALARM)

    def is_missing(self, node: int) -> bool:
        """Whether nothing of a tensor is in the file."""
        row = int(self.tree.row[node])
        if row not in self.table.errors:
            return False
        return self._is_nowhere(row) or self._error_badge(row).tone is Tone.PLAIN

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
        lines.append(", ".join(badge.text for badge in self.badges(node)))
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


def _health(statistics: Any) -> list[Badge]:
    found = _alarms(statistics.nan or 0, statistics.inf or 0)
    if statistics.count > 1 and statistics.zeros == statistics.count:
        found.append(Badge(tr("all zero"), Tone.WARN))
    return found


def _alarms(nan: int, infinite: int) -> list[Badge]:
    pairs = ((nan, "NaN"), (infinite, "Inf"))
    return [Badge(f"{integer(count)} {word}", Tone.ALARM) for count, word in pairs if count]
