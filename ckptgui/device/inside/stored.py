"""A tensor that a device holds as stored bits, in the order in which its file stores its elements.

A resident tensor lies row-major, whatever strides its file gives it. Its figures are those of the file's tensor
only if elements are visited as the file has them: repeated ones once, and in the file's order, which the digest
depends on. Bits are integers as wide as an element, which every device can shift and compare, also where it has no
arithmetic for the dtype.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from ckptgui.analysis.reduction import Chunk
from ckptgui.core.extents import Extent
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.device.inside.backend import Backend
from ckptgui.engine.decoding import layout_of
from ckptgui.engine.gather import Box, boxes
from ckptgui.engine.plan import Layout

BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integers that a device has, by their width in bytes."""

_NO_VALUES = np.empty(0)


@dataclass(frozen=True)
class Piece:
    """A stretch of a tensor in stored order: its ``bits`` (1-d, on the device), and where they stand."""

    bits: torch.Tensor
    box: Chunk  # without values: it tells ranks

    @property
    def in_order(self) -> bool:
        """Whether ranks rise."""
        return self.box.in_order

    def first(self, alike: torch.Tensor) -> int:
        """The lowest rank of the elements that ``alike`` picks (bool each), of which there are some."""
        places = alike.nonzero().reshape(-1)
        if self.in_order:
            return int(self.box.ranks([int(places[0])])[0])
        box, ranks = self.box, torch.zeros_like(places)
        for start, size, weight in zip(reversed(box.starts), reversed(box.sizes), reversed(box.weights)):
            ranks += (places % size + start) * weight
            places = places // size
        return int(ranks.min())


@dataclass(frozen=True)
class Stored:
    """The bytes of a tensor with elements (1-d uint8, row-major over its shape), and its file's layout of them.

    ``layout.strides`` are here the steps between elements among those that are read, row-major. It is read as a
    file is, too (``StorageReader``), for what the CPU works out.
    """

    sequential = False

    backend: Backend
    data: torch.Tensor
    info: TensorInfo
    layout: Layout

    @classmethod
    def of(cls, backend: Backend, data: torch.Tensor, info: TensorInfo) -> Stored:
        """A resident tensor: its elements are those of ``info`` with conjugation and negation applied."""
        found = layout_of(info)
        return cls(backend, data, info, replace(found, strides=found.weights))

    @property
    def in_main_memory(self) -> bool:
        """Whether its device is the CPU, and nothing a device would do is done better there."""
        return self.backend.direct(self.data) is not None

    @property
    def resident(self) -> TensorInfo:
        """The tensor as it lies here."""
        info = self.info
        strides, extent = contiguous_strides(info.shape), Extent(info.nbytes)
        return replace(info, strides=strides, storage_offset=0, extent=extent, conj=False, neg=False)

    @property
    def nbytes(self) -> int:
        """Bytes that are read."""
        return self.layout.count * self.info.dtype.itemsize

    @cached_property
    def bits(self) -> torch.Tensor:
        """The elements as integers, row-major over the whole shape."""
        return self.data.view(BITS[self.info.dtype.itemsize])

    def pieces(self, most: int) -> Iterator[Piece]:
        """All elements that are read, at most ``most`` at a time, in stored order."""
        for starts, sizes in boxes(self.layout.sizes, most):
            yield self._piece((starts, sizes))

    def _piece(self, box: Box) -> Piece:
        (starts, sizes), weights = box, self.layout.weights
        begin = sum(start * weight for start, weight in zip(starts, weights))
        place = 0
        for start, size in zip(starts, self.layout.sizes):
            place = place * size + start
        if self.layout.times == 1:
            at = self.bits.storage_offset() + begin
            bits = self.bits.as_strided(sizes, weights, at).reshape(-1).contiguous()
        else:
            ranks = torch.full(sizes, begin, dtype=torch.int64, device=self.data.device)
            for axis, (size, weight) in enumerate(zip(sizes, weights)):
                steps = torch.arange(size, device=ranks.device) * weight
                ranks += steps.reshape(-1, *[1] * (len(sizes) - axis - 1))
            bits = self.bits[self._offsets(ranks.reshape(-1))]
        return Piece(bits, Chunk(_NO_VALUES, starts, sizes, weights, self.layout.in_order, place))

    def _offsets(self, ranks: torch.Tensor) -> torch.Tensor:
        """Where elements lie, repeated dimensions being whole here and one long in ``ranks``."""
        rest, offsets = ranks, torch.zeros_like(ranks)
        for size, step in zip(reversed(self.layout.axes), reversed(contiguous_strides(self.info.shape))):
            offsets += rest % size * step
            rest = rest // size
        return offsets

    def read_into(self, start: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from a byte of what is read, row-major (``StorageReader``)."""
        out = torch.frombuffer(buffer, dtype=torch.uint8)
        if self.layout.times == 1:
            self.backend.read(self.data, start, out)
            return
        width = self.info.dtype.itemsize
        elements = self.data.view(-1, width)
        ranks = torch.arange(start // width, (start + len(buffer)) // width, device=self.data.device)
        out.copy_(elements[self._offsets(ranks)].reshape(-1))


class HostBuffer:
    """Main memory that pieces are copied to, one after the other."""

    def __init__(self, backend: Backend, nbytes: int) -> None:
        self._room = backend.staging(nbytes)

    def bytes_of(self, bits: torch.Tensor) -> memoryview:
        """A copy of these, valid until the next."""
        here = self._room[: bits.numel() * bits.element_size()]
        here.copy_(bits.view(torch.uint8))
        return here.numpy().data
