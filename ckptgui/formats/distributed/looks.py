"""The first bytes of everything that lies in a distributed checkpoint's files, read as they lie there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptgui.formats.base import Check
from ckptgui.formats.distributed.chunks import HEAD, Plain, PlainPieces, pickle_start
from ckptgui.formats.distributed.files import DataFiles
from ckptgui.formats.distributed.metadata import Slice
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.zstd import ZstdStream

WIDE = 1 << 15
"""Bytes looked at where records are aligned to more than 64 (``save.storage_alignment``), most often to 4,096."""

_NEAR = 8 << 10
"""Stretches closer than this are read in one go, with the values between them."""

_SPAN = 4 << 20


class Looks:
    """``found`` has for each stretch, by file and offset, the plain tensor in it or its first bytes."""

    def __init__(self, files: DataFiles, check: Check) -> None:
        self._files = files
        self._check = check
        self._pieces = PlainPieces()
        self._size = HEAD
        self.found: dict[tuple[str, int], bytes | Plain] = {}

    def look(self, places: Iterable[Slice]) -> None:
        """Look at tensors' stretches."""
        for file, source, stretches in self._by_file(places):
            for (offset, length), head in zip(stretches, self._heads(source, stretches)):
                self.found[file, offset] = self._plain(source, offset, length, head) or head

    def keep(self, places: Iterable[Slice]) -> None:
        """Keep the first bytes of objects' stretches."""
        for file, source, stretches in self._by_file(places):
            for (offset, _), head in zip(stretches, self._heads(source, stretches)):
                self.found[file, offset] = head

    def decoded(self, place: Slice) -> Plain | None:
        """The plain tensor within a zstd frame."""
        stream = ZstdStream(self._files.source(place.file), place.offset, place.length)
        head = bytearray(WIDE)
        got = stream.read_into(0, memoryview(head)[:HEAD])
        found = self._pieces.look(bytes(head[:got]))
        if found is None and got == HEAD:
            got += stream.read_into(got, memoryview(head)[got:])
            found = self._pieces.look(bytes(head[:got]))
        return found

    def _plain(self, source: ByteSource, offset: int, length: int, head: bytes) -> Plain | None:
        """The tensor that begins with ``head``; the first one whose values begin farther on widens the look."""
        found = self._pieces.look(head)
        if found is None and len(head) < min(WIDE, length) and pickle_start(head) is not None:
            found = self._pieces.look(read_exactly(source, offset, min(WIDE, length)))
            if found is not None:
                self._size = WIDE
        return found

    def _by_file(self, places: Iterable[Slice]) -> Iterator[tuple[str, ByteSource, list[tuple[int, int]]]]:
        """Offset and length of the stretches that are no frames, file by file and rising."""
        by_file: dict[str, list[tuple[int, int]]] = {}
        for file, offset, length, transforms in places:
            if not transforms and offset >= 0 and length >= 0:
                by_file.setdefault(file, []).append((offset, length))
        for file, stretches in by_file.items():
            if self._files.identity(file) is not None:
                stretches.sort()
                yield file, self._files.source(file), stretches

    def _heads(self, source: ByteSource, places: list[tuple[int, int]]) -> Iterator[bytes]:
        """The first bytes at each place; what lies close together is read at once."""
        first = 0
        for i in range(1, len(places) + 1):
            if i < len(places):
                gap = places[i][0] - places[i - 1][0] - self._size
                if gap <= _NEAR and places[i][0] - places[first][0] <= _SPAN:
                    continue
            self._check()
            base, size = places[first][0], self._size
            data = read_exactly(source, base, places[i - 1][0] + min(size, places[i - 1][1]) - base)
            for offset, length in places[first:i]:
                yield data[offset - base : offset - base + min(size, length)]
            first = i
