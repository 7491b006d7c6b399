"""What somebody wants of a run, once the dialogue is agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.export.batch import BatchItem
from ckptgui.export.request import ExportRequest
from ckptgui.gui.export_batch.lines import Line


@dataclass(frozen=True, slots=True)
class BatchWish:
    """What is to be done: the lines that are wanted, with their places in ``folder``."""

    lines: tuple[Line, ...]
    folder: str
    request: ExportRequest
    template: str

    @property
    def items(self) -> tuple[BatchItem, ...]:
        """Each line's item."""
        return tuple(
            line.item or BatchItem(line.source, "", error=line.prospect.error if line.prospect else None)
            for line in self.lines
        )
