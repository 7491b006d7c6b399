"""What the ``.metadata`` of a distributed checkpoint says: tensors in pieces, objects, and where each lies.

It is a plain pickle of ``torch/distributed/checkpoint/metadata.py``'s ``Metadata``. Its objects are known by
their attributes and not by their classes, whose module has moved and will again; what is not understood
becomes the error of its tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.objects.modules import attributes
from ckptgui.formats.objects.tensor_spec import dtype_of
from ckptgui.formats.pickles.graph import Call, Dict, Node, Ref, entries, pairs_of

_CHECK_EVERY = 4096
_INTEGERS = frozenset({int})
_KEYS = frozenset({str, int})
_DEEPEST = 100
"""Keys in one path that are still nested."""

Sizes = tuple[int, ...]


class Slice(NamedTuple):
    """A stretch of one file: bytes, and the transforms to undo (``_StorageInfo`` in torch's filesystem.py)."""

    file: str
    offset: int
    length: int
    transforms: tuple[str, ...]


class Piece(NamedTuple):
    """A rectangular part of a tensor, in elements; ``place`` is None where nothing says where it lies."""

    offsets: Sizes
    sizes: Sizes
    place: Slice | None


@dataclass(slots=True)
class SavedTensor:
    """A tensor as it is described: ``error`` is what makes no sense about it."""

    shape: Sizes
    dtype: DType | None
    dtype_name: str
    pieces: list[Piece]
    error: str | None = None


@dataclass
class Description:
    """Everything by its flattened name, in saved order; an object is only a place.

    ``paths`` are the keys from the saved object down, where the planner kept them.
    """

    tensors: dict[str, SavedTensor] = field(default_factory=dict)
    objects: dict[str, Slice | None] = field(default_factory=dict)
    order: dict[str, None] = field(default_factory=dict)
    paths: dict[str, tuple[str | int, ...]] = field(default_factory=dict)

    def add(self, other: Description) -> None:
        """Take in what another rank described: its pieces of the same tensors, and its own names."""
        for name, tensor in other.tensors.items():
            known = self.tensors.get(name)
            if known is None:
                self.tensors[name] = tensor
            elif (known.shape, known.dtype_name) != (tensor.shape, tensor.dtype_name):
                known.error = known.error or "Two ranks describe it with different shapes or element types."
            else:
                known.error = known.error or tensor.error
                known.pieces += tensor.pieces
        for name, place in other.objects.items():
            self.objects.setdefault(name, place)
        self.order.update(other.order)
        self.paths = {**other.paths, **self.paths}

    def in_order(self) -> list[str]:
        """The names in saved order: the planner keeps it, while a description has rank after rank."""
        return list(dict.fromkeys([*(name for name in self.paths if name in self.order), *self.order]))


def describe(root: Node, check: Check) -> Description:
    """The description in a parsed ``.metadata``; raises ``DamagedFileError`` where it is none."""
    top = attributes(root) or {}
    described = entries(top.get("state_dict_metadata"))
    if described is None:
        raise DamagedFileError("It is a pickle, but not the description of a distributed checkpoint.")
    places = _places(top.get("storage_data"), check)
    found = Description()
    for number, (name, node) in enumerate(described):
        if number % _CHECK_EVERY == 0:
            check()
        found.order[name] = None
        parts = _fields(node)
        if "chunks" in parts or "size" in parts:
            found.tensors[name] = _tensor(name, parts, places)
        else:
            found.objects[name] = places.get((name, None))
    found.paths = _paths(top.get("planner_data"))
    return found


def _places(node: Node, check: Check) -> dict[tuple[str, Sizes | None], Slice]:
    """Where each item lies, by its name and, for a piece of a tensor, where that begins in the tensor."""
    flat = pairs_of(node) or []
    found: dict[tuple[str, Sizes | None], Slice] = {}
    files: dict[str, str] = {}
    for number, (key, value) in enumerate(zip(flat[::2], flat[1::2])):
        if number % _CHECK_EVERY == 0:
            check()
        index, info = _fields(key), _fields(value)
        name, file = index.get("fqn"), info.get("relative_path")
        offset, length = info.get("offset"), info.get("length")
        if type(name) is not str or type(file) is not str or type(offset) is not int or type(length) is not int:
            continue
        transforms = info.get("transform_descriptors")
        found[name, sizes_of(index.get("offset"))] = Slice(
            files.setdefault(file, file), offset, length, () if transforms is None else _transforms(transforms)
        )
    return found


def _transforms(node: Node) -> tuple[str, ...]:
    if type(node) not in (list, tuple) or not all(type(name) is str for name in node):
        return ("?",)
    return tuple(node)


def _tensor(name: str, parts: dict[str, Node], places: dict[tuple[str, Sizes | None], Slice]) -> SavedTensor:
    dtype = _dtype(parts.get("properties"))
    known = dtype_of(dtype)
    shape = sizes_of(parts.get("size"))
    tensor = SavedTensor(shape or (), known, dtype.name if type(dtype) is Ref else "?", [])
    if shape is None:
        tensor.error = "The .metadata gives it no size."
    elif known is None:
        tensor.error = f"Its element type {display(tensor.dtype_name)} is not known."
    chunks = parts.get("chunks")
    for chunk in chunks if isinstance(chunks, (list, tuple)) else ():
        fields = _fields(chunk)
        offsets, sizes = sizes_of(fields.get("offsets")), sizes_of(fields.get("sizes"))
        if offsets is None or sizes is None or len(offsets) != len(sizes) or len(sizes) != len(tensor.shape):
            tensor.error = tensor.error or "The .metadata describes one of its pieces in no way that makes sense."
            continue
        tensor.pieces.append(Piece(offsets, sizes, places.get((name, offsets))))
    return tensor


def _dtype(node: Node) -> Node:
    """The element type in ``TensorProperties``, whose state is a tuple that begins with it, or attributes."""
    state = node.state if type(node) is Call else None
    if type(state) is tuple and state and type(state[0]) is Ref:
        return state[0]
    return _fields(node).get("dtype")


def _paths(node: Node) -> dict[str, tuple[str | int, ...]]:
    """The planner's keys for each flattened name; what is no path of texts and positions is left out."""
    found: dict[str, tuple[str | int, ...]] = {}
    for name, keys in entries(node) or ():
        if is_path(keys):
            found[name] = tuple(keys)
    return found


def is_path(keys: Node) -> bool:
    """Whether something is a sequence of a few texts and positions."""
    return type(keys) in (tuple, list) and 0 < len(keys) <= _DEEPEST and _KEYS.issuperset(map(type, keys))


def _fields(node: Node) -> dict[str, Node]:
    """An object's attributes by name."""
    if type(node) is Call and type(node.state) is Dict:
        flat = node.state.flat
        names = flat[::2]
        if all(name.__class__ is str for name in names):
            return dict(zip(names, flat[1::2]))
    return attributes(node) or {}


def sizes_of(node: Node) -> Sizes | None:
    """The whole numbers in a ``torch.Size``, tuple or list; None for anything else."""
    if type(node) is Call and type(node.args) is tuple and len(node.args) == 1:
        node = node.args[0]
    if type(node) is list:
        node = tuple(node)
    if type(node) is not tuple or not _INTEGERS.issuperset(map(type, node)):
        return None
    return node
