"""The directory of a zip on offer, parsed once for all the readers that look at it."""

from __future__ import annotations

from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.zips.directory import ZipDirectory, read_directory

_KEPT = "zip directory"


def is_zip(probe: Probe) -> bool:
    """Whether the file begins with a zip's record."""
    return probe.head[:4] == b"PK\x03\x04"


def directory_of(probe: Probe, check: Check = lambda: None) -> ZipDirectory:
    """The records, as ``read_directory`` gives or refuses them, the first time and every time."""
    found = probe.kept.get(_KEPT)
    if found is None:
        try:
            found = read_directory(probe.source, check)
        except CheckpointError as error:
            found = error
        probe.kept[_KEPT] = found
    if isinstance(found, CheckpointError):
        raise found
    assert isinstance(found, ZipDirectory)
    return found


def names_in(probe: Probe) -> ZipDirectory | None:
    """The records if the file is a zip with a sound directory; None where it is not."""
    if not is_zip(probe):
        return None
    try:
        return directory_of(probe)
    except DamagedFileError:
        return None
