"""Figures of a change as people read them, and as they are copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QLocale

from ckptgui.gui.numbers import MINUS, percent, significant, tr

NOT_YET = "—"
"""Stands for a figure that is not known, or that there is not."""


def shortened(name: str, fits: Callable[[str], bool]) -> str:
    """``b…3.attn.qkv.weight``: modules give up their letters from the left on, numbers and the end do not."""
    parts = name.split(".")
    for place, part in enumerate(parts[:-2]):
        if fits(_joined(parts)):
            break
        if len(part) > 2 and not part.isdecimal() and not part.startswith("…"):
            parts[place] = f"{part[0]}…"
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    return ".".join(parts).replace("….", "…")


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
