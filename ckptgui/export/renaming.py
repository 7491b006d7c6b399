"""The names that tensors get: regular expressions see those of the source, then prefixes go from what is left.

An expression is one of ``re``. One that goes back and forth without end is given up: it may take a second a name,
and some for all.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckptgui.core.display import display
from ckptgui.core.series.prefixes import unwrapped
from ckptgui.errors import CollisionError, ExportError

if TYPE_CHECKING:
    import regex

AUTO = "auto"
"""The prefix that stands for those of all wrappers."""

MAX_LENGTH = 4_000
"""Characters of an expression, of what takes its place, and of a name to come."""

MAX_SECONDS = 1.0
MAX_SECONDS_ALL = 10.0
"""How long an expression may take for one name, and for all of them."""

MAX_REPEATS = 10_000
"""How often a part of an expression may have to be there: each time takes memory when it is compiled."""

_TIMES = re.compile(r"\{(\d+)(?:,\d*)?\}", re.ASCII)


def renamed(
    names: Sequence[str], strip: Sequence[str], rename: Sequence[tuple[str, str]]
) -> tuple[list[str], tuple[str, ...]]:
    """The new name of each, and the expressions and prefixes that changed none.

    Raises ``ExportError`` for an expression that is none or takes too long and for a name that would be empty,
    ``CollisionError`` where two names become one.
    """
    found, idle = list(names), []
    for pattern, replacement in rename:
        new = _replaced(found, pattern, replacement)
        if new == found:
            idle.append(pattern)
        found = new
    given = [prefix for prefix in strip if prefix != AUTO]
    if AUTO in strip:
        found = list(unwrapped(tuple(found)))
    if given:
        found, unused = _stripped(found, given)
        idle += unused
        found = list(unwrapped(tuple(found))) if AUTO in strip else found
    _check(names, found)
    return found, tuple(idle)


def _stripped(names: list[str], prefixes: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names without these prefixes, and those of them that no name has.

    Each goes once, one after the other as given; one that no name has gets another turn when others are gone.
    Once, because of ``model.model.x`` one ``model.`` may be the wrapper's and one the model's.
    """
    waiting = list(prefixes)
    while True:
        unused = []
        for prefix in waiting:
            if any(name.startswith(prefix) for name in names):
                names = [name.removeprefix(prefix) for name in names]
            else:
                unused.append(prefix)
        if not unused or unused == waiting:
            return names, unused
        waiting = unused


def _check(names: Sequence[str], new: Sequence[str]) -> None:
    if len(set(new)) < len(new):
        first: dict[str, int] = {}
        for place, name in enumerate(new):
            other = first.setdefault(name, place)
            if other != place:
                one, two = names[other], names[place]
                which = "Two tensors" if one == two else f"{display(one)} and {display(two)}"
                raise CollisionError(
                    f"{which} would both be called {display(name) or '(nothing)'}.", one, two, name
                )
    for old, name in zip(names, new):
        if not name:
            raise ExportError(f"{display(old)} would have no name left.")


def _check_length(old: str, new: str) -> None:
    if len(new) > max(MAX_LENGTH, len(old)):
        raise ExportError(f"{display(old)} would have a name of {len(new):,} characters.")


def _replaced(names: Sequence[str], pattern: str, replacement: str) -> list[str]:
    if max(len(pattern), len(replacement)) > MAX_LENGTH:
        raise ExportError(f"An expression and what takes its place have up to {MAX_LENGTH:,} characters each.")
    import regex  # as ``re``, but it can be told to stop; 20 ms that an export without an expression does not need

    until = time.monotonic() + MAX_SECONDS_ALL
    found: list[str] = []
    try:
        substitute = _compiled(pattern).sub
        for name in names:
            found.append(substitute(replacement, name, timeout=MAX_SECONDS))
            _check_length(name, found[-1])
            if time.monotonic() > until:
                raise TimeoutError
    except TimeoutError:
        on = display(names[len(found)]) if len(found) < len(names) else "the names"
        raise ExportError(f"The expression {display(pattern)} takes too long on {on}.") from None
    except (re.error, regex.error, IndexError, OverflowError, ValueError, RecursionError, MemoryError) as error:
        both, why = f"{display(pattern)}={display(replacement)}", _WHY.get(type(error)) or display(str(error))
        raise ExportError(f"The expression {both} cannot be used: {why}.") from error
    return found


_WHY = {RecursionError: "it nests too deeply", MemoryError: "it takes too much memory"}


def _compiled(pattern: str) -> regex.Pattern[str]:
    """Raises ``re.error`` for what ``re`` does not have either: an expression within itself, or nearly like it."""
    import regex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a later version may read otherwise
        re.compile(pattern)
        if math.prod(max(1, int(times)) for times in _TIMES.findall(pattern)) > MAX_REPEATS:
            raise OverflowError(f"it repeats a part more than {MAX_REPEATS:,} times")
        return regex.compile(pattern)
