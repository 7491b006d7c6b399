"""A look at a folder for the run in it: its candidates, which of them are called alike, and what is in those."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from ckptgui.core.checkpoint import Json
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.patterns import groups, likeliest
from ckptgui.engine.job import Progress, Report
from ckptgui.errors import UnknownFormatError
from ckptgui.formats.folders.companions import companions
from ckptgui.sources.folder import Folder
from ckptgui.workspace.candidates import Candidate, candidates
from ckptgui.workspace.reading_members import read_member

_TRAINER = "trainer_state.json"


class RunFolder:
    """One look. ``known`` are members by path that were read earlier; raises ``UnreadableFileError``."""

    def __init__(
        self, path: str, check: Callable[[], None], report: Report, known: Mapping[str, RunMember]
    ) -> None:
        self._check, self._report, self._known = check, report, known
        self.folder = Folder(path)
        self.found = candidates(self.folder, check)

    def choices(self) -> list[tuple[list[Candidate], str]]:
        """What may be the run, the likeliest first, and what the names of it have in common.

        Raises ``UnknownFormatError`` where there is no candidate.
        """
        if not self.found:
            count = len(self.folder.files)
            looked = "It is empty." if not count else f"None of its {count:,} files is one."
            raise UnknownFormatError(f"The folder holds no checkpoint. {looked}")
        found = groups(each.whole for each in self.found)
        several = [(self._called(set(found[pattern])), pattern) for pattern in likeliest(found)]
        return [*several, (self.found, "")]

    def like(self, own: Candidate) -> tuple[list[Candidate], str]:
        """The candidates that are called like one, and itself; and what the names have in common."""
        found = groups(dict.fromkeys([*(each.whole for each in self.found), own.whole]))
        pattern, names = next((each, names) for each, names in found.items() if own.whole in names)
        alike = self._called(set(names)) if "#" in pattern else []
        return alike if any(each.path == own.path for each in alike) else [*alike, own], pattern

    def _called(self, names: Set[str]) -> list[Candidate]:
        return [each for each in self.found if each.whole in names]

    def members(self, chosen: Sequence[Candidate]) -> list[RunMember]:
        """The candidates, opened."""
        beside = values_beside(self.folder, self._check)
        members = []
        for done, each in enumerate(chosen):
            self._check()
            self._report(Progress(done, len(chosen), "files"))
            told = beside if not each.is_folder else None
            members.append(read_member(each, self._check, told, self._known.get(each.path)))
        self._report(Progress(len(chosen), len(chosen), "files"))
        return members


def values_beside(folder: Folder, check: Callable[[], None]) -> Mapping[str, Json]:
    """What a trainer wrote beside the folders of its checkpoints about the model at the end."""
    if _TRAINER not in folder.files:
        return {}
    return {name: told for name, told in companions(folder, check).metadata.items() if name == _TRAINER}
