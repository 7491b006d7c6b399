"""Save values as .npy or CSV: a place is chosen, they are written in the background, the foot says how it went."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.inspector.values.foot import ValuesFoot
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import shape_text, size_text, tr
from ckptgui.gui.outside import show_outside
from ckptgui.sources.locate import SourcePool

FORMATS = ((".npy", tr("NumPy array (*.npy)")), (".csv", tr("Comma-separated text (*.csv)")))
_KEY = "save"
_UNSAFE = re.compile(r"[^\w.+-]+")
_MAX_NAME = 100


class ValuesSaving(QObject):
    """One file at a time. ``ended`` when it is written or given up."""

    ended = Signal()

    def __init__(self, background: Background, foot: ValuesFoot, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._lane = background.lane(self)
        self._foot = foot
        self._dialog: QFileDialog | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._lane.busy

    def ask(self, info: TensorInfo, place: str, pool: SourcePool, checkpoint: Checkpoint) -> None:
        """Ask where to write ``info``, a tensor or a part of it; ``place`` says which part in its file's name."""
        name = _UNSAFE.sub("-", f"{info.name or 'tensor'}{place}").strip("-.")[-_MAX_NAME:] or "tensor"
        dialog = file_dialog(self._window, _title(info), os.path.dirname(checkpoint.path))  # noqa: PTH120
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([words for _, words in FORMATS])
        dialog.setDefaultSuffix("npy")
        dialog.selectFile(f"{name}.npy")
        dialog.filterSelected.connect(self._suffix_chosen)
        dialog.fileSelected.connect(lambda target: self.write(info, target, pool, checkpoint))
        self._dialog = dialog
        dialog.open()

    def _suffix_chosen(self, words: str) -> None:
        dialog = self._dialog
        suffix = next((suffix for suffix, line in FORMATS if line == words), ".npy")
        if dialog is not None:
            dialog.setDefaultSuffix(suffix[1:])
            for name in dialog.selectedFiles()[:1]:
                known = PurePath(name).suffix in dict(FORMATS)
                dialog.selectFile(f"{PurePath(name).stem if known else PurePath(name).name}{suffix}")

    def write(self, info: TensorInfo, target: str, pool: SourcePool, checkpoint: Checkpoint) -> None:
        """Write ``target``; whoever chose it has agreed to replace what is there, but never the checkpoint."""
        from ckptgui.export.run import is_source
        from ckptgui.export.values_file import SavedValues, save_values

        self._dialog = None
        name = display(PurePath(target).name)

        def work(cancel: Cancel, report: Report) -> SavedValues:
            if is_source(checkpoint, target):
                raise CheckpointError(tr("{0} is the file that you are looking at.").format(name))
            return save_values(info, target, pool, cancel, report, force=True)

        def done(saved: SavedValues) -> None:
            dtype = "" if saved.dtype == info.dtype.name else tr(" as {0}, every value exact").format(saved.dtype)
            text = tr("Saved {0}, {1}{2}.").format(name, size_text(saved.nbytes), dtype)
            folder = os.path.dirname(target)  # noqa: PTH120 - a path with bytes that are no text stays a string
            self._end(text, link=tr("Show in folder"), folder=folder)

        self._lane.start(work, done, self._failed, lambda p: self._foot.progress(_KEY, p), self._cancelled)
        self._foot.begin(_KEY, tr("Saving {0}").format(name), self._lane.cancel)

    def _end(self, text: str, *, link: str = "", folder: str = "", danger: bool = False) -> None:
        self._foot.end(_KEY)
        self._foot.say(text, danger=danger, link=link, act=(lambda: self.show_folder(folder)) if folder else None)
        self.ended.emit()

    def show_folder(self, folder: str) -> None:
        """Open a folder in the system's file manager."""
        show_outside(folder)

    def _failed(self, error: CheckpointError) -> None:
        self._end(tr("Nothing was saved. {0}").format(display(error, 500)), danger=True)

    def _cancelled(self) -> None:
        self._end(tr("Saving cancelled; nothing is left behind."))


def _title(info: TensorInfo) -> str:
    """What is saved, and as which numbers where numpy has no such type."""
    what = tr("Save {0} values").format(shape_text(info.shape))
    lacking = info.dtype.kind is Kind.FLOAT and info.dtype.name not in ("float16", "float32", "float64")
    if lacking or info.dtype.name == "complex32":
        wider = "complex64" if info.dtype.kind is Kind.COMPLEX else "float32"
        return tr("{0} as {1} (numpy has no {2}; nothing is lost)").format(what, wider, info.dtype)
    if info.dtype.kind is Kind.QUANTIZED:
        return tr("{0} as the real numbers they stand for (float64)").format(what)
    return what
