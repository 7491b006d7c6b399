"""Where bytes lie: a source, segments of it, how they are coded and in which byte order.

Everything here is a small frozen value that can cross a thread, a process or a network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    that the file is cut, and ``available`` says how many leading bytes are there. ``skip`` counts decoded
    bytes in front of the first one, where what was compressed is an archive around the storage.
    ``assembly`` stands for all of this where the bytes are put together from blocks.
    """

    nbytes: int
    segments: tuple[Segment, ...] = ()
    codec: Codec = Codec.STORED
    byteorder: ByteOrder = "little"
    inline: bytes | None = None
    skip: int = 0
    assembly: Assembly | None = None

    @property
    def available(self) -> int:
        """Decoded bytes that are known to be there, counted from the start without a gap."""
        if self.inline is not None:
            return len(self.inline)
        if self.codec is not Codec.STORED or self.assembly is not None:
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

    def moved(self, by: int) -> Extent:
        """The same extent in a file in front of which ``by`` more bytes stand."""
        segments = tuple(replace(segment, offset=segment.offset + by) for segment in self.segments)
        return replace(self, segments=segments)


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangular part of an assembled tensor: where it begins, its sizes, and where its elements lie.

    ``offsets``, ``sizes``, ``storage_offset`` and ``strides`` (None: row-major) count elements.
    """

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    extent: Extent
    storage_offset: int = 0
    strides: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Assembly:
    """A row-major tensor that lies in blocks which several programs wrote; ``itemsize`` in bytes.

    The blocks tile ``shape`` without hole or overlap; a reader that finds them otherwise says so as the
    tensor's error and makes no assembly.
    """

    shape: tuple[int, ...]
    itemsize: int
    blocks: tuple[Block, ...]
