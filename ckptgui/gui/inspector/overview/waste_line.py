"""How many bytes of a file no tensor needs, and the largest of those who keep them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.core.waste import Waste
from ckptgui.gui.health.panel import SIGNS
from ckptgui.gui.health.sign import Sign
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.inspector.overview.byte_parts import largest_waster
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.numbers import integer, size_text, tr
from ckptgui.gui.tree.badges import Badge


class WasteLine(QWidget):
    """Shown only where something is wasted. The name leads to the largest waster."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path = ()
        grid = self._grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, SIGNS)
        grid.setVerticalSpacing(0)
        grid.addWidget(
            Sign(Badge(tr("Waste")), self), 0, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.link = LinkLabel("", self)
        self.link.clicked.connect(lambda: self.link_activated.emit(self._path))
        self.text = PlainLabel("", self, wrap=True, colour="text2", selectable=True)
        grid.addWidget(self.link, 0, 1)
        grid.addWidget(self.text, 1, 1)
        grid.setColumnStretch(1, 1)
        grow_with_lines(self)

    def set_waste(self, checkpoint: Checkpoint, waste: Waste) -> None:
        """Show another file's."""
        self.setVisible(bool(waste.total))
        row = largest_waster(checkpoint, waste)
        self._path = checkpoint.tensors.path(row) if row is not None else ()
        self.link.setText(display(checkpoint.info(row).name, 120) if row is not None else "")
        self.link.setVisible(row is not None)
        self._grid.addWidget(self.text, 0 if row is None else 1, 1)  # beside the sign where there is no name
        self.text.setText(waste_words(checkpoint, waste))


def waste_words(checkpoint: Checkpoint, waste: Waste) -> str:
    """``A view of 64.0 KiB keeps a storage of 32.0 MiB in the file.``"""
    table = checkpoint.tensors
    row = largest_waster(checkpoint, waste)
    sentences = []
    if row is not None:
        whole = table.extents[int(table.storage[row])].nbytes
        lost = int(waste.unreached.max())
        sentences.append(
            tr("A view of {0} keeps a storage of {1} in the file.").format(
                size_text(int(table.nbytes[row])), size_text(whole)
            )
            if int((table.storage == table.storage[row]).sum()) == 1
            else tr("Its storage has {0} of {1} that no tensor reaches.").format(size_text(lost), size_text(whole))
        )
        others = int((waste.unreached > 0).sum()) - 1
        if others:
            more = (
                tr("With {0} others, {1} are wasted.") if others > 1 else tr("With another one, {1} are wasted.")
            )
            sentences.append(more.format(integer(others), size_text(waste.nbytes)))
    if waste.unnamed:
        count = len(waste.unnamed)
        named = (
            tr("{0} are of {1} storages that nothing names.")
            if count > 1
            else tr("{0} are of a storage that nothing names.")
        )
        sentences.append(named.format(size_text(waste.unnamed_bytes), integer(count)))
    return " ".join(sentences)
