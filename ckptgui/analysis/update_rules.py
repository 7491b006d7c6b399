"""The last update of a parameter as numbers: what a rule makes of moments, and how large that is.

Every rule is ``scale * m / (sqrt(v) * root + eps)``, or ``scale * m / v``, or ``scale * m``; weight decay that
is decoupled has shrunk the parameter before (``torch/optim/adam.py``, ``_single_tensor_adam``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.core.optimizers.updates import LastUpdate, Rule

STILL = 1e-7
"""Size of an update against its weight below which float32 mostly rounds it away: the parameter stands still."""

RUNS_AWAY = 0.3
"""And from which a parameter is another one within three steps. A healthy network's lie near 1e-3; a bias that
began at zero passes 0.1 for its first steps.
"""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What the loop over elements needs. ``form`` is 0 for ``m``, 1 for ``m / (sqrt(v) * root + eps)``, 2 for
    ``m / v``; ``shrink`` is what decoupled decay left of the parameter.
    """

    form: int
    scale: float
    root: float
    eps: float
    shrink: float


@dataclass(frozen=True, slots=True)
class UpdateSize:
    """Euclidean norms of the parameter and of its last update, over elements where both are finite.

    ``largest`` is the largest single change, ``skipped`` how many elements are not finite.
    """

    weight: float
    update: float
    largest: float
    skipped: int

    @property
    def ratio(self) -> float | None:
        """The update's size against the parameter's; None for a parameter of zeros."""
        return self.update / self.weight if self.weight else None

    @property
    def verdict(self) -> str:
        """``still``, ``runs away``, or nothing."""
        ratio = self.ratio
        if ratio is None:
            return "" if self.update else "still"
        return "still" if ratio < STILL else "runs away" if ratio > RUNS_AWAY else ""


def coefficients(update: LastUpdate, step: float) -> Coefficients:
    """After ``step`` steps, counted from one."""
    beta1, beta2 = update.betas
    shrink = 1.0 - update.lr * update.weight_decay if update.decoupled else 1.0
    if update.rule is Rule.MOMENTUM:
        return Coefficients(0, update.lr, 1.0, 0.0, 1.0)
    first = 1.0 - beta1**step
    if update.rule is Rule.ADAMAX:
        return Coefficients(2, update.lr / first, 1.0, 0.0, 1.0)
    second = math.sqrt(1.0 - beta2**step)
    if update.rule is Rule.ADAM:
        return Coefficients(1, update.lr / first, 1.0 / second, update.eps, shrink)
    rectified = _rectification(beta2, step)
    if rectified is None:
        return Coefficients(0, update.lr / first, 1.0, 0.0, shrink)
    return Coefficients(1, update.lr / first * rectified * second, 1.0, update.eps, shrink)


def _rectification(beta2: float, step: float) -> float | None:
    """RAdam's factor; None as long as the variance cannot be told (``torch/optim/radam.py``)."""
    longest = 2.0 / (1.0 - beta2) - 1.0
    length = longest - 2.0 * step * beta2**step / (1.0 - beta2**step)
    if length <= 5.0:
        return None
    above = (length - 4.0) * (length - 2.0) * longest
    return math.sqrt(above / ((longest - 4.0) * (longest - 2.0) * length))


def sums_of(weights: np.ndarray, first: np.ndarray, second: np.ndarray, how: Coefficients) -> tuple[float, ...]:
    """Squares of the parameter and of its update, the largest change, and the elements left out; of a chunk."""
    from ckptgui.analysis.update_kernels import fold_update

    found: tuple[float, ...] = fold_update(
        weights, first, second, how.form, *map(float, (how.scale, how.root, how.eps, how.shrink))
    )
    return found
