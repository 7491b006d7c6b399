"""What may be typed next in a filter: names of properties, and the values that they have in this file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import counted
from ckptgui.core.tensors import TensorKind
from ckptgui.core.tree.facet_rows import section_name
from ckptgui.core.tree.facets import FACET, FACETS, PARAMETER_ROLES, Facet, word_places
from ckptgui.core.tree.quantities import Unit

LEAST = 2
"""Letters from which on a word may be the beginning of a property's name; it mostly is part of a tensor's."""

MOST = 50
"""Values of one property that are offered."""


class Offer(NamedTuple):
    """``text`` can stand in the place of what is typed; ``about`` says what it means."""

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Offers:
    """Any of ``some`` can replace the text from ``start`` to ``stop``; ``whole``: that finishes the word."""

    start: int
    stop: int
    some: tuple[Offer, ...]
    whole: bool


_UNITS: dict[Unit, tuple[Offer, ...]] = {
    Unit.BYTES: (
        Offer("kB", "1,000 bytes"),
        Offer("MB", "1,000,000 bytes"),
        Offer("GB", "1,000,000,000 bytes"),
        Offer("KiB", "1,024 bytes"),
        Offer("MiB", "1,024 KiB"),
        Offer("GiB", "1,024 MiB"),
    ),
    Unit.COUNT: (Offer("k", "thousand"), Offer("M", "million"), Offer("B", "billion")),
}


class Vocabulary:
    """The values of one checkpoint's properties, counted when they are first asked for."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def values(self, facet: Facet) -> Sequence[Offer]:
        """What can stand behind a property's colon."""
        return self._words.get(facet.name) or tuple(Offer(*each) for each in facet.examples)

    @cached_property
    def _words(self) -> dict[str, tuple[Offer, ...]]:
        table, sections = self._checkpoint.tensors, self._checkpoint.sections
        roles = dict.fromkeys(section.role.value for section in sections)
        by_section = ((section_name(section.path), section.tensor_count) for section in sections)
        return {
            "dtype": _counted([dtype.name for dtype in table.dtypes], table.dtype),
            "device": _counted(table.devices, table.device),
            "layout": _counted(table.layouts, table.layout),
            "kind": _counted([str(kind) for kind in TensorKind], table.kind),
            "section": tuple(Offer(typed(name), counted(count, "tensor")) for name, count in by_section)[:MOST],
            "role": (
                *(Offer(name, about) for name, (about, _) in PARAMETER_ROLES.items()),
                *(Offer(role, f"The file's {role} section") for role in roles),
            ),
        }


def typed(name: str) -> str:
    """A name of the file's as a value: what would end or divide it becomes a sign that fits any other."""
    return _DIVIDES.sub("?", name)


_DIVIDES = re.compile(r"[\s,\[]")


def _counted(names: Sequence[str], column: np.ndarray) -> tuple[Offer, ...]:
    """The names that occur, most frequent first."""
    counts = np.bincount(column, minlength=len(names))
    order = np.argsort(-counts, kind="stable")[:MOST].tolist()
    return tuple(
        Offer(typed(names[place]), counted(int(counts[place]), "tensor")) for place in order if counts[place]
    )


def offers(text: str, cursor: int, vocabulary: Vocabulary, asked: bool = False) -> Offers | None:
    """What may be meant where the cursor stands; None where nothing is to be said.

    ``asked``: somebody wants to know, so that even an empty word gets an answer.
    """
    start, stop = next(((a, b) for a, b in word_places(text) if a < cursor <= b), (cursor, cursor))
    if cursor != stop:
        return None
    start += text.startswith("-", start, stop)
    typed = text[start:stop]
    name, colon, value = typed.partition(":")
    facet = FACET.get(name.lower())
    if colon and facet is not None:
        found = tuple(_values(facet, value, vocabulary))
        at = stop - len(found[0][0]) if found else stop
        return _offers(at, stop, tuple(offer for _, offer in found), True)
    if colon or (len(typed) < LEAST and not asked):
        return None
    named = (facet for facet in FACETS if facet.name.startswith(typed.lower()))
    return _offers(start, stop, tuple(Offer(f"{facet.name}:", facet.about) for facet in named), False)


def _offers(start: int, stop: int, some: tuple[Offer, ...], whole: bool) -> Offers | None:
    return Offers(start, stop, some[:MOST], whole) if some else None


def _values(facet: Facet, value: str, vocabulary: Vocabulary) -> Iterator[tuple[str, Offer]]:
    """What is typed of it already, and the value that it may become."""
    if facet.unit is None:
        last = value.rpartition(",")[2]
        offered = vocabulary.values(facet)
    elif not value:
        last, offered = "", vocabulary.values(facet)
    else:
        number = value.rpartition("..")[2].lstrip("<>=≤≥")
        last = number.lstrip(".0123456789_")
        offered = _UNITS.get(facet.unit, ()) if number != last else ()
    for offer in offered:
        if offer.text.lower().startswith(last.lower()) and offer.text.lower() != last.lower():
            yield last, offer
