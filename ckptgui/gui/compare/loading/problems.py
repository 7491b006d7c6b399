"""What stands in the way of loading as rows of a table, made off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.fit.entries import Entries, entries_of
from ckptgui.core.fit.fit import fit
from ckptgui.core.fit.search import find_fix
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.series.parts import part_of
from ckptgui.engine.job import Cancel
from ckptgui.gui.numbers import shape_text, tr
from ckptgui.workspace.will_it_load import LoadCheck

MAX_COPIED = 100_000


@dataclass(frozen=True)
class Side:
    """A checkpoint under the name that the window has for it; ``section`` names what of it, if not the model."""

    label: str
    checkpoint: Checkpoint
    section: str | None = None


class Kind(IntEnum):
    """Why an entry is not loaded."""

    MISSING = 0
    UNEXPECTED = 1
    MISMATCHED = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One name; shapes of what is no tensor, or is not there, are None."""

    kind: Kind
    name: str
    expected: tuple[int, ...] | None
    found: tuple[int, ...] | None
    error: str | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What is shown and copied: kind, name, the model's shape, the file's."""
        kind = {
            Kind.MISSING: tr("missing"),
            Kind.UNEXPECTED: tr("unexpected"),
            Kind.MISMATCHED: tr("cannot be copied") if self.error else tr("other shape"),
        }[self.kind]
        return kind, display(self.name), _shape(self.expected), self.error or _shape(self.found)


def _shape(sizes: tuple[int, ...] | None) -> str:
    return "" if sizes is None else shape_text(sizes)


@dataclass(frozen=True)
class Judged:
    """The answer, and every problem: missing names first, in the model's order. ``text`` has them to be copied."""

    check: LoadCheck
    problems: tuple[Problem, ...]
    text: str


def table_text(problems: Sequence[Problem]) -> str:
    """Rows as lines of tab-separated cells."""
    return "\n".join("\t".join(problem.cells) for problem in problems)


def judge(side: Side, model: Callable[[], Entries], cancel: Cancel) -> Judged:
    """Hold a checkpoint against a model. Raises ``CheckpointError`` where either has no such section."""
    with without_garbage_collection():  # of 100,000 names, whose collection would stop the window
        found, expected = entries_of(part_of(side.checkpoint, side.section)), model()
        verdict = fit(found, expected)
        problems = [Problem(Kind.MISSING, name, expected.shapes[name], None) for name in verdict.missing]
        problems += [Problem(Kind.UNEXPECTED, name, None, found.shapes[name]) for name in verdict.unexpected]
        problems += [Problem(Kind.MISMATCHED, m.name, m.expected, m.found, m.error) for m in verdict.mismatched]
        check = LoadCheck(verdict, find_fix(found, expected, cancel.check))
        return Judged(check, tuple(problems), table_text(problems[:MAX_COPIED]))
