"""A long run of plain tensors under names, as torch.save writes a state dict, in columns instead of objects.

The objects that the pickle's operations would have made are made when something asks for them, each once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ckptgui.core.names import NamePool
from ckptgui.formats.pickles.graph import Call, Node, Persistent, Ref


class Lead(NamedTuple):
    """What is called for a tensor: the function that rebuilds it, and the one that makes a parameter of it."""

    target: Ref
    outer: Ref | None = None


class Made(NamedTuple):
    """What the operations for one name and tensor remember, in their order; empty tuples are not remembered.

    ``outer`` is what making a parameter adds: its hooks, the arguments and the call; nothing for a tensor.
    """

    name: str
    key: str
    pid: tuple[Node, ...]
    size: tuple[int, ...]
    stride: tuple[int, ...]
    hooks: Call
    args: tuple[Node, ...]
    result: Call
    outer: tuple[Node, ...] = ()

    @property
    def value(self) -> Call:
        """The tensor or parameter."""
        made: Call = self.outer[-1] if self.outer else self.result
        return made


NOTHING = object()
"""Where nothing is remembered."""

_PARTS = 8
"""The parts that a tensor has in the memo ..."""

_OUTER = 3
"""... and those that are added by a parameter."""

_UNNAMED = (0, 1, 2, 5, 6, 7)
"""The parts that a tensor without dimensions has in the memo."""

_ALIKE = 5
"""Parts before this one never change."""


@dataclass
class TensorRun:
    """Names and calls of ``_rebuild_tensor_v2`` or ``_v3`` in turns, a row a pair, some within parameters.

    ``lead`` is a row of ``leads``, ``told`` one of ``told_types``, -1 where no element type is told.
    ``requires_grad`` is the outermost call's; a tensor within a parameter has none.
    ``storage_class`` and ``place`` are rows of ``classes`` and ``places``, ``numel`` counts the elements of a
    storage, ``offset`` those in front of the tensor. ``shape`` has 1 and ``strides`` 0 beyond ``ndim``.
    ``first`` is the place of each row's first value in the memo. ``touched`` says that a call was handed
    out, on which the pickle may have set more, so the columns no longer tell all.
    """

    leads: list[Lead]
    told_types: list[Node]
    hooks: Ref
    word: Node
    classes: list[Node]
    places: list[Node]
    names: NamePool
    keys: NamePool
    lead: np.ndarray
    told: np.ndarray
    storage_class: np.ndarray
    place: np.ndarray
    numel: np.ndarray  # int64
    offset: np.ndarray  # int64
    shape: np.ndarray  # int64, (n, widest)
    strides: np.ndarray  # int64, (n, widest)
    ndim: np.ndarray  # int64
    requires_grad: np.ndarray  # bool
    first: np.ndarray  # int64
    touched: bool = False
    _made: dict[int, Made] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sample(self) -> Call:
        """The first call."""
        return self.made(0).value

    @property
    def parameters(self) -> np.ndarray:
        """bool, which rows are parameters."""
        within: np.ndarray = np.array([lead.outer is not None for lead in self.leads], np.bool_)[self.lead]
        return within

    @property
    def memo_start(self) -> int:
        """The place in the memo of the first value ..."""
        return int(self.first[0])

    @property
    def memo_stop(self) -> int:
        """... and the place behind the last."""
        outer = _OUTER if self.leads[self.lead[-1]].outer is not None else 0
        return int(self.first[-1]) + (_PARTS if self.ndim[-1] else len(_UNNAMED)) + outer

    def remembered(self, index: int) -> Node:
        """The value at a place in the memo between those two."""
        row = int(np.searchsorted(self.first, index, "right")) - 1
        part = index - int(self.first[row])
        if not self.ndim[row]:
            part = _UNNAMED[part] if part < len(_UNNAMED) else part - len(_UNNAMED) + _PARTS
        if part >= _ALIKE:
            self.touched = True
        made = self.made(row)
        return made[part] if part < _PARTS else made.outer[part - _PARTS]

    def made(self, row: int) -> Made:
        """The objects of a row."""
        found = self._made.get(row)
        if found is None:
            found = self._made[row] = self._make(row)
        return found

    def pairs(self) -> list[Node]:
        """Names and calls in turns, as they would have been set."""
        flat: list[Node] = []
        for row in range(len(self)):
            made = self.made(row)
            flat += (made.name, made.value)
        return flat

    def _make(self, row: int) -> Made:
        ndim = int(self.ndim[row])
        size, stride = (tuple(part[row, :ndim].tolist()) for part in (self.shape, self.strides))
        key = self.keys[row]
        kind, place = self.classes[self.storage_class[row]], self.places[self.place[row]]
        pid = (self.word, kind, key, place, int(self.numel[row]))
        hooks = Call(self.hooks, ())
        target, function = self.leads[self.lead[row]]
        grad, told = bool(self.requires_grad[row]), self.told[row]
        args: tuple[Node, ...] = (
            Persistent(pid),
            int(self.offset[row]),
            size,
            stride,
            grad and function is None,
            hooks,
            *(self.told_types[told : told + 1] if told >= 0 else ()),
        )
        result = Call(target, args)
        outer: tuple[Node, ...] = ()
        if function is not None:
            again = Call(self.hooks, ())
            outer_args = (result, grad, again)
            outer = (again, outer_args, Call(function, outer_args))
        return Made(self.names[row], key, pid, size, stride, hooks, args, result, outer)


class Memo(dict[int, Node]):
    """What a pickle remembers, by place; values of runs are made when they are recalled.

    ``reach`` is one past the last place that a run holds, ``highest`` the highest place ever used.
    """

    __slots__ = ("_held", "_runs", "_starts", "highest", "reach")

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[TensorRun] = []
        self._starts: list[int] = []
        self._held = 0
        self.reach = 0
        self.highest = -1

    def __len__(self) -> int:
        return super().__len__() + self._held

    def __missing__(self, index: int) -> Node:
        run = self._run_of(index)
        if run is None:
            raise KeyError(index)
        value = self[index] = run.remembered(index)
        self._held -= 1
        return value

    @property
    def is_dense(self) -> bool:
        """Whether all places up to the highest are taken."""
        return len(self) == self.highest + 1

    def holds(self, index: int) -> bool:
        """Whether there is a value at a place."""
        return index in self or self._run_of(index) is not None

    def recall(self, index: int) -> Node:
        """The value at a place; ``NOTHING`` where there is none."""
        value = self.get(index, NOTHING)
        if value is NOTHING and index < self.reach and self._run_of(index) is not None:
            return self[index]
        return value

    def remember(self, places: Sequence[int], values: Iterable[Node]) -> bool:
        """Put values in their places; False where one of them replaced another."""
        before = len(self)
        if places and min(places) < self.reach:
            for place in places:
                self.release(place)
                self[place] = None
        self.update(zip(places, values))
        self.highest = max(self.highest, max(places, default=-1))
        return len(self) - before == len(places)

    def release(self, index: int) -> None:
        """Let a run forget the value, if it has one, in whose place another one comes."""
        if index not in self and self._run_of(index) is not None:
            self._held -= 1

    def hold(self, run: TensorRun) -> None:
        """Take over what a run remembers; all of it lies behind everything that was remembered before."""
        self._runs.append(run)
        self._starts.append(run.memo_start)
        self._held += run.memo_stop - run.memo_start
        self.reach = run.memo_stop
        self.highest = run.memo_stop - 1

    def _run_of(self, index: int) -> TensorRun | None:
        at = bisect_right(self._starts, index) - 1
        return self._runs[at] if at >= 0 and index < self._runs[at].memo_stop else None
