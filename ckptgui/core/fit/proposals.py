"""Guesses at what was renamed: an unexpected name laid beside the missing ones that it is most like."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ckptgui.core.fit.entries import Entries
from ckptgui.core.fit.likeness import apart
from ckptgui.core.fit.renaming import Renaming, adding, replacing, replacing_front

MOST = 24
"""Guesses that are tried; those that most names lead to."""

_ALIKE = 6
"""Names that are looked at of those with one tail, or with one part that is another."""
_PARTS = 12
"""Parts at the end of a name by which it is found."""
_DEEPEST = 24
"""Parts of a name up to which it is found by all of them but one: that costs their square."""
_LONGEST = 1_000
"""Characters of a name from which guesses are made."""


class Lookup:
    """The model's names by their ends, and by everything but one part."""

    def __init__(self, expected: Entries) -> None:
        self.shapes = expected.shapes
        self._alike: defaultdict[tuple[str | None, ...], list[str]] = defaultdict(list)
        for name in expected.shapes:
            if len(name) > _LONGEST:
                continue
            parts = tuple(name.split("."))
            for key in (*_tails(parts), *_but_one(parts)):
                if len(self._alike[key]) < _ALIKE:
                    self._alike[key].append(name)

    def alike(self, name: str, shape: tuple[int, ...] | None, taken: set[str]) -> Iterator[str]:
        """Names with this shape that nobody has and that are like this one, the likest first."""
        if len(name) > _LONGEST:
            return
        parts = tuple(name.split("."))
        for key in (*_but_one(parts), *_tails(parts)):
            fitting = [m for m in self._alike.get(key, ()) if m not in taken and self.shapes[m] == shape]
            yield from fitting
            if fitting and None not in key:
                return


def _tails(parts: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    """The ends of a name, the longest first; the whole name and its last part alone say nothing."""
    yield from (parts[at:] for at in range(max(0, len(parts) - _PARTS), len(parts)))


def _but_one(parts: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    if len(parts) <= _DEEPEST:
        yield from ((*parts[:at], None, *parts[at + 1 :]) for at in range(len(parts)))


def proposals(
    unmatched: Iterable[tuple[str, tuple[int, ...] | None]], lookup: Lookup, taken: set[str], so_far: Renaming
) -> list[Renaming]:
    """Renamings that go one step further than ``so_far``, which gave the names that did not match."""
    votes: Counter[Renaming] = Counter()
    for name, shape in unmatched:
        votes.update({step for other in lookup.alike(name, shape, taken) for step in _steps(name, other, so_far)})
    return [step for step, _ in votes.most_common(MOST)]


def _steps(name: str, other: str, so_far: Renaming) -> Iterator[Renaming]:
    """What would make ``other`` of a name: the part in which they differ, alone and with its neighbours."""
    head, old, new, tail = apart(name.split("."), other.split("."))
    if not head and not new:
        yield replace(so_far, strip=(*so_far.strip, _dotted(old)))
        return
    if not head and not old:
        yield _then(so_far, adding(_dotted(new)))
        if len(tail) > 1:
            yield _then(so_far, replacing_front(_dotted(tail[:1]), _dotted([*new, tail[0]])))
        return
    ends = _dotted if tail else ".".join
    if old:
        yield _then(so_far, replacing(ends(old), ends(new)))
    if head and not head[-1].isdecimal():
        yield _then(so_far, replacing(ends([head[-1], *old]), ends([head[-1], *new])))
    if tail:
        ends = _dotted if len(tail) > 1 else ".".join
        yield _then(so_far, replacing(ends([*old, tail[0]]), ends([*new, tail[0]])))
    if tail and not so_far.strip:
        yield _then(so_far, replacing_front(_dotted([*head, *old]), _dotted([*head, *new])))


def _dotted(parts: list[str]) -> str:
    return "".join(f"{part}." for part in parts)


def _then(so_far: Renaming, option: str) -> Renaming:
    return replace(so_far, rename=(*so_far.rename, option))
