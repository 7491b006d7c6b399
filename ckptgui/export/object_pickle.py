"""Says a whole saved object again in pickle opcodes: its containers, plain values and tensors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence, Set
from typing import Any

from ckptgui.core.checkpoint import Json
from ckptgui.core.tensors import Path
from ckptgui.export.pickle_file import (
    APPENDS,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    NONE,
    REDUCE,
    SETITEMS,
    PickleWriter,
)
from ckptgui.export.saved_object import MAX_DEPTH, Made, Name, Sort, is_key, items_of, plain_value, sort_of
from ckptgui.export.torch_file import Metadata, say_json, say_metadata
from ckptgui.formats.pickles.graph import Node

Steps = Generator["Steps", None, None]
_BATCH = 1000


class ObjectPickler:
    """One walk over a graph. ``dropped`` are the paths left out.

    ``tensor`` pushes the tensor at a path, ``takes`` says whether it may.

    A value that is met again is fetched from the memo, so what was one object stays one. The walk keeps
    its own stack: a file may nest deeper than Python recurses.
    """

    def __init__(
        self,
        pickle: PickleWriter,
        tensor: Callable[[Node, Path], None],
        takes: Callable[[Path], bool],
        metadata: Callable[[Path], Metadata | None],
    ) -> None:
        self.dropped: list[str] = []
        self._pickle = pickle
        self._tensor = tensor
        self._takes = takes
        self._left_out: Set[str] = frozenset()
        self._added: Mapping[str, Json] = {}
        self._top: Path = ()
        self._metadata = metadata
        self._memo: dict[int, int] = {}
        self._open: set[int] = set()

    def say(
        self,
        root: Node,
        path: Path = (),
        left_out: Set[str] = frozenset(),
        added: Mapping[str, Json] | None = None,
    ) -> None:
        """Push the object that hangs at ``path``; if it is a dictionary, without some keys and with others."""
        self._left_out, self._added, self._top = left_out, added or {}, path
        stack = [self._node(root, path)]
        while stack:
            try:
                stack.append(next(stack[-1]))
            except StopIteration:
                stack.pop()

    def can_say(self, node: Node, path: Path) -> bool:
        """Whether a node is no foreign thing, and not a container that holds itself in a way we cannot say."""
        sort = sort_of(node)
        if sort is Sort.FOREIGN:
            return False
        if sort is Sort.TENSOR:
            return self._takes(path)
        if sort is Sort.PLAIN or id(node) in self._memo:
            return True
        return id(node) not in self._open and len(path) <= MAX_DEPTH

    def _node(self, node: Node, path: Path) -> Steps:
        sort = sort_of(node)
        if sort is Sort.PLAIN:
            self._plain(plain_value(node))
        elif id(node) in self._memo and sort is not Sort.TENSOR:
            self._pickle.get(self._memo[id(node)])
        elif sort is Sort.TENSOR:
            self._tensor(node, path)
        elif sort is Sort.TUPLE:
            yield self._tuple(node, path)
        elif sort is Sort.LIST:
            yield self._list(node, path)
        else:
            yield self._dict(node, path, sort)

    def _list(self, node: Sequence[Node], path: Path) -> Steps:
        pickle = self._pickle
        pickle.op(EMPTY_LIST)
        self._memo[id(node)] = pickle.put()
        for start in range(0, len(node), _BATCH):
            pickle.op(MARK)
            for index in range(start, min(start + _BATCH, len(node))):
                yield self._item(node[index], (*path, str(index)))
            pickle.op(APPENDS)

    def _tuple(self, node: Sequence[Node], path: Path) -> Steps:
        if not node:
            self._pickle.op(EMPTY_TUPLE)
            return
        self._open.add(id(node))
        if len(node) > 3:
            self._pickle.op(MARK)
        for index, item in enumerate(node):
            yield self._item(item, (*path, str(index)))
        self._open.discard(id(node))
        self._memo[id(node)] = self._pickle.tuple_end(len(node))

    def _item(self, node: Node, path: Path) -> Steps:
        """A place in a sequence is kept for what cannot go: None stands there."""
        if self.can_say(node, path):
            yield self._node(node, path)
        else:
            self._drop(path)
            self._pickle.op(NONE)

    def _dict(self, node: Node, path: Path, sort: Sort) -> Steps:
        pickle = self._pickle
        if sort is Sort.ORDERED_DICT:
            self._memo[id(node)] = pickle.ordered_dict()
        else:
            pickle.op(EMPTY_DICT)
            self._memo[id(node)] = pickle.put()
        kept = []
        for name, key, value in items_of(node):
            if (
                is_key(key)
                and not (path == self._top and name in self._left_out)
                and self.can_say(value, (*path, name))
            ):
                kept.append((name, key, value))
            elif not (path == self._top and name in self._added):
                self._drop((*path, name))
        for start in range(0, len(kept), _BATCH):
            pickle.op(MARK)
            for name, key, value in kept[start : start + _BATCH]:
                self._plain(key)
                yield self._node(value, (*path, name))
            pickle.op(SETITEMS)
        if path == self._top:
            pickle.pairs(list(self._added.items()), self._add)
        metadata = self._metadata(path) if sort is Sort.ORDERED_DICT else None
        if metadata:
            say_metadata(pickle, metadata)

    def _add(self, item: tuple[str, Json]) -> None:
        self._pickle.text(item[0])
        say_json(self._pickle, item[1])

    def _plain(self, value: Any) -> None:
        pickle = self._pickle
        if value is None:
            pickle.op(NONE)
        elif isinstance(value, bool):
            pickle.truth(value)
        elif isinstance(value, int):
            pickle.integer(value)
        elif isinstance(value, float):
            pickle.real(value)
        elif isinstance(value, str):
            pickle.text(value)
        elif isinstance(value, Name):
            pickle.name(value.module, value.attribute)
        elif isinstance(value, Made):
            pickle.name(value.name.module, value.name.attribute)
            self._plain(value.arguments)
            pickle.op(REDUCE)
            pickle.put()
        elif isinstance(value, tuple):
            self._atoms(value)
        else:
            self._atom_list(value)

    def _atoms(self, values: tuple[Any, ...]) -> None:
        if not values:
            self._pickle.op(EMPTY_TUPLE)
            return
        if len(values) > 3:
            self._pickle.op(MARK)
        for value in values:
            self._plain(value)
        self._pickle.tuple_end(len(values))

    def _atom_list(self, values: list[Any]) -> None:
        self._pickle.op(EMPTY_LIST)
        self._pickle.put()
        self._pickle.elements(values, self._plain)

    def _drop(self, path: Path) -> None:
        self.dropped.append("/".join(path))
