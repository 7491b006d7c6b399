"""What a run takes on the disk: files that several checkpoints share, as hard links do, count once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ckptgui.core.checkpoint import Role
from ckptgui.core.series.members import RunMember


@dataclass(frozen=True, eq=False)
class DiskUse:
    """Bytes. ``shared`` would be taken in addition, were no file shared; ``optimizer`` is what optimizers take."""

    total: int
    members: tuple[int, ...]
    shared: int
    optimizer: int
    files: tuple[tuple[int, frozenset[int]], ...]  # a file's bytes, and the members that it is of

    def freed(self, without: Collection[int]) -> int:
        """What the disk would have more of, were these members not there."""
        return sum(nbytes for nbytes, owners in self.files if owners <= frozenset(without))


def disk_use(members: Sequence[RunMember]) -> DiskUse:
    """From what was opened; asks the disk nothing. Two sections of one file are one file."""
    found: dict[object, tuple[int, set[int]]] = {}
    sizes = []
    optimizer = 0
    seen: set[object] = set()
    for number, member in enumerate(members):
        sources = member.checkpoint.sources if member.checkpoint is not None else member.state
        files: dict[object, int] = {(source.device, source.inode): source.size for source in sources}
        files = files or {member.path: member.nbytes}
        for key, nbytes in files.items():
            found.setdefault(key, (nbytes, set()))[1].add(number)
        sizes.append(sum(files.values()))
        together = frozenset(files)
        if member.checkpoint is not None and together not in seen:
            optimizer += sum(section.nbytes for section in member.checkpoint.with_role(Role.OPTIMIZER))
        seen.add(together)
    total = sum(nbytes for nbytes, _ in found.values())
    taken = tuple((nbytes, frozenset(owners)) for nbytes, owners in found.values())
    return DiskUse(total, tuple(sizes), sum(sizes) - total, optimizer, taken)
