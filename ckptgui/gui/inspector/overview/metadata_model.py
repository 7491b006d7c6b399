"""All metadata of a file as a tree that grows where someone opens it, or as a list of what a search finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.tensors import Path
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import ROW, theme, theme_signal
from ckptgui.gui.tree.plain_values import value_text, value_type

BATCH = 256
"""Children made at a time; a list of a million numbers opens as fast as one of ten."""

Index = QModelIndex | QPersistentModelIndex


@dataclass(eq=False)
class MetadataNode:
    """A value and where it stands. ``made`` children exist so far."""

    key: str
    path: Path
    value: Json
    parent: MetadataNode | None = None
    place: int = 0
    made: list[MetadataNode] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many children there are in all."""
        return len(self.value) if isinstance(self.value, (dict, list)) else 0

    def grow(self, count: int) -> None:
        """Make the next ``count`` children."""
        start = len(self.made)
        for place, (key, value) in enumerate(_members(self.value, start, count), start):
            self.made.append(MetadataNode(key, (*self.path, key), value, self, place))


def _members(value: Json, start: int, count: int) -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        yield from ((str(start + n), item) for n, item in enumerate(value[start : start + count]))
    elif isinstance(value, dict):
        keys = list(value)[start : start + count]
        yield from ((str(key), value[key]) for key in keys)


class MetadataModel(QAbstractItemModel):
    """Columns: key, value, type. A row's texts are for eyes; ``node`` has the value itself."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._root = MetadataNode("", (), {})
        self._found: MetadataNode | None = None
        theme_signal().changed.connect(self._recolour)

    def set_root(self, value: Json, path: Path = ()) -> None:
        """Show other metadata, whose own path is ``path``."""
        self.beginResetModel()
        self._root = MetadataNode(path[-1] if path else "", path, value)
        self._root.grow(BATCH)
        self._found = None
        self.endResetModel()

    def set_found(self, found: list[tuple[Path, Json]] | None) -> None:
        """Show a search's findings under their whole paths; None shows the tree again."""
        self.beginResetModel()
        if found is None:
            self._found = None
        else:
            base = len(self._root.path)
            top = MetadataNode("", (), {})
            for place, (path, value) in enumerate(found):
                key = " › ".join(path[base:]) or (path[-1] if path else "")
                top.made.append(MetadataNode(key, path, value, top, place))
            top.value = dict.fromkeys(range(len(found)))
            self._found = top
        self.endResetModel()

    @property
    def top(self) -> MetadataNode:
        """What the first level hangs on."""
        return self._found if self._found is not None else self._root

    def node(self, index: Index) -> MetadataNode:
        """The node of an index; the top for the invalid one."""
        pointer = index.internalPointer() if index.isValid() else None
        return pointer if isinstance(pointer, MetadataNode) else self.top

    def index_of(self, path: Path) -> QModelIndex:
        """The index of a path, made if need be; invalid where there is none."""
        index, node = QModelIndex(), self.top
        base = len(node.path)
        for key in path[base:]:
            place = _place(node.value, key)
            if place is None:
                return QModelIndex()
            if place >= len(node.made):
                self._grow(index, place + 1 - len(node.made))
            index, node = self.index(place, 0, index), node.made[place]
        return index

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """The index of a child that was made."""
        made = self.node(parent).made
        if not 0 <= row < len(made) or not 0 <= column < 3 or (parent.isValid() and parent.column() != 0):
            return QModelIndex()
        return self.createIndex(row, column, made[row])

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """The index of the container."""
        if not index.isValid():
            return QModelIndex()
        above = self.node(index).parent
        if above is None or above is self.top:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Children made so far."""
        return 0 if parent.column() > 0 else len(self.node(parent).made)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Key, value, type."""
        return 3

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        """Whether it is a container with something in it."""
        return parent.column() <= 0 and self.node(parent).size > 0

    def canFetchMore(self, parent: Index) -> bool:
        """Whether children are still to be made."""
        node = self.node(parent)
        return parent.column() <= 0 and len(node.made) < node.size

    def fetchMore(self, parent: Index) -> None:
        """Make the next batch."""
        self._grow(parent, BATCH)

    def _grow(self, parent: Index, count: int) -> None:
        node = self.node(parent)
        count = min(count, node.size - len(node.made))
        if count > 0:
            self.beginInsertRows(parent, len(node.made), len(node.made) + count - 1)
            node.grow(count)
            self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows, as text and colour."""
        if not index.isValid():
            return None
        node, column = self.node(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (display(node.key) or '""', value_text(node.value), value_type(node.value))[column]
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, ROW)
        if role == Qt.ItemDataRole.ForegroundRole and (column == 2 or (column == 1 and node.size)):
            return theme().text2
        if role == Qt.ItemDataRole.ToolTipRole:
            text = display(" › ".join(node.path), 1024) if column == 0 else value_text(node.value, 1024)
            return plain_tooltip(text)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """What the columns are called."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return (tr("Name"), tr("Value"), tr("Type"))[section]
        return None

    def _recolour(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 2))


def _place(value: Json, key: str) -> int | None:
    if isinstance(value, list):
        return int(key) if key.isdecimal() and int(key) < len(value) else None
    if isinstance(value, dict):
        return next((place for place, other in enumerate(value) if str(other) == key), None)
    return None


def value_at(metadata: Json, path: Path) -> Json:
    """The value at a path; raises ``KeyError`` where there is none."""
    value = metadata
    for key in path:
        place = _place(value, key)
        if place is None:
            raise KeyError(path)
        value = value[place] if isinstance(value, list) else value[list(value)[place]]
    return value


def walk(value: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every value below, in order, without recursion."""
    waiting: list[Iterator[tuple[str, Json]]] = [_members(value, 0, 2**62)]
    paths = [path]
    while waiting:
        member = next(waiting[-1], None)
        if member is None:
            waiting.pop()
            paths.pop()
            continue
        key, inner = member
        here = (*paths[-1], key)
        yield here, inner
        if isinstance(inner, (dict, list)) and inner:
            waiting.append(_members(inner, 0, 2**62))
            paths.append(here)


def count_values(value: Json, limit: int = 100_000) -> int:
    """How many values that are no containers there are, counted up to ``limit``."""
    found = 0
    for _, inner in walk(value):
        found += not isinstance(inner, (dict, list))
        if found >= limit:
            break
    return found


def count_text(value: Json) -> str:
    """``31``, or ``100,000 and more``."""
    count = count_values(value)
    return integer(count) if count < 100_000 else tr("{0} and more").format(integer(count))


def matches(node_path: Path, value: Json, words: list[str]) -> bool:
    """Whether every word stands in the path or in the value's text."""
    text = " ".join(node_path).lower()
    if not isinstance(value, (dict, list)):
        text = f"{text} {str(value)[:MAX_DETAIL].lower()}"
    return all(word in text for word in words)
