"""Finds the smallest renaming under which a model loads a state dict, or at least most of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ckptgui.core.fit.entries import Entries
from ckptgui.core.fit.fit import Fit, fit
from ckptgui.core.fit.likeness import likeness
from ckptgui.core.fit.proposals import Lookup, proposals
from ckptgui.core.fit.renaming import Renaming, renamed

_STEPS = 4
"""Renames after one another; more is a conversion, and nothing that is guessed."""
_FRONTS = 3
"""Parts that all names begin with and that may be a prefix."""
_SAMPLE = 2_000
"""Names on which guesses are tried; what is found is tried on all."""
_LED = 200
"""Names that guesses are made from."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A renaming, and what is left to say once it is done."""

    renaming: Renaming
    fit: Fit


def find_fix(found: Entries, expected: Entries, check: Callable[[], None] = lambda: None) -> Fix | None:
    """The fewest prefixes and renames that make ``found`` fit, or fit better; None where nothing helps.

    One that does not make it load has more names than before, and half of the names of one of both, in their
    places. It never gives two entries one name. Of 100,000 names it takes seconds; ``check`` is called now and
    then, and may raise.
    """
    before = fit(found, expected)
    if before.loads or not found.shapes or not expected.shapes:
        return None
    search = _Search(found, expected, check)
    fixes = [_judged(found, expected, each) for start in _starts(found) for each in search.climb(start)]
    helpful = [fix for fix in fixes if fix is not None and _helps(fix.fit, before, found, expected)]
    if not helpful:
        return None
    return _pruned(min(helpful, key=_rank), found, expected)


def _starts(found: Entries) -> list[Renaming]:
    """No renaming, and prefixes that all names have."""
    names = list(found.shapes)
    starts = [Renaming()]
    parts = [name.split(".", _FRONTS) for name in names]
    for depth in range(1, _FRONTS + 1):
        front = parts[0][:depth]
        if not all(len(each) > depth and each[:depth] == front for each in parts):
            break
        starts.append(Renaming((".".join((*front, "")),)))
    return starts


class _Search:
    """Goes from a renaming to a better one, each step the best of some guesses on a sample of the names."""

    def __init__(self, found: Entries, expected: Entries, check: Callable[[], None]) -> None:
        self._found, self._expected, self._check = found, expected, check
        self._lookup = Lookup(expected)
        self._places = {name: place for place, name in enumerate(expected.shapes)}

    def climb(self, start: Renaming) -> list[Renaming]:
        """The renamings that were reached, the furthest last."""
        reached = [start]
        for _ in range(_STEPS):
            step = self._step(reached[-1])
            if step is None:
                break
            reached.append(step)
        return reached

    def _step(self, so_far: Renaming) -> Renaming | None:
        fitting: list[str] = []
        others: list[str] = []
        for name in self._found.shapes:
            (fitting if self._fits(name, so_far) else others).append(name)
        if not others:
            return None
        taken = {so_far(name) for name in fitting}
        led = [(so_far(name), self._found.shapes[name]) for name in _some(others, _LED)]
        sample = [*_some(fitting, _SAMPLE), *_some(others, _SAMPLE)]
        now = sum(self._fits(name, so_far) for name in sample)
        ranked: dict[Renaming, tuple[float, ...]] = {}
        for guess in proposals(led, self._lookup, taken, so_far):
            self._check()
            new = [name for name in sample if self._fits(name, guess)]
            if len(new) > now:
                moved = [name for name in new if guess(name) != so_far(name)]
                alike = likeness([so_far(name) for name in moved], [guess(name) for name in moved], self._places)
                ranked[guess] = (-len(new), *(-each for each in alike), *_size(guess))
        whole = list(self._found.shapes)
        return next((g for g in sorted(ranked, key=ranked.__getitem__) if renamed(whole, g) is not None), None)

    def _fits(self, name: str, renaming: Renaming) -> bool:
        new = renaming(name)
        return new in self._expected.shapes and self._expected.shapes[new] == self._found.shapes[name]


def _some(names: Sequence[str], most: int) -> Sequence[str]:
    """Some of them from all over."""
    return names[:: max(1, -(-len(names) // most))]


def _judged(found: Entries, expected: Entries, renaming: Renaming) -> Fix | None:
    entries = _renamed(found, renaming) if renaming else None
    return Fix(renaming, fit(entries, expected)) if entries is not None else None


def _renamed(entries: Entries, renaming: Renaming) -> Entries | None:
    names = renamed(list(entries.shapes), renaming)
    if names is None:
        return None
    new = dict(zip(entries.shapes, names))
    return Entries(
        {new[name]: shape for name, shape in entries.shapes.items()},
        {new[name]: sort for name, sort in entries.sorts.items()},
        {_module(module, renaming): version for module, version in entries.versions.items()},
    )


def _module(name: str, renaming: Renaming) -> str:
    """A module's name as its tensors get it."""
    return renaming(f"{name}._" if name else "_").removesuffix("_").removesuffix(".")


def _helps(after: Fit, before: Fit, found: Entries, expected: Entries) -> bool:
    if after.loads:
        return True
    return after.matched > before.matched and 2 * after.matched >= min(len(found), len(expected))


def _rank(fix: Fix) -> tuple[bool, int, tuple[int, int, int]]:
    return not fix.fit.loads, -fix.fit.matched, _size(fix.renaming)


def _size(renaming: Renaming) -> tuple[int, int, int]:
    """Few options first, prefixes before renames, short ones before long ones."""
    options = (*renaming.strip, *renaming.rename)
    return len(options), len(renaming.rename), sum(map(len, options))


def _pruned(fix: Fix, found: Entries, expected: Entries) -> Fix:
    """Without the options that change nothing."""
    for option in (*fix.renaming.strip, *fix.renaming.rename):
        less = replace(
            fix.renaming,
            strip=tuple(each for each in fix.renaming.strip if each != option),
            rename=tuple(each for each in fix.renaming.rename if each != option),
        )
        shorter = _judged(found, expected, less)
        if shorter is not None and shorter.fit == fix.fit:
            fix = shorter
    return fix
