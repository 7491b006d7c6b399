"""Figures of a change as people read them, and as they are copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Set

from PySide6.QtCore import QLocale

from ckptgui.gui.numbers import MINUS, percent, significant, tr

NOT_YET = "—"
"""Stands for a figure that is not known, or that there is not."""


def shortened(name: str, fits: Callable[[str], bool]) -> str:
    """``blocks.3…qkv.weight``: whole modules go, from the middle first, then the front; the end goes last."""
    parts = name.split(".")
    dropped: set[int] = set()
    for place in _dropping(parts):
        if fits(_without(parts, dropped)):
            break
        dropped.add(place)
    return _without(parts, dropped)


def _dropping(parts: Sequence[str]) -> list[int]:
    """The places of a name's parts in the order in which they go: of the middle the numbers last."""
    end = max(0, len(parts) - 2)
    words = [place for place in range(1, end) if not parts[place].isdecimal()]
    numbers = [place for place in range(1, end) if parts[place].isdecimal()]
    return [*words, *range(min(1, end)), *numbers, *range(end, len(parts) - 1)]


def _without(parts: Sequence[str], dropped: Set[int]) -> str:
    """The name with an ellipsis for each run of parts that is left out."""
    text, last = "", -1
    for place in (place for place in range(len(parts)) if place not in dropped):
        if place > last + 1:  # a very long name may have a gap of its own already: the two are one
            text += f"…{parts[place].rpartition('…')[2]}"
        else:
            text += f".{parts[place]}" if place else parts[place]
        last = place
    return text


def relative_text(value: float) -> str:
    """Four decimals where they say enough, so that a column of them is even: ``0.0157``."""
    return QLocale().toString(value, "f", 4) if 1e-3 <= value < 10 else significant(value, 3)


def cosine_text(value: float) -> str:
    """``0.99988``; very near to one by how much is missing, ``1−2e−07``."""
    missing = 1 - value
    if abs(missing) < 2e-15:  # as near as sums of floats come
        return "1"
    if 0 < missing < 5e-6:
        return f"1{MINUS}{missing:.0e}".replace("e-", f"e{MINUS}")
    return QLocale().toString(value, "f", 5).replace("-", MINUS)


def fraction_text(value: float) -> str:
    """``99.58 %``; all but a few is never called all."""
    if 0.9999 <= value < 1:
        return f"> {QLocale().toString(99.99, 'f', 2)} %"
    return f"{QLocale().toString(100 * value, 'f', 2)} %" if 0.1 <= value < 1 else percent(value, 1.0)


def exact(value: float) -> str:
    """Every digit for the clipboard; nothing where there is no figure."""
    return "" if math.isnan(value) else repr(float(value))


def not_in(words: str) -> str:
    """``not in epoch 6``: other epochs may have it."""
    return tr("not in {0}").format(words)
