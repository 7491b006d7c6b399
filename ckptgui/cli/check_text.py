"""``check`` for eyes: the answer in a sentence, what makes it fit and how to load it, what is wrong by name."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ckptgui.cli.report import shown_path
from ckptgui.cli.table import indented, table
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.fit.fit import Mismatch
from ckptgui.core.fit.renaming import load_line
from ckptgui.core.fit.search import Fix
from ckptgui.core.fit.words import what_is_wrong, what_the_fix_does
from ckptgui.core.plain_numbers import shape
from ckptgui.workspace.will_it_load import LoadCheck

_NAMED = 40


def check_lines(path: str, against: str, found: LoadCheck, reasons: Sequence[str]) -> Iterator[str]:
    """The whole text."""
    yield f"{shown_path(path)} against {shown_path(against)}"
    if reasons:
        yield "  The file is damaged: torch cannot load it."
    yield f"  {what_is_wrong(found.fit)}"
    if found.fix is not None:
        yield from _part("To make it fit", _fix(found.fix))
    yield from _part("Missing", _names(found.fit.missing))
    yield from _part("Unexpected", _names(found.fit.unexpected))
    yield from _part("Mismatched", _mismatches(found.fit.mismatched))


def _part(title: str, lines: Iterator[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield from ("", title, *indented(body))


def _names(names: Sequence[str]) -> Iterator[str]:
    yield from map(display, names[:_NAMED])
    yield from _more(names)


def _mismatches(mismatched: Sequence[Mismatch]) -> Iterator[str]:
    yield from table([_mismatch(each) for each in mismatched[:_NAMED]])
    yield from _more(mismatched)


def _mismatch(each: Mismatch) -> list[str]:
    if each.error is not None:
        return [display(each.name), each.error]
    found = "nothing" if each.found is None else shape(each.found)
    return [display(each.name), f"expected {shape(each.expected)}", f"found {found}"]


def _more(listed: Sequence[object]) -> Iterator[str]:
    if len(listed) > _NAMED:
        yield f"… and {len(listed) - _NAMED:,} more, all of them with --json."


def _fix(fix: Fix) -> Iterator[str]:
    for option in (*(("--rename", r) for r in fix.renaming.rename), *(("--strip", s) for s in fix.renaming.strip)):
        yield display(shlex.join(option), MAX_DETAIL)
    yield what_the_fix_does(fix)
    yield ""
    yield from (display(line, MAX_DETAIL) for line in load_line(fix.renaming).split("\n"))
