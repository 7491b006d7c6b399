"""What goes into the files of an export, and the files: one, or shards of a largest size with their index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.errors import ExportError
from ckptgui.export.extra_state import ExtraState
from ckptgui.export.geometry import value_bytes
from ckptgui.export.metadata import as_text
from ckptgui.export.request import ExportRequest, Layout, PlannedFile
from ckptgui.export.safetensors_file import safetensors_layout
from ckptgui.export.sharding import cut, index, index_name, shard_names
from ckptgui.export.storages import plan_storages
from ckptgui.export.table_tensors import TableTensors
from ckptgui.export.torch_file import Metadata, state_dict_layout

_RESERVED = ("__metadata__", "format")


@dataclass(frozen=True)
class Contents:
    """What is written: tensors under their names and as their types, in order.

    ``tied`` leads from names whose tensor is another one's to that one's name, ``values`` are what goes along,
    ``modules`` a state dict's ``_metadata``, ``extra`` the values in it that are no tensors.
    """

    names: list[str] = field(repr=False)
    tensors: TableTensors = field(repr=False)
    dtypes: list[DType] = field(repr=False)
    tied: Mapping[str, str] = field(repr=False)
    values: Mapping[str, Json]
    modules: Metadata | None
    extra: ExtraState | None

    def part(self, places: list[int], is_first: bool) -> Contents:
        """A shard; what is no tensor goes into the first one."""
        names = [self.names[place] for place in places]
        inside = set(names)
        return replace(
            self,
            names=names,
            tensors=self.tensors.part(np.array(places, np.int64)),
            dtypes=[self.dtypes[place] for place in places],
            tied={name: first for name, first in self.tied.items() if first in inside},
            values=self.values if is_first else {},
            modules=self.modules if is_first else None,
            extra=self.extra if is_first else None,
        )


def planned_files(contents: Contents, request: ExportRequest) -> tuple[PlannedFile, ...]:
    """The files of an export: one without a name, or a folder's. Raises ``ExportError`` where one cannot be."""
    if request.format == "safetensors":
        _check_names(contents)
    if request.max_shard_bytes is None:
        return (PlannedFile("", _layout(contents, request), tuple(range(len(contents.names)))),)
    shards = _shards(contents, request)
    files = [
        PlannedFile(name, _layout(contents.part(places, number == 0), request), tuple(places))
        for number, (name, places) in enumerate(zip(shard_names(request.format, len(shards)), shards))
    ]
    if len(files) > 1:
        held = [(file.name, [contents.names[place] for place in file.tensors]) for file in files]
        if contents.extra:
            held[0][1].extend(contents.extra.names)
        layout = index(held, sum(file.layout.data_bytes for file in files))
        files.append(PlannedFile(index_name(request.format), layout, ()))
    return tuple(files)


def _layout(contents: Contents, request: ExportRequest) -> Layout:
    if request.format == "safetensors":
        told = {key: as_text(value) for key, value in contents.values.items() if key not in _RESERVED}
        return safetensors_layout(contents.names, contents.tensors, contents.dtypes, {**told, **contents.tied})
    return state_dict_layout(
        contents.names,
        contents.tensors,
        contents.dtypes,
        location=request.location,
        share=request.ties != "copy",
        metadata=contents.modules,
        say_more=contents.extra.say if contents.extra else lambda pickle: None,
    )


def _shards(contents: Contents, request: ExportRequest) -> list[list[int]]:
    """Places of the tensors in each shard; those that share bytes are in one."""
    most = request.max_shard_bytes or 0
    if request.format == "safetensors":
        sizes = value_bytes(contents.tensors, contents.dtypes)
        return cut(sizes, np.full(len(sizes), -1), most)
    storages = plan_storages(contents.tensors, contents.dtypes, share=request.ties != "copy")
    first: dict[int, int] = {}
    owners = [first.setdefault(number, place) for place, number in enumerate(storages.of.tolist())]
    tied = np.array([-1 if owner == place else owner for place, owner in enumerate(owners)], np.int64)
    return cut(storages.sizes[storages.of], tied, most)


def _check_names(contents: Contents) -> None:
    for reserved in _RESERVED:
        if reserved in contents.tied or reserved in contents.names:
            raise ExportError(f"A tensor is called {display(reserved)}, a name that safetensors keeps for itself.")
