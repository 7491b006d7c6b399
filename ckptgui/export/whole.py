"""Plans the export of everything that may be kept: all tensors and plain values, nested as they were saved."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path, TensorInfo, TensorKind
from ckptgui.errors import ExportError
from ckptgui.export.object_pickle import ObjectPickler
from ckptgui.export.pickle_file import PickleWriter
from ckptgui.export.request import ExportPlan, ExportRequest, PlannedFile
from ckptgui.export.saved_object import CONTAINERS, Sort, node_at, sort_of
from ckptgui.export.select import require_whole, ties
from ckptgui.export.storages import plan_storages
from ckptgui.export.tensor_pickle import TensorPickler
from ckptgui.export.torch_file import Metadata, TorchLayout, check_location
from ckptgui.export.torch_types import for_torch
from ckptgui.formats.pickles.graph import MISSING, Node
from ckptgui.formats.torch_save.saved_graph import FORMATS, saved_graph
from ckptgui.sources.reopened import ReopenedSource


def plan_whole(checkpoint: Checkpoint, out: str, request: ExportRequest) -> ExportPlan:
    """Read the saved object's structure again and say it anew without what is foreign in it."""
    if request.format != "pt":
        raise ExportError("safetensors holds one state dict and no other values; export everything as .pt.")
    if request.section is not None:
        raise ExportError("Everything was asked for, and one section too; choose one of them.")
    if request.ties == "drop":
        raise ExportError("Dropping a tied tensor's second name is for state dicts; keep or copy it.")
    check_location(request.location)
    root = saved_root(checkpoint)
    rows = _kept(checkpoint, root)
    infos = tuple(for_torch(info) for info, _ in rows)
    storages, views = plan_storages(infos, share=request.ties == "keep")
    pickle = PickleWriter()
    pickler = TensorPickler(pickle, storages, request.location)
    numbers = {id(node): number for number, (_, node) in enumerate(rows)}
    said: dict[int, int] = {}

    def tensor(node: Node) -> bool:
        number = numbers.get(id(node))
        if number is None:
            return False
        if id(node) in said:
            pickle.get(said[id(node)])
            return True
        info = infos[number]
        grad = info.requires_grad and info.dtype.kind.value in ("float", "complex")
        said[id(node)] = pickler.tensor(views[number], info, grad)
        return True

    saved = checkpoint.attributes.get("state_dict_metadata", {})

    def metadata(path: Path) -> Metadata | None:
        found: Metadata | None = saved.get(path)
        return found

    walk = ObjectPickler(pickle, tensor, metadata)
    walk.say(root)
    layout = TorchLayout(pickle.finish(), tuple(pickler.storages))
    return ExportPlan(
        checkpoint=checkpoint,
        out=out,
        request=request,
        section=None,
        names=tuple("/".join(info.path) for info in infos),
        source_names=tuple("/".join(info.path) for info in infos),
        paths=tuple(info.path for info in infos),
        tensors=infos,
        dtypes=tuple(info.dtype for info in infos),
        dropped=tuple(walk.dropped),
        tied=ties({"/".join(info.path): info for info in infos}) if request.ties == "keep" else {},
        nbytes=layout.nbytes,
        files=(PlannedFile("", layout, tuple(range(len(infos)))),),
    )


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


def _kept(checkpoint: Checkpoint, root: Node) -> list[tuple[TensorInfo, Node]]:
    """The rows that hang on containers alone, each with its node; components go with their whole."""
    cache: dict[int, dict[str, Node]] = {}
    rows = []
    for info in checkpoint.tensors:
        if info.kind is TensorKind.COMPONENT:
            continue
        node = node_at(root, info.path, cache)
        if node is not MISSING:
            rows.append((info, node))
    require_whole(info for info, _ in rows)
    return rows
