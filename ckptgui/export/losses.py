"""What the casts of an export would lose: in all, the tensors that lose most, and in a sentence.

``losses_quick.quick`` answers at once from figures that are known already, ``losses_exact.exact`` by reading every
tensor that is cast.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.precision import FLOATS, FloatTarget
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.plain_numbers import count
from ckptgui.export.request import ExportPlan

TARGETS: Mapping[str, FloatTarget] = {target.name: target for target in FLOATS}

LISTED = 100
"""Tensors that are listed, those that lose most."""

FOUND = np.dtype(
    [
        ("unknown", "?"),  # nothing is known of its values
        ("changed", "<i8", 2),  # at least and at most
        ("overflowed", "<i8", 2),
        ("zeroed", "<i8", 2),
        ("subnormal", "<i8", 2),
        ("rounding", "<f8"),  # bounds the relative error of results that are normal
        ("relative", "<f8"),
    ]
)
"""What is found of one tensor; see ``TensorLoss``."""

_AMOUNTS = ("changed", "overflowed", "zeroed", "subnormal")
_WORST = (("relative", 0), ("zeroed", 1), ("overflowed", 1), ("zeroed", 0), ("overflowed", 0))
"""By what tensors are put in order, the last first."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many values: at ``least`` and at ``most``, the same number where it is known."""

    least: int
    most: int

    @classmethod
    def of(cls, number: int) -> Amount:
        """A number that is known."""
        return cls(number, number)

    @property
    def exact(self) -> bool:
        """Whether it is known."""
        return self.least == self.most

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.least + other.least, self.most + other.most)

    def __bool__(self) -> bool:
        """Whether there may be any."""
        return self.most > 0


NONE = Amount(0, 0)


@dataclass(frozen=True, slots=True)
class TensorLoss:
    """What the cast of one tensor would lose: that of this ``row`` of the checkpoint, called ``name`` there.

    Of its ``count`` values ``changed`` become others, ``overflowed`` infinite (where the type has no infinity: its
    largest value), ``zeroed`` zero; ``subnormal`` ones are so near to zero that they lose more digits than usual.
    ``relative`` is the largest error relative to its value of those that become neither zero nor infinite,
    or where ``exact`` is False a bound of it. Complex values count as two.
    """

    row: int
    name: str
    dtype: DType
    target: DType
    count: int
    changed: Amount
    overflowed: Amount
    zeroed: Amount
    subnormal: Amount
    relative: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Losses:
    """What a plan's casts would lose in all. Tensors that are the same under two names count once.

    ``casts`` tensors are cast, of ``unknown`` ones of them nothing is known, so that the amounts have wide bounds.
    ``rounding`` bounds the relative error of values that become neither zero, infinite nor subnormal.
    ``tensors`` are those that lose most, the worst first, at most ``LISTED``; ``overflowing`` says how many
    tensors have values that become infinite, ``vanishing`` how many have values that become zero, both at least.
    ``keep`` is what to ask for so that the listed ones do not overflow, as in ``ExportRequest.dtype_for``.
    """

    casts: int
    unknown: int
    exact: bool
    changed: Amount
    overflowed: Amount
    zeroed: Amount
    subnormal: Amount
    rounding: float
    relative: float
    overflowing: int
    vanishing: int
    tensors: tuple[TensorLoss, ...]
    keep: tuple[tuple[str, str], ...]

    def sentence(self) -> str:
        """All of it in one or two sentences; empty where nothing is cast."""
        if not self.casts:
            return ""
        if self.changed and not (self.overflowed or self.zeroed):
            return f"{self._rounding()} No value overflows, none becomes zero."
        parts = [self._rounding(), self._range(), self._zeros(), self._unread()]
        return " ".join(part for part in parts if part)

    def _rounding(self) -> str:
        if not self.changed:
            return "Every value stays as it is."
        if self.unknown == self.casts:
            return f"Rounds by {share(self.rounding)} at most, where values are within the range of the type."
        text = f"Rounds by {share(self.rounding)} at most"
        if self.exact and self.subnormal:
            return f"{text}; {values(self.subnormal)} near zero by more."
        return f"{text}."

    def _range(self) -> str:
        if not self.overflowed:
            return "" if not self.changed else "No value overflows."
        if not self.overflowed.least:
            return ""
        first = next(loss for loss in self.tensors if loss.overflowed.least)
        several = self.overflowing > 1
        where = count(self.overflowing, "tensor") if several else display(first.name)
        most = f", the most in {display(first.name)}" if several else ""
        same = "in float32" if all(dtype == "float32" for _, dtype in self.keep) else "as saved"
        kept = f"keep {'them' if several else 'it'} {same}"
        return f"{_capital(values(self.overflowed))} of {where} would become infinite{most}; {kept}."

    def _zeros(self) -> str:
        if not self.zeroed:
            return "" if not self.changed else "None becomes zero."
        if not self.zeroed.least:
            return "" if self.unknown else f"{_capital(values(self.zeroed))} may become zero."
        where = f" of {count(self.vanishing, 'tensor')}" if self.vanishing > 1 else ""
        return f"{_capital(values(self.zeroed))}{where} would become zero."

    def _unread(self) -> str:
        if not self.unknown or not self.changed:
            return ""
        if self.unknown == self.casts:
            return "No value was read yet."
        return f"Of {count(self.unknown, 'tensor')} no value was read yet."


def share(relative: float) -> str:
    """``0.39 %``, two digits that matter"""
    return f"{100 * relative:.2g} %"


def values(amount: Amount) -> str:
    """``12 values``, ``at least 12 values``, ``at most 7 values``"""
    if amount.exact:
        return count(amount.most, "value")
    return f"at least {count(amount.least, 'value')}" if amount.least else f"up to {count(amount.most, 'value')}"


@dataclass(frozen=True, slots=True)
class Casts:
    """The tensors of a plan that are cast and have elements, in columns; a tensor of several names once.

    ``rows`` are theirs in the checkpoint's table (int64).
    """

    rows: np.ndarray
    names: Sequence[str]
    saved: Sequence[DType]
    dtypes: Sequence[DType]

    def groups(self) -> dict[tuple[DType, DType], list[int]]:
        """The places of those that go from one type to another by losing something."""
        found: dict[tuple[DType, DType], list[int]] = {}
        for place, pair in enumerate(zip(self.saved, self.dtypes)):
            found.setdefault(pair, []).append(place)
        return {pair: places for pair, places in found.items() if not is_lossless(*pair)}


def casts_of(plan: ExportPlan) -> Casts:
    """What a plan casts."""
    chosen = plan.chosen
    alone = ((chosen.tied_to < 0) & (chosen.sizes > 0)).tolist()
    places = [
        place
        for place, (own, saved, target) in enumerate(zip(alone, chosen.saved, chosen.dtypes))
        if own and saved != target
    ]
    return Casts(
        chosen.rows[places],
        [chosen.source_names[place] for place in places],
        [chosen.saved[place] for place in places],
        [chosen.dtypes[place] for place in places],
    )


def narrows_range(plan: ExportPlan) -> bool:
    """Whether a cast is to a type of far smaller range, as float16: not, as for bfloat16, a hair's breadth."""
    largest = {name: target.largest for name, target in TARGETS.items()}
    pairs = set(zip(plan.chosen.saved, plan.chosen.dtypes))
    return any(
        old != new and largest.get(new.name, math.inf) * 2 < largest.get(old.name, math.inf) for old, new in pairs
    )


def is_lossless(dtype: DType, target: DType) -> bool:
    """Whether every value of a type is one of the other's, as every float16 is a float32."""
    if target.name == "float64" and dtype.kind is Kind.FLOAT:
        return True
    ours, theirs = TARGETS.get(dtype.name), TARGETS.get(target.name)
    if ours is None or theirs is None:
        return False
    wide = ours.largest <= theirs.largest and theirs.quantum <= ours.quantum
    return wide and ours.digits <= theirs.digits


def summed(plan: ExportPlan, casts: Casts, found: np.ndarray, *, exact: bool) -> Losses:
    """The losses of a plan's ``casts`` from what was ``found`` of each, in their order (``FOUND``)."""
    overflowing = np.flatnonzero(found["overflowed"][:, 0])
    listed = np.lexsort([found[key] if key == "relative" else found[key][:, end] for key, end in _WORST])[::-1]
    tensors = [_tensor_loss(plan, casts, at, found[at], exact) for at in listed[:LISTED].tolist()]
    rounding, relative = found["rounding"], found["relative"]
    return Losses(
        casts=len(casts.rows),
        unknown=int(found["unknown"].sum()),
        exact=exact or not found["changed"].any(),
        **{key: Amount(*found[key].sum(axis=0).tolist()) for key in _AMOUNTS},
        rounding=float(np.minimum(rounding, relative).max(initial=0.0)),
        relative=float(relative.max(initial=0.0)),
        overflowing=len(overflowing),
        vanishing=int((found["zeroed"][:, 0] > 0).sum()),
        tensors=tuple(loss for loss in tensors if loss.changed),
        keep=tuple((glob_of(loss.name), _same(loss)) for loss in tensors if loss.overflowed.least),
    )


def glob_of(name: str) -> str:
    """A glob that fits this name alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _tensor_loss(plan: ExportPlan, casts: Casts, at: int, found: np.void, exact: bool) -> TensorLoss:
    row, saved = int(casts.rows[at]), casts.saved[at]
    return TensorLoss(
        row=row,
        name=casts.names[at],
        dtype=saved,
        target=casts.dtypes[at],
        count=int(plan.checkpoint.tensors.numel[row]) * (2 if saved.kind is Kind.COMPLEX else 1),
        **{key: Amount(*found[key].tolist()) for key in _AMOUNTS},
        relative=float(found["relative"]),
        exact=exact,
    )


def _same(loss: TensorLoss) -> str:
    """The option that keeps a tensor as it is: its type, or where that is none of those that can be asked for."""
    return "float32" if loss.dtype.name == "float32" else "keep"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
