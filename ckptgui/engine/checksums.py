"""Checks the checksums that a checkpoint's own files hold. Of the formats that are read, zips have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.formats.zips.checksums import check_records
from ckptgui.sources.base import read_exactly
from ckptgui.sources.locate import SourcePool

_ZIP = b"PK\x03\x04"
_WITHOUT = frozenset({"dcp"})
"""Formats whose files begin like a zip and are many, one behind the other."""


@dataclass(frozen=True, slots=True)
class BadChecksum:
    """``record`` of ``file`` does not hold what was saved."""

    file: str
    record: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """How many records were compared with their checksums, and those that differ. 0: there are no checksums."""

    count: int
    bad: tuple[BadChecksum, ...]


def check_checksums(checkpoint: Checkpoint, pool: SourcePool, cancel: Cancel, report: Report = silent) -> Checked:
    """Read every file of the checkpoint from end to end; ``report`` counts bytes.

    Raises ``CheckpointError`` where a file cannot be read, ``Cancelled``.
    """
    total = sum(identity.size for identity in checkpoint.sources)
    done = count = 0
    bad: list[BadChecksum] = []

    def read(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        report(Progress(min(done, total), total, "Checking"))

    for identity in checkpoint.sources if checkpoint.format not in _WITHOUT else ():
        source = pool.get(identity)
        if read_exactly(source, 0, len(_ZIP)) != _ZIP:
            continue
        for fault in check_records(source, cancel.check, read):
            count += 1
            if fault is not None:
                bad.append(BadChecksum(PurePath(identity.path).name, fault.record, fault.text))
    return Checked(count, tuple(bad))
