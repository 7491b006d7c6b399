"""Words and figures of a comparison for a terminal."""

from __future__ import annotations

import math

from ckptgui.cli.report import shown_path
from ckptgui.core.display import amount, display
from ckptgui.core.plain_numbers import count, figure
from ckptgui.core.series.members import RunMember
from ckptgui.workspace.answer.steps import COUNTED, Step


def member_line(member: RunMember) -> list[str]:
    """``epoch 3 · step 25,000 · loss 2.985`` and where it is."""
    parts = []
    if member.epoch is not None:
        parts.append(f"epoch {amount(member.epoch)}")
    if member.step is not None:
        parts.append(f"step {amount(member.step)}")
    if member.loss is not None:
        parts.append(f"loss {figure(member.loss)}")
    if member.section is not None:
        parts.append(display(member.section or "the whole file"))
    return [" · ".join(parts), shown_path(member.path)]


def summary_words(step: Step) -> str:
    """``168 of 169 tensors changed · 2 added``"""
    told = step.summary
    others = [f"{told[str(status)]:,} {status}" for status in COUNTED if told[str(status)]]
    if step.identical:
        return f"Equal in every value: {count(told['matched'], 'tensor')}."
    parts = [f"{told['changed']:,} of {count(told['matched'], 'tensor')} changed", *others]
    if step.errors:
        parts.append(f"{len(step.errors):,} cannot be read")
    return " · ".join(parts)


def figure_text(value: float | None) -> str:
    """Four digits; a dash where there is none."""
    return "NaN" if value is not None and math.isnan(value) else figure(value)


def percent(value: float | None) -> str:
    """``15.6 %``; small shares in powers of ten."""
    if value is None or not math.isfinite(value):
        return figure_text(value)
    return f"{100 * value:.3g} %" if value == 0 or abs(value) < 10 else f"{value:,.0f} ×"
