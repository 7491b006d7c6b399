"""Puts a report's files in place: the page, and beside it the table and the answer that scripts get."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ckptgui.engine.job import Cancel
from ckptgui.errors import TargetExistsError
from ckptgui.export.atomic import look_at, write_file
from ckptgui.export.output import Output
from ckptgui.workspace.report.page import Reported, page
from ckptgui.workspace.report.table import table

_GATHER = 1 << 20


def save_page(reported: Reported, path: str, cancel: Cancel, *, force: bool = False) -> None:
    """Write the page alone. Raises ``ExportError``, ``TargetExistsError`` unless ``force``, ``Cancelled``."""
    _write(path, [page(reported)], cancel, force)


def save_report(
    reported: Reported, path: str, answer: Iterable[str], cancel: Cancel, *, force: bool = False
) -> tuple[str, ...]:
    """Write ``path`` (HTML), and under its name ``.csv`` and ``.json``; each appears whole or not at all.

    ``answer`` is ``compare --json`` in pieces. The page comes last: where it is, the others are. Returns the
    paths; raises what ``save_page`` does, before anything is written where one of the files is there already.
    """
    paths = files_of(path)
    if not force:
        for each in paths:
            if look_at(each).exists:
                raise TargetExistsError(f"{Path(each).name} is there already.")
    contents = ([page(reported)], table(reported.known), answer)
    for each, parts in reversed(list(zip(paths, contents))):
        _write(each, parts, cancel, force)
    return paths


def files_of(path: str) -> tuple[str, ...]:
    """The page, the table and the answer of a report that is saved as ``path``."""
    place = Path(path)
    return str(place), str(place.with_suffix(".csv")), str(place.with_suffix(".json"))


def _write(path: str, parts: Iterable[str], cancel: Cancel, force: bool) -> None:
    def fill(output: Output) -> None:
        some: list[str] = []
        size = 0
        for part in parts:
            cancel.check()
            some.append(part)
            size += len(part)
            if size > _GATHER:
                output.write("".join(some).encode("utf-8", "backslashreplace"))
                some, size = [], 0
        output.write("".join(some).encode("utf-8", "backslashreplace"))

    write_file(path, fill, nbytes=0, force=force)
