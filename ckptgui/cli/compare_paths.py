"""From the paths and sections on the command line to the series that is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ckptgui.cli.report import UsageError, shown_path
from ckptgui.core.series.members import RunMember, order
from ckptgui.core.series.parts import NoSuchSectionError, part_of
from ckptgui.core.series.series import Series, series_of
from ckptgui.engine.job import Report
from ckptgui.errors import CheckpointError
from ckptgui.workspace.run import run_of_paths


@dataclass(frozen=True)
class Chosen:
    """The series, and whether the answer is of two checkpoints or of steps."""

    series: Series
    is_pair: bool


def chosen(paths: Sequence[str], sections: Sequence[str], report: Report) -> Chosen:
    """Two paths, or one with two sections, as they were named; more, or a folder, in the order of their making.

    Raises ``CheckpointError`` where fewer than two can be compared; of a pair, where one cannot be.
    """
    if len(paths) == 1 and len(sections) > 1:
        paths = [*paths] * len(sections)
    if len(sections) > 1 and len(sections) != len(paths):
        raise UsageError(
            f"{len(sections):,} sections for {len(paths):,} paths: name one for all, or one for each"
            " (see ckptgui compare --help)"
        )
    each = sections if len(sections) > 1 else [*sections, *[None] * len(paths)][:1] * len(paths)
    members: list[RunMember] = []
    folders = 0
    for path, section in zip(paths, each):
        run = run_of_paths([path], report=report, in_order=False)
        if len(run.members) == 1:
            members.append(_with(run.members[0], section, path))
        else:
            folders += 1
            members += (_with(member, section, member.path) for member in run.members)
    is_pair = not folders and len(members) == 2
    if len(members) < 2:
        raise UsageError("compare needs two checkpoints or more, or a folder of them (see ckptgui compare --help)")
    ordered = members if is_pair else list(order(members))
    broken = [member for member in ordered if member.checkpoint is None]
    if broken and (is_pair or len(ordered) - len(broken) < 2):
        raise CheckpointError(f"{shown_path(broken[0].path)}: {broken[0].error}")
    return Chosen(series_of(ordered), is_pair)


def _with(member: RunMember, section: str | None, path: str) -> RunMember:
    """The member with what of it is compared; without a checkpoint where there is no such section."""
    member = replace(member, section=section, path=path)
    if member.checkpoint is None or section is None:
        return member
    try:
        part_of(member.checkpoint, section)
    except NoSuchSectionError as error:
        return replace(member, checkpoint=None, error=str(error))
    return member
