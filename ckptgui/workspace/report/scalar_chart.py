"""The training over the epochs: every figure that is worth drawing, each on an axis of its own measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.core.series.scalar_curves import Measure, ScalarCurve, is_held_out
from ckptgui.workspace.report.markup import Markup, element, number, svg
from ckptgui.workspace.report.numbers import short
from ckptgui.workspace.report.style import epoch

WIDTH, HEIGHT = 1070, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 190, 14, 28
_MOST_LABELS = 24


def scalar_chart(curves: Sequence[ScalarCurve], labels: Sequence[str]) -> Markup:
    """The curves with a label a member below; nothing where there is no curve."""
    if not curves:
        return Markup("")
    count = len(labels)
    xs = np.linspace(_LEFT, WIDTH - _RIGHT, count) if count > 1 else np.array([(_LEFT + WIDTH - _RIGHT) / 2])
    parts = _labels(xs, labels)
    ends: list[tuple[float, str]] = []
    for place, curve in enumerate(curves):
        ys, low, high = _heights(curves, curve)
        if not place:
            parts += [
                element("text", short(value), x=_LEFT - 10, y=y + 4, text_anchor="end")
                for value, y in ((high, _TOP), (low, HEIGHT - _BOTTOM))
            ]
        parts.append(_line(xs, ys, curve, first=not place))
        told = np.flatnonzero(np.isfinite(ys))
        if not place:
            parts += [
                element("circle", cx=xs[m], cy=ys[m], r=3, style=f"fill:{epoch(m)}") for m in told.tolist()[:400]
            ]
        if told.size:
            last = float(curve.values[told[-1]])
            ends.append((float(ys[told[-1]]), f"{curve.name} {short(last)}"))
    parts += _names(ends)
    return svg(WIDTH, HEIGHT, *parts, title="Figures of the training over the checkpoints")


def _heights(curves: Sequence[ScalarCurve], curve: ScalarCurve) -> tuple[np.ndarray, float, float]:
    alike = [each for each in curves if each.measure is curve.measure and curve.measure is not Measure.OTHER]
    values = np.concatenate([each.values for each in alike or [curve]])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    width = high / 2 - low / 2
    share = (curve.values / 2 - low / 2) / width if width > 0 else np.where(np.isfinite(curve.values), 0.5, np.nan)
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), low, high


def _line(xs: np.ndarray, ys: np.ndarray, curve: ScalarCurve, *, first: bool) -> Markup:
    told = np.flatnonzero(np.isfinite(ys))
    points = " ".join(f"{number(xs[m])},{number(ys[m])}" for m in told.tolist())
    dash = "2 3" if curve.measure is Measure.RATE else "5 3" if is_held_out(curve.path) else ""
    style = f"fill:none;stroke:var(--{'text' if first else 'text2'});stroke-width:{1.6 if first else 1.2}"
    return element("polyline", points=points, style=f"{style};stroke-dasharray:{dash or 'none'}")


def _labels(xs: np.ndarray, labels: Sequence[str]) -> list[Markup]:
    every = -(-len(labels) // _MOST_LABELS)
    return [
        element("text", labels[m], x=xs[m], y=HEIGHT - 8, text_anchor="middle")
        for m in range(0, len(labels), every)
    ]


def _names(ends: list[tuple[float, str]]) -> list[Markup]:
    """Names at the curves' ends, none on another and none below the plot."""
    parts, lowest = [], HEIGHT - _BOTTOM + 4 + 14.0
    for y, name in sorted(ends, reverse=True):
        lowest = min(y + 4, lowest - 14)
        parts.append(element("text", name, x=WIDTH - _RIGHT + 10, y=lowest))
    return parts
