"""The figures that the checkpoints of a series tell of their training, each as a curve over the members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ckptgui.core.series.members import RunMember
from ckptgui.core.series.short_paths import short_paths


class Measure(Enum):
    """What a figure measures, as its name tells. Curves of one measure share an axis; others have their own."""

    LOSS = "loss"
    RATE = "learning rate"
    SCORE = "score"  # accuracy and the like
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class ScalarCurve:
    """One figure. ``values`` has a float64 a member, NaN where the member does not tell it."""

    path: str
    name: str
    measure: Measure
    values: np.ndarray

    @property
    def varies(self) -> bool:
        """Whether it is ever another."""
        finite = self.values[np.isfinite(self.values)]
        return bool(finite.size > 1 and finite.min() < finite.max())


_HELD_OUT = re.compile(r"(^|[^a-z])(val|valid|validation|eval|test|dev)([^a-z]|$)")
_LOSS = re.compile(r"loss|perplexity|(^|[^a-z])(ppl|nll|error|err|mse|mae|rmse|wer|cer)([^a-z]|$)")
_RATE = re.compile(r"(^|[^a-z])(_?last_lr|lr|learning_rate|current_lr)([^a-z]|$)")
_SCORE = re.compile(r"acc|score|(^|[^a-z])(f1|auc|iou|map|bleu|rouge|dice|top\d|precision|recall)([^a-z]|$)")
_SETTING = re.compile(r"(^|/)(initial_lr|base_lrs?|min_lrs?|lr_lambdas|hyper_parameters|hparams|config|args)(/|$)")
_BEST = re.compile(r"(^|[^a-z])best([^a-z]|$)")
_COUNTER = re.compile(r"(^|[^a-z])(epoch|step|steps|iteration|iter|last_epoch|_step_count|global_step)([^a-z]|$)")

SHOWN = 4
"""Curves that are drawn before anybody chooses."""


def scalar_curves(members: Sequence[RunMember]) -> tuple[ScalarCurve, ...]:
    """Every figure that at least two members tell: those that are worth drawing first, settings that stay last."""
    paths = list(dict.fromkeys(path for member in members for path in member.scalars))
    curves = []
    for path, name in zip(paths, short_paths(paths)):
        values = np.array([member.scalars.get(path, np.nan) for member in members], np.float64)
        if np.isfinite(values).sum() > 1:
            curves.append(ScalarCurve(path, name, measure_of(path), values))
    return tuple(_plainly_named(sorted(curves, key=_rank)))


def _plainly_named(curves: Sequence[ScalarCurve]) -> Iterator[ScalarCurve]:
    """With the first learning rate, which stands under many names, called so."""
    first = next((curve for curve in curves if curve.measure is Measure.RATE), None)
    for curve in curves:
        yield replace(curve, name=Measure.RATE.value) if curve is first else curve


def first_shown(curves: Sequence[ScalarCurve]) -> tuple[ScalarCurve, ...]:
    """What to draw as long as nobody chose: losses, a score and the learning rate, each if it varies.

    The best so far is only drawn where the figure itself is not told.
    """
    chosen: list[ScalarCurve] = []
    room = {Measure.LOSS: 2, Measure.SCORE: 1, Measure.RATE: 1}
    for curve in curves:
        lower = curve.path.lower()
        told = _BEST.search(lower) and any(each.measure is curve.measure for each in chosen)
        if curve.varies and room.get(curve.measure, 0) and not _SETTING.search(lower) and not told:
            room[curve.measure] -= 1
            chosen.append(curve)
    return tuple(chosen[:SHOWN])


def is_held_out(name: str) -> bool:
    """Whether a figure was measured on data that was not trained on, as its name tells."""
    return bool(_HELD_OUT.search(name.lower()))


def measure_of(path: str) -> Measure:
    """What a figure of that path measures."""
    lower = path.lower()
    leaf = lower.rpartition("/")[2]
    if _RATE.search(lower):
        return Measure.RATE
    if _LOSS.search(leaf):
        return Measure.LOSS
    return Measure.SCORE if _SCORE.search(leaf) else Measure.OTHER


def _rank(curve: ScalarCurve) -> tuple[bool, bool, int, bool, bool, int]:
    lower = curve.path.lower()
    measures = (Measure.LOSS, Measure.SCORE, Measure.RATE, Measure.OTHER)
    return (
        not curve.varies,
        bool(_SETTING.search(lower) or _COUNTER.search(lower)),
        measures.index(curve.measure),
        bool(_BEST.search(lower)),
        is_held_out(lower),
        curve.path.count("/"),
    )
