"""The graph of the saved object alone, for those who want to say it again: no table, no sections."""

from __future__ import annotations

from collections.abc import Callable

from ckptgui.core.builder import TableBuilder
from ckptgui.formats.base import HEAD, Check, Probe
from ckptgui.formats.pickles.feed import Feed
from ckptgui.formats.pickles.machine import Parsed, parse_file
from ckptgui.formats.torch_save.inner_streams import open_inner
from ckptgui.formats.torch_save.legacy_stream import open_stream
from ckptgui.formats.torch_save.torch_archive import open_archive
from ckptgui.formats.torch_save.torch_tar import open_tar
from ckptgui.sources.base import ByteSource, read_exactly


def _zip(probe: Probe, check: Check) -> Parsed:
    return open_archive(probe, check).parsed


def _legacy(probe: Probe, check: Check) -> Parsed:
    return open_stream(Feed(probe.source), 0, check).object


def _tar(probe: Probe, check: Check) -> Parsed:
    return open_tar(probe, check)[1]


def _pickle(probe: Probe, check: Check) -> Parsed:
    return parse_file(Feed(probe.source), 0, check)


_READ: dict[str, Callable[[Probe, Check], Parsed]] = {
    "torch-zip": _zip,
    "torch-legacy": _legacy,
    "torch-tar": _tar,
    "pickle": _pickle,
}
FORMATS = frozenset(_READ)
"""Formats that are one pickled object."""


def saved_graph(kind: str, source: ByteSource, check: Check = lambda: None) -> Parsed:
    """The object in a file of one of ``FORMATS``; streams within its pickle stand as what they hold.

    Long values of bytes stay in the file: ``source`` must be readable while they are looked at.
    """
    probe = Probe(source.identity.path, read_exactly(source, 0, HEAD), source.size, source)
    parsed = _READ[kind](probe, check)
    open_inner((), parsed.inner, TableBuilder(), check)
    return parsed
