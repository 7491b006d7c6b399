"""The log: two small files that turn over, and beside them what the interpreter says when it dies."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import platformdirs

LIMIT = 2**20
"""Bytes of the log before it becomes the old one."""

LOGGER = logging.getLogger("ckptgui")


class RotatingFile(logging.Handler):
    """Appends to ``path`` and starts it anew, keeping one elder, when it has grown past ``limit`` bytes.

    A disk that is full or read-only is no reason to trouble anybody: the line is lost.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        super().__init__()
        self._path, self._limit = path, limit
        self._file: io.TextIOWrapper | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            file = self._opened()
            file.write(self.format(record) + "\n")
            file.flush()
        except (OSError, ValueError):
            self._close_file()

    def _opened(self) -> io.TextIOWrapper:
        if self._file is not None and self._file.tell() > self._limit:
            self._close_file()
            self._path.replace(self._path.with_name(f"{self._path.name}.old"))
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
        return self._file

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def close(self) -> None:
        """Give the file back."""
        with self.lock or contextlib.nullcontext():
            self._close_file()
        super().close()


def log_folder() -> Path:
    """Where the logs lie for this user."""
    return Path(platformdirs.user_state_dir("ckptgui", appauthor=False)) / "log"


@contextlib.contextmanager
def logging_to(folder: Path) -> Iterator[logging.Logger]:
    """Keep a log in ``folder`` for as long as the context lasts, crashes of the interpreter included."""
    handler = RotatingFile(folder / "ckptgui.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = LOGGER.level, LOGGER.propagate
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    LOGGER.addHandler(handler)
    crashes = _crash_file(folder / "crash.log")
    try:
        yield LOGGER
    finally:
        if crashes is not None:
            faulthandler.disable()
            crashes.close()
        LOGGER.removeHandler(handler)
        handler.close()
        LOGGER.level, LOGGER.propagate = before


def _crash_file(path: Path) -> io.TextIOWrapper | None:
    """A file that stays open, for a crash leaves no time to open one; None where the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError:
        return None
    faulthandler.enable(file)
    return file
