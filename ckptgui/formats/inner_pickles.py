"""Names in pickles that stand as bytes within a pickle: a loader told to unpickle those reaches for them too.

Tensors and storages are saved so by copying (``torch.storage._load_from_bytes``), and so is what somebody
wants to hide.
"""

from __future__ import annotations

from ckptgui.formats.base import Check
from ckptgui.formats.numpy_nodes import bytes_of
from ckptgui.formats.pickle_graph import Node, Ref
from ckptgui.formats.pickle_machine import Parsed, parse

MAX_LEVELS = 8
"""Pickles within pickles that are followed."""

MAX_BYTES = 64 << 20
"""Bytes that are looked at in all; one value may be unpickled very often."""

_MAGIC = 0x1950A86A20F9469CFC6C
_MORE = 4
"""Pickles that follow torch's old magic number; behind them lie the values."""


def names(parsed: Parsed, check: Check = lambda: None) -> tuple[Ref, ...]:
    """Every name of a pickle, then those of the pickles within it, each once."""
    found: dict[str, Ref] = {ref.path: ref for ref in parsed.refs}
    level: list[Node] = list(parsed.inner)
    left = MAX_BYTES
    for _ in range(MAX_LEVELS):
        deeper: list[Node] = []
        for node in level:
            data = bytes_of(node) if left > 0 else None
            if not data:
                continue
            left -= len(data)
            for inner in _streams(data, check):
                _add(found, inner.refs)
                deeper += inner.inner
        level = deeper
    return tuple(found.values())


def _streams(data: bytes, check: Check) -> list[Parsed]:
    """The pickle in these bytes, or the five with which torch's old format begins."""
    streams = [parse(data, check)]
    if type(streams[0].root) is int and streams[0].root == _MAGIC:
        for _ in range(_MORE):
            if streams[-1].broken is None:
                streams.append(parse(data, check, start=streams[-1].end))
    return streams


def _add(found: dict[str, Ref], refs: tuple[Ref, ...]) -> None:
    for ref in refs:
        known = found.setdefault(ref.path, ref)
        if known is ref:
            ref.offset = -1  # it counts in the bytes within
        known.called |= ref.called
        known.made |= ref.made
        known.tampered |= ref.tampered
