"""The values that go along with an export: ticked ones go, and each can be changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.export.request import ExportRequest
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.numbers import tr


class MetadataDialog(Dialog):
    """``act`` gets what is to be changed, as ``ExportRequest.metadata`` has it."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: ExportRequest,
        act: Callable[[tuple[tuple[str, str], ...]], object],
        parent: QWidget,
    ) -> None:
        super().__init__(parent, tr("Values that go along"), 560)
        self._act = act
