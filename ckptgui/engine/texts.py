"""Texts within a file, the source of its modules for instance: bounded, decoded for reading, never more."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.extents import Extent
from ckptgui.engine.access import storage_reader
from ckptgui.sources.locate import SourcePool

MAX_TEXT = 1 << 20
"""Bytes of a text that are read; sources of models have some ten thousand."""


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` is the beginning of what has ``nbytes`` bytes; ``whole`` says that it is all of it."""

    text: str
    nbytes: int
    whole: bool


def read_text(where: Extent | str, pool: SourcePool, limit: int = MAX_TEXT) -> Text:
    """The text at an extent, up to ``limit`` bytes; what came with the header is cut likewise.

    What is no UTF-8 is shown as such. Raises ``CheckpointError`` where the bytes cannot be had.
    """
    if isinstance(where, str):
        whole = len(where) <= limit
        return Text(where[:limit], len(where.encode("utf-8", "replace")), whole)
    buffer = bytearray(min(where.nbytes, limit))
    if buffer:
        storage_reader(where, pool).read_into(0, memoryview(buffer))
    whole = where.nbytes <= limit
    text = buffer.decode("utf-8", "replace")
    return Text(text if whole else text.rstrip("\ufffd"), where.nbytes, whole)
