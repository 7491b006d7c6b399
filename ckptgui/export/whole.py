"""Plans the export of everything that may be kept: all tensors and plain values, nested as they were saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json, Role, Section
from ckptgui.core.display import display
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.kept import LOST
from ckptgui.core.tensors import Flag, Path, TensorKind
from ckptgui.errors import ExportError
from ckptgui.export.casts import cast_dtypes
from ckptgui.export.geometry import value_bytes
from ckptgui.export.globs import chosen, idle
from ckptgui.export.metadata import metadata_of
from ckptgui.export.object_pickle import ObjectPickler
from ckptgui.export.pickle_file import PickleWriter
from ckptgui.export.request import Chosen, ExportPlan, ExportRequest, PlannedFile
from ckptgui.export.saved_object import CONTAINERS, Sort, node_at, sort_of
from ckptgui.export.select import whole_ones
from ckptgui.export.storages import plan_storages
from ckptgui.export.table_tensors import TableTensors, counted
from ckptgui.export.tensor_pickle import TensorPickler
from ckptgui.export.ties import tied_to
from ckptgui.export.torch_file import Metadata, TorchLayout, check_location
from ckptgui.export.torch_types import for_torch, torch_takes
from ckptgui.formats.pickles.graph import MISSING, Node
from ckptgui.formats.torch_save.saved_graph import FORMATS, saved_graph
from ckptgui.sources.reopened import ReopenedSource


def plan_whole(checkpoint: Checkpoint, out: str, request: ExportRequest, spoilt: Mapping[int, str]) -> ExportPlan:
    """Read the saved object's structure again and say it anew without what is foreign in it.

    ``spoilt`` are rows that turned out to be damaged, with the reasons.
    """
    _check_options(request)
    root = saved_root(checkpoint)
    rows, paths = _reachable(checkpoint, root)
    names = [".".join(path) for path in paths]
    wanted = chosen(names, request.include, request.exclude)
    if request.rows is not None:
        wanted &= np.isin(rows, np.fromiter(request.rows, np.int64))
    unused = idle(names, request.exclude)
    some = np.flatnonzero(wanted)
    sound, lost = whole_ones(checkpoint, rows[some], [names[at] for at in some.tolist()], spoilt, request.rescue)
    some = some[sound]
    rows, names, paths = rows[some], *([column[at] for at in some.tolist()] for column in (names, paths))
    tensors = counted(checkpoint.tensors, (), rows, torch_takes, for_torch)
    saved = tensors.dtypes
    dtypes, idle_casts = cast_dtypes(names, saved, request.dtype, request.dtype_for)
    values, left_out, added = _values(checkpoint, root, request, lost)
    layout, dropped = _layout(checkpoint, root, tensors, paths, dtypes, request, left_out, added)
    same = np.full(len(rows), -1) if request.ties == "copy" else tied_to(checkpoint.tensors, rows, dtypes)
    shown = tuple("/".join(path) for path in paths)
    return ExportPlan(
        checkpoint=checkpoint,
        out=out,
        request=request,
        section=None,
        names=shown,
        source_names=shown,
        paths=tuple(paths),
        tensors=tensors,
        dtypes=tuple(dtypes),
        dropped=tuple(dropped),
        tied={shown[place]: shown[first] for place, first in enumerate(same.tolist()) if first >= 0},
        nbytes=layout.nbytes,
        files=(PlannedFile("", layout, tuple(range(len(rows)))),),
        chosen=Chosen(rows, shown, shown, saved, dtypes, value_bytes(tensors, dtypes), same),
        lost=lost,
        compacted=tensors.unreached,
        metadata=values,
        notes=tuple(f"{display(pattern)} fits no name in the file." for pattern in (*unused, *idle_casts)),
        spoilt=spoilt,
    )


def _check_options(request: ExportRequest) -> None:
    if request.format != "pt":
        raise ExportError("safetensors holds one state dict and no other values; export everything as .pt.")
    if request.section is not None:
        raise ExportError("Everything was asked for, and one section too; choose one of them.")
    if request.ties == "drop":
        raise ExportError("Dropping a tied tensor's second name is for state dicts; keep or copy it.")
    if request.strip or request.rename:
        raise ExportError("Names are changed in state dicts alone; everything keeps the names that it has.")
    if request.max_shard_bytes is not None:
        raise ExportError("Shards hold one state dict; everything is exported as one file.")
    check_location(request.location)


def saved_root(checkpoint: Checkpoint) -> Node:
    """The graph of the saved object; raises ``ExportError`` where it cannot be written again."""
    if checkpoint.format not in FORMATS or checkpoint.attributes.get("cut"):
        raise ExportError("Everything can be exported from one whole .pt only; export its state dict instead.")
    parsed = saved_graph(checkpoint.format, ReopenedSource(checkpoint.sources[0]))
    if parsed.broken:
        raise ExportError("Its list of values breaks off; export its state dict instead.")
    if sort_of(parsed.root) not in CONTAINERS and sort_of(parsed.root) is not Sort.TENSOR:
        raise ExportError("The saved object is of a class that is not here; export its state dict instead.")
    return parsed.root


def _reachable(checkpoint: Checkpoint, root: Node) -> tuple[np.ndarray, list[Path]]:
    """The rows that hang on containers alone, and their paths; components go with their whole."""
    table = checkpoint.tensors
    cache: dict[int, dict[str, Node]] = {}
    rows, paths = [], []
    for row in np.flatnonzero(table.kind != TensorKind.COMPONENT).tolist():
        path = table.path(row)
        if node_at(root, path, cache) is not MISSING:
            rows.append(row)
            paths.append(path)
    return np.array(rows, np.int64), paths


def _values(
    checkpoint: Checkpoint, root: Node, request: ExportRequest, lost: Mapping[str, str]
) -> tuple[dict[str, Json], set[str], dict[str, Json]]:
    """The plain values that go along, the keys at the top that do not, and what is set there."""
    top = Section((), Role.OTHER, 0, 0, 0)
    there = metadata_of(checkpoint, top, True, (), {}) if sort_of(root) in _DICTS else {}
    values = metadata_of(checkpoint, top, request.keep_metadata is not False, request.metadata, lost)
    if request.metadata and sort_of(root) not in _DICTS:
        raise ExportError("The saved object is no dictionary, so no value can be named in it.")
    parts = {section.path[0] for section in checkpoint.sections if section.path}
    if taken := next((key for key, _ in request.metadata if key in parts), None):
        raise ExportError(f"{display(taken)} holds tensors and is no plain value; exclude them by name.")
    left_out = {key for key in there if key not in values} | {key for key, _ in request.metadata}
    added = {key: values[key] for key, _ in request.metadata if key in values}
    if lost and sort_of(root) in _DICTS:
        left_out.add(LOST)
        added[LOST] = values[LOST]
    return values, left_out, added


def _layout(
    checkpoint: Checkpoint,
    root: Node,
    tensors: TableTensors,
    paths: list[Path],
    dtypes: list[DType],
    request: ExportRequest,
    left_out: set[str],
    added: Mapping[str, Json],
) -> tuple[TorchLayout, list[str]]:
    """The file, and the paths of what could not be said."""
    share = request.ties == "keep"
    storages = plan_storages(tensors, dtypes, share=share)
    pickle = PickleWriter()
    pickler = TensorPickler(pickle, storages, request.location)
    numbers = {path: number for number, path in enumerate(paths)}
    wants = checkpoint.tensors.flags[tensors.rows] & Flag.REQUIRES_GRAD
    grads = [bool(want) and dtype.kind in _WITH_GRADIENT for want, dtype in zip(wants.tolist(), tensors.dtypes)]
    say = pickler.placed(tensors, dtypes, grads=grads)
    said: dict[tuple[int, DType], int] = {}

    def tensor(node: Node, path: Path) -> None:
        number = numbers[path]
        memo = said.get((id(node), dtypes[number])) if share else None
        if memo is None:
            said[(id(node), dtypes[number])] = say(number)
        else:
            pickle.get(memo)

    saved = checkpoint.attributes.get("state_dict_metadata", {})

    def metadata(path: Path) -> Metadata | None:
        found: Metadata | None = saved.get(path)
        return found

    walk = ObjectPickler(pickle, tensor, numbers.keys().__contains__, metadata)
    walk.say(root, left_out=left_out, added=added)
    return TorchLayout(pickle.finish(), storages), walk.dropped


_WITH_GRADIENT = frozenset({Kind.FLOAT, Kind.COMPLEX})
_DICTS = frozenset({Sort.DICT, Sort.ORDERED_DICT})
