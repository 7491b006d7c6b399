"""Finds rows of a tree by their dotted names, or by what is known of their tensors.

A filter is terms, all of which must fit, or, with a minus in front, must not. A word is part of a name, in any
case; with ``*``, ``?`` or ``[`` it is a glob that must fit to the end of the name, from its start or from any dot
(``*.bias``, ``blocks.?.ln_1``). The name of a type (``float16``, ``bf16``) finds the tensors of that type as well.
Between slashes it is a regular expression that fits anywhere in the name (``/layers\\.(0|1[0-9])\\./``). Terms
with a colon, ``size:>10MB``, ask for a property (``core.tree.facets``).

All patterns run as one table of states down the tree: what a pattern has seen of a module's name holds for all
names below it, so each label is read once for each state that it is met in, and not once for each name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.columns import Tree
from ckptgui.core.tree.facet_rows import FacetRows
from ckptgui.core.tree.facets import TYPE_WORDS, Term, terms_of
from ckptgui.core.tree.figures import FigureColumns
from ckptgui.core.tree.label_text import LabelText
from ckptgui.core.tree.order import levels
from ckptgui.core.tree.pattern_machine import Machine
from ckptgui.core.tree.pattern_syntax import PatternError, Syntax, glob, regex, word

__all__ = ["Found", "PatternError", "TreeSearch"]


@dataclass(frozen=True)
class Found:
    """``matched`` are the rows that fit; ``kept`` adds what leads to them and what hangs below them.

    ``open`` tensors may fit, too, which is known once they are read.
    """

    matched: np.ndarray  # bool a node
    kept: np.ndarray  # bool a node
    tensors: int  # tensors among the kept
    open: int = 0


@dataclass(frozen=True, slots=True)
class _Level:
    """Nodes of one depth, by the rank of their labels."""

    nodes: np.ndarray  # int32
    ranks: np.ndarray  # int32


class TreeSearch:
    """The names of one tree, ready for searching. Building it takes a moment for large trees."""

    def __init__(self, tree: Tree, check: Callable[[], None] = lambda: None) -> None:
        self._tree = tree
        self._text = LabelText(tree.labels.pool)
        self._levels: list[_Level] = []
        for nodes in levels(tree.depth):
            check()
            ranks = self._text.rank[tree.labels.number[nodes]]
            order = np.argsort(ranks, kind="stable")
            self._levels.append(_Level(nodes[order].astype(np.int32), ranks[order]))

    def find(
        self,
        text: str,
        check: Callable[[], None] = lambda: None,
        figures: FigureColumns | None = None,
        waiting: np.ndarray | None = None,
    ) -> Found:
        """The rows that fit every term of ``text``; raises ``PatternError`` where a term makes no sense.

        ``figures`` are those of the tensors, ``waiting`` the ones that are still to be read (bool a tensor).
        """
        tree = self._tree
        terms = list(terms_of(text))
        matched = np.ones(len(tree), bool)
        matched[0] = False
        sure = self._with_facets(terms, matched, check, figures, waiting)
        among: np.ndarray | None = None if matched[1:].all() else matched | self._leads_to(matched)
        words = [term for term in terms if term.facet is None]
        for each in sorted(words, key=lambda term: len(term.value), reverse=True):  # the rarest first, mostly
            check()
            fits = self._covered(self._fits(each.value, among, check))
            matched &= ~fits & ~tree.branches if each.negated else fits
            among = matched | self._leads_to(matched)
        wide = int(np.count_nonzero(matched))
        matched[tree.nodes[~sure]] = False
        inside = self._covered(matched)
        kept = inside | self._leads_to(inside)
        tensors = int(np.count_nonzero(inside & (tree.row >= 0)))
        return Found(matched, kept, tensors, wide - int(np.count_nonzero(matched)))

    def _with_facets(
        self,
        terms: list[Term],
        matched: np.ndarray,
        check: Callable[[], None],
        figures: FigureColumns | None,
        waiting: np.ndarray | None,
    ) -> np.ndarray:
        """Take from ``matched`` what cannot have the facets asked for; bool a tensor: it has them for sure."""
        tree = self._tree
        count = len(tree.checkpoint.tensors)
        sure, possible = np.ones(count, bool), np.ones(count, bool)
        none = np.zeros(count, bool)

        def named(pattern: str) -> np.ndarray:
            machine = Machine(regex(pattern), self._text.alphabet, whole=False)
            return np.asarray(self._run(machine, None, check)[tree.nodes])

        rows = FacetRows(tree.checkpoint, figures, none if waiting is None else waiting, named)
        asked = False
        for term in terms:
            fit = rows.fit(term) if term.facet is not None else None
            if fit is not None:
                asked = True
                sure &= fit.sure
                possible &= fit.possible
        if asked:
            matched[:] = False
            matched[tree.nodes[possible]] = True
        return sure

    def named(self, words: Iterable[str], check: Callable[[], None] = lambda: None) -> np.ndarray:
        """bool: the nodes whose own dotted names have every word in them, whatever signs it is made of."""
        found = np.ones(len(self._tree), bool)
        for each in words:
            found &= self._run(Machine(word(each), self._text.alphabet, whole=False), None, check)
        return found

    def _covered(self, nodes: np.ndarray) -> np.ndarray:
        """These nodes and all below them."""
        tree = self._tree
        tops = np.flatnonzero(nodes)
        change = np.bincount(tops, minlength=len(tree) + 1) - np.bincount(tree.end[tops], minlength=len(tree) + 1)
        return np.asarray(np.cumsum(change[:-1]) > 0)

    def _leads_to(self, nodes: np.ndarray) -> np.ndarray:
        """Nodes with any of ``nodes`` below them."""
        sums = np.concatenate([[0], np.cumsum(nodes)])
        return np.asarray(sums[self._tree.end] - sums[:-1] > 0)

    def _fits(self, each: str, among: np.ndarray | None, check: Callable[[], None]) -> np.ndarray:
        pattern, whole = syntax_of(each)
        fits = self._run(Machine(pattern, self._text.alphabet, whole), among, check)
        fits[self._tree.nodes[self._of_type(each)]] = True
        fits[0] = False
        return fits

    def _of_type(self, each: str) -> np.ndarray:
        """Rows of the type that a word names."""
        name = TYPE_WORDS.get(each.lower(), each.lower())
        table = self._tree.checkpoint.tensors
        codes = [code for code, dtype in enumerate(table.dtypes) if dtype.name.lower() == name]
        return np.flatnonzero(np.isin(table.dtype, codes)) if codes else np.zeros(0, np.int64)

    def _run(self, machine: Machine, among: np.ndarray | None, check: Callable[[], None]) -> np.ndarray:
        """bool: the nodes whose dotted names a pattern fits; only those of ``among`` and above are looked at."""
        tree = self._tree
        states = np.zeros(len(tree), np.int32)
        states[0] = machine.start
        dot = self._text.code(".")
        for number, level in enumerate(self._levels):
            check()
            nodes, ranks = level.nodes, level.ranks
            if among is not None:
                nodes, ranks = nodes[among[nodes]], ranks[among[nodes]]
            before = states[tree.parent[nodes]]
            if number and len(nodes):  # names begin below the file's own row, without a dot
                different = np.flatnonzero(np.bincount(before))
                after = np.zeros(int(different[-1]) + 1, np.int32)
                after[different] = machine.step(different, np.full(len(different), dot))
                before = after[before]
            states[nodes] = self._read(machine, ranks, before, check)
        fits = machine.fits(states)
        fits[0] = False
        if among is not None:
            fits &= among
        return fits

    def _read(
        self, machine: Machine, ranks: np.ndarray, states: np.ndarray, check: Callable[[], None]
    ) -> np.ndarray:
        """The states after a level's labels, each pair of label and state read once."""
        count = len(machine)
        if count * len(self._text) > 4 * len(ranks) + _FEW:
            return self._text.run(machine, ranks, states, check)
        pairs = ranks.astype(np.int64) * count + states
        met = np.zeros(count * len(self._text), bool)
        met[pairs] = True
        different = np.flatnonzero(met)
        after = np.empty(len(met), np.int32)
        after[different] = self._text.run(machine, different // count, (different % count).astype(np.int32), check)
        return np.asarray(after[pairs])


_FEW = 1 << 16


def syntax_of(each: str) -> tuple[Syntax, bool]:
    """What a word of a filter means, and whether it has to fit to the end of a name."""
    if each.startswith("/"):
        inside = each[1:-1] if len(each) > 1 and each.endswith("/") else each[1:]
        return regex(inside), False
    if any(sign in each for sign in "*?["):
        return glob(each), True
    return word(each), False
