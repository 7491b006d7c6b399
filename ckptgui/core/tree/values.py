"""Hangs the values of a checkpoint's metadata beside its tensors, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckptgui.core.checkpoint import Json
from ckptgui.core.tensors import Path
from ckptgui.core.tree.columns import NodeKind
from ckptgui.core.tree.nodes import Place

if TYPE_CHECKING:
    from ckptgui.core.tree.growth import Growth

MAX_VALUES = 20_000
MAX_VALUES_EACH = 1_000
MAX_VALUE_DEPTH = 24
"""Values shown in the tree: in all, of one container, one in another. All of them are in the metadata view."""

_FRONT, _BACK = -1, 1 << 40


@dataclass(frozen=True, slots=True)
class Remainder:
    """Stands in for ``count`` values that the tree leaves out."""

    count: int


def hang_values(growth: Growth, metadata: Json) -> None:
    """Hang what a dictionary or list holds beside the tensors that are there."""
    _Values(growth).hang(0, metadata, (), 0)


class _Values:
    """Counts values while they are hung."""

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._count = 0

    def hang(self, node: int, value: Json, path: Path, depth: int) -> None:
        if depth > MAX_VALUE_DEPTH:
            return
        growth = self._growth
        pairs = [(key, item) for key, item in _items(value) if not (isinstance(value, list) and item is None)]
        if not pairs:
            return
        is_branch = node not in growth.values
        below = growth.below(node) if is_branch else {}
        if growth.classes.get(node):  # a module's own settings would bury its tensors; they are in the metadata
            pairs = [(key, item) for key, item in pairs if key in below]
        order: list[int] = []
        for count, (key, item) in enumerate(pairs):
            if key == "state" and path in growth.slots.optimizers:  # its tensors are shown by slot
                order += sorted(below.values(), key=growth.place)
                if not _holds_any(item):
                    continue
            own = below.get(key)
            far = growth.find(node, key) if own is None and is_branch and "." in key else None
            found = own if own is not None else far
            if found is not None:
                self.hang(found, item, (*path, key), depth + 1)
                order += [] if own is None else [own]
                continue
            self._count += 1
            if count >= MAX_VALUES_EACH or self._count > MAX_VALUES:
                order.append(self._value(node, "…", Remainder(len(pairs) - count), path))
                break
            leaf = self._value(node, key, item, (*path, key))
            order.append(leaf)
            if _is_nested(item):
                self.hang(leaf, item, (*path, key), depth + 1)
        self._put(node, order, set(below.values()))

    def _value(self, node: int, label: str, value: Json, path: Path) -> int:
        growth = self._growth
        leaf = growth.add(node, label, NodeKind.VALUE, Place(0, 0, 0))
        growth.values[leaf], growth.value_paths[leaf] = value, path
        return leaf

    def _put(self, node: int, order: list[int], branches: set[int]) -> None:
        """Put values before the branch that follows them; those before all stand first, those after all last."""
        places, growth = self._growth.places, self._growth
        first, placed = growth.first_child(node), set(order)
        if first is not None and first not in placed:
            order = self._lead(order, branches)
        stands = {each: number for number, each in enumerate(order)}
        done = 0
        for anchor in sorted((each for each in order if each in branches), key=growth.place):
            stop = stands[anchor] + 1
            group, row, turn = growth.place(anchor)
            for number in range(done, stop - 1):
                places[order[number]] = Place(group, row, turn - (stop - 1 - number))
            done = max(done, stop)
        for number, each in enumerate(order[done:]):
            places[each] = Place(_BACK, 0, number)

    def _lead(self, order: list[int], branches: set[int]) -> list[int]:
        """Put what comes before all branches in front; what is left of ``order``."""
        count = next((number for number, each in enumerate(order) if each in branches), len(order))
        for number, each in enumerate(order[:count]):
            self._growth.places[each] = Place(_FRONT, 0, number)
        return order[count:]


def _holds_any(state: Json) -> bool:
    """Whether an optimizer keeps something beside tensors for any parameter."""
    return not isinstance(state, dict) or any(state.values())


def _items(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield from ((key, item) for key, item in value.items() if key != "__class__")
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _is_nested(value: Json) -> bool:
    """Whether a value gets rows of its own: a dictionary, or a list that holds more than plain values."""
    if isinstance(value, dict):
        return "__ref__" not in value and "__bytes__" not in value
    return isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value[:MAX_VALUES_EACH])
