"""128 bits of XXH3 over a tensor's values in stored order, the same however the reading is cut into chunks.

The values' bytes (little-endian, each stored element once) are cut into blocks of a fixed size. The digest is
that of a tag, which says what the bytes stand for, and of all blocks' digests. It is no proof against forgers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np
import xxhash

from ckptgui.analysis.reduction import Chunk, Reduction

BLOCK = 1 << 20
"""Bytes a block: few enough to lie in a near cache still, when they have just been folded."""

P = TypeVar("P")
R = TypeVar("R")


@dataclass(slots=True)
class Blocks:
    """The digests of whole blocks by number, and the bytes of those that began or ended elsewhere."""

    whole: dict[int, bytes] = field(default_factory=dict)
    loose: dict[int, bytes] = field(default_factory=dict)

    def add(self, start: int, data: memoryview) -> Blocks:
        """Take in the bytes at byte ``start``."""
        stop = start + len(data)
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            first, last = max(start, number * BLOCK), min(stop, (number + 1) * BLOCK)
            self._put(number, data[first - start : last - start])
        return self

    def merge(self, later: Blocks) -> Blocks:
        """Take in what follows."""
        self.whole.update(later.whole)
        for number, data in later.loose.items():
            self._put(number, memoryview(self.loose.pop(number, b"") + data))
        return self

    def _put(self, number: int, data: memoryview) -> None:
        if len(data) == BLOCK:
            self.whole[number] = xxhash.xxh3_128_digest(data)
        else:
            self.loose[number] = bytes(data)

    def digest(self, tag: bytes) -> bytes:
        """16 bytes for all of it; only the last block may be shorter than the others."""
        found = self.whole | {number: xxhash.xxh3_128_digest(data) for number, data in self.loose.items()}
        return xxhash.xxh3_128_digest(tag + b"".join(found[number] for number in sorted(found)))


def digest_of(data: memoryview, tag: bytes) -> bytes:
    """The digest of a whole tensor of at most one block."""
    return xxhash.xxh3_128_digest(tag + xxhash.xxh3_128_digest(data))


@dataclass(frozen=True)
class DigestPass(Generic[P, R]):
    """Another reduction with the digest of the values as they are before ``decode``."""

    reduction: Reduction[P, R]
    decode: Callable[[np.ndarray, Chunk], np.ndarray]
    tag: bytes

    def of(self, chunk: Chunk) -> tuple[P, Blocks]:
        """Fold one chunk of stored values."""
        decoded = self.decode(chunk.values, chunk)
        part = self.reduction.of(chunk if decoded is chunk.values else replace(chunk, values=decoded))
        return part, Blocks().add(chunk.place * chunk.values.itemsize, chunk.values.view(np.uint8).data)

    def merge(self, left: tuple[P, Blocks], right: tuple[P, Blocks]) -> tuple[P, Blocks]:
        """Two neighbours as one."""
        return self.reduction.merge(left[0], right[0]), left[1].merge(right[1])

    def finish(self, whole: tuple[P, Blocks]) -> tuple[R, bytes]:
        """The other reduction's answer, and the digest."""
        return self.reduction.finish(whole[0]), whole[1].digest(self.tag)
