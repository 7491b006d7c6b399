"""A safetensors file: a JSON header, then every tensor's values, contiguous, row-major, little-endian.

Data lies in order of falling item size, so that each tensor is aligned to its own elements; the header
names the tensors in saved order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError
from ckptgui.export.filling import Placed, fill
from ckptgui.export.geometry import shapes, value_bytes
from ckptgui.export.output import Output
from ckptgui.export.pieces import Piece, written_as
from ckptgui.sources.locate import SourcePool

MAX_HEADER = 100_000_000
"""Bytes of a header beyond which the format's own library refuses the file."""
_ALIGNMENT = 8


class Pieces(Sequence[Piece]):
    """Each tensor's values in file order, made when they are asked for; ``sizes`` are their bytes (int64)."""

    def __init__(
        self, tensors: Sequence[TensorInfo], dtypes: Sequence[DType], order: np.ndarray, sizes: np.ndarray
    ) -> None:
        self.sizes = sizes
        self._tensors = tensors
        self._dtypes = dtypes
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Piece: ...
    @overload
    def __getitem__(self, index: slice) -> list[Piece]: ...
    def __getitem__(self, index: int | slice) -> Piece | list[Piece]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        place = self.place(index)
        return written_as(self._tensors[place], self._dtypes[place])

    def place(self, index: int) -> int:
        """Which tensor it is."""
        return int(self._order[index])


@dataclass(frozen=True)
class SafetensorsLayout:
    """A safetensors file that is ready to be written."""

    header: bytes = field(repr=False)
    pieces: Pieces

    @property
    def nbytes(self) -> int:
        """Size of the file to come."""
        return len(self.header) + self.data_bytes

    @property
    def data_bytes(self) -> int:
        """Bytes of tensor data, for progress."""
        return int(self.pieces.sizes.sum())

    def write(self, output: Output, pool: SourcePool, cancel: Cancel, wrote: Callable[[int], None]) -> None:
        """Write the whole file; ``wrote`` hears of every chunk of tensor data."""
        output.write(self.header)
        output.flush()
        fill(output, self._placed(output.position), pool, cancel, wrote)
        output.skip(self.data_bytes)

    def tensor_of(self, number: int) -> int:
        """The tensor that the piece of this number is, by its place among the file's."""
        return self.pieces.place(number)

    def _placed(self, offset: int) -> Iterator[Placed]:
        for piece in self.pieces:
            yield Placed(offset, b"", piece)
            offset += piece.nbytes


def safetensors_layout(
    names: Sequence[str], tensors: Sequence[TensorInfo], dtypes: Sequence[DType], metadata: Mapping[str, str]
) -> SafetensorsLayout:
    """Lay out a file; ``tensors`` are as the format counts them and written as ``dtypes``.

    ``metadata`` goes beside ``format: pt``.
    """
    widths = np.array([dtype.bits for dtype in dtypes], np.int64)
    order = np.argsort(-widths, kind="stable")
    sizes = value_bytes(tensors, dtypes)
    stops = np.empty(len(order), np.int64)
    stops[order] = np.cumsum(sizes[order])
    header = _header(names, tensors, dtypes, (stops - sizes).tolist(), stops.tolist(), metadata)
    return SafetensorsLayout(header, Pieces(tensors, dtypes, order, sizes[order]))


def _header(
    names: Sequence[str],
    tensors: Sequence[TensorInfo],
    dtypes: Sequence[DType],
    starts: Sequence[int],
    stops: Sequence[int],
    metadata: Mapping[str, str],
) -> bytes:
    """The header's JSON, put together by hand: a library's takes four times as long."""
    told = json.dumps({"format": "pt", **metadata}, ensure_ascii=False, separators=(",", ":"))
    quoted = json.encoder.encode_basestring
    columns = zip(names, dtypes, shapes(tensors), starts, stops)
    entries = [
        f'{quoted(name)}:{{"dtype":"{dtype.safetensors}","shape":{list(shape)},"data_offsets":[{start},{stop}]}}'
        for name, dtype, shape, start, stop in columns
    ]
    text = ",".join([f'{{"__metadata__":{told}', *entries]) + "}"
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise ExportError("A name holds half a character, which safetensors cannot hold.") from error
    padded = encoded + b" " * (-(8 + len(encoded)) % _ALIGNMENT)
    if len(padded) > MAX_HEADER:
        raise ExportError(f"The header would take {len(padded):,} bytes; safetensors allows {MAX_HEADER:,}.")
    return len(padded).to_bytes(8, "little") + padded
