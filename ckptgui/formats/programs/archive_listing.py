"""Rows, sections and names as they are gathered from an archive that holds several pickles and blobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, GlobalName, Json, Module, Role, SavedShape
from ckptgui.core.display import display
from ckptgui.core.records import RecordTable, record_table
from ckptgui.core.tensors import Path
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.objects import sections
from ckptgui.formats.objects.tensor_spec import Storages
from ckptgui.formats.objects.tensor_walk import TensorWalk
from ckptgui.formats.pickles.graph import Node
from ckptgui.formats.pickles.machine import Parsed
from ckptgui.formats.pickles.names import judge
from ckptgui.formats.torch_save.inner_streams import names
from ckptgui.formats.torch_save.nested_archive import Nested, open_nested
from ckptgui.formats.torch_save.torch_archive import PICKLE, records_of
from ckptgui.formats.zips.directory import DEFLATED, ZipDirectory


class ArchiveListing:
    """Collects what one archive holds; ``checkpoint`` makes the whole of it."""

    def __init__(self, probe: Probe, directory: ZipDirectory, prefix: str, check: Check) -> None:
        self.probe = probe
        self.source = probe.source
        self.directory = directory
        self.prefix = prefix
        self.check = check
        self.builder = TableBuilder()
        self.rows: dict[str, int] = {}  # storages by the record that they are
        self.modules: list[Module] = []
        self.globals: dict[str, GlobalName] = {}
        self.warnings: list[str] = []
        self.incomplete = False  # whether there are tensors, perhaps, whose names nobody can tell
        self._ranges: list[tuple[sections.Part, int, int]] = []
        self._within: dict[str, RecordTable] = {}  # of archives in a record

    def has(self, name: str) -> bool:
        """Whether there is a record of this name, below the archive's folder."""
        return self.prefix + name in self.directory.entries

    @contextmanager
    def section(self, path: Path, role: Role) -> Iterator[None]:
        """Rows that are added within are a section."""
        start = len(self.builder)
        yield
        self._ranges.append((sections.Part(path, None, role), start, len(self.builder)))

    @contextmanager
    def losing_nothing_else(self, what: str, *, tensors: bool = False) -> Iterator[None]:
        """A failure within costs a sentence about ``what``; with ``tensors`` some of those may be lost with it."""
        try:
            yield
        except CheckpointError as error:
            self.warnings.append(f"{what}: {error}")
            self.incomplete |= tensors

    def nested(self, name: str, path: Path) -> Nested:
        """List the tensors that torch.save wrote into the record ``name``, below ``path``."""
        full = self.prefix + name
        found = open_nested(self.source, self.directory, full, self.probe.path, self.check)
        self.name_globals(found.archive.parsed, f"{full}/{found.archive.prefix}{PICKLE}")
        storages = found.storages(self.builder, f"{name}/")
        self.walk(found.archive.parsed.root, path, storages)
        if found.outer.method != DEFLATED:
            inner = records_of(found.archive.directory, storages.rows)
            self._within[full] = inner.moved(found.outer.data_offset)
        return found

    def walk(self, node: Node, path: Path, storages: Storages) -> None:
        """List the tensors in a value."""
        walk = TensorWalk(self.builder, storages, self.check)
        walk.visit(node, path)
        self.modules += walk.modules
        self.warnings += walk.warnings

    def name_globals(self, parsed: Parsed, record: str) -> None:
        """Note what a pickle names, each name once with the worst of its uses."""
        for found in judge(names(parsed, self.check), record):
            known = self.globals.get(found.name)
            if known is None or _WORSE[found.use.value] > _WORSE[known.use.value]:
                self.globals[found.name] = found
        if parsed.broken:
            self.warnings.append(f"{display(record)}: {parsed.broken}")
            self.incomplete = True

    def checkpoint(
        self, format: str, metadata: Json, saved_shape: SavedShape, attributes: Mapping[str, Any]
    ) -> Checkpoint:
        """Everything that was gathered."""
        table = self.builder.build()
        return Checkpoint(
            path=self.probe.path,
            format=format,
            nbytes=self.probe.size,
            sources=(self.source.identity,),
            tensors=table,
            sections=sections.to_sections(table, self._ranges),
            metadata=metadata,
            saved_shape=saved_shape,
            modules=tuple(self.modules),
            globals=tuple(self.globals.values()),
            records=self._records(),
            warnings=tuple(self.warnings),
            attributes={"incomplete": self.incomplete, "cut": False, **attributes},
        )

    def _records(self) -> RecordTable:
        """Every record where it lies, those of archives within in place of the record that holds them."""
        own = records_of(self.directory, self.rows)
        if not self._within:
            return own
        found = [record for record in own if record.name not in self._within]
        for name, table in self._within.items():
            found += [replace(record, name=f"{name}/{record.name}") for record in table]
        return record_table(sorted(found, key=lambda record: record.offset))


_WORSE = {"known": 0, "class": 1, "callable": 2}
