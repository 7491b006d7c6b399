"""What a filter's word means, as a small syntax tree: plain words, globs, and regular expressions without memory.

Letters fit in any case. Regular expressions have what ``re`` has, except what cannot be decided in one pass over
a name: groups that are referred to again, looks ahead and behind, possessive repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ckptgui.errors import CheckpointError

MAX_REPEAT = 256
"""Most repeats that can be counted out, as in ``a{3,12}``."""


class PatternError(CheckpointError):
    """A pattern that cannot be used; says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Chars:
    """A character of ``singles``, ``ranges`` or ``kinds`` (``d w s D W S``); or, ``negated``, of none of them."""

    singles: frozenset[str] = frozenset()
    ranges: tuple[tuple[str, str], ...] = ()
    kinds: str = ""
    negated: bool = False

    def fits(self, char: str) -> bool:
        """Whether a character of a lower-cased name is meant."""
        has = self._has(char) or self._has(char.upper()) or any(_is_kind(char, kind) for kind in self.kinds)
        return self.negated != has

    def _has(self, char: str) -> bool:
        return char in self.singles or any(low <= char <= high for low, high in self.ranges)


def is_word(char: str) -> bool:
    """Whether a character is a letter, a digit or an underscore."""
    return char.isalnum() or char == "_"


def _is_kind(char: str, kind: str) -> bool:
    found = {"d": char.isdecimal(), "w": is_word(char), "s": char.isspace()}[kind.lower()]
    return found == kind.islower()


class Edge(Enum):
    """A place between two characters."""

    START = "^"
    END = "$"
    WORD = "b"
    INSIDE = "B"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of these."""

    options: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``least`` to ``most`` times; None is any number of times."""

    part: Syntax
    least: int
    most: int | None


Syntax = Chars | Edge | Sequence | Choice | Repeat

ANY = Chars(negated=True)
EMPTY = Sequence(())
ANYTHING = Repeat(ANY, 0, None)


def word(text: str) -> Syntax:
    """A plain word."""
    return Sequence(tuple(Chars(frozenset({char.lower()})) for char in text))


def glob(text: str) -> Syntax:
    """A glob with ``*``, ``?``, ``[seq]`` and ``[!seq]``, from the start of a name or a dot in it."""
    parts: list[Syntax] = []
    place = 0
    while place < len(text):
        char, place = text[place], place + 1
        if char == "*":
            parts.append(ANYTHING)
        elif char == "?":
            parts.append(ANY)
        elif char == "[" and (end := text.find("]", place + 1 + text.startswith("!", place))) >= 0:
            inside, place = text[place:end], end + 1
            negated = inside.startswith("!")
            parts.append(_glob_set(inside[negated:], negated))
        else:
            parts.append(word(char))
    begin = Choice((EMPTY, Sequence((ANYTHING, word(".")))))
    return Sequence((begin, *parts))


def _glob_set(inside: str, negated: bool) -> Chars:
    singles, ranges, place = set(), [], 0
    while place < len(inside):
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            ranges.append((inside[place], inside[place + 2]))
            place += 3
        else:
            singles.add(inside[place].lower())
            place += 1
    return Chars(frozenset(singles), tuple(ranges), negated=negated)


def regex(text: str) -> Syntax:
    """A regular expression; raises ``PatternError`` where it is none, or one with memory."""
    parser = _Regex(text)
    found = parser.choice()
    if not parser.done():
        raise PatternError("There is a ) without its (.")
    return found


_DEEPEST = 50
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_SIGNS: dict[str, Syntax] = {".": ANY, "^": Edge.START, "$": Edge.END}
_EDGES = {"b": Edge.WORD, "B": Edge.INSIDE, "A": Edge.START, "Z": Edge.END}


class _Regex:
    """Reads a regular expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._open = 0

    def done(self) -> bool:
        return self._place >= len(self._text)

    def _peek(self, count: int = 1) -> str:
        return self._text[self._place : self._place + count]

    def _take(self, what: str = "") -> str:
        char = self._peek()
        if not char:
            raise PatternError(f"It ends where {what} should follow.")
        self._place += 1
        return char

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._place)
        self._place += len(text) if found else 0
        return found

    def choice(self) -> Syntax:
        options = [self._sequence()]
        while self._skip("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Syntax:
        parts: list[Syntax] = []
        while not self.done() and self._peek() not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, part: Syntax) -> Syntax:
        bounds = self._bounds()
        if bounds is None:
            return part
        if isinstance(part, Edge):
            raise PatternError("There is nothing to repeat.")
        if self._skip("+"):
            raise PatternError("Possessive repeats are not possible in a filter.")
        self._skip("?")  # how greedy it is does not change which names fit
        if self._bounds() is not None:
            raise PatternError("A repeat is repeated.")
        return Repeat(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return bounds
        if self._peek() != "{":
            return None
        inside, closed, _ = self._text[self._place + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not (low + high).isdigit() or not (low + high).isascii() or (not comma and not low):
            return None  # a brace that counts nothing is a brace
        self._place += len(inside) + 2
        least, most = int(low or 0), (int(high) if high else None) if comma else int(low)
        if max(least, most or 0) > MAX_REPEAT:
            raise PatternError(f"At most {MAX_REPEAT} repeats can be counted.")
        if most is not None and most < least:
            raise PatternError("The bounds of a repeat are the wrong way round.")
        return least, most

    def _atom(self) -> Syntax:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._set()
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise PatternError("There is nothing to repeat.")
        if char in _SIGNS:
            return _SIGNS[char]
        return Chars(frozenset({char.lower()}))

    def _group(self) -> Syntax:
        if self._skip("?"):
            if self._skip("P<"):
                _, closed, rest = self._text[self._place :].partition(">")
                if not closed:
                    raise PatternError("The name of a group does not end.")
                self._place = len(self._text) - len(rest)
            elif not self._skip(":"):
                raise PatternError("Looks ahead and behind, and flags, are not possible in a filter.")
        self._open += 1
        if self._open > _DEEPEST:
            raise PatternError("Its groups are nested too deeply.")
        inside = self.choice()
        self._open -= 1
        if not self._skip(")"):
            raise PatternError("There is a ( without its ).")
        return inside

    def _escape(self) -> Syntax:
        char = self._take("a character after \\")
        if char in _EDGES:
            return _EDGES[char]
        return self._escaped(char)

    def _escaped(self, char: str) -> Chars:
        if char in "dwsDWS":
            return Chars(kinds=char)
        if char in "xuU" or char.isdigit():
            raise PatternError("References and numbered characters are not possible in a filter.")
        if char.isascii() and char.isalpha() and char not in _ESCAPED:
            raise PatternError(f"\\{char} means nothing.")
        return Chars(frozenset({_ESCAPED.get(char, char).lower()}))

    def _set(self) -> Chars:
        negated = self._skip("^")
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        kinds = ""
        first = True
        while first or self._peek() != "]":
            first = False
            low, kind = self._member()
            if kind or self._peek() != "-" or self._peek(2) in ("-", "-]"):
                singles |= {low.lower()} if low else set()
                kinds += kind
                continue
            self._place += 1
            high, kind = self._member()
            if kind or low > high:
                raise PatternError("A range in [ ] has no order.")
            ranges.append((low, high))
        self._place += 1
        return Chars(frozenset(singles), tuple(ranges), kinds, negated)

    def _member(self) -> tuple[str, str]:
        """One character of a set, or one kind of characters."""
        char = self._take("the ] of a [")
        if char != "\\":
            return char, ""
        char = self._take("a character after \\")
        if char == "b":
            return "\b", ""
        found = self._escaped(char)
        return (_ESCAPED.get(char, char), "") if not found.kinds else ("", found.kinds)
