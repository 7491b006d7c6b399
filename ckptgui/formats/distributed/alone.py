"""Ranks' files without their description: archive after archive, whose names and whole shapes nothing tells."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape
from ckptgui.core.display import display
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.chunks import PlainPieces
from ckptgui.formats.distributed.files import RANK_FILE
from ckptgui.formats.distributed.looks import WIDE
from ckptgui.formats.distributed.metadata import Description, Piece, SavedTensor, Slice
from ckptgui.formats.distributed.read import Told, read_described
from ckptgui.formats.zips.local import FULL32
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.folder import Folder

MOST_SEARCHED = 64 << 20
"""Bytes in which the end of one archive is looked for, behind the values of a plain tensor."""

_UNFINISHED = ".metadata.tmp"
"""What torch calls a description until it is whole."""

_WINDOW = 1 << 16
_END = struct.Struct("<4s8x2IH")
"""Signature, then the directory's size and place and the length of the comment, in the end of a zip."""

_WIDE_END = 76
"""Bytes of the 64-bit end and its locator, which torch puts in front of the end of every archive."""

_LOCAL, _CLOSING = b"PK\x03\x04", b"PK\x05\x06"
_NAMED = 8


def read_alone(folder: Folder, names: list[str], told: Told, check: Check) -> Checkpoint:
    """What lies in the files, each piece below its file's name and numbered as it lies there."""
    description = Description()
    warnings = [*told.warnings, _ranks(names, damaged=bool(told.by or told.warnings))]
    if any(name.endswith(_UNFINISHED) for name in folder.files):
        warnings.append("Its description is begun under another name: it is perhaps still being saved.")
    for name in names:
        try:
            source = folder.open(name)
        except CheckpointError as error:
            warnings.append(f"{display(name)} cannot be opened: {error}")
            continue
        try:
            reached = _walk(source, name, description, check)
            if reached < source.size:
                warnings.append(
                    f"What {display(name)} holds from byte {reached:,} of {source.size:,} on cannot be told apart "
                    "without the .metadata."
                )
        finally:
            source.close()
    found = read_described(folder, description, replace(told, warnings=tuple(warnings)), check)
    sections = tuple(replace(section, role=Role.OTHER) for section in found.sections)
    attributes = {**found.attributes, "incomplete": True}
    return replace(found, sections=sections, saved_shape=SavedShape.OTHER, attributes=attributes)


def _ranks(names: list[str], *, damaged: bool) -> str:
    """Whose files are here and whose are missing, as far as their names tell."""
    without = "Without that, nothing says" if damaged else "There is no .metadata to say"
    sentence = f"{without} what the pieces are called and what they are parts of."
    ranks = sorted({int(match[1]) for name in names if (match := RANK_FILE.fullmatch(name))})
    if not ranks:
        return sentence
    missing = [rank for rank in range(min(ranks[-1], len(ranks) + _NAMED)) if rank not in set(ranks)]
    here = f"Here {'is rank' if len(ranks) == 1 else 'are ranks'} {_listed(ranks)}"
    gone = f", missing {'is' if len(missing) == 1 else 'are'} {_listed(missing)}" if missing else ""
    return f"{sentence} {here}{gone}; whether there were ranks above, nothing tells."


def _listed(ranks: list[int]) -> str:
    more = len(ranks) - _NAMED
    return ", ".join(map(str, ranks[:_NAMED])) + (f" and {more:,} more" if more > 0 else "")


def _walk(source: ByteSource, name: str, description: Description, check: Check) -> int:
    """Describe one archive after the other; gives where that came to an end."""
    pieces = PlainPieces()
    reached = 0
    for number, (offset, length, head) in enumerate(_archives(source, pieces, check)):
        key = f"{name} {number}"
        place = Slice(name, offset, length, ())
        plain = pieces.look(head)
        description.order[key] = None
        description.paths[key] = (name, f"chunk {number}")
        if plain is None:
            description.objects[key] = place
        else:
            piece = Piece((0,) * len(plain.shape), plain.shape, place)
            description.tensors[key] = SavedTensor(plain.shape, plain.dtype, plain.dtype.name, [piece])
        reached = offset + length
    return reached


def _archives(source: ByteSource, pieces: PlainPieces, check: Check) -> Iterator[tuple[int, int, bytes]]:
    """Offset, length and first bytes of each archive; ends where none follows."""
    window = _Window(source)
    at = 0
    while at < source.size:
        check()
        head = window.bytes(at, WIDE)
        if not head.startswith(_LOCAL):
            return
        plain = pieces.look(head)
        end = _end(window, at, at + (plain.data + plain.nbytes if plain else 0), check)
        if end is None:
            return
        yield at, end - at, head[: end - at]
        at = end


def _end(window: _Window, begin: int, after: int, check: Check) -> int | None:
    """One past the last byte of the archive that begins at ``begin`` and whose values end at ``after``."""
    at = after
    while at < after + MOST_SEARCHED:
        data = window.bytes(at, _WINDOW)
        found = data.find(_CLOSING)
        if found < 0 or found + _END.size > len(data):
            if len(data) < _WINDOW:
                return None
            check()
            at += max(1, found if found >= 0 else len(data) - len(_CLOSING))
            continue
        place = at + found
        _, size, offset, comment = _END.unpack_from(data, found)
        if offset == FULL32 or offset + size in (place - begin, place - begin - _WIDE_END):
            return min(place + _END.size + int(comment), window.size)
        at = place + 1
    return None


class _Window:
    """The last stretch that was read, because small archives lie close together."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._start = 0
        self._data = b""
        self.size = source.size

    def bytes(self, offset: int, length: int) -> bytes:
        """Bytes of the file, fewer at its end."""
        length = min(length, self.size - offset)
        if not self._start <= offset or offset + length > self._start + len(self._data):
            self._start = offset
            self._data = read_exactly(self._source, offset, max(length, _WINDOW))
        return self._data[offset - self._start :][:length]
