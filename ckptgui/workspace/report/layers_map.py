"""Layers × epochs: the relative change of every layer at every step as a map of colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ckptgui.analysis.branch_differences import Branches, module_relative
from ckptgui.analysis.colour_scale import ColourScale, ScaleKind, scale_of
from ckptgui.analysis.layer_rows import LayerRows, blocks_of, folded_to_fit, rows_of
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.report.markup import Markup, element, joined, svg
from ckptgui.workspace.report.numbers import short
from ckptgui.workspace.report.style import LEVELS, level

MOST_ROWS = 120
_NAMES, _HEAD, _FOOT, _WIDTH = 300, 20, 40, 1070
_ROW, _WIDEST, _NARROWEST = 13, 90, 3
_WORD = 24
"""Points that the word NaN takes."""


def layers_map(known: Compared, labels: Sequence[str]) -> Markup:
    """The map with its legend; modules are folded where there are more rows than fit a page."""
    outline = known.outline
    rows = rows_of(outline, folded_to_fit(outline, MOST_ROWS))
    values, broken = _matrix(known, rows)
    scale = scale_of(ScaleKind.LOG, values)
    members = len(labels)
    width = max(_NARROWEST, min(_WIDEST, (_WIDTH - _NAMES) // max(1, members)))
    parts = _heads(labels, width)
    top = outline.path(blocks_of(outline).top)
    for row in range(len(rows)):
        y = _HEAD + row * _ROW
        parts.append(
            element("text", _name(rows, row, f"{top}." if top else ""), x=_NAMES - 8, y=y + 10, text_anchor="end")
        )
        parts.append(_cells(values[row], broken[row], scale, y, width))
    parts += [
        _alarms(broken[row], _HEAD + row * _ROW, width) for row in np.flatnonzero(broken.any(axis=1)).tolist()
    ]
    height = _HEAD + len(rows) * _ROW
    parts.append(_legend(scale, height + 14))
    return svg(_WIDTH, height + _FOOT, *parts, title="Relative change of every layer at every checkpoint")


def _matrix(known: Compared, rows: LayerRows) -> tuple[np.ndarray, np.ndarray]:
    """Relative changes, rows × members, and where a NaN or an infinity is in a row at a member."""
    branches = Branches(known.outline)
    members = len(known.series.members)
    values = np.full((len(rows), members), np.nan)
    broken = np.zeros((len(rows), members), bool)
    for member in known.series.whole:
        base = known.base(member)
        if base < 0:
            continue
        pair = known.pair(base, member)
        moved = branches.nodes(pair.column("relative"), module_relative(branches, pair))
        bad = (pair.records["nan_b"] + pair.records["inf_b"]).astype(np.int64)
        values[:, member] = moved[rows.nodes]
        broken[:, member] = branches.nodes(bad, branches.over(np.add, bad))[rows.nodes] > 0
    return values, broken


def _name(rows: LayerRows, row: int, above: str) -> str:
    """The row's name below what all have in common."""
    node = int(rows.nodes[row])
    name = rows.outline.path(node).removeprefix(above)
    return f"{name} (folded)" if rows.folded[row] else name


def _heads(labels: Sequence[str], width: int) -> list[Markup]:
    every = math.ceil(44 / width)
    return [
        element("text", labels[m], x=_NAMES + (m + 0.5) * width, y=12, text_anchor="middle")
        for m in range(0, len(labels), every)
    ]


def _cells(values: np.ndarray, broken: np.ndarray, scale: ColourScale, y: int, width: int) -> Markup:
    shares = scale.shares(values)
    return joined(
        [
            element(
                "rect",
                element("title", short(float(values[m]))),
                x=_NAMES + m * width,
                y=y,
                width=width - 1,
                height=_ROW - 1,
                style=f"fill:{level(float(shares[m]))}",
            )
            for m in np.flatnonzero(np.isfinite(values) & ~broken).tolist()
        ]
    )


def _alarms(broken: np.ndarray, y: int, width: int) -> Markup:
    """Over everything else: a NaN cannot be missed, by word where there is room and never by colour alone."""
    parts = []
    for member in np.flatnonzero(broken).tolist():
        x = _NAMES + member * width
        style = "fill:var(--nan);stroke:var(--panel);stroke-width:1"
        parts.append(
            element("rect", x=x - 3, y=y - 3, width=max(width, 6) + 5, height=_ROW + 5, rx=2, style=style)
        )
        word = "NaN" if width >= _WORD else "×"
        parts.append(
            element(
                "text", word, x=x + width / 2, y=y + 10, text_anchor="middle", style="fill:#fff;font-weight:600"
            )
        )
    return joined(parts)


def _legend(scale: ColourScale, y: int) -> Markup:
    width = 8
    parts = [
        element(
            "rect", x=_NAMES + n * width, y=y, width=width, height=8, style=f"fill:{level((n + 0.5) / LEVELS)}"
        )
        for n in range(LEVELS)
    ]
    parts += [
        element("text", short(value), x=_NAMES + share * LEVELS * width, y=y + 20, text_anchor="middle")
        for share, value in scale.ticks()
    ]
    return joined(parts)
