"""A ``.metadata`` as torch writes it, read quickly: what a tensor over eight ranks says, eight times.

Ten thousand tensors in eighty thousand pieces are six million operations, of few sorts and always in the same
order. This second reading of that one language gives the same ``Description`` as the machine and ``describe``
do, or nothing at all: whatever is out of the ordinary (another class, a value met again where it had changed, a
frame that is not whole) is left to them. As they do, it only builds tuples.
"""

from __future__ import annotations

from typing import Any

from ckptgui.core.dtypes import BY_NAME
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.metadata import Description, Piece, SavedTensor, Slice, is_path
from ckptgui.formats.distributed.quick_idioms import Chunk, Index, Opaque
from ckptgui.formats.distributed.quick_loop import OddError, Pairs, follow, require, sizes_from, text_from
from ckptgui.formats.limits import DEFAULT, Limits
from ckptgui.formats.pickles.graph import Ref


def describe_quickly(
    data: bytes, check: Check, limits: Limits = DEFAULT
) -> tuple[Description, tuple[Ref, ...]] | None:
    """The description and the names in it; None where the machine has to look."""
    try:
        top, refs = follow(data, check, limits)
        return _description(top), refs
    except (OddError, IndexError, TypeError, ValueError, AttributeError, KeyError):
        return None


def _description(top: dict[str, Any]) -> Description:
    """The description in the attributes of a ``Metadata``."""
    described, stored, planned = top["state_dict_metadata"], top["storage_data"], top.get("planner_data")
    require(described.__class__ is Pairs and stored.__class__ is Pairs)
    places: dict[Any, Slice] = {}
    for index, place in zip(stored[::2], stored[1::2]):
        require(index.__class__ is Index and place.__class__ is Slice)
        places[index] = place
    found = Description()
    for name, entry in zip(map(text_from, described[::2]), described[1::2]):
        found.order[name] = None
        if entry.__class__ is dict:
            found.tensors[name] = _tensor(name, entry, places)
        else:
            require(entry.__class__ is Opaque and entry.name == "BytesStorageMetadata")
            found.objects[name] = places.get((name, None))
    require(len(found.order) == len(described) // 2)
    if planned is not None:
        require(planned.__class__ is Pairs)
        found.paths = {text_from(name): keys for name, keys in zip(planned[::2], planned[1::2]) if is_path(keys)}
    return found


def _tensor(name: str, entry: dict[str, Any], places: dict[Any, Slice]) -> SavedTensor:
    shape, dtype = sizes_from(entry["size"]), entry["properties"]
    require(dtype.__class__ is Ref)
    pieces = []
    get = places.get
    for chunk in entry["chunks"]:
        require(chunk.__class__ is Chunk and len(chunk.offsets) == len(chunk.sizes) == len(shape))
        pieces.append(Piece(chunk.offsets, chunk.sizes, get((name, chunk.offsets))))
    return SavedTensor(shape, BY_NAME[dtype.name], dtype.name, pieces)
