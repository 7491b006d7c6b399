"""Everything that ``compare`` has to tell, gathered for all of its forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.analysis.breakage.breakages import breakages
from ckptgui.analysis.breakage.history import history_of
from ckptgui.core.series.members import told_twice
from ckptgui.core.series.metadata_difference import ABSENT, MetadataDifferences, metadata_differences
from ckptgui.core.series.renames import Rename
from ckptgui.core.series.series import Series
from ckptgui.workspace.answer.run_facts import RunFacts, run_facts
from ckptgui.workspace.answer.steps import Step, failures, norms_of, steps_of
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import ProfileTask


@dataclass(frozen=True)
class Told:
    """``steps`` has one entry a member but the first, ``norms`` one a member. A pair has no ``facts`` of a run.

    ``trouble`` is why something could not be read, ``warnings`` that and what is odd: pairs of a path, empty where
    it is about all, and a sentence.
    """

    found: Compared
    is_pair: bool
    steps: list[Step | None]
    norms: list[np.ma.MaskedArray]
    metadata: MetadataDifferences
    renames: tuple[Rename, ...]
    breakages: list[Breakage]
    facts: RunFacts | None
    trouble: list[tuple[str, str]]
    warnings: list[tuple[str, str]]

    @property
    def series(self) -> Series:
        """What was compared."""
        return self.found.series

    @property
    def identical(self) -> bool:
        """Whether no step changed anything."""
        return all(step is None or step.identical is not False for step in self.steps)

    def error(self, tensor: int) -> str | None:
        """Why a figure of a tensor is lacking."""
        return self._errors.get(tensor)

    @cached_property
    def _errors(self) -> dict[int, str]:
        return {tensor: error for tensor, (_, error) in _errors(self.found, self.steps).items()}


def told(found: Compared, renames: Sequence[Rename], *, is_pair: bool) -> Told:
    """Gather it from what was read; what was not is null in the answer. ``renames`` are proposals."""
    steps = steps_of(found)
    members = found.series.members
    metadata = metadata_differences(
        [member.checkpoint.metadata if member.checkpoint is not None else ABSENT for member in members]
    )
    trouble = [(member.path, member.error) for member in members if member.error is not None]
    listed = dict(trouble)
    names = found.matching.names
    for tensor, (member, error) in sorted(_errors(found, steps).items()):
        trouble.append((members[member].path, f"{names[tensor]}: {error}"))
    for number, each in enumerate(members):
        failure = found.failures.get(ProfileTask(number))
        if failure is not None and each.path not in listed:
            trouble.append((each.path, failure))
    odd = [("", sentence) for sentence in (*found.series.apart, *(() if is_pair else told_twice(members)))]
    if metadata.more:
        odd.append(("", f"{metadata.more:,} more differences in metadata are not listed."))
    if metadata.cut:
        odd.append(("", "The metadata is larger than what is compared of it."))
    norms = norms_of(found, steps)
    history = None if is_pair else history_of(found.series, found.profiles, found.pairs)
    return Told(
        found,
        is_pair,
        steps,
        norms,
        metadata,
        tuple(renames),
        [] if history is None else breakages(history),
        None if history is None else run_facts(history),
        trouble,
        [*trouble, *odd],
    )


def _errors(found: Compared, steps: list[Step | None]) -> dict[int, tuple[int, str]]:
    """By tensor, the first member that cannot be read and why."""
    errors: dict[int, tuple[int, str]] = {}
    for step in steps:
        if step is not None:
            for tensor, error in step.errors.items():
                errors.setdefault(tensor, (_whose(found, step, tensor), error))
    for member in range(len(found.series.members)):
        for tensor, error in failures(found, member).items():
            errors.setdefault(tensor, (member, error))
    return errors


def _whose(found: Compared, step: Step, tensor: int) -> int:
    """Which of the two is damaged, as far as its header tells."""
    part = found.matching.parts[step.a]
    row = int(found.matching.rows[tensor, step.a])
    return step.a if part is not None and row in part.checkpoint.tensors.errors else step.b
