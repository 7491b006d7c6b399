"""Runs a pattern over texts one character at a time, without ever going back: time is the texts' length.

Thompson's construction, its sets of states numbered as they are met. ``re`` tries one way after the other, which
can take for ever, and holds every thread up meanwhile; here a table says where each character leads, for a million
texts in one step.
"""

from __future__ import annotations

from collections.abc import Sequence as Many

import numpy as np

from ckptgui.core.tree.pattern_syntax import Chars, Choice, Edge, PatternError, Repeat, Sequence, Syntax, is_word

MAX_PARTS = 5_000
MAX_STATES = 5_000
MAX_WORK = 2_000_000
"""Steps of a pattern, different situations it can be in, and steps looked at to tell them apart (a second or so)
before it is refused as too involved."""

FITS = 0
"""The state of a text in which the pattern was found, whatever follows."""


class Machine:
    """A pattern over one alphabet. States are numbers; ``start`` is that of an empty text."""

    def __init__(self, pattern: Syntax, alphabet: Many[str], whole: bool) -> None:
        """``whole``: the pattern has to fit to the end of a text; otherwise it may stand anywhere in it."""
        self._alphabet = alphabet
        self._program = _Program(pattern, whole)
        tests = self._program.tests
        signs = [(tuple(test.fits(char) for test in tests), is_word(char)) for char in alphabet]
        classes = {sign: number for number, sign in enumerate(dict.fromkeys(signs))}
        self._signs = list(classes)
        self._class = np.array([classes[sign] for sign in signs], np.int64)
        self._sets: list[tuple[frozenset[int], bool | None]] = [(frozenset(), None)]
        self._numbers: dict[tuple[frozenset[int], bool | None], int] = {}
        self._table = np.full((16, len(alphabet)), -1, np.int32)
        self._table[FITS] = FITS
        self._whole = whole
        self._work = 0
        self.start = self._number(frozenset({self._program.first}), None)

    def __len__(self) -> int:
        return len(self._sets)

    def step(self, states: np.ndarray, chars: np.ndarray) -> np.ndarray:
        """The states (int32) after one more character each; ``chars`` are numbers in the alphabet."""
        at = states * np.intp(len(self._alphabet)) + chars
        found = self._table.take(at)
        if len(found) and found.min() < 0:
            for place in np.unique(at[found < 0]).tolist():
                self._learn(*divmod(place, len(self._alphabet)))
            found = self._table.take(at)
        return np.asarray(found)

    def fits(self, states: np.ndarray) -> np.ndarray:
        """bool: whether texts that end in these states fit."""
        known = np.zeros(len(self), bool)
        for state in np.flatnonzero(np.bincount(states)).tolist():
            known[state] = state == FITS or self._fits_at_end(*self._sets[state])
        return np.asarray(known[states])

    def _learn(self, state: int, char: int) -> None:
        """Find out where a character leads from a state; all of its class lead there."""
        kind = int(self._class[char])
        tests, word = self._signs[kind]
        members, before = self._sets[state]
        now = self._program.closure(members, before, word)
        self._work += len(now)
        if self._work > MAX_WORK:
            raise PatternError("It is too involved for a filter.")
        if not self._whole and self._program.last in now:
            target = FITS
        else:
            steps = (self._program.steps[place] for place in now if place in self._program.steps)
            target = self._number(frozenset(to for test, to in steps if tests[test]), word)
        self._table[state, self._class == kind] = target

    def _number(self, members: frozenset[int], before: bool | None) -> int:
        key = (members, before if self._program.has_edges else None)
        number = self._numbers.get(key)
        if number is None:
            if len(self._sets) >= MAX_STATES:
                raise PatternError("It is too involved for a filter.")
            number = self._numbers[key] = len(self._sets)
            self._sets.append((members, before))
            if number >= len(self._table):
                more = np.full((len(self._table), len(self._alphabet)), -1, np.int32)
                self._table = np.concatenate([self._table, more])
        return number

    def _fits_at_end(self, members: frozenset[int], before: bool | None) -> bool:
        return self._program.last in self._program.closure(members, before, None)


class _Program:
    """The pattern as numbered places: ``steps`` take a character, ``jumps`` take none."""

    def __init__(self, pattern: Syntax, whole: bool) -> None:
        self.tests: list[Chars] = []
        self.steps: dict[int, tuple[int, int]] = {}  # place: (test, place after it)
        self._jumps: dict[int, list[tuple[Edge | None, int]]] = {}
        self._count = 0
        self._test_numbers: dict[Chars, int] = {}
        self.first = self._place()
        self.last = self._place()
        self.has_edges = False
        inner = self.first
        if not whole:  # it may begin after any character
            inner = self._place()
            self._jump(self.first, inner)
            self._step(self.first, Chars(negated=True), self.first)
        self._build(pattern, inner, self.last)

    def _place(self) -> int:
        if self._count >= MAX_PARTS:
            raise PatternError("It is too long for a filter.")
        self._count += 1
        return self._count - 1

    def _jump(self, start: int, to: int, edge: Edge | None = None) -> None:
        self._jumps.setdefault(start, []).append((edge, to))

    def _step(self, start: int, test: Chars, to: int) -> None:
        number = self._test_numbers.setdefault(test, len(self.tests))
        if number == len(self.tests):
            self.tests.append(test)
        self.steps[start] = (number, to)

    def _build(self, part: Syntax, start: int, end: int) -> None:
        if isinstance(part, Chars):
            own = self._place()
            self._jump(start, own)
            self._step(own, part, end)
        elif isinstance(part, Edge):
            self.has_edges = True
            self._jump(start, end, part)
        elif isinstance(part, Choice):
            for option in part.options:
                self._build(option, start, end)
        elif isinstance(part, Sequence):
            for each in part.parts:
                after = self._place()
                self._build(each, start, after)
                start = after
            self._jump(start, end)
        else:
            self._repeat(part, start, end)

    def _repeat(self, part: Repeat, start: int, end: int) -> None:
        for _ in range(part.least):
            after = self._place()
            self._build(part.part, start, after)
            start = after
        if part.most is None:
            loop = self._place()
            self._jump(start, loop)
            self._build(part.part, loop, loop)
            start = loop
        else:
            for _ in range(part.most - part.least):
                after = self._place()
                self._jump(start, end)
                self._build(part.part, start, after)
                start = after
        self._jump(start, end)

    def closure(self, members: frozenset[int], before: bool | None, after: bool | None) -> set[int]:
        """All places that can be reached without a character; ``before`` and ``after``: is that one of a word.

        None stands for no character: the start or the end of the text.
        """
        found, waiting = set(members), list(members)
        while waiting:
            for edge, to in self._jumps.get(waiting.pop(), ()):
                if to not in found and _holds(edge, before, after):
                    found.add(to)
                    waiting.append(to)
        return found


def _holds(edge: Edge | None, before: bool | None, after: bool | None) -> bool:
    if edge is None:
        return True
    if edge is Edge.START:
        return before is None
    if edge is Edge.END:
        return after is None
    return (edge is Edge.WORD) == (bool(before) != bool(after))
