"""Tensors in real files, built from arrays, and what the same figures are by way of numpy."""

import itertools
import zlib
from dataclasses import dataclass

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.core.tensors import TensorInfo
from ckptgui.sources.local import identify
from ckptgui.sources.locate import SourcePool


@dataclass
class Stored:
    """A tensor in a file, with the pool that opens it. ``values`` are what it should read as."""

    info: TensorInfo
    pool: SourcePool
    values: np.ndarray


class Shelf:
    """Writes storages into files of one folder and closes everything in the end."""

    def __init__(self, folder):
        self.folder = folder
        self.pool = SourcePool()
        self.made = 0

    def put(
        self,
        array,
        dtype,
        *,
        shape=None,
        strides=None,
        offset=0,
        codec="stored",
        byteorder="little",
        pieces=1,
        **more,
    ):
        """A view of ``array``'s bytes; without ``shape`` the array itself."""
        flat = np.ascontiguousarray(array).reshape(-1)
        data = flat.view(np.uint8).tobytes()
        if byteorder == "big":
            width = BY_NAME[dtype].itemsize // (2 if BY_NAME[dtype].kind.value == "complex" else 1)
            data = np.frombuffer(data, f"u{width}").byteswap().tobytes()
        stored = data
        if codec == "deflate":
            squeeze = zlib.compressobj(1, zlib.DEFLATED, -15)
            stored = squeeze.compress(data) + squeeze.flush()
        segments = self._write(stored, pieces)
        if codec == "inline":
            extent = Extent(len(data), byteorder=byteorder, inline=data)
        else:
            extent = Extent(len(data), segments, Codec(codec), byteorder)
        builder = TableBuilder()
        row = builder.add_storage("0", extent)
        shape = np.shape(array) if shape is None else shape
        builder.add(("w",), shape, BY_NAME[dtype], storage=row, storage_offset=offset, strides=strides, **more)
        info = builder.build().info(0)
        raw = flat.view(f"V{flat.itemsize}")[offset:]
        steps = [step * flat.itemsize for step in info.strides]
        view = np.lib.stride_tricks.as_strided(raw, shape, steps)
        view = view.copy().view(flat.dtype) if view.size < 1e9 else raw
        return Stored(info, self.pool, view)

    def _write(self, data, pieces):
        path = self.folder / f"{self.made}.bin"
        self.made += 1
        cuts = [len(data) * i // pieces for i in range(pieces + 1)]
        gap = b"\xa5" * 13
        with path.open("wb") as file:
            offsets = []
            for start, stop in itertools.pairwise(cuts):
                file.write(gap)
                offsets.append(file.tell())
                file.write(data[start:stop])
        identity = identify(str(path))
        return tuple(
            Segment(identity, offset, stop - start, start) for offset, start, stop in zip(offsets, cuts, cuts[1:])
        )

    def close(self):
        self.pool.close()


def figures(values):
    """Everything that ``Statistics`` says, the slow way, from an array of real numbers."""
    if values.dtype == bool:
        values = values.view(np.uint8)
    real = values.astype(np.float64)
    finite = real[np.isfinite(real)]
    found = {
        "count": real.size,
        "zeros": int((real == 0).sum()),
        "nan": int(np.isnan(real).sum()),
        "posinf": int((real == np.inf).sum()),
        "neginf": int((real == -np.inf).sum()),
    }
    if finite.size:
        exact = values if values.dtype.kind in "iu" else real
        low = exact.min() if values.dtype.kind in "iu" else finite.min()
        high = exact.max() if values.dtype.kind in "iu" else finite.max()
        found |= {
            "min": low.item(),
            "max": high.item(),
            "argmin": tuple(int(i) for i in np.argwhere(exact == low)[0]),
            "argmax": tuple(int(i) for i in np.argwhere(exact == high)[0]),
            "mean": finite.mean(),
            "std": finite.std(),
            "l2": np.sqrt((finite**2).sum()),
        }
    return found, finite
