"""Finds rows of a tree by their dotted names, or by their type: one search over one text, not one a row.

A filter is words, all of which must fit. A word is part of a name, in any case; with ``*``, ``?`` or ``[`` it is
a glob that must fit to the end of the name, from its start or from any dot (``*.bias``, ``blocks.?.ln_1``). The
name of a type (``float16``, ``bf16``, ``dtype:bf16``) finds the tensors of that type as well.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.core.names import NamePool
from ckptgui.core.tree_columns import Tree

TYPE_WORDS = {
    "fp64": "float64",
    "f64": "float64",
    "fp32": "float32",
    "f32": "float32",
    "fp16": "float16",
    "f16": "float16",
    "half": "float16",
    "bf16": "bfloat16",
    "fp8": "float8_e4m3fn",
    "i64": "int64",
    "i32": "int32",
    "i8": "int8",
    "u8": "uint8",
}
"""Short names that people type for dtypes."""

MAX_FILTER = 400
"""Characters of a filter that are looked at."""

_NODES_A_CHECK = 50_000


@dataclass(frozen=True)
class Found:
    """``matched`` are the rows that fit; ``kept`` adds what leads to them and what hangs below them."""

    matched: np.ndarray  # bool a node
    kept: np.ndarray  # bool a node
    tensors: int  # tensors among the kept


class TreeSearch:
    """The dotted names of one tree, joined for searching. Building it takes a moment for large trees."""

    def __init__(self, tree: Tree, check: Callable[[], None] = lambda: None) -> None:
        self._tree = tree
        names: list[str] = [""]
        parents = tree.parent.tolist()
        for node, label in enumerate(tree.labels):
            if node == 0:
                continue
            if node % _NODES_A_CHECK == 0:
                check()
            above = names[parents[node]]
            names.append(f"{above}.{label}" if above else label)
        pool = NamePool(name.lower().replace("\n", " ") + "\n" for name in names)
        self._text, self._ends = pool.text, pool.ends

    def find(self, text: str, check: Callable[[], None] = lambda: None) -> Found:
        """The rows whose names fit every word of ``text``."""
        tree = self._tree
        matched = np.ones(len(tree), bool)
        matched[0] = False
        for word in text[:MAX_FILTER].lower().split():
            check()
            matched &= self._covered(self._fits(word))
        inside = self._covered(matched)
        kept = inside | self._leads_to(inside)
        return Found(matched, kept, int(np.count_nonzero(inside & (tree.row >= 0))))

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

    def _fits(self, word: str) -> np.ndarray:
        fits = np.zeros(len(self._tree), bool)
        type_word = word.removeprefix("dtype:")
        name = TYPE_WORDS.get(type_word, type_word)
        table = self._tree.checkpoint.tensors
        codes = [code for code, dtype in enumerate(table.dtypes) if dtype.name.lower() == name]
        if codes:
            rows = np.isin(table.dtype, codes)
            fits[self._tree.nodes[rows]] = True
        starts = self._globbed(word) if any(sign in word for sign in "*?[") else self._places(word)
        places = np.fromiter(starts, np.int64)
        fits[np.searchsorted(self._ends, places, side="right")] = True
        fits[0] = False
        return fits

    def _places(self, word: str) -> Iterator[int]:
        """Where a word occurs, at most once a name."""
        place = self._text.find(word)
        while place >= 0:
            yield place
            line_end = self._text.find("\n", place)
            place = self._text.find(word, line_end + 1)

    def _globbed(self, glob: str) -> Iterator[int]:
        """Where a glob fits, from the start of a name or a dot in it to the name's end."""
        pattern = re.compile(fnmatch.translate(glob))
        start = 0
        for end in self._ends.tolist():
            name = self._text[start : end - 1]
            if pattern.match(name) or _fits_from_a_dot(pattern, name):
                yield start
            start = end


def _fits_from_a_dot(pattern: re.Pattern[str], name: str) -> bool:
    dot = name.find(".")
    while dot >= 0:
        if pattern.match(name, dot + 1):
            return True
        dot = name.find(".", dot + 1)
    return False
