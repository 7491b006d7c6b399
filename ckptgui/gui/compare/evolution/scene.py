"""All that a drawing of the selection over the epochs is made of, on the screen and on paper."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QColor

from ckptgui.gui.compare.evolution.figures import WORDS, Table
from ckptgui.gui.numbers import DASH, integer, percent, significant, tr
from ckptgui.gui.theme import Theme
from ckptgui.workspace.evolution import Evolution


@dataclass(frozen=True, eq=False)
class Line:
    """The figures of one selection; ``slot`` is the colour of its pin, -1 for what is selected itself."""

    name: str
    table: Table
    slot: int = -1


@dataclass(frozen=True, eq=False)
class Scene:
    """``labels`` name the members on axes, ``words`` in full; ``counter`` is what labels count."""

    evolution: Evolution
    lines: tuple[Line, ...]  # what is selected, then the pins
    labels: tuple[str, ...]
    words: tuple[str, ...]
    counter: str
    a: int
    b: int
    log_count: bool = False
    figure: str = "std"
    curves: tuple[str, ...] = ()
    log_curves: bool = False
    integral: bool = False
    reasons: tuple[str, ...] = field(default=())  # why there is no ridge; empty where there is one

    @property
    def count(self) -> int:
        """Members."""
        return len(self.labels)

    @property
    def table(self) -> Table:
        """The figures of what is selected."""
        return self.lines[0].table

    def colour(self, member: int, ink: Theme) -> QColor:
        """That of an epoch."""
        return ink.epoch(member / max(1, self.count - 1))

    def letter(self, member: int) -> str:
        """``A``, ``B``, both, or nothing."""
        return ("A" if member == self.a else "") + ("B" if member == self.b else "")

    def broken(self, member: int) -> str:
        """``3 NaN, 1 infinite``; empty where every value that was read is finite."""
        nan, inf = (float(self.table[name][member]) for name in ("nan", "inf"))
        parts = [tr("{0} NaN").format(integer(int(nan)))] if nan > 0 else []
        parts += [tr("{0} infinite").format(integer(int(inf)))] if inf > 0 else []
        return ", ".join(parts)

    def text(self, name: str, member: int) -> str:
        """A figure of what is selected."""
        return figure_text(name, float(self.table[name][member]))


def figure_text(name: str, value: float) -> str:
    """A figure as it is read: shares in percent, counts whole, a dash for what is not known."""
    if np.isnan(value):
        return DASH
    if name in ("zeros", "changed_fraction"):
        return percent(value, 1.0)
    if name in ("nan", "inf"):
        return integer(int(value))
    if name.startswith("cosine"):
        return f"{value:.5f}".replace("-", "\u2212")
    return significant(value)


def figure_title(name: str) -> str:
    """What a figure is called."""
    return tr(WORDS[name])
