"""The difference of A and B for the selected tensor as a picture."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.core.series.status import Status
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.difference_plane import DifferenceReader
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.difference.compared_at import ComparedAt
from ckptgui.gui.compare.difference.figures import DifferenceFigures
from ckptgui.gui.compare.difference.words import unmoved_text, why_none
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.image.tab import ImageTab
from ckptgui.gui.labels import SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import MINUS, tr
from ckptgui.workspace.comparing import PairTask

_WIDE = 420
"""Pixels from which on the figures stand beside the picture."""


class DifferencePanel(Ground):
    """Follows the selection and the ends. The picture is made when the panel is seen and a tensor is selected."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self._comparison = comparison
        self.ends = PlainLabel("", self, colour="text2")
        self._head = QHBoxLayout()
        self._head.setContentsMargins(16, 8, 12, 0)
        self._head.setSpacing(8)
        self._head.addWidget(PlainLabel(tr("Difference"), self, weight=SEMIBOLD))
        self._head.addWidget(self.ends)
        self._head.addStretch(1)
        self.image: ImageTab | None = None
        self.message = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.message.setContentsMargins(16, 8, 16, 8)
        self.figures = DifferenceFigures(self)
        self.figures.place_wanted.connect(self._go_to)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(_at_top(self.message))
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._pages, 1)
        row.addWidget(self.figures)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addLayout(row, 1)
        self._shown: tuple[TensorInfo, TensorInfo] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._follow)
        for signal in (comparison.series_changed, comparison.ends_changed, comparison.selection_changed):
            signal.connect(self._soon.start)
        comparison.compared.connect(self._compared)
        comparison.finished.connect(self._made)

    def _compared(self, a: int, b: int) -> None:
        if (a, b) == (self._comparison.a, self._comparison.b):
            self._soon.start()

    def showEvent(self, event: object) -> None:
        """Show what was put off until it is seen."""
        self._soon.start()

    def _follow(self) -> None:
        comparison = self._comparison
        tensor = comparison.selected_tensor
        if not self.isVisible() or not comparison.series.members:
            return
        a, b = comparison.a, comparison.b
        names = member_words(comparison.series, a), member_words(comparison.series, b)
        self.ends.setText(f"{names[1]} {MINUS} {names[0]}")
        if tensor < 0:
            self._say(tr("Select a tensor to see how each of its values moved."))
            return
        info_a, info_b = self._info(a, tensor), self._info(b, tensor)
        difference = comparison.difference
        shape = info_b.shape if info_b is not None else ()
        self.figures.show_figures(difference, tensor, shape)
        self.figures.setVisible(self.width() >= _WIDE)
        status = int(difference.status[tensor])
        reason = why_none(status, info_a, info_b, names) or self._error(tensor)
        if reason:
            self._say(reason)
            self.figures.setVisible(False)
        elif status == Status.SAME:
            self._say(tr("Equal in every value."))
            self.figures.setVisible(self.width() >= _WIDE)
        elif info_a is not None and info_b is not None:
            self._picture(info_a, info_b)

    def _info(self, member: int, tensor: int) -> TensorInfo | None:
        part = self._comparison.matching.parts[member]
        row = int(self._comparison.matching.rows[tensor, member])
        return part.checkpoint.info(row) if part is not None and row >= 0 else None

    def _error(self, tensor: int) -> str:
        """Why the two could not be compared."""
        comparison = self._comparison
        task = PairTask(comparison.a, comparison.b)
        found = comparison.errors.get(task, {}).get(tensor) or comparison.failures.get(task, "")
        return display(found, 400)

    def _say(self, text: str) -> None:
        self._shown = None
        self.message.setText(text)
        self._pages.setCurrentIndex(0)
        if self.image is not None:
            self.image.corner.hide()
        self.figures.say("")
        if self._comparison.selected_tensor < 0:
            self.figures.setVisible(False)

    def _picture(self, before: TensorInfo, info: TensorInfo) -> None:
        image = self._made()
        self._pages.setCurrentWidget(image)
        image.corner.show()
        if self._shown == (before, info):
            return
        self._shown = before, info
        self.figures.say("")
        part = self._comparison.matching.parts[self._comparison.b]
        assert part is not None
        section = part.checkpoint.section_of(info.index)
        role = section.role if section is not None else Role.MODEL
        image.set_tensor(ComparedAt(info, self._comparison.pool, part.checkpoint, role, before))

    def _made(self) -> ImageTab:
        """The page that shows pictures; made while nobody waits for it, or with the first picture."""
        if self.image is None:
            self.image = ImageTab(self._comparison.background, self)
            self.image.matrix.feed.whole.connect(self._read_whole)
            self.image.corner.hide()
            self._head.addWidget(self.image.corner)
            self._pages.addWidget(self.image)
        return self.image

    def _read_whole(self) -> None:
        """All of the difference was read: say what did not move."""
        image = self.image
        pyramid = image.matrix.feed.pyramid if image is not None else None
        if pyramid is not None and isinstance(pyramid.reader, DifferenceReader):
            self.figures.say(unmoved_text(pyramid.reader.plane, pyramid.reader.moved))

    def _go_to(self, index: tuple[int, ...]) -> None:
        if self.image is not None and self._shown is not None:
            self.image.show_place(index)

    def resizeEvent(self, event: object) -> None:
        """The figures go first where room is short."""
        self._soon.start()


def _at_top(label: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(label)
    column.addStretch(1)
    return page
