"""Where bytes lie: a source, segments of it, how they are coded and in which byte order.

Everything here is a small frozen value that can cross a thread, a process or a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ckptgui.core.dtypes import ByteOrder


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """Which file it is and which state of it was opened; a change of any field means *another* file.

    ``size`` is in bytes, ``mtime_ns`` in nanoseconds since the epoch.
    """

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int


class Codec(Enum):
    """How the bytes of a segment become the bytes of the tensor."""

    STORED = "stored"
    DEFLATE = "deflate"
    ZSTD = "zstd"
    GGML_BLOCK = "ggml_block"


@dataclass(frozen=True, slots=True)
class Segment:
    """``length`` bytes at ``offset`` of ``source`` that belong at byte ``place`` of the extent."""

    source: SourceIdentity
    offset: int
    length: int
    place: int = 0


@dataclass(frozen=True, slots=True)
class Extent:
    """The bytes of one storage: ordered segments, or ``inline`` bytes that came out of a pickle's own text.

    ``nbytes`` is the decoded length. With ``STORED`` the segments' lengths sum to it at most; less means
    that the file is cut, and ``available`` says how many leading bytes are there.
    """

    nbytes: int
    segments: tuple[Segment, ...] = ()
    codec: Codec = Codec.STORED
    byteorder: ByteOrder = "little"
    inline: bytes | None = None

    @property
    def available(self) -> int:
        """Decoded bytes that are known to be there, counted from the start without a gap."""
        if self.inline is not None:
            return len(self.inline)
        if self.codec is not Codec.STORED:
            return self.nbytes
        reached = 0
        for segment in self.segments:
            if segment.place > reached:
                break
            reached = max(reached, segment.place + segment.length)
        return min(reached, self.nbytes)

    @property
    def file_offset(self) -> int | None:
        """Absolute place of the first byte; None where compressed, inline or in pieces."""
        if self.codec is Codec.STORED and self.inline is None and len(self.segments) == 1:
            return self.segments[0].offset
        return None
