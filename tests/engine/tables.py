"""Checkpoints of many tensors in one file, laid out as the test says."""

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment
from ckptgui.sources.local import identify


def lay_out(path, tensors, *, gaps=(0,), more=()):
    """A checkpoint of (dtype, array) in the file ``path``, ``gaps`` bytes between them in turn.

    ``more`` adds (dtype, shape, storage, settings) as further rows over the same storages.
    """
    places = []
    with path.open("wb") as file:
        for number, (_, array) in enumerate(tensors):
            file.write(b"\xa5" * gaps[number % len(gaps)])
            places.append(file.tell())
            file.write(np.ascontiguousarray(array).view(np.uint8).tobytes() if array.size else b"")
    identity = identify(str(path))
    builder = TableBuilder()
    for number, ((dtype, array), place) in enumerate(zip(tensors, places)):
        nbytes = array.size * array.itemsize
        storage = builder.add_storage(str(number), Extent(nbytes, (Segment(identity, place, nbytes),)))
        builder.add((f"w{number}",), array.shape, BY_NAME[dtype], storage=storage)
    for number, (dtype, shape, storage, settings) in enumerate(more):
        builder.add((f"more{number}",), shape, BY_NAME[dtype], storage=storage, **settings)
    return Checkpoint(str(path), "torch-zip", identity.size, (identity,), builder.build(), ())
