"""One thing that broke: what of a run, in which checkpoint first, in a sentence whose names lead somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["nan", "inf", "explosion", "zero", "reset", "jump", "freeze"]

SEVERITY: dict[Kind, int] = {
    "nan": 0,  # training is over for whatever these values reach
    "inf": 0,  # NaN at the next subtraction
    "explosion": 1,  # on its way there
    "zero": 2,  # it does nothing from here on
    "reset": 3,  # what it had learnt is gone
    "jump": 4,  # something was done to it
    "freeze": 5,  # it learns nothing from here on
}
"""Smaller is worse."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence. ``node`` of the outline or ``member`` is what it names, -1 where it names nothing."""

    text: str
    node: int = -1
    member: int = -1


@dataclass(frozen=True, slots=True)
class Breakage:
    """``tensors`` are the matching's numbers, the one that the sentence names first; ``member`` is the first
    checkpoint that shows it, ``before`` the readable one before that, -1 where there is none.
    """

    kind: Kind
    member: int
    before: int
    tensors: tuple[int, ...]
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def short(self) -> tuple[Piece, ...]:
        """The sentence up to its first colon, for one line."""
        pieces: list[Piece] = []
        for piece in self.pieces:
            if piece.node < 0 and piece.member < 0 and ": " in piece.text:
                return (*pieces, Piece(piece.text.partition(": ")[0] + "."))
            pieces.append(piece)
        return self.pieces


def worst_first(breakages: Iterable[Breakage]) -> list[Breakage]:
    """The worst kinds first, of equal ones the earliest checkpoint, there what touches most tensors."""
    return sorted(breakages, key=lambda b: (SEVERITY[b.kind], b.member, -len(b.tensors), b.tensors))
