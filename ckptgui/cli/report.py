"""One line on standard error for everything that goes wrong, and the exit status that goes with it."""

from __future__ import annotations

import sys

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.errors import CheckpointError

DONE, DIFFERENT, TROUBLE, INTERRUPTED = 0, 1, 2, 130
"""Exit status, as ``diff`` and ``grep`` have it."""


class UsageError(CheckpointError):
    """The command line asks for something that cannot be; the sentence says what."""


def shown_path(path: str) -> str:
    """A path as it may stand in a line: nothing invisible, nothing left out."""
    return display(path, MAX_DETAIL)


def complain(text: str, path: str | None = None) -> int:
    """Print ``ckptgui: PATH: text`` to standard error and return the status for trouble."""
    where = f"{shown_path(path)}: " if path is not None else ""
    sys.stderr.write(f"ckptgui: {where}{display(text, MAX_DETAIL)}\n")
    return TROUBLE


def say(text: str) -> None:
    """Print a line of an answer to standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
