"""A safetensors file: a JSON header, then every tensor's values, contiguous, row-major, little-endian.

Data lies in order of falling item size, so that each tensor is aligned to its own elements; the header
names the tensors in saved order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError
from ckptgui.export.atomic import Output
from ckptgui.export.pieces import Piece, written_as
from ckptgui.sources.locate import SourcePool

MAX_HEADER = 100_000_000
"""Bytes of a header beyond which the format's own library refuses the file."""
_ALIGNMENT = 8


@dataclass(frozen=True)
class SafetensorsLayout:
    """A safetensors file that is ready to be written."""

    header: bytes = field(repr=False)
    pieces: tuple[Piece, ...]

    @property
    def nbytes(self) -> int:
        """Size of the file to come."""
        return len(self.header) + self.data_bytes

    @property
    def data_bytes(self) -> int:
        """Bytes of tensor data, for progress."""
        return sum(piece.nbytes for piece in self.pieces)

    def write(self, output: Output, pool: SourcePool, cancel: Cancel, wrote: Callable[[int], None]) -> None:
        """Write the whole file; ``wrote`` hears of every chunk of tensor data."""
        output.write(self.header)
        for piece in self.pieces:
            cancel.check()
            start = output.position
            for chunk in piece.read(pool, cancel):
                output.write(chunk)
                wrote(len(chunk))
            if output.position - start != piece.nbytes:
                raise AssertionError(f"{output.position - start} bytes of {piece.nbytes}")


def safetensors_layout(
    names: Sequence[str], tensors: Sequence[TensorInfo], dtypes: Sequence[DType], metadata: Mapping[str, str]
) -> SafetensorsLayout:
    """Lay out a file; ``tensors`` are as the format counts them and written as ``dtypes``.

    ``metadata`` goes beside ``format: pt``.
    """
    order = sorted(range(len(tensors)), key=lambda index: -dtypes[index].bits)
    pieces = [written_as(tensors[index], dtypes[index]) for index in order]
    spans: dict[int, list[int]] = {}
    position = 0
    for index, piece in zip(order, pieces):
        spans[index] = [position, position + piece.nbytes]
        position += piece.nbytes
    header: dict[str, Any] = {"__metadata__": {"format": "pt", **metadata}}
    for index, (name, tensor) in enumerate(zip(names, tensors)):
        header[name] = {
            "dtype": dtypes[index].safetensors,
            "shape": list(tensor.shape),
            "data_offsets": spans[index],
        }
    return SafetensorsLayout(_encoded(header), tuple(pieces))


def _encoded(header: dict[str, Any]) -> bytes:
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise ExportError("A name holds half a character, which safetensors cannot hold.") from error
    padded = encoded + b" " * (-(8 + len(encoded)) % _ALIGNMENT)
    if len(padded) > MAX_HEADER:
        raise ExportError(f"The header would take {len(padded):,} bytes; safetensors allows {MAX_HEADER:,}.")
    return len(padded).to_bytes(8, "little") + padded
