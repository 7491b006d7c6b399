"""What the rows of the table of changes say: a tensor's or a module's name, status and figures, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.branch_differences import Branches, MovedFigures
from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.core.series.matching import Matching
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.status import Status
from ckptgui.gui.compare.changes.columns import Column
from ckptgui.gui.compare.changes.words import NOT_YET, cosine_text, fraction_text, not_in, relative_text
from ckptgui.gui.compare.signs import status_word
from ckptgui.gui.numbers import integer, parameters, shape_text, significant, tr

COUNTED = (Status.CHANGED, Status.SAME, Status.ADDED, Status.REMOVED, Status.RESHAPED, Status.RETYPED)
"""The statuses that are counted, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, the colour token it is written in, and a ``note`` that takes the room of the bar."""

    text: str = ""
    token: str = "text"
    strong: bool = False
    note: str = ""
    note_token: str = "text2"
    bar: float = 0.0  # a share of the longest

    @property
    def spans(self) -> bool:
        """Whether the note stands instead of all figures."""
        return bool(self.note) and not self.text


@dataclass(frozen=True, eq=False)
class Ends:
    """What two checkpoints are called, and which they are."""

    matching: Matching
    a: int
    b: int
    words_a: str
    words_b: str


class Rows:
    """Answers for the nodes of one outline at one moment. ``modules`` is None until they were added up."""

    def __init__(
        self,
        ends: Ends,
        branches: Branches,
        tensors: MovedFigures,
        modules: MovedFigures | None,
        errors: Mapping[int, str],
        tied: np.ndarray,
    ) -> None:
        """``errors`` and ``tied`` (bool) go by tensor."""
        self.ends, self.outline, self.errors = ends, ends.matching.outline, errors
        self.tensors, self.modules = tensors, modules
        self._branches, self._tied = branches, tied
        self._front = _front(self.outline)
        finite = tensors.relative[~tensors.broken & np.isfinite(tensors.relative)]
        self._longest = float(finite.max(initial=0.0))
        totals = np.bincount(tensors.status, minlength=len(Status)).tolist()
        self.totals = {status: totals[status] for status in Status}  # how many tensors are in which
        self.waits = bool(tensors.unread.any())

    def of(self, node: int) -> tuple[MovedFigures, int] | None:
        """Figures, and which of their entries is the node's."""
        tensor = int(self.outline.tensor[node])
        if tensor >= 0:
            return self.tensors, tensor
        if self.modules is None:
            return None
        return self.modules, int(np.searchsorted(self._branches.modules, node))

    def is_module(self, node: int) -> bool:
        """Whether a node has others below it."""
        return bool(self.outline.tensor[node] < 0)

    def name(self, node: int, whole: bool) -> str:
        """The name, ``whole`` or the last part of it."""
        if node == 0:
            return tr("All tensors")
        tensor = int(self.outline.tensor[node])
        text = self.outline.names[tensor] if whole and tensor >= 0 else self.outline.labels[node]
        return display(text or '""')

    def without_front(self, name: str) -> str:
        """A whole name without the modules that all tensors are in, for where it does not fit."""
        return f"…{name[len(self._front) :]}" if self._front and name.startswith(self._front) else name

    def other_name(self, tensor: int) -> str:
        """What a tensor that was renamed is called at the end that knows it by another name; else nothing."""
        names = self.ends.matching.renamed.get(tensor)
        here = self.outline.names[tensor]
        found = (names[end] for end in (self.ends.a, self.ends.b)) if names else ()
        return display(next((name for name in found if name is not None and name != here), ""))

    def badges(self, node: int) -> tuple[str, ...]:
        """Words behind the name."""
        tensor = int(self.outline.tensor[node])
        if tensor < 0:
            return ()
        other = self.other_name(tensor)
        return (*([tr("was {0}").format(other)] if other else []), *([tr("tied")] if self._tied[tensor] else []))

    def status(self, node: int) -> Status:
        """A tensor's status; that of a module where all of its tensors have one, else changed."""
        found = self.of(node)
        return Status.MATCHED if found is None else Status(int(found[0].status[found[1]]))

    def counts(self, node: int) -> tuple[tuple[Status, int], ...]:
        """How many tensors below a module are in which status."""
        found = self.of(node)
        if found is None or not self.is_module(node):
            return ()
        row = found[0].counts[found[1]].tolist()
        return tuple((status, row[status]) for status in COUNTED if row[status])

    def broken(self, node: int) -> bool:
        """Whether there is a NaN or an infinity."""
        found = self.of(node)
        return found is not None and bool(found[0].nan[found[1]] or found[0].inf[found[1]])

    def unread(self, node: int) -> bool:
        """Whether something of it was not read yet."""
        found = self.of(node)
        return found is None or bool(found[0].unread[found[1]])

    def figure(self, node: int, name: str) -> float:
        """A figure, NaN where there is none."""
        found = self.of(node)
        return math.nan if found is None else float(getattr(found[0], name)[found[1]])

    def relative(self, node: int) -> Cell:
        """The relative change with its bar; or in its place why there is none."""
        tensor = int(self.outline.tensor[node])
        if tensor >= 0 and (error := self.errors.get(tensor)) is not None:
            return Cell(note=display(error), note_token="danger")
        if tensor >= 0 and (said := self.structure(tensor)):
            return Cell(note=said)
        if self.broken(node):
            return Cell(self._broken_word(node), "danger", True, self.broken_count(node))
        value = self.figure(node, "relative")
        if math.isnan(value):
            if self.unread(node):
                return Cell(NOT_YET, "text3")
            return Cell(note=self._no_figure(node))
        bar = min(1.0, value / self._longest) if self._longest > 0 else 0.0
        return Cell(relative_text(value), "text2" if self.unread(node) or value == 0 else "text", bar=bar)

    def plain(self, node: int, column: Column) -> Cell:
        """One of the other figures."""
        name, write = _PLAIN[column]
        if column is Column.COSINE and self.broken(node):
            return Cell(self._broken_word(node) if self.figure(node, "nan") else "NaN", "danger", True)
        value = self.figure(node, name)
        if math.isnan(value):
            return Cell(NOT_YET, "text3" if self.unread(node) else "text2") if self._has_values(node) else Cell()
        return Cell(write(value), "text2" if self.unread(node) else "text")

    def _has_values(self, node: int) -> bool:
        return self.status(node) in (Status.MATCHED, Status.SAME, Status.CHANGED, Status.RETYPED)

    def _broken_word(self, node: int) -> str:
        return "NaN" if self.figure(node, "nan") > 0 else "Inf"

    def broken_count(self, node: int) -> str:
        """``3 of 3,072``"""
        some = int(self.figure(node, "nan")) or int(self.figure(node, "inf"))
        elements = int(self.figure(node, "elements"))
        return tr("{0} of {1}").format(
            integer(some), integer(elements) if elements < 10**5 else parameters(elements)
        )

    def structure(self, tensor: int) -> str:
        """What the headers alone tell of a tensor that has no figures for that."""
        status = Status(int(self.tensors.status[tensor]))
        if status is Status.ADDED:
            return not_in(self.ends.words_a)
        if status is Status.REMOVED:
            return not_in(self.ends.words_b)
        if status is Status.RESHAPED:
            return " → ".join(shape_text(self.shape(tensor, end)) for end in (self.ends.a, self.ends.b))
        return ""

    def _no_figure(self, node: int) -> str:
        if self.is_module(node):
            return tr("no figures")
        if not self.figure(node, "elements"):
            empty = 0 in self.shape(int(self.outline.tensor[node]))
            return tr("empty") if empty else tr("no figures")
        return tr("from zero") if self.figure(node, "delta_l2") > 0 else tr("zero in both")

    def row_of(self, tensor: int, member: int) -> int:
        """A tensor's row in a member's checkpoint, or -1."""
        return int(self.ends.matching.rows[tensor, member])

    def shape(self, tensor: int, member: int | None = None) -> tuple[int, ...]:
        """A tensor's shape in a member; without one in B, or in A where B has it not."""
        ends = self.ends
        if member is None:
            member = ends.b if self.row_of(tensor, ends.b) >= 0 else ends.a
        part, row = ends.matching.parts[member], self.row_of(tensor, member)
        return part.checkpoint.tensors.shape(row) if part is not None and row >= 0 else ()

    def type_at(self, tensor: int, member: int) -> str:
        """The name of a tensor's dtype in a member; nothing where it is not."""
        part, row = self.ends.matching.parts[member], self.row_of(tensor, member)
        if part is None or row < 0:
            return ""
        table = part.checkpoint.tensors
        return str(table.dtypes[table.dtype[row]].name)

    def role(self, tensor: int) -> Role:
        """What the section is for that a tensor stands in."""
        ends = self.ends
        for member in (ends.b, ends.a):
            part, row = ends.matching.parts[member], self.row_of(tensor, member)
            if part is not None and row >= 0:
                section = part.checkpoint.section_of(row)
                return section.role if section is not None else Role.MODEL
        return Role.MODEL

    def text(self, node: int, column: Column, whole: bool = True) -> str:
        """A cell as text, for a screen reader."""
        if column is Column.NAME:
            return self.name(node, whole)
        if column is Column.STATUS:
            return status_word(self.status(node))
        if column is Column.EPOCHS:
            return ""
        cell = self.relative(node) if column is Column.RELATIVE else self.plain(node, column)
        return " ".join(filter(None, (cell.text, cell.note)))


def _front(outline: Outline) -> str:
    """What all names begin with, up to a dot: ``transformer.``"""
    node = 0
    while node + 1 < len(outline) and outline.tensor[node + 1] < 0 and outline.stop[node + 1] == outline.stop[0]:
        node += 1
    return display(f"{outline.path(node)}.") if node else ""


_PLAIN: dict[Column, tuple[str, Callable[[float], str]]] = {
    Column.DELTA: ("delta_l2", significant),
    Column.COSINE: ("cosine", cosine_text),
    Column.LARGEST: ("max_abs", significant),
    Column.CHANGED: ("changed_fraction", fraction_text),
}
