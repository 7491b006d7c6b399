"""Looks for tensors that were renamed between two checkpoints: by values, and by a rule that others follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ckptgui.analysis.nearest import closeness, mutual_nearest
from ckptgui.analysis.profile import Profile
from ckptgui.core.dtypes import Kind
from ckptgui.core.series.rename_rules import MIN_EXPLAINED, Rules
from ckptgui.core.series.renames import Grounds, Rename
from ckptgui.core.series.series import Series
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.stream import iter_real_values
from ckptgui.errors import ChangedOnDiskError, CheckpointError
from ckptgui.sources.locate import SourcePool

SAMPLE = 16_384
"""Elements of a tensor that are looked at, its first ones; what is no larger is looked at whole."""

MAX_ELEMENTS = 16 << 20
"""Elements that are looked at in all, of both checkpoints."""

MAX_TENSORS = 20_000
"""Tensors on one side that are looked at."""

MAX_ALIKE = 512
"""Tensors of one shape on one side that are compared with those on the other side."""

Shape = tuple[int, ...]


def propose_renames(
    series: Series,
    a: int,
    b: int,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    profiles: Sequence[Profile | None] = (),
) -> tuple[Rename, ...]:
    """Tensors that member ``a`` has and ``b`` has not, each with the one of ``b`` that it seems to have become.

    Reads a bounded part of the values of those that have a counterpart of their shape, on this thread. Digests
    in ``profiles``, a member each, tell of large ones whether all values are equal. Raises ``Cancelled`` and
    ``ChangedOnDiskError``.
    """
    old, new = (_side(series, member, other, profiles) for member, other in ((a, b), (b, a)))
    order = list(old.left)
    if not old.left or not new.left:
        return ()
    pairs = _Pairs(old, new)
    _read(old, new, pool, cancel, report)
    pairs.equal()
    pairs.nearest(cancel)
    pairs.by_rules()
    return tuple(pairs.rename(name, a, b) for name in order if name in pairs.taken)


def propose_all(
    series: Series,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    profiles: Sequence[Profile | None] = (),
) -> tuple[Rename, ...]:
    """The renames between members that follow each other, each once."""
    found: dict[tuple[str, str], Rename] = {}
    for a, b in pairwise(series.whole):
        for rename in propose_renames(series, a, b, pool, cancel, report, profiles):
            found.setdefault((rename.from_name, rename.to_name), rename)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One that its checkpoint has alone; ``digest`` and ``sample`` are empty where they are not known."""

    info: TensorInfo
    digest: bytes
    sample: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def values(self) -> tuple[str, Shape, bytes] | None:
        """Equal for tensors of which all values are; None where that is not known."""
        kind = self.info.dtype.name, self.info.shape
        if self.digest:
            return (*kind, self.digest)
        return (*kind, self.sample.tobytes()) if 0 < self.sample.size == self.info.numel else None

    @property
    def finite(self) -> np.ndarray:
        """The sample as float64, 0 where a value is not finite."""
        is_complex = self.info.dtype.kind is Kind.COMPLEX
        with np.errstate(invalid="ignore", over="ignore"):  # a NaN that signals, a modulus beyond the type
            real = np.abs(self.sample.astype(np.complex128)) if is_complex else self.sample.astype(np.float64)
        found: np.ndarray = np.nan_to_num(real, nan=0.0, posinf=0.0, neginf=0.0)
        return found


@dataclass
class _Side:
    """What of a checkpoint has no counterpart yet, by name."""

    left: dict[str, _Tensor]

    def by_values(self) -> dict[object, list[str]]:
        """The names of those whose values are equal."""
        found: dict[object, list[str]] = defaultdict(list)
        for name, tensor in self.left.items():
            if (values := tensor.values) is not None:
                found[values].append(name)
        return found

    def by_shape(self) -> dict[Shape, list[str]]:
        """The names of those of one shape that were read."""
        found: dict[Shape, list[str]] = defaultdict(list)
        for name, tensor in self.left.items():
            if tensor.sample.size:
                found[tensor.info.shape].append(name)
        return found


@dataclass
class _Pairs:
    """Takes pairs out of both sides, the surest first."""

    old: _Side
    new: _Side
    taken: dict[str, tuple[str, Grounds, str]] = field(default_factory=dict)
    tensors: dict[str, tuple[_Tensor, _Tensor]] = field(default_factory=dict)

    def take(self, name: str, other: str, grounds: Grounds, rule: str = "") -> None:
        """These two are one tensor."""
        self.tensors[name] = one, two = self.old.left.pop(name), self.new.left.pop(other)
        equal = one.values is not None and one.values == two.values
        self.taken[name] = other, Grounds.EQUAL if equal else grounds, rule

    def equal(self) -> None:
        """Those whose values are equal, where one alone on either side has them."""
        others = self.new.by_values()
        for values, names in self.old.by_values().items():
            if len(names) == len(others.get(values, ())) == 1:
                self.take(names[0], others[values][0], Grounds.EQUAL)

    def nearest(self, cancel: Cancel) -> None:
        """Those that are clearly each other's nearest among all of their shape."""
        alike = self.new.by_shape()
        for shape, names in self.old.by_shape().items():
            cancel.check()
            some, others = names[:MAX_ALIKE], alike.get(shape, [])[:MAX_ALIKE]
            if others:
                x = np.stack([self.old.left[name].finite for name in some])
                y = np.stack([self.new.left[name].finite for name in others])
                for i, j in mutual_nearest(x, y):
                    self.take(some[i], others[j], Grounds.SIMILAR)

    def by_rules(self) -> None:
        """Those that follow the change of names of pairs that are known, or one that fits the rest in order."""
        if self.taken:
            self._follow(Rules((old, new) for old, (new, _, _) in self.taken.items()), 1)
        old, new = ([tensor.info.shape for tensor in side.left.values()] for side in (self.old, self.new))
        if old == new:
            self._follow(Rules(zip(self.old.left, self.new.left)), MIN_EXPLAINED)

    def _follow(self, rules: Rules, least: int) -> None:
        proposed: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, tensor in self.old.left.items():
            for new, rule in rules.proposals(name, least):
                other = self.new.left.get(new)
                if other is not None and other.info.shape == tensor.info.shape:
                    proposed[new].append((name, rule))
                    break
        for new, names in proposed.items():
            if len(names) == 1:
                self.take(names[0][0], new, Grounds.RULE, names[0][1])

    def rename(self, name: str, a: int, b: int) -> Rename:
        """A pair with how near its values are."""
        other, grounds, rule = self.taken[name]
        one, two = self.tensors[name]
        read = one.sample.size == two.sample.size > 0
        cosine, relative = closeness(one.finite, two.finite) if read else (None, None)
        return Rename(name, other, a, b, grounds, cosine, relative, rule)


def _side(series: Series, member: int, other: int, profiles: Sequence[Profile | None]) -> _Side:
    """The tensors that a member has and the other has not."""
    matching = series.matching
    part, rows = matching.parts[member], matching.rows
    profile = profiles[member] if member < len(profiles) else None
    found: dict[str, _Tensor] = {}
    if part is not None and matching.parts[other] is not None:
        for tensor in np.flatnonzero((rows[:, member] >= 0) & (rows[:, other] < 0))[:MAX_TENSORS].tolist():
            row = int(rows[tensor, member])
            digest = profile.records["digest"][row].tobytes() if profile is not None else b""
            found[matching.names[tensor]] = _Tensor(part.checkpoint.info(row), digest if any(digest) else b"")
    return _Side(found)


def _read(old: _Side, new: _Side, pool: SourcePool, cancel: Cancel, report: Report) -> None:
    """Read the first values of whatever has a counterpart of its shape, of each equally many."""
    shapes = {t.info.shape for t in old.left.values()} & {t.info.shape for t in new.left.values()}
    wanted = [(side, name) for side in (old, new) for name, t in side.left.items() if t.info.shape in shapes]
    most = max(1, min(SAMPLE, MAX_ELEMENTS // max(1, len(wanted))))
    for done, (side, name) in enumerate(wanted):
        cancel.check()
        report(Progress(done, len(wanted), "tensors"))
        tensor = side.left[name]
        side.left[name] = _Tensor(tensor.info, tensor.digest, _first_values(tensor.info, most, pool, cancel))


def _first_values(info: TensorInfo, most: int, pool: SourcePool, cancel: Cancel) -> np.ndarray:
    """At most so many values in row-major order; none of what cannot be read."""
    if info.extent is None or info.error is not None:
        return np.zeros(0)
    try:
        values = next(iter_real_values(info, pool, cancel, most * max(1, info.dtype.bits // 8)), np.zeros(0))
    except ChangedOnDiskError:
        raise
    except CheckpointError:
        return np.zeros(0)
    return values[:most]
