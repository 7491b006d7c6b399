"""Which tensors have what a filter's facets ask for, all rows of a table at once."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.tensors import TensorKind
from ckptgui.core.tree.facets import PARAMETER_ROLES, TYPE_WORDS, Term
from ckptgui.core.tree.figures import FigureColumns
from ckptgui.core.tree.pattern_syntax import PatternError
from ckptgui.core.tree.quantities import Span, span


@dataclass(frozen=True, slots=True)
class Fit:
    """bool a tensor each: it has what is asked for; and that it may have it, which is known once it is read."""

    sure: np.ndarray
    possible: np.ndarray


class FacetRows:
    """Answers for one checkpoint.

    ``figures`` are known of all rows but the ``waiting`` ones (bool a tensor); ``named`` says which tensors'
    names a regular expression fits.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        figures: FigureColumns | None,
        waiting: np.ndarray,
        named: Callable[[str], np.ndarray],
    ) -> None:
        self._checkpoint = checkpoint
        self._table = checkpoint.tensors
        self._figures = figures
        self._waiting = waiting
        self._named = named

    def fit(self, term: Term) -> Fit | None:
        """The tensors that a term with a facet asks for; None where it asks for nothing yet.

        Raises ``PatternError`` where its value makes no sense.
        """
        facet = term.facet
        assert facet is not None
        if facet.unit is None:
            sure = self._worded(term)
            possible = sure
        else:
            wanted = span(term.text, term.value, facet.unit)
            if wanted is None:
                return None
            values = self._values(facet.name, wanted)
            sure = wanted.holds(values)
            possible = sure | (np.isnan(values) & self._waiting) if facet.figure else sure
        if not term.negated:
            return Fit(sure, possible)
        return Fit(~possible, ~sure)

    def _values(self, name: str, wanted: Span) -> np.ndarray:
        table, figures = self._table, self._figures
        if name == "size":
            return table.nbytes
        if name == "numel":
            return table.numel
        if name == "ndim":
            return np.asarray(np.diff(table.dim_start))
        if figures is None:
            return np.full(len(table), np.nan)
        if name == "absmax":
            return np.asarray(np.maximum(np.abs(figures.column("min")), np.abs(figures.column("max"))))
        values = figures.column(name)
        return np.asarray(values / np.maximum(table.numel, 1)) if wanted.share else values

    def _worded(self, term: Term) -> np.ndarray:
        assert term.facet is not None
        name, table = term.facet.name, self._table
        if name == "shape":
            return self._shaped(term)
        if name == "dtype":
            here = [dtype.name for dtype in table.dtypes]
            return np.isin(table.dtype, _places(here, chosen(term, here, "type", _TYPES)))
        if name == "device":
            return np.isin(table.device, _places(table.devices, chosen(term, table.devices, "device")))
        if name == "layout":
            return np.isin(table.layout, _places(table.layouts, chosen(term, table.layouts, "layout")))
        if name == "kind":
            kinds = [str(kind) for kind in TensorKind]
            return np.isin(table.kind, _places(kinds, chosen(term, kinds, "kind")))
        sections = self._checkpoint.sections
        if name == "section":
            names = [section_name(section.path) for section in sections]
            return self._in_sections(names, chosen(term, names, "section"))
        wanted = chosen(term, [*PARAMETER_ROLES, *(role.value for role in Role)], "role")
        rows = self._in_sections([section.role.value for section in sections], wanted)
        for each in PARAMETER_ROLES.keys() & wanted:
            rows |= self._named(PARAMETER_ROLES[each][1])
        return rows

    def _in_sections(self, names: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
        rows = np.zeros(len(self._table), bool)
        for name, section in zip(names, self._checkpoint.sections):
            rows[section.start : section.stop] |= name in wanted
        return rows

    def _shaped(self, term: Term) -> np.ndarray:
        table = self._table
        sizes, more = shape_of(term)
        ndim = np.diff(table.dim_start)
        fits = ndim >= len(sizes) if more else ndim == len(sizes)
        for place, size in enumerate(sizes):
            if size is not None:
                rows = np.flatnonzero(fits)
                fits[rows] = table.dims[table.dim_start[rows] + place] == size
        return np.asarray(fits)


def section_name(path: Sequence[str]) -> str:
    """What ``section:`` calls a section; the whole file where it is one."""
    return ".".join(path) or "file"


def shape_of(term: Term) -> tuple[list[int | None], bool]:
    """The sizes that ``768x*`` stands for, None for any, and whether more dimensions may follow."""
    text = term.value.lower().replace("×", "x").replace("…", "...")
    if text == "scalar":
        return [], False
    more = text.endswith(("...", "x"))  # behind an x there is more to be typed
    parts = [part for part in text.removesuffix("...").strip("x").split("x") if part]
    wrong = next((part for part in parts if part not in ("*", "?") and not part.isdecimal()), None)
    if wrong is not None:
        raise PatternError(f"{term.text}: {wrong} is no size; write 768x*, 64x... or scalar.")
    return [min(int(part), 2**62) if part.isdecimal() else None for part in parts], more


def chosen(term: Term, offered: Sequence[str], noun: str, known: Mapping[str, str] | None = None) -> list[str]:
    """The words of ``offered`` that a term's value means: equal, by ``*`` and ``?``, or that begin so.

    ``known`` are words that are right although nothing here is called so, with what they stand for.
    """
    lower = {word.lower(): word for word in offered}
    known = known or {}
    found: list[str] = []
    for part in filter(None, term.value.lower().split(",")):
        here, meant = _like(part, lower), _like(part, known)
        here = here or [word for word in dict.fromkeys(known[each].lower() for each in meant) if word in lower]
        if not here and not meant:
            some = [display(word, 40) for word in dict.fromkeys(offered[:_TOLD])]
            there = f" There {'is' if len(some) == 1 else 'are'} {', '.join(some)}." if some else ""
            raise PatternError(f"There is no {noun} {part}.{there}")
        found.extend(lower[word] for word in here)
    return found


_TOLD = 6


def _like(part: str, words: Iterable[str]) -> list[str]:
    words = list(words)
    if part in words:
        return [part]
    if any(sign in part for sign in "*?["):
        return fnmatch.filter(words, part)
    return [word for word in words if word.startswith(part)]


def _places(names: Sequence[str], wanted: Iterable[str]) -> list[int]:
    among = set(wanted)
    return [place for place, name in enumerate(names) if name in among]


_TYPES = {name.lower(): name for name in BY_NAME} | TYPE_WORDS
"""Each dtype that there is, and the short names, by what is typed in small letters."""
