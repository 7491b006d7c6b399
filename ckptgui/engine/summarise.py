"""A tensor's figures and the spread of its values, in one reading where that suffices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from ckptgui.analysis.digest import DigestPass
from ckptgui.analysis.found import Found
from ckptgui.analysis.four_bits import FourBitsPass
from ckptgui.analysis.keys import Space
from ckptgui.analysis.narrow import NarrowPass
from ckptgui.analysis.reduction import Reduction
from ckptgui.analysis.refinement import spread_of
from ckptgui.analysis.small import SmallPass
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.analysis.wide import FloatPass, IntegerPass
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import as_stored, bytes_of_pairs, decoder, is_pairs, layout_of
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import require_whole
from ckptgui.engine.identity import plain_tag, tag_of
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.plan import Decode, Layout, Plan
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.repeated import require_bounded
from ckptgui.engine.run import run
from ckptgui.sources.locate import SourcePool

P = TypeVar("P")
R = TypeVar("R")

SMALL = 65_536
"""Up to this many elements are sorted, which makes everything exact."""

INLINE = 1 << 18
"""Up to this many bytes are read on the calling thread; handing them over would take longer."""


def summarise(
    info: TensorInfo,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    exact: bool = False,
    alone: bool = True,
) -> Summary:
    """Read the tensor and say what is in it; with ``exact`` the usual quantiles too are exact.

    Unless it is ``alone``, other tensors keep the other processors busy, and this one is left to one thread.

    Each stored element is read once, a second and further time only where a picture or a quantile would be
    too coarse. Figures are None where there are no values or their meaning is not known. Raises
    ``CheckpointError`` when the bytes cannot be had, ``Cancelled``.
    """
    if info.extent is None and info.error is None:  # on the meta device, or made of others that have figures
        return Summary(Statistics(info.numel))
    require_whole(info)
    if info.numel == 0:
        return Summary(Statistics(0))
    layout = layout_of(info)
    if info.extent is None or (decoder(info, layout) is None and not is_pairs(info)):
        return Summary(Statistics(info.numel))
    require_bounded(info, layout)
    return summarise_from(storage_reader(info.extent, pool), info, layout, cancel, report, exact, alone)


def summarise_from(
    reader: StorageReader,
    info: TensorInfo,
    layout: Layout,
    cancel: Cancel,
    report: Report = silent,
    exact: bool = False,
    alone: bool = True,
) -> Summary:
    """The same for a tensor with elements, whose bytes a reader gives, laid out so."""
    decode = decoder(info, layout)
    if is_pairs(info):
        return _of_pairs(info, reader, cancel, report, alone)
    if decode is None:
        return Summary(Statistics(info.numel))
    reading = _Reading(info, layout, reader, decode, cancel, report, alone)
    found, digest = reading.first()
    spread = spread_of(found, layout.times, exact, reading.run)
    return Summary(statistics_of(info, layout, found), spread, digest)


def _of_pairs(info: TensorInfo, reader: StorageReader, cancel: Cancel, report: Report, alone: bool) -> Summary:
    """Elements of four bits, read as the bytes that they stand in."""
    stored = bytes_of_pairs(info)
    layout = Layout.of(stored.shape, stored.strides)
    reading = _Reading(stored, layout, reader, as_stored, cancel, report, alone)
    digesting = DigestPass(FourBitsPass(info.numel), as_stored, plain_tag(info.dtype.name, info.shape))
    found, digest = reading.run(digesting)
    figures = statistics_of(info, Layout.of(info.shape, info.strides), found)
    return Summary(figures, spread_of(found, 1, False, reading.run), digest)


@dataclass
class _Reading:
    """The passes over one tensor. Progress goes on rising where a pass follows another."""

    info: TensorInfo
    layout: Layout
    reader: StorageReader
    decode: Decode
    cancel: Cancel
    report: Report
    alone: bool = True
    read: int = 0

    def run(self, reduction: Reduction[P, R], decode: Decode | None = None) -> R:
        """Fold the tensor once."""
        plan = Plan(self.info, self.layout, self.reader, reduction, decode or self.decode)
        before = self.read
        self.read += plan.total
        return run(
            plan,
            chunk_executor() if self.alone and plan.total > INLINE else None,
            self.cancel,
            lambda progress: self.report(Progress(before + progress.done, before + progress.total)),
        )

    def first(self) -> tuple[Found, bytes]:
        """The pass that fits the values as they are once decoded, and the digest of what is stored."""
        tag = tag_of(self.info, self.layout)
        return self.run(DigestPass(self.fitting(), self.decode, tag), as_stored)

    def fitting(self) -> Reduction[Any, Found]:
        """What to fold the values with."""
        dtype = self.info.dtype
        if self.layout.count <= SMALL:
            return SmallPass(dtype)
        if dtype.bits <= 16 and dtype.kind not in (Kind.COMPLEX, Kind.QUANTIZED):
            return NarrowPass(dtype)
        space = space_of(dtype)
        return FloatPass(space) if space in ("float32", "float64") else IntegerPass(space)


def space_of(dtype: DType) -> Space:
    """The keys of a dtype's values once they are decoded."""
    if dtype.kind in (Kind.COMPLEX, Kind.QUANTIZED):
        return "float64"
    if dtype.kind is Kind.FLOAT:
        return "float64" if dtype.bits == 64 else "float32"
    return "uint64" if dtype.name == "uint64" else "int"


def statistics_of(info: TensorInfo, layout: Layout, found: Found) -> Statistics:
    """The figures of a tensor that is laid out so."""
    times, specials = layout.times, found.specials
    return Statistics(
        count=info.numel,
        min=found.low[0] if found.low else None,
        max=found.high[0] if found.high else None,
        argmin=layout.index(found.low[1]) if found.low else None,
        argmax=layout.index(found.high[1]) if found.high else None,
        mean=found.sums.mean,
        std=found.sums.std,
        l1=found.sums.l1(times),
        l2=found.sums.l2(times),
        zeros=found.zeros * times,
        nan=specials.nan[0] * times,
        posinf=specials.posinf[0] * times,
        neginf=specials.neginf[0] * times,
        first_nan=layout.index(specials.nan[1]) if specials.nan[0] else None,
        first_posinf=layout.index(specials.posinf[1]) if specials.posinf[0] else None,
        first_neginf=layout.index(specials.neginf[1]) if specials.neginf[0] else None,
    )
