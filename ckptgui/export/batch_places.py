"""The folder that several exports go to: names that differ on every file system, what stands there, its space."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from ckptgui.core.display import counted, display
from ckptgui.errors import ExportError, TargetExistsError
from ckptgui.export.atomic import SYSTEM, OutputError, reason
from ckptgui.export.name_fields import stem_of, without_ending
from ckptgui.export.system import System
from ckptgui.export.template import MAX_NAME, plain

File = tuple[int, int]
"""A file's device and inode."""


class Places:
    """Gives out the places in one folder. ``sources`` are the paths of what is read, with the files of each.

    ``force`` replaces what stands there, ``sources_too`` even where that is the item's own source.
    """

    def __init__(
        self,
        folder: str,
        sources: Sequence[tuple[str, frozenset[File]]],
        *,
        force: bool,
        sources_too: bool,
        system: System = SYSTEM,
    ) -> None:
        self._folder, self._force, self._sources_too, self._system = folder, force, sources_too, system
        self._files = frozenset().union(*(files for _, files in sources))
        self._paths = [os.path.realpath(path) for path, _ in sources]
        self._taken: set[str] = set()

    def place(self, name: str, source: str) -> str:
        """The path for ``name``; one that is given out already gets the source's name in front, or a number."""
        found = next(
            each for each in _candidates(name, plain(stem_of(source))) if _folded(each) not in self._taken
        )
        self._taken.add(_folded(found))
        return str(Path(self._folder, found))

    def check(self, out: str, source: str, files: frozenset[File]) -> None:
        """Raise ``ExportError`` where something stands at ``out`` that the export of a source may not replace."""
        real = os.path.realpath(out)
        try:
            found = self._system.status(real)
        except (OSError, ValueError) as error:
            raise OutputError(reason(error)) from error
        if found is None:
            return
        file, own = (found.st_dev, found.st_ino), os.path.realpath(source)
        if file in files or own == real or own.startswith(real + os.sep):
            if not self._sources_too:
                raise TargetExistsError("It is the source itself.")
        elif file in self._files or any(path.startswith(real + os.sep) or path == real for path in self._paths):
            raise ExportError(f"It would replace {display(PurePath(out).name)}, which is exported too.")
        elif not self._force:
            raise TargetExistsError("There is such a file already.")


@contextmanager
def made_folder(folder: str, sizes: Sequence[int], system: System = SYSTEM) -> Iterator[None]:
    """``folder`` is there while something is written into it, with space for all of ``sizes``, bytes each.

    One that was made for them and stays empty goes again. Raises ``OutputError``.
    """
    if sizes:
        _check_space(sizes, folder, system)
    try:
        new = not Path(folder).exists()
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError("It is a file; several exports need a folder.") from error
    except (OSError, ValueError) as error:
        raise OutputError(reason(error)) from error
    try:
        yield
    finally:
        if new:
            with suppress(OSError):
                Path(folder).rmdir()


def free_space(folder: str, system: System = SYSTEM) -> int:
    """Bytes that may be written to ``folder``, which need not be there yet. Raises ``OutputError``."""
    for place in (Path(os.path.abspath(folder)), *Path(os.path.abspath(folder)).parents):
        try:
            if place.exists():
                return system.free(str(place))
        except (OSError, ValueError) as error:
            raise OutputError(reason(error)) from error
    return 0


def _check_space(sizes: Sequence[int], folder: str, system: System) -> None:
    needed, free = sum(sizes), free_space(folder, system)
    if needed > free:
        what = counted(len(sizes), "export needs", "exports need")
        raise OutputError(f"There is not enough space: {what} {needed:,} bytes, {free:,} are free.")


def _candidates(name: str, stem: str) -> Iterator[str]:
    head = without_ending(name)
    numbered = (f"{head}-{number}{name[len(head) :]}" for number in itertools.count(2))
    names = itertools.chain((name, f"{stem}-{name}"), numbered)
    return (each for each in names if len(os.fsencode(each)) <= MAX_NAME)


def _folded(name: str) -> str:
    """Names that are one on some file system have the same: letters' case and ways of writing accents aside."""
    return unicodedata.normalize("NFC", name).casefold()
