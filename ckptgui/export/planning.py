"""Decides everything about an export before a byte is written: which tensors, under which names, as what."""

from __future__ import annotations

from collections.abc import Mapping

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tensors import TensorInfo
from ckptgui.errors import ExportError, LargeOutputError
from ckptgui.export.extra_state import ExtraState
from ckptgui.export.request import ExportPlan, ExportRequest, PlannedFile
from ckptgui.export.safetensors_file import safetensors_layout
from ckptgui.export.select import Selection, select_state_dict, ties
from ckptgui.export.torch_file import check_location, state_dict_layout
from ckptgui.export.torch_types import for_safetensors, for_torch
from ckptgui.export.whole import plan_whole

_EXPANSION = 4
_ALWAYS_ALLOWED = 1 << 30


def plan_export(checkpoint: Checkpoint, out: str, request: ExportRequest) -> ExportPlan:
    """Decide everything; reads no tensor data and writes nothing. Raises ``ExportError``."""
    with without_garbage_collection():
        if request.only == "all":
            plan = plan_whole(checkpoint, out, request)
        else:
            plan = _plan_state_dict(checkpoint, out, request)
        _refuse_absurd(plan)
        return plan


def _plan_state_dict(checkpoint: Checkpoint, out: str, request: ExportRequest) -> ExportPlan:
    selection = select_state_dict(checkpoint, request.section)
    tied = ties(selection.tensors) if request.ties != "copy" else {}
    tensors: Mapping[str, TensorInfo] = selection.tensors
    if request.ties == "drop":
        tensors = {name: tensor for name, tensor in tensors.items() if name not in tied}
    planner = _plan_torch if request.format == "pt" else _plan_safetensors
    return planner(checkpoint, out, request, selection, tensors, tied)


def _plan_torch(
    checkpoint: Checkpoint,
    out: str,
    request: ExportRequest,
    selection: Selection,
    tensors: Mapping[str, TensorInfo],
    tied: Mapping[str, str],
) -> ExportPlan:
    check_location(request.location)
    names, infos = tuple(tensors), tuple(for_torch(tensor) for tensor in tensors.values())
    extra = None
    if selection.extra_state:
        extra = ExtraState(checkpoint, selection.section.path, selection.extra_state)
    layout = state_dict_layout(
        names,
        infos,
        location=request.location,
        share=request.ties != "copy",
        metadata=_saved_metadata(checkpoint, selection),
        say_more=extra.say if extra else lambda pickle: None,
    )
    dropped = (*selection.dropped, *(extra.dropped if extra else ()))
    return ExportPlan(
        checkpoint=checkpoint,
        out=out,
        request=request,
        section=selection.section.path,
        names=names,
        source_names=tuple(info.name for info in infos),
        paths=tuple((name,) for name in names),
        tensors=infos,
        dtypes=tuple(info.dtype for info in infos),
        dropped=dropped,
        tied=tied,
        nbytes=layout.nbytes,
        files=(PlannedFile("", layout, tuple(range(len(infos)))),),
    )


def _plan_safetensors(
    checkpoint: Checkpoint,
    out: str,
    request: ExportRequest,
    selection: Selection,
    tensors: Mapping[str, TensorInfo],
    tied: Mapping[str, str],
) -> ExportPlan:
    if request.ties == "keep":
        raise ExportError("safetensors cannot keep one storage under two names; drop or copy the second.")
    if reserved := {"__metadata__", "format"} & (tensors.keys() | tied.keys()):
        raise ExportError(f"A tensor is called {min(reserved)}, a name that safetensors keeps for itself.")
    names, infos = tuple(tensors), tuple(for_safetensors(tensor) for tensor in tensors.values())
    layout = safetensors_layout(names, infos, tied)
    return ExportPlan(
        checkpoint=checkpoint,
        out=out,
        request=request,
        section=selection.section.path,
        names=names,
        source_names=tuple(info.name for info in infos),
        paths=tuple((name,) for name in names),
        tensors=infos,
        dtypes=tuple(info.dtype for info in infos),
        dropped=(*selection.dropped, *selection.extra_state),
        tied=tied,
        nbytes=layout.nbytes,
        files=(PlannedFile("", layout, tuple(range(len(infos)))),),
    )


def _saved_metadata(checkpoint: Checkpoint, selection: Selection) -> Mapping[str, Mapping[str, object]] | None:
    """The state dict's ``_metadata`` if the reader found one."""
    found = checkpoint.attributes.get("state_dict_metadata", {})
    return found.get(selection.section.path) if isinstance(found, Mapping) else None


def _refuse_absurd(plan: ExportPlan) -> None:
    """A view of four bytes can claim a terabyte of values (an expanded tensor); nobody wants that by mistake."""
    allowed = max(_EXPANSION * plan.checkpoint.nbytes, _ALWAYS_ALLOWED)
    if plan.nbytes > allowed and not plan.request.force:
        raise LargeOutputError(
            f"The result would take {plan.nbytes:,} bytes, the source has {plan.checkpoint.nbytes:,}."
        )
