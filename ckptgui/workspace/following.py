"""Follows a run that is still being trained: what comes into its folder, what is written again, what goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath

from ckptgui.core.extents import SourceIdentity
from ckptgui.core.series.members import RunMember, order
from ckptgui.core.series.patterns import belongs
from ckptgui.errors import CheckpointError, UnreadableFileError
from ckptgui.sources.folder import Folder
from ckptgui.workspace.candidates import Candidate, candidate_at, candidates
from ckptgui.workspace.reading_members import read_member
from ckptgui.workspace.run import Run

PATIENCE = 10.0
"""Seconds for which a checkpoint that is not whole may simply not be finished, and is waited for."""

QUIET = 60.0
"""Seconds without a change after which it is damaged, and not still being written."""

WRITING = "It is still being written."

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """What a look at the folder came to: the run as it is now, and the paths of members that are another.

    ``waiting`` are paths that may become members, or members that are written again, and are not whole yet.
    """

    run: Run
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether any member is another than before."""
        return bool(self.added or self.changed or self.gone)


@dataclass(slots=True)
class _Wait:
    """A checkpoint that is not whole: since when (s), and when and to which state it was seen to change last."""

    since: float
    changed: float
    state: tuple[SourceIdentity, ...] = ()


class Follower:
    """Looks at a run again and again; each ``look`` asks the disk, so none is for the GUI thread.

    What is called like the members joins them, unless they were chosen by hand; what the run did not take of its
    folder when it was found (``others``) stays out. A member goes whose file is gone from a folder that can be
    listed. ``run`` may be set to one whose members somebody changed.
    """

    def __init__(
        self,
        run: Run,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        quiet: float = QUIET,
    ) -> None:
        self.run = run
        self._clock, self._patience, self._quiet = clock, patience, quiet
        self._waits: dict[str, _Wait] = {}
        self._refused: dict[str, int] = {}  # what is no checkpoint, with its bytes

    def look(self, check: Check = lambda: None) -> Followed:
        """What is another than at the last look; opens only what changed. Raises ``Cancelled`` alone."""
        run = self.run
        folders: dict[str, Folder] = {}
        known = [(member, self._again(member, folders, check)) for member in run.members]
        joining = self._joining(run, check)
        new = [one for each in joining if (one := self._new(each, check)) is not None]
        found = Followed(
            run,
            added=tuple(member.path for member in new),
            changed=tuple(member.path for member, now in known if now is not None and now is not member),
            gone=tuple(member.path for member, now in known if now is None),
        )
        there = {member.path for member, now in known if now is not None} | {each.path for each in joining}
        self._waits = {path: wait for path, wait in self._waits.items() if path in there}
        if found:
            members = (*(now for _, now in known if now is not None), *new)
            self.run = replace(run, members=_placed(run.members, members))
        return replace(found, run=self.run, waiting=tuple(self._waits))

    def _new(self, candidate: Candidate, check: Check) -> RunMember | None:
        state = candidate.state()
        return self._settled(candidate, state, None, check) if state else None

    def _again(self, member: RunMember, folders: dict[str, Folder], check: Check) -> RunMember | None:
        """A member as it is now, the very same if nothing happened; None where it is gone."""
        check()
        parent = str(PurePath(member.path).parent)
        try:
            candidate = candidate_at(member.path, folders.setdefault(parent, Folder(parent)))
        except UnreadableFileError:
            return member  # the folder cannot be listed: a network drive may come back
        state = candidate.state()
        if not state:
            return None if member.state else member  # what never was there stays, with the reason
        if state == member.state and member.path not in self._waits:
            return member
        return self._settled(candidate, state, member, check) or member

    def _settled(
        self, candidate: Candidate, state: tuple[SourceIdentity, ...], before: RunMember | None, check: Check
    ) -> RunMember | None:
        """The checkpoint, opened, once it is whole or was waited for long enough; None for: wait on."""
        check()
        now = self._clock()
        wait = self._waits.setdefault(candidate.path, _Wait(now, now))
        still = wait.state == state
        if not still:
            wait.state, wait.changed = state, now
        impatient = now - wait.since >= self._patience
        is_told = before is not None and before.error == WRITING
        if is_told and still and now - wait.changed < self._quiet:
            return before
        found = read_member(candidate, check, section=before.section if before is not None else None)
        if found.error is None and (still or not _is_of_several(candidate)):
            del self._waits[candidate.path]
            return found
        if still and impatient and now - wait.changed >= self._quiet:
            del self._waits[candidate.path]
            return found  # with the plain reason
        if not impatient:
            return None
        return before if is_told else replace(found, error=WRITING, checkpoint=None)

    def _joining(self, run: Run, check: Check) -> list[Candidate]:
        """What of the folder is no member and no other of it."""
        if run.chosen:
            return []
        known = {member.path for member in run.members} | {other.path for other in run.others}
        looked_at: list[Candidate] = []

        def wanted(each: Candidate) -> bool:
            if each.path in known or (run.pattern and not belongs(each.whole, run.pattern)):
                return False
            looked_at.append(each)
            return self._refused.get(each.path) != each.nbytes

        try:
            found = candidates(Folder(run.path), check, wanted)
        except CheckpointError:
            return []
        taken = {each.path for each in found}
        self._refused = {each.path: each.nbytes for each in looked_at if each.path not in taken}
        return found


def _is_of_several(candidate: Candidate) -> bool:
    """Whether it may lack a file and look whole: a folder or set is taken once two looks see the same."""
    return candidate.is_folder or len(candidate.files) > 1


def _placed(before: tuple[RunMember, ...], after: tuple[RunMember, ...]) -> tuple[RunMember, ...]:
    """Members in the order of all; new ones at the end of those that somebody put into another order."""
    return order(after) if before == order(before) else after
