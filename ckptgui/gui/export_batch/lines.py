"""The lines of the list: each a checkpoint of the run, what its export comes to, and how far that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ckptgui.core.display import display
from ckptgui.core.series.members import RunMember
from ckptgui.errors import UnreadableFileError
from ckptgui.export.batch import BatchItem, BatchSource, Prospect, Standing
from ckptgui.gui.export_batch.words import lost_words, state_words
from ckptgui.gui.numbers import tr

LATEST = 3
"""How many the quick choices of the latest and of the best few take."""


@dataclass(frozen=True, slots=True)
class Line:
    """One checkpoint. ``prospect`` and ``item`` are None while they are being worked out, ``standing`` before it
    is begun. ``nbytes`` is its size now.
    """

    source: BatchSource
    title: str
    nbytes: int
    epoch: int | None = None
    step: int | None = None
    loss: float | None = None
    taken: bool = True
    prospect: Prospect | None = None
    item: BatchItem | None = None
    standing: Standing[Any] | None = None

    @property
    def trouble(self) -> str:
        """Why it cannot be exported, in a sentence; empty where it can, or nobody knows yet."""
        error = self.item.error if self.item is not None else self.prospect.error if self.prospect else None
        return display(error, 400) if error is not None else ""

    @property
    def told(self) -> str:
        """What there is to say of it in a sentence: how it goes or went, why it cannot, or what it will lose."""
        if self.standing is not None:
            return state_words(self.standing)
        lost = self.prospect.lost if self.prospect is not None else 0
        return self.trouble or (lost_words(lost) if lost else "")

    @property
    def goes(self) -> bool:
        """Whether it is wanted and can be written."""
        return self.taken and self.prospect is not None and not self.trouble


def lines_of(members: Sequence[RunMember]) -> tuple[Line, ...]:
    """A line for each member of a run, all of them wanted."""
    return tuple(_line(member) for member in members)


def _line(member: RunMember) -> Line:
    section = tuple(member.section.split("/")) if member.section is not None else None
    error = None
    if member.checkpoint is None:
        error = UnreadableFileError(member.error or tr("It cannot be read."))
    source = BatchSource(member.path, member.checkpoint, section, error)
    return Line(source, member.title, member.nbytes, member.epoch, member.step, member.loss)


def latest(lines: Sequence[Line]) -> frozenset[int]:
    """The last few, in the order of the run, of those that can be exported."""
    able = [row for row, line in enumerate(lines) if not line.trouble]
    return frozenset(able[-LATEST:])


def best(lines: Sequence[Line], most: int = 1) -> frozenset[int]:
    """The one with the lowest loss, or so many at ``most``, if any tells one."""
    told = [(line.loss, row) for row, line in enumerate(lines) if line.loss is not None and not line.trouble]
    return frozenset(row for _, row in sorted(each for each in told if math.isfinite(each[0]))[:most])
