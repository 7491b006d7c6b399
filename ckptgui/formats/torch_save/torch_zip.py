"""Checkpoints that torch.save has written since 1.6: a zip with a pickle in front and a record per storage."""

from __future__ import annotations

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.objects.pickled import Saved, checkpoint_of
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.inner_streams import open_inner
from ckptgui.formats.torch_save.torch_archive import (
    PICKLE,
    Archive,
    open_archive,
    pickle_warnings,
    prefix_of,
    records_of,
)
from ckptgui.formats.zips.probe import is_zip, names_in


class TorchZip:
    """Reads the pickle and the zip's directory, and no storage."""

    name = "torch-zip"

    def matches(self, probe: Probe) -> bool:
        """A zip that holds a ``data.pkl``; torch puts it first, a tool that packs again may not."""
        if is_zip(probe) and PICKLE.encode() in probe.head:
            return True
        directory = names_in(probe)
        return directory is not None and prefix_of(directory.entries) is not None

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a damaged file, what can still be listed, with the reasons among its warnings."""
        with without_garbage_collection():
            return _checkpoint(probe, open_archive(probe, check), check)


def _checkpoint(probe: Probe, archive: Archive, check: Check) -> Checkpoint:
    parsed = archive.parsed
    if parsed.broken and parsed.root is None:
        raise DamagedFileError(parsed.broken)
    builder = TableBuilder()
    storages = archive.storages(builder)
    inner = open_inner(parsed.refs, parsed.inner, builder, check)
    saved = Saved(
        parsed.root,
        inner.routed(storages),
        judge(inner.refs, archive.prefix + PICKLE),
        lambda: records_of(archive.directory, storages.rows),
        (*archive.warnings, *pickle_warnings(archive), *inner.warnings),
        {"incomplete": parsed.broken is not None, "cut": archive.directory.cut, "protocol": parsed.protocol},
    )
    return checkpoint_of(probe, TorchZip.name, saved, builder, check)
