"""How a tensor's values are spread at every checkpoint, one ridge behind the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.analysis.ridges import common_axis, counted, heights, stacked
from ckptgui.workspace.distributions import MemberValues
from ckptgui.workspace.report.markup import Markup, element, number, svg
from ckptgui.workspace.report.numbers import short
from ckptgui.workspace.report.style import epoch

WIDTH = 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 8, 36, 24
_STEP = 22
_MOST_HEIGHT = 640
_FINEST = 14.0
"""Points between two labels at least."""


def ridge_chart(name: str, members: Sequence[MemberValues], labels: Sequence[str]) -> Markup:
    """The ridges of one tensor, ``members`` in order; what is absent or cannot be read is a line that says so."""
    known = [member.values for member in members if member.values is not None]
    height = min(_MOST_HEIGHT, _TOP + _STEP * len(members) + _BOTTOM)
    axis = common_axis(known)
    stack = stacked(len(members), _TOP, height - _BOTTOM)
    width = WIDTH - _LEFT - _RIGHT
    every = max(1, int(np.ceil(_FINEST / max(stack.step, 0.1))))
    parts: list[Markup] = []
    for place, member in enumerate(members):
        base = float(stack.bases[place])
        if member.values is None:
            why = "absent" if member.absent else "not read" if member.left_out else "no finite values"
            parts.append(_base(base, "2 3"))
            parts.append(element("text", member.error or why, x=_LEFT + 8, y=base - 3))
        else:
            tall = heights(counted(member.values, axis))
            xs = _LEFT + width * axis.places(axis.edges)
            parts.append(_ridge(xs, base, tall * stack.height, epoch(member.member)))
        if place % every == 0 or place == len(members) - 1:
            parts.append(element("text", labels[member.member], x=_LEFT - 8, y=base, text_anchor="end"))
    for value in (axis.low, axis.high):
        anchor = "start" if value == axis.low else "end"
        x = _LEFT if value == axis.low else WIDTH - _RIGHT
        parts.append(element("text", short(value), x=x, y=height - 6, text_anchor=anchor))
    return svg(WIDTH, height, *parts, title=f"Distribution of {name} at every checkpoint")


def _base(y: float, dash: str = "none") -> Markup:
    style = f"stroke:var(--hairline);stroke-dasharray:{dash}"
    return element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, style=style)


def _ridge(xs: np.ndarray, base: float, tall: np.ndarray, colour: str) -> Markup:
    middles = (xs[:-1] + xs[1:]) / 2
    line = " ".join(f"L{number(x)} {number(base - h)}" for x, h in zip(middles.tolist(), tall.tolist()))
    path = f"M{number(xs[0])} {number(base)} {line} L{number(xs[-1])} {number(base)} Z"
    return element("path", d=path, style=f"fill:{colour};fill-opacity:.85;stroke:var(--panel);stroke-width:1.2")
