"""Tensors that turn out damaged only when their bytes are read: which it was, and which others are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel
from ckptgui.errors import DamagedFileError
from ckptgui.export.filling import DamagedPieceError
from ckptgui.export.pieces import values_of
from ckptgui.export.request import ExportPlan, PlannedFile
from ckptgui.export.spreading import Task, spread
from ckptgui.sources.locate import SourcePool

_TOGETHER = 1 << 20
"""Bytes of small tensors that are one task."""


class DamagedTensorError(DamagedFileError):
    """The tensor at ``place`` of a plan cannot be read whole; ``reason`` is the sentence without its name."""

    def __init__(self, name: str, place: int, reason: str) -> None:
        super().__init__(f"{display(name)} cannot be exported: {reason}")
        self.place = place
        self.reason = reason


def tensor_of(plan: ExportPlan, file: PlannedFile, error: DamagedPieceError) -> DamagedTensorError:
    """The first tensor that the damaged piece of a file belongs to."""
    place = file.tensors[file.layout.tensor_of(error.number)]
    return DamagedTensorError(plan.source_names[place], place, str(error))


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

    def tasks() -> Iterator[Task]:
        batch: list[int] = []
        held = 0
        for place, tensor in enumerate(plan.tensors):
            if place in known:
                continue
            batch.append(place)
            held += tensor.nbytes
            if held >= _TOGETHER:
                yield partial(look, batch)
                batch, held = [], 0
        if batch:
            yield partial(look, batch)

    spread(tasks(), cancel)
    return found
