"""The figures of a resident tensor and the spread of its values, found on its device (``engine.summarise``)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ckptgui.analysis.digest import Blocks
from ckptgui.analysis.found import Found
from ckptgui.analysis.keys import INTEGER_CODES, Ranges
from ckptgui.analysis.refinement import RefinementPass, spread_of
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend
from ckptgui.device.inside.counting import RangeCounts, keys_of
from ckptgui.device.inside.exact_sums import DOUBLE, SINGLE
from ckptgui.device.inside.falling_back import worked_out
from ckptgui.device.inside.passes import fitting, has_pass
from ckptgui.device.inside.stored import HostBuffer, Piece, Stored
from ckptgui.engine import summarise as on_cpu
from ckptgui.engine.decoding import is_pairs
from ckptgui.engine.identity import tag_of
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.summarise import space_of, statistics_of, summarise_from

PIECE = 1 << 21
"""Elements that a device folds at once: enough to keep it busy, few enough to be felt by a cancel."""

WORK = 128
"""Bytes of the device's memory that folding takes for each of them, at most."""


def summarise(
    backend: Backend,
    data: torch.Tensor,
    info: TensorInfo,
    cancel: Cancel,
    report: Report = silent,
    exact: bool = False,
) -> tuple[Summary, str]:
    """What ``engine.summarise`` says of the file's tensor, from its bytes (flat uint8) on a device.

    Equal to it in everything but the mean, the standard deviation and the norms of float32 and float64: those are
    here of the exact sums, from which the CPU's may differ in the last digits of float64 (``analysis.atoms``).
    The second value says why it was not found on the device, and is empty where it was. The bytes are brought to
    the CPU once, piece by piece, for the digest. Raises ``Cancelled``.
    """
    if info.numel == 0:
        return Summary(Statistics(0)), ""
    stored = Stored.of(backend, data, info)
    if info.dtype.kind is Kind.PACKED and not is_pairs(info):
        return Summary(Statistics(info.numel)), ""

    def here() -> Summary:
        return summarise_from(stored, stored.resident, stored.layout, cancel, report, exact)

    if stored.in_main_memory:
        return here(), ""
    reading = Reading(stored, cancel, report)
    return worked_out(backend, memory_for(stored), lambda: reading.summary(exact), here, why_not(info))


def why_not(info: TensorInfo) -> str:
    """Why figures of a dtype are not found on a device; empty where they are."""
    if has_pass(info.dtype):
        return ""
    return f"Figures of {info.dtype} are not found on a device."


def memory_for(stored: Stored) -> int:
    """Bytes of the device's memory that a reading takes at most."""
    dtype = stored.info.dtype
    if dtype.bits <= 16:
        entries = 2 << dtype.bits
    elif stored.layout.count <= on_cpu.SMALL:
        entries = 0
    elif dtype.kind is Kind.FLOAT:
        width = SINGLE if dtype.bits == 32 else DOUBLE
        entries = width.codes * (width.rows + 1)
    else:
        entries = 4 * INTEGER_CODES
    return WORK * min(PIECE, stored.layout.count) + 8 * entries


@dataclass
class Reading:
    """The passes over one tensor on its device. Progress goes on rising where a pass follows another."""

    stored: Stored
    cancel: Cancel
    report: Report
    done: int = 0

    def summary(self, exact: bool) -> Summary:
        """All of it."""
        stored = self.stored
        found, digest = self.first()
        spread = spread_of(found, stored.layout.times, exact, self.again)
        return Summary(statistics_of(stored.info, stored.layout, found), spread, digest)

    def first(self) -> tuple[Found, bytes]:
        """What the first pass finds, and the digest of the bytes as they lie there."""
        stored, blocks = self.stored, Blocks()
        width = stored.info.dtype.itemsize
        fold = fitting(stored.info.dtype, stored.layout.count <= on_cpu.SMALL, stored.data.device)
        buffer = HostBuffer(stored.backend, width * min(PIECE, stored.layout.count))
        total = self.done + stored.nbytes
        for piece in stored.pieces(PIECE):
            self.cancel.check()
            blocks.merge(Blocks().add(piece.box.place * width, buffer.bytes_of(piece.bits)))
            fold.add(piece)
            self._step(piece, total)
        return fold.finish(), blocks.digest(tag_of(stored.info, stored.layout))

    def again(self, closer: RefinementPass) -> Ranges:
        """A further pass, which counts keys in ranges."""
        stored = self.stored
        counts = RangeCounts(closer, stored.data.device)
        total = self.done + stored.nbytes
        space = space_of(stored.info.dtype)
        for piece in stored.pieces(PIECE):
            self.cancel.check()
            counts.add(keys_of(space, piece.bits, stored.info.dtype))
            self._step(piece, total)
        return closer.finish(counts.counts)

    def _step(self, piece: Piece, total: int) -> None:
        self.done += piece.bits.numel() * piece.bits.element_size()
        self.report(Progress(self.done, total))
