"""What a filter of the table asks for: names as in the tree, statuses by their words, figures compared.

``blocks.3``, ``*.bias`` and ``/fc|proj/`` go by names; ``changed``, ``same``, ``added``, ``nan`` … by what became
of a tensor; ``>0.01`` by its relative change, ``cosine:<0.99`` by another figure. All have to fit; a minus in
front turns one round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from ckptgui.analysis.branch_differences import MovedFigures
from ckptgui.core.names import NamePool
from ckptgui.core.series.status import Status
from ckptgui.core.tree.facets import MAX_FILTER, filter_words
from ckptgui.core.tree.label_text import LabelText
from ckptgui.core.tree.pattern_machine import Machine
from ckptgui.core.tree.pattern_syntax import PatternError, Syntax
from ckptgui.core.tree.quantities import Span, Unit, span
from ckptgui.core.tree.search import syntax_of
from ckptgui.engine.job import Cancel

STATUSES = {str(s): s for s in Status if s not in (Status.ABSENT, Status.MATCHED)}
STATES = (*STATUSES, "nan", "unread", "failed")
"""Words that stand for what became of a tensor. One in slashes, ``/same/``, is looked for in names."""

FIGURES: Mapping[str, tuple[str, Unit]] = {
    "relative": ("relative", Unit.NONE),
    "l2": ("delta_l2", Unit.NONE),
    "cosine": ("cosine", Unit.NONE),
    "max": ("max_abs", Unit.NONE),
    "changed": ("changed_fraction", Unit.SHARE),
    "nan": ("nan", Unit.COUNT),
    "inf": ("inf", Unit.COUNT),
    "numel": ("elements", Unit.COUNT),
}
"""Figures by the name that is typed before the colon."""


@dataclass(frozen=True, slots=True)
class Name:
    """A pattern that a name has to fit, to its end or anywhere."""

    syntax: Syntax
    whole: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What has to be known of a tensor: a word of ``STATES``, or a figure in a span."""

    what: str
    span: Span | None
    negated: bool


@dataclass(frozen=True, slots=True)
class Conditions:
    """A filter, understood. An empty one fits everything."""

    names: tuple[Name, ...] = ()
    known: tuple[Known, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names or self.known)

    @property
    def state(self) -> str:
        """The one word of ``STATES`` that is all there is to it; else nothing."""
        if len(self.known) == 1 and not self.names and self.known[0].span is None and not self.known[0].negated:
            return self.known[0].what
        return ""

    def fit(self, figures: MovedFigures, failed: Sequence[int]) -> np.ndarray:
        """bool a tensor: its figures are as they shall be. What is not read fits ``unread`` alone."""
        fits = np.ones(len(figures.relative), bool)
        for each in self.known:
            found, sure = _fit(each, figures, failed)
            fits &= sure & (found != each.negated)
        return fits


def conditions_of(text: str) -> Conditions:
    """Understand a filter; raises ``PatternError`` with what is wrong with it."""
    names: list[Name] = []
    known: list[Known] = []
    for each in filter_words(text[:MAX_FILTER]):
        negated = len(each) > 1 and each.startswith("-")
        word = each[1:] if negated else each
        name, colon, value = word.partition(":")
        if word.lower() in STATES:
            known.append(Known(word.lower(), None, negated))
        elif word[0] in "<>≤≥":
            known += _compared(each, "relative", word, negated)
        elif colon and name.lower() in FIGURES:
            known += _compared(each, name.lower(), value, negated)
        elif colon and name.isidentifier():
            near = get_close_matches(name.lower(), FIGURES, 1)
            hint = f"; {near[0]} is" if near else f". Properties are {', '.join(FIGURES)}"
            raise PatternError(f"{each}: {name} is no property{hint}.")
        else:
            syntax, whole = syntax_of(word)
            names.append(Name(syntax, whole, negated))
    return Conditions(tuple(names), tuple(known))


def _compared(term: str, what: str, value: str, negated: bool) -> list[Known]:
    """Nothing as long as the number is yet to be typed."""
    asked = span(term, value, FIGURES[what][1])
    return [] if asked is None else [Known(what, asked, negated)]


def _fit(asked: Known, figures: MovedFigures, failed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Two bool a tensor: it is so; and whether that can be told."""
    read = figures.unread == 0
    if asked.span is not None:
        if asked.span.share:
            values = figures.changed_fraction
        elif asked.what == "changed":
            values = figures.changed_fraction * figures.elements
        else:
            values = getattr(figures, FIGURES[asked.what][0]).astype(np.float64)
        return asked.span.holds(values), read & ~np.isnan(values)
    if asked.what == "unread":
        return ~read, np.ones_like(read)
    if asked.what == "failed":
        found = np.zeros_like(read)
        found[list(failed)] = True
        return found, np.ones_like(read)
    if asked.what == "nan":
        return figures.broken, read
    return figures.status == STATUSES[asked.what], read


class NameText:
    """The names of a series, laid out for patterns. Made and asked off the GUI's thread where they are many."""

    def __init__(self, names: Sequence[str]) -> None:
        self._text = LabelText(NamePool(names))

    def fit(self, names: Sequence[Name], cancel: Cancel) -> np.ndarray:
        """bool a name: it fits all of these."""
        rank = self._text.rank
        fits = np.ones(len(rank), bool)
        ranks = np.arange(len(rank))
        for each in names:
            machine = Machine(each.syntax, self._text.alphabet, each.whole)
            states = np.full(len(rank), machine.start, np.int32)
            found = machine.fits(self._text.run(machine, ranks, states, cancel.check))
            fits &= found[rank] != each.negated
        return fits
