"""The tree of failures that a person may meet; anything that is not in it is a bug.

Every message is one plain sentence that says what is wrong and where. Readers raise these and nothing
else for bad input, so a front end needs one ``except CheckpointError``.
"""

from __future__ import annotations


class CheckpointError(Exception):
    """An expected failure, told in one sentence."""


class UnreadableFileError(CheckpointError):
    """The system would not give us the bytes: missing, no permission, not a regular file, an I/O error."""


class UnknownFormatError(CheckpointError):
    """No reader recognises the content; the sentence names what it looks like or what was tried."""


class DamagedFileError(CheckpointError):
    """The bytes break the rules of their format: cut short, overlapping, inconsistent."""


class LimitExceededError(DamagedFileError):
    """A named limit on what a file may ask of us was reached (see ``formats.limits``)."""


class UnsupportedError(CheckpointError):
    """The format is known, this part of it is not read (yet, or on purpose)."""


class ChangedOnDiskError(CheckpointError):
    """The file is no longer the one that was opened."""


class ExportError(CheckpointError):
    """An export that cannot be made, or that was given up without leaving a trace."""


class DamagedSourceError(ExportError):
    """``lost`` of the tensors to export cannot be written; ``left`` could be, which nobody asked for yet."""

    def __init__(self, message: str, lost: int, left: int) -> None:
        super().__init__(message)
        self.lost = lost
        self.left = left


class CollisionError(ExportError):
    """Two tensors of the source, ``first`` and ``second``, that would both be called ``result``."""

    def __init__(self, message: str, first: str, second: str, result: str) -> None:
        super().__init__(message)
        self.first = first
        self.second = second
        self.result = result


class TargetExistsError(ExportError):
    """The target is there already and nobody said to replace it."""


class LargeOutputError(ExportError):
    """The result would be many times its source, by a view that repeats few bytes; nobody said to write that."""


class Cancelled(Exception):  # noqa: N818 - a wish that was granted, not an error
    """Work stopped because someone asked for it."""
