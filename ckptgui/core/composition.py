"""Several checkpoints as one: shards, the files of a folder, archives inside an archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, GlobalClass, GlobalName, Json, Module, SavedShape, Section
from ckptgui.core.extent_table import joined
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.names import KeyColumn, KeyPool, NamePool
from ckptgui.core.records import RecordTable
from ckptgui.core.tensors import Path, TensorTable

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A checkpoint that becomes part of another, below ``prefix``; ``label`` stands before its warnings."""

    checkpoint: Checkpoint
    prefix: Path = ()
    label: str = ""


def combine(
    path: str,
    format: str,
    parts: Sequence[Part],
    *,
    metadata: Json = None,
    saved_shape: SavedShape = SavedShape.STATE_DICT,
    warnings: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """One checkpoint that has everything of its parts, in their order.

    ``nbytes`` is the sum over distinct files; sections of equal path and role that follow each other become
    one. ``attributes`` are added to those that the parts have together.
    """
    sources = list(dict.fromkeys(source for part in parts for source in part.checkpoint.sources))
    return Checkpoint(
        path=path,
        format=format,
        nbytes=sum(source.size for source in sources),
        sources=tuple(sources),
        tensors=_tables(parts),
        sections=tuple(_sections(parts)),
        metadata=metadata,
        saved_shape=saved_shape,
        modules=tuple(_modules(parts)),
        globals=tuple(_globals(parts)),
        records=_records(parts, sources),
        warnings=(*warnings, *_warnings(parts)),
        attributes={**_attributes(parts), **(attributes or {})},
    )


def _tables(parts: Sequence[Part]) -> TensorTable:
    tables = [part.checkpoint.tensors for part in parts]
    containers: dict[Path, int] = {}
    dtypes, devices, layouts = _Numbers(), _Numbers(), _Numbers()
    container, storage, dim_start = [], [], [np.zeros(1, np.int64)]
    names: list[NamePool] = []
    columns: dict[str, list[np.ndarray]] = {"dtype": [], "device": [], "layout": []}
    errors: dict[int, str] = {}
    extras: dict[int, Mapping[str, Any]] = {}
    rows = storages = dims = 0
    for part, table in zip(parts, tables):
        container.append(_containers(part.prefix, table, containers))
        names.append(_names(part.prefix, table))
        columns["dtype"].append(dtypes.of(table.dtypes)[table.dtype])
        columns["device"].append(devices.of(table.devices)[table.device])
        columns["layout"].append(layouts.of(table.layouts)[table.layout])
        storage.append(np.where(table.storage >= 0, table.storage + storages, -1).astype(np.int32))
        dim_start.append(table.dim_start[1:] + dims)
        errors.update({row + rows: text for row, text in table.errors.items()})
        extras.update({row + rows: _shifted(extra, rows) for row, extra in table.extras.items()})
        rows, storages, dims = rows + len(table), storages + len(table.extents), dims + len(table.dims)

    def column(name: str, dtype: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype), *(getattr(table, name) for table in tables)])

    return TensorTable(
        names=NamePool.joined(names),
        container=np.concatenate([np.zeros(0, np.int32), *container]),
        containers=tuple(containers),
        dim_start=np.concatenate(dim_start),
        dims=column("dims", np.int64),
        steps=column("steps", np.int64),
        dtype=np.concatenate([np.zeros(0, np.uint8), *columns["dtype"]]).astype(np.uint8),
        dtypes=tuple(dtypes.known),
        device=np.concatenate([np.zeros(0, np.uint16), *columns["device"]]).astype(np.uint16),
        devices=tuple(devices.known),
        layout=np.concatenate([np.zeros(0, np.uint8), *columns["layout"]]).astype(np.uint8),
        layouts=tuple(layouts.known),
        storage=np.concatenate([np.zeros(0, np.int32), *storage]),
        storage_offset=column("storage_offset", np.int64),
        numel=column("numel", np.int64),
        nbytes=column("nbytes", np.int64),
        kind=column("kind", np.uint8),
        flags=column("flags", np.uint8),
        extents=joined([table.extents for table in tables]),
        storage_keys=_storage_keys(tables),
        errors=errors,
        extras=extras,
    )


class _Numbers:
    """Distinct values of all parts, numbered as they come."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def of(self, values: Iterable[Any]) -> np.ndarray:
        """The common number of each of a part's values."""
        return np.array([self.known.setdefault(value, len(self.known)) for value in values] or [0], np.int64)


def _containers(prefix: Path, table: TensorTable, known: dict[Path, int]) -> np.ndarray:
    """The common container of each row; a part that is a tensor itself hangs where its prefix ends."""
    root = known.setdefault(prefix[:-1], len(known)) if prefix and (table.container < 0).any() else -1
    mine = [known.setdefault((*prefix, *path), len(known)) for path in table.containers]
    numbers: np.ndarray = np.array([*mine, root], np.int32)[table.container]
    return numbers


def _names(prefix: Path, table: TensorTable) -> NamePool:
    roots = np.flatnonzero(table.container < 0)
    if not prefix or not len(roots):
        return table.names
    names = list(table.names)
    for row in roots.tolist():
        names[row] = prefix[-1]
    return NamePool(names)


def _shifted(extra: Mapping[str, Any], rows: int) -> Mapping[str, Any]:
    """What only some kinds have, with the rows of components counted from the common start."""
    if "components" not in extra:
        return extra
    return {**extra, "components": [row + rows for row in extra["components"]]}


def _storage_keys(tables: Sequence[TensorTable]) -> KeyPool:
    """Equal keys of different parts are different storages."""
    several = sum(bool(table.storage_keys.present.any()) for table in tables) > 1
    keys = KeyColumn()
    for number, table in enumerate(tables):
        if several and table.storage_keys.present.any():
            for key in table.storage_keys:
                keys.append(None if key is None else f"{number}/{key}")
        else:
            keys.extend(table.storage_keys)
    return keys.freeze()


def _sections(parts: Sequence[Part]) -> list[Section]:
    found: list[Section] = []
    start = 0
    for part in parts:
        for section in part.checkpoint.sections:
            path = (*part.prefix, *section.path)
            moved = replace(section, path=path, start=section.start + start, stop=section.stop + start)
            last = found[-1] if found else None
            if last and (last.path, last.role, last.stop) == (moved.path, moved.role, moved.start):
                found[-1] = replace(last, stop=moved.stop, nbytes=last.nbytes + moved.nbytes)
            else:
                found.append(moved)
        start += len(part.checkpoint)
    return found


def _records(parts: Sequence[Part], sources: list[SourceIdentity]) -> RecordTable:
    numbers = {source: number for number, source in enumerate(sources)}
    tables = [part.checkpoint.records for part in parts]
    source, storage = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    storages = 0
    for part, table in zip(parts, tables):
        mine = np.array([numbers[s] for s in part.checkpoint.sources] or [0], np.int32)
        source.append(mine[table.source])
        storage.append(np.where(table.storage >= 0, table.storage + storages, -1).astype(np.int32))
        storages += len(part.checkpoint.tensors.extents)
    return RecordTable(
        NamePool.joined([table.names for table in tables]),
        np.concatenate(source),
        np.concatenate([np.zeros(0, np.int64), *(table.offset for table in tables)]),
        np.concatenate([np.zeros(0, np.int64), *(table.length for table in tables)]),
        np.concatenate(storage),
    )


def _modules(parts: Sequence[Part]) -> Iterable[Module]:
    for part in parts:
        for module in part.checkpoint.modules:
            yield replace(module, path=(*part.prefix, *module.path))


def _globals(parts: Sequence[Part]) -> Iterable[GlobalName]:
    """Each name once, with the worst of its uses."""
    worst = list(GlobalClass)
    found: dict[str, GlobalName] = {}
    for part in parts:
        for name in part.checkpoint.globals:
            known = found.get(name.name)
            if part.label and name.record:
                name = replace(name, record=f"{part.label}, {name.record}")
            if known is None or worst.index(name.use) > worst.index(known.use):
                found[name.name] = name
    return found.values()


def _warnings(parts: Sequence[Part]) -> Iterable[str]:
    for part in parts:
        for warning in part.checkpoint.warnings:
            yield f"{part.label}: {warning}" if part.label else warning


def _attributes(parts: Sequence[Part]) -> dict[str, Any]:
    """What holds for the whole: damage of any part, version notes of all."""
    own = [part.checkpoint.attributes for part in parts]
    found: dict[str, Any] = {key: any(a.get(key) for a in own) for key in ("incomplete", "cut")}
    notes: dict[Path, dict[str, Any]] = {}
    for part in parts:
        for path, versions in part.checkpoint.attributes.get("state_dict_metadata", {}).items():
            notes.setdefault((*part.prefix, *path), {}).update(versions)
    if notes:
        found["state_dict_metadata"] = notes
    return found
