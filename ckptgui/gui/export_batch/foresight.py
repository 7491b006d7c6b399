"""What a batch would come to, worked out off the window's thread: sizes from the headers, names and places."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.export.batch import BatchItem, BatchSource, Prospect, arrange, foresee
from ckptgui.export.batch_places import free_space
from ckptgui.export.request import ExportRequest
from ckptgui.export.template import Template
from ckptgui.gui.jobs import Background

_INTERVAL = 0.1
"""Seconds between two times that what was worked out is told of."""

Found = list[tuple[int, Prospect]]


@dataclass(frozen=True, slots=True)
class Placement:
    """The items by their lines, and bytes free in the folder; ``trouble`` says why nothing can go there."""

    items: tuple[tuple[int, BatchItem], ...]
    free: int = -1
    trouble: str = ""


class Foresight(QObject):
    """``foreseen`` carries pairs of a line's number and its prospect, ``placed`` a ``Placement``."""

    foreseen = Signal(object)
    placed = Signal(object)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._planning = background.lane(self, patient=True)
        self._placing = background.lane(self)

    @property
    def busy(self) -> bool:
        """Whether sizes are being worked out."""
        return self._planning.busy

    def look_ahead(self, sources: Sequence[BatchSource], request: ExportRequest) -> None:
        """Work out what each comes to; what was worked on before is dropped."""

        def work(cancel: Cancel, _: Report, tell: Callable[[Found], None]) -> Found:
            found: Found = []
            next_time = time.monotonic() + _INTERVAL
            for row, source in enumerate(sources):
                cancel.check()
                found.append((row, foresee(source, request, cancel)))
                if time.monotonic() >= next_time:
                    tell(found)
                    found, next_time = [], time.monotonic() + _INTERVAL
            return found

        self._planning.stream(work, self.foreseen.emit, self.foreseen.emit)

    def find_places(
        self, prospects: Sequence[tuple[int, Prospect]], folder: str, template: Template | None, *, force: bool
    ) -> None:
        """Find names and look at the folder; of several calls the last one counts."""

        def work(cancel: Cancel, _: Report) -> Placement:
            items = arrange([each for _, each in prospects], folder, template, force=force)
            cancel.check()
            rows = [row for row, _ in prospects]
            try:
                return Placement(tuple(zip(rows, items)), free_space(folder))
            except CheckpointError as error:
                return Placement(tuple(zip(rows, items)), trouble=str(error))

        self._placing.start(work, self.placed.emit)

    def stop(self) -> None:
        """Nobody wants to know any more."""
        self._planning.cancel()
        self._placing.cancel()
