"""Tensors that turn out damaged only when their bytes are read: which it was, and which others are."""

from __future__ import annotations

from collections.abc import Mapping

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel
from ckptgui.errors import DamagedFileError, DamagedSourceError
from ckptgui.export.filling import DamagedPieceError
from ckptgui.export.pieces import values_of
from ckptgui.export.request import ExportPlan, PlannedFile
from ckptgui.export.spreading import spread, together
from ckptgui.formats.zips.checksums import check_records
from ckptgui.sources.locate import SourcePool


class DamagedTensorError(DamagedSourceError):
    """The tensor at ``place`` of a plan cannot be read whole; ``reason`` is the sentence without its name."""

    def __init__(self, plan: ExportPlan, place: int, reason: str) -> None:
        help = " A rescue writes what is whole." if len(plan.names) > 1 and not plan.request.rescue else ""
        named = f"{display(plan.source_names[place])} cannot be exported: {reason}{help}"
        super().__init__(named, 1, len(plan.names) - 1)
        self.place = place
        self.reason = reason


def tensor_of(plan: ExportPlan, file: PlannedFile, error: DamagedPieceError) -> DamagedTensorError:
    """The first tensor that the damaged piece of a file belongs to."""
    return DamagedTensorError(plan, file.tensors[file.layout.tensor_of(error.number)], str(error))


def contradicted(plan: ExportPlan, pool: SourcePool, cancel: Cancel) -> dict[int, str]:
    """The tensors of a plan, by place, whose bytes are not those that the source's own checksums are of."""
    checkpoint = plan.checkpoint
    if checkpoint.format != "torch-zip" or checkpoint.attributes.get("cut"):  # they went with the file's end
        return {}
    keys = {
        fault.record.rpartition("/")[2]: fault.text
        for source in checkpoint.sources
        for fault in check_records(pool.get(source), cancel.check)
        if fault is not None and fault.record.rpartition("/")[0].endswith("data")
    }
    if not keys:
        return {}
    rows = [(place, tensor.storage_key) for place, tensor in enumerate(plan.tensors)]
    return {place: keys[key] for place, key in rows if key in keys}


def damaged(plan: ExportPlan, pool: SourcePool, cancel: Cancel, known: Mapping[int, str]) -> dict[int, str]:
    """Read every tensor of a plan; the reasons why some cannot be, by place, those ``known`` among them."""
    found = dict(known)

    def look(places: list[int], stop: Cancel) -> None:
        for place in places:
            try:
                for _ in values_of(plan.tensors[place]).read(pool, stop):
                    pass
            except DamagedFileError as error:
                found[place] = str(error)

    places = (place for place in range(len(plan.tensors)) if place not in known)
    spread(together(places, lambda place: plan.tensors[place].nbytes, look), cancel)
    return found
