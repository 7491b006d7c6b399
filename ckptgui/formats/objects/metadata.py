"""Every value that is not a tensor, as JSON: nested as it was saved, whatever class it was of.

What JSON lacks is told in its terms: a foreign object is ``{"__class__": …}`` with its attributes, bytes are
their length, a non-finite number is its name. A container met again is repeated until a budget is spent and
is a ``{"__ref__": path}`` from then on; within itself it is one at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ckptgui.core.checkpoint import Json
from ckptgui.core.tensors import Path
from ckptgui.formats.objects import modules
from ckptgui.formats.objects.numpy_dtype_text import dtype_text
from ckptgui.formats.objects.numpy_nodes import byte_count, numpy_name, objects_of, scalar_of
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.objects.storages import claim_of
from ckptgui.formats.objects.tensor_spec import device_of
from ckptgui.formats.objects.tensor_walk import modules_pairs
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import MISSING, Call, Dict, LongText, Node, Persistent, Ref, Set, entries
from ckptgui.formats.pickles.pieces import loose

MAX_DEPTH = 100
"""Containers within containers; a level takes six Python calls, of which there may be a thousand."""

MAX_REPEATED = 10_000
"""Containers that are written out again before references take their place."""

_LONG = 4096
_PLAIN = frozenset({str, int, bool, type(None)})
"""What JSON has in the same words."""

OMITTED = object()
"""Stands for a tensor while a dictionary is written; dictionaries leave it out, lists have null there."""


def to_json(root: Node) -> Json:
    """The metadata of a saved object; None when it is a tensor or nothing."""
    result = _Writer().write(root, ())
    return None if result is OMITTED else result


class _Writer:
    """Carries what one conversion must remember: where containers stand, and the budget."""

    def __init__(self) -> None:
        self._places: dict[int, Path] = {}
        self._open: set[int] = set()
        self._repeated = 0

    def write(self, node: Node, path: Path) -> Json:
        """A value as JSON, or OMITTED for a tensor."""
        kind = type(node)
        if kind in _PLAIN:
            return node
        if kind is float:
            return _number(node)
        if kind is bytes or kind is FileBytes:
            return {"__bytes__": len(node)}
        if kind is LongText:
            return node.raw[:_LONG].decode("utf-8", "replace") + "…"
        if kind is Ref:
            return node.path
        if kind is Persistent:
            return _stored(node)
        if kind is Call:
            plain = _plain(node)
            if plain is not MISSING:
                return plain
        return self._container(node, path)

    def _container(self, node: Node, path: Path) -> Json:
        key = id(node)
        if type(node) is tuple and not node:
            return []
        place = self._places.setdefault(key, path)
        if place is not path:
            self._repeated += 1
        if key in self._open or (place is not path and self._repeated > MAX_REPEATED):
            return {"__ref__": list(place)}
        if len(self._open) >= MAX_DEPTH:
            return {"__class__": "…"}
        self._open.add(key)
        try:
            return self._contents(node, path)
        finally:
            self._open.discard(key)

    def _contents(self, node: Node, path: Path) -> Json:
        if type(node) in (list, tuple):
            return self._list(node, path)
        if type(node) is Set:
            return self._list(node.items, path)
        if type(node) is Dict:
            return self._dict(loose(node) or [], path)
        return self._call(node, path)

    def _list(self, items: list[Node] | tuple[Node, ...], path: Path) -> list[Json]:
        result: list[Json] = []
        for index, item in enumerate(items):
            if type(item) in _PLAIN:
                result.append(item)
                continue
            value = self.write(item, (*path, str(index)))
            result.append(None if value is OMITTED else value)
        return result

    def _dict(self, items: list[tuple[str, Node]], path: Path) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key, node in items:
            if type(node) is Call and node.target.__class__ is Ref and node.target.name in _COMMON:
                continue
            if type(node) in _PLAIN:
                result[key] = node
                continue
            value = self.write(node, (*path, key))
            if value is not OMITTED:
                result[key] = value
        return result

    def _call(self, node: Call, path: Path) -> Json:
        items = loose(node)
        if items is not None:
            return self._dict(items, path)
        in_set = modules.items_of_set(node)
        if in_set is not None:
            return self._list(in_set, path)
        objects = objects_of(node)
        if objects is not None:
            return {**_odd_array(node), "values": self._list(objects, path)}
        if node.path in _LISTS and type(node.args) is tuple:
            first = node.args[0] if node.args and type(node.args[0]) in (list, tuple) else ()
            return self._list([*first, *(node.items or ())], path)
        return self._object(node, path)

    def _object(self, node: Call, path: Path) -> dict[str, Json]:
        """An object of a class that is not here: its class, then all that the pickle says of it."""
        result: dict[str, Json] = {"__class__": modules.class_name(node) or "unknown"}
        reconstructed = node.path.endswith("._reconstructor")
        if type(node.args) is tuple and node.args and not reconstructed:
            result["__args__"] = self._list(node.args, (*path, "__args__"))
        if node.items:
            result["__items__"] = self._list(node.items, (*path, "__items__"))
        if node.kwargs is not None:
            result["__kwargs__"] = _or_none(self.write(node.kwargs, (*path, "__kwargs__")))
        pairs = modules_pairs(node)
        if modules.is_module(node):
            pairs += self._module_pairs(node)
        else:
            pairs += list((modules.attributes(node) or {}).items())
        for key, value in self._dict(pairs, path).items():
            result[key if key not in result else f"{key} (state)"] = value
        if node.state is not MISSING and modules.attributes(node) is None and node.state is not None:
            result["__state__"] = _or_none(self.write(node.state, (*path, "__state__")))
        return result

    def _module_pairs(self, node: Call) -> list[tuple[str, Node]]:
        """A module's own attributes, then its submodules under their names."""
        children = entries((modules.attributes(node) or {}).get("_modules")) or []
        return modules.plain_attributes(node) + children


def _or_none(value: Json) -> Json:
    return None if value is OMITTED else value


def _number(value: float) -> Json:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


_LISTS = frozenset(
    {"collections.deque", "__builtin__.list", "builtins.list", "__builtin__.tuple", "builtins.tuple", "torch.Size"}
)
_COMMON = frozenset({"_rebuild_tensor_v2", "_rebuild_parameter"})


def _plain(node: Call) -> Json:
    """What a call means when it only makes a simple value; MISSING for anything else."""
    if is_tensor(node):
        return OMITTED
    number = scalar_of(node)
    if number is not MISSING:
        return _number(number) if type(number) is float else (str(number) if type(number) is complex else number)
    count = byte_count(node)
    if count is not None:
        return {"__bytes__": count}
    if objects_of(node) is not None:
        return MISSING  # its items are values of their own
    if numpy_name(node) == "multiarray._reconstruct" and type(node.state) is tuple and len(node.state) == 5:
        return _odd_array(node)
    maker = _MAKERS.get(node.path)
    if maker is None or type(node.args) is not tuple:
        return MISSING
    return maker(node)


def _odd_array(node: Call) -> dict[str, Json]:
    """An array that no tensor can be: of texts, dates, records or objects."""
    shape = node.state[1]
    sizes = [size for size in shape if type(size) is int] if type(shape) is tuple else []
    return {"__class__": "numpy.ndarray", "shape": sizes, "dtype": dtype_text(node.state[2])}


def _stored(node: Persistent) -> Json:
    """A storage that was saved by itself, without a tensor around it."""
    claim = claim_of(node)
    if claim is None:
        return {"__class__": "unknown"}
    kind = claim.dtype.storage_class if claim.dtype else "storage.UntypedStorage"
    return {"__class__": f"torch.{kind}", "key": claim.key, "bytes": claim.nbytes}


def _complex(node: Call) -> Json:
    if len(node.args) == 2 and all(type(part) in (int, float) for part in node.args):
        return str(complex(*node.args))
    return MISSING


def _device(node: Call) -> Json:
    text = device_of(node)
    return MISSING if text is None else text


def _dtype(node: Call) -> Json:
    text = dtype_text(node)
    return MISSING if text is None else text


def _layout(node: Call) -> Json:
    return node.args[0] if len(node.args) == 1 and type(node.args[0]) is str else MISSING


_MAKERS: dict[str, Callable[[Call], Json]] = {
    "__builtin__.complex": _complex,
    "builtins.complex": _complex,
    "torch.device": _device,
    "torch.serialization._get_layout": _layout,
    "numpy.dtype": _dtype,
}
