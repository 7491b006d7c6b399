"""What is said of the epoch under the mouse."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.profile import PROFILE_QUANTILES
from ckptgui.core.display import display
from ckptgui.gui.compare.evolution.figures import BAND
from ckptgui.gui.compare.evolution.scene import Scene, figure_text, figure_title
from ckptgui.gui.inspector.ticks import range_texts
from ckptgui.gui.numbers import integer, percent, significant, tr

_TOLD = (0.01, 0.5, 0.99)


def reading(scene: Scene, mode: str, member: int, value: float | None) -> tuple[str, list[str]]:
    """A title and lines: the bar at ``value`` where there is one, and the figures."""
    letter = scene.letter(member)
    title = f"{scene.words[member]} · {letter}" if letter else scene.words[member]
    if mode == "curves":
        return title, _of_curves(scene, member)
    if not scene.evolution.totals[member]:
        return title, [line for line in (scene.reasons[member], scene.broken(member)) if line]
    lines = [_bar(scene, member, value)] if value is not None else []
    found = scene.evolution.quantiles[member]
    shown = [(share, float(found[PROFILE_QUANTILES.index(share)])) for share in _TOLD]
    lines.append("   ".join(f"{share * 100:g} %: {significant(at)}" for share, at in shown))
    known = [
        name for name in dict.fromkeys((scene.figure, "std", "mean")) if not np.isnan(scene.table[name][member])
    ]
    lines.append("   ".join(f"{figure_title(name)}: {scene.text(name, member)}" for name in known))
    return title, [line for line in (*lines, scene.broken(member)) if line]


def _bar(scene: Scene, member: int, value: float) -> str:
    edges, counts = scene.evolution.axis.edges, scene.evolution.counts[member]
    number = min(max(int(np.searchsorted(edges, value, side="right")) - 1, 0), len(counts) - 1)
    low, high = float(edges[number]), float(edges[number + 1])
    count = round(float(counts[number]))
    each = scene.evolution.found[member]
    sign = "" if each is not None and each.values is not None and each.values.exact else "≈ "
    where = tr("{0} to {1}").format(*range_texts(low, high))
    if scene.integral and abs(high - low - 1) < 1e-6:
        where = integer(round((low + high) / 2))
    many = tr("value") if count == 1 else tr("values")
    return f"{where}: {sign}{integer(count)} {many}, {percent(count, float(scene.evolution.totals[member]))}"


def _of_curves(scene: Scene, member: int) -> list[str]:
    lines = []
    for name in scene.curves:
        if name == BAND:
            found = scene.evolution.quantiles[member]
            if np.isnan(found[0]):
                continue
            shown = [(share, float(found[PROFILE_QUANTILES.index(share)])) for share in _TOLD]
            lines.append("   ".join(f"{share * 100:g} %: {significant(at)}" for share, at in shown))
            continue
        for line in scene.lines:
            text = figure_text(name, float(line.table[name][member]))
            of = "" if len(scene.lines) == 1 else f"   {display(line.name, 40)}"
            lines.append(f"{figure_title(name)}: {text}{of}")
    return [line for line in (*lines, scene.broken(member), scene.reasons[member]) if line]
