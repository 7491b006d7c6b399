"""Decides everything about an export before a byte is written: which tensors, under which names, as what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.kept import NOTE
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import ExportError, LargeOutputError
from ckptgui.export.casts import cast_dtypes
from ckptgui.export.contents import Contents, planned_files
from ckptgui.export.extra_state import ExtraState, module_notes
from ckptgui.export.geometry import value_bytes
from ckptgui.export.metadata import metadata_of
from ckptgui.export.module_names import new_module_names
from ckptgui.export.renaming import renamed
from ckptgui.export.request import Chosen, ExportPlan, ExportRequest, PlannedFile
from ckptgui.export.select import Selection, select_state_dict
from ckptgui.export.table_tensors import TableTensors, counted
from ckptgui.export.ties import tied_to
from ckptgui.export.torch_file import Metadata, TorchLayout, check_location
from ckptgui.export.torch_types import for_safetensors, for_torch, safetensors_takes, torch_takes
from ckptgui.export.whole import plan_whole

T = TypeVar("T")

_EXPANSION = 4
_ALWAYS_ALLOWED = 1 << 30


def plan_export(checkpoint: Checkpoint, out: str, request: ExportRequest) -> ExportPlan:
    """Decide everything; reads no tensor data and writes nothing. Raises ``ExportError``."""
    return _planned(checkpoint, out, request, {})


def plan_without(plan: ExportPlan, reasons: Mapping[int, str]) -> ExportPlan:
    """The plan of a rescue anew, without tensors that turned out damaged when they were read.

    ``reasons`` are sentences by the tensors' places in ``plan.tensors``; other names of their bytes go with them.
    Raises ``ExportError`` where nothing is left.
    """
    table, spoilt = plan.checkpoint.tensors, dict(plan.spoilt)
    for place, reason in reasons.items():
        row = plan.tensors[place].index
        spoilt[row] = reason
        spoilt.update(dict.fromkeys(plan.checkpoint.tied_to(row), reason) if table.storage[row] >= 0 else {})
    return _planned(plan.checkpoint, plan.out, plan.request, spoilt)


def _planned(checkpoint: Checkpoint, out: str, request: ExportRequest, spoilt: Mapping[int, str]) -> ExportPlan:
    with without_garbage_collection():
        plan = (plan_whole if request.only == "all" else _plan_state_dict)(checkpoint, out, request, spoilt)
        _refuse_absurd(plan)
        return plan


def _plan_state_dict(
    checkpoint: Checkpoint, out: str, request: ExportRequest, spoilt: Mapping[int, str]
) -> ExportPlan:
    _check_options(request)
    selection = select_state_dict(checkpoint, request, spoilt)
    sources = selection.names
    every, idle = renamed([*sources, *selection.extra_state], request.strip, request.rename)
    names, extra_names = every[: len(sources)], every[len(sources) :]
    tensors = _counted(checkpoint, request, selection)
    saved = tensors.dtypes
    dtypes, idle_casts = cast_dtypes(sources, saved, request.dtype, request.dtype_for)
    copied = np.full(len(names), -1)
    same = copied if request.ties == "copy" else tied_to(checkpoint.tensors, selection.rows, dtypes)
    written = np.flatnonzero(same < 0) if request.ties == "drop" else np.arange(len(names))
    section, keep = selection.section, bool(request.keep_metadata)
    values = metadata_of(checkpoint, section, keep, request.metadata, selection.lost, sources)
    contents = Contents(
        names=_at(names, written),
        tensors=tensors.part(written),
        dtypes=_at(dtypes, written),
        tied={names[place]: names[first] for place, first in enumerate(same.tolist()) if first >= 0},
        values=values,
        modules=_modules(checkpoint, selection, names, values),
        extra=_extra(checkpoint, selection, extra_names, request),
    )
    files = planned_files(contents, request)
    unsaid = contents.extra.dropped if contents.extra else selection.extra_state
    return ExportPlan(
        checkpoint=checkpoint,
        out=out,
        request=request,
        section=section.path,
        names=tuple(contents.names),
        source_names=tuple(_at(sources, written)),
        paths=tuple((name,) for name in contents.names),
        tensors=contents.tensors,
        dtypes=tuple(contents.dtypes),
        dropped=tuple(key for key in (*selection.dropped, *unsaid) if key not in values),
        tied=contents.tied,
        nbytes=sum(file.layout.nbytes for file in files),
        files=files,
        chosen=Chosen(selection.rows, sources, names, saved, dtypes, value_bytes(tensors, dtypes), same),
        lost=selection.lost,
        compacted=tensors.unreached,
        metadata=values,
        notes=(*_idle_notes((*selection.idle, *idle, *idle_casts)), *_parted_notes(files)),
        spoilt=spoilt,
    )


def _check_options(request: ExportRequest) -> None:
    if request.format == "pt":
        check_location(request.location)
    elif request.ties == "keep":
        raise ExportError("safetensors cannot keep one storage under two names; drop or copy the second.")


def _counted(checkpoint: Checkpoint, request: ExportRequest, selection: Selection) -> TableTensors:
    """The tensors as the format counts them; raises ``ExportError`` for a type that it cannot hold."""
    takes, adapt = (torch_takes, for_torch) if request.format == "pt" else (safetensors_takes, for_safetensors)
    return counted(checkpoint.tensors, selection.section.path, selection.rows, takes, adapt)


def _extra(
    checkpoint: Checkpoint, selection: Selection, names: list[str], request: ExportRequest
) -> ExtraState | None:
    """Values that are no tensors, where there are any and the format has room for them."""
    if not selection.extra_state or request.format != "pt":
        return None
    return ExtraState(checkpoint, selection.section.path, selection.extra_state, names)


def _at(values: list[T], places: np.ndarray) -> list[T]:
    return values if len(places) == len(values) else [values[place] for place in places.tolist()]


def _modules(
    checkpoint: Checkpoint, selection: Selection, names: list[str], values: Mapping[str, object]
) -> Metadata | None:
    """The state dict's ``_metadata`` under the modules' new names, with the values that go along."""
    found = module_notes(checkpoint, selection.section)
    modules: dict[str, Mapping[str, object]] = {}
    if found is not None:
        same = names == selection.names
        new = {module: module for module in found} if same else new_module_names(found, selection.names, names)
        taken = {name for module, name in new.items() if name != module}
        for module, name in new.items():
            if module != NOTE and not (name == module and name in taken):
                modules[name] = found[module]
    if values:
        modules[NOTE] = values
    return modules if found is not None or values else None


def _idle_notes(patterns: Iterable[str]) -> Iterator[str]:
    return (f"{display(pattern)} fits no name in the file." for pattern in patterns)


def _parted_notes(files: Iterable[PlannedFile]) -> Iterator[str]:
    parted = sum(file.layout.storages.parted for file in files if isinstance(file.layout, TorchLayout))
    if parted:
        yield f"{parted:,} tensors that share bytes in the source have bytes of their own, as their types differ."


def _refuse_absurd(plan: ExportPlan) -> None:
    """A view of four bytes can claim a terabyte of values (an expanded tensor); nobody wants that by mistake."""
    allowed = max(_EXPANSION * plan.checkpoint.nbytes, _ALWAYS_ALLOWED)
    if plan.nbytes > allowed and not plan.request.force:
        raise LargeOutputError(
            f"The result would take {plan.nbytes:,} bytes, the source has {plan.checkpoint.nbytes:,}."
        )
