"""The values tab: a table that scrolls through a tensor of any size, with its slice above."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QVBoxLayout,
    QWidget,
)

from ckptgui.analysis.summary import Summary
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.inspector.slice_bar import SliceBar
from ckptgui.gui.inspector.slices import PAGE, Slice, wrap_for
from ckptgui.gui.inspector.values.actions import ValuesActions
from ckptgui.gui.inspector.values.foot import ValuesFoot
from ckptgui.gui.inspector.values.jumps import ValuesJumps
from ckptgui.gui.inspector.values.model import ValuesModel
from ckptgui.gui.inspector.values.saving import ValuesSaving
from ckptgui.gui.inspector.values.selection import SelectionReader
from ckptgui.gui.inspector.values.table import MAX_COPIED, ValuesTable
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import counted, integer, significant, tr
from ckptgui.sources.locate import SourcePool


@dataclass(frozen=True)
class _Part:
    """What is seen of a tensor: the slice, its first row, pixels to the right, and the chosen value's index."""

    slice: Slice
    row: int
    across: int
    chosen: tuple[int, ...] | None


class ValuesTab(LowerTab):
    """``filled`` says that every cell on the screen has its value, or never will."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: TensorInfo | None = None
        self._pool: SourcePool | None = None
        self._stale = False
        self._looked_at: LookedAt | None = None
        self._kept: _Part | None = None
        self._summary: Summary | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QWidget(self)
        inner = QVBoxLayout(top)
        inner.setContentsMargins(16, 8, 16, 8)
        self.bar = SliceBar(top)
        inner.addWidget(self.bar)
        layout.addWidget(top)
        self.note = PlainLabel("", self, colour="text2", wrap=True)
        self.note.setContentsMargins(16, 4, 16, 8)
        layout.addWidget(self.note)
        self.model = ValuesModel(background, self)
        self.table = ValuesTable(self)
        self.table.setModel(self.model)
        layout.addWidget(self.table, 1)
        self._filler = QWidget(self)
        layout.addWidget(self._filler, 1)
        self.foot = ValuesFoot(self)
        layout.addWidget(self.foot)
        self.jumps = ValuesJumps(background, self.foot, self)
        self.saving = ValuesSaving(background, self.foot, self)
        self.acts = ValuesActions(self.table, self.jumps, self.saving, self)
        for control in (self.jumps.largest, self.jumps.smallest, self.jumps.steps):
            self.bar.add(control)
        for link in (self.acts.copy, self.acts.save):
            self.bar.add(link)
        self._selection = SelectionReader(self.table, self.model, self.foot)
        self.bar.changed.connect(self._slice)
        self.bar.place_wanted.connect(self.show_place)
        self.bar.refused.connect(self._say)
        self.model.filled.connect(self.filled)
        self.model.failed.connect(self._fail)
        self.table.copied.connect(self._tell_copied)
        self.table.stepped.connect(lambda backward: self.jumps.step(backward=backward))
        self.table.selectionModel().currentChanged.connect(self._clear_note)
        self.jumps.current = self._current_place
        self.jumps.found.connect(self.show_place)
        self._say("")

    @property
    def waiting(self) -> bool:
        """Whether cells are to come."""
        return self._stale or self.model.waiting

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Show another tensor, as soon as the tab is seen."""
        if not looked_at.follows(self._looked_at):
            self._kept = None
        elif not self._stale:
            self._kept = self._part()
        self._looked_at = looked_at
        self._info, self._pool, self._stale, self._summary = looked_at.info, looked_at.pool, True, None
        if self.isVisible():
            self._fill()

    def showEvent(self, event: QShowEvent) -> None:
        """Fill what was put off until it is seen."""
        super().showEvent(event)
        if self._stale:
            self._fill()

    def _fill(self) -> None:
        info = self._info
        self._stale = False
        if info is None:
            return
        reason = why_no_values(info)
        self._fit()
        self.model.set_tensor(None if reason else info, self._pool, self.table.room())
        if self._kept is not None and not reason:
            self.model.set_slice(self._kept.slice)
        self.bar.set_shape(() if reason else info.shape, self.model.slice)
        self.bar.setVisible(not reason and bool(info.shape))
        self.foot.setVisible(not reason)
        if self._pool is not None:
            self.jumps.set_tensor(None if reason else info, self._pool)
        if self._summary is not None:
            self.jumps.set_summary(self._summary)
        self.acts.set_tensor(None if reason else self._looked_at)
        self.acts.slice = self.model.slice
        self._say(reason)
        self.table.setVisible(not reason)
        self._filler.setVisible(bool(reason))
        self.table.horizontalHeader().setVisible(bool(info.shape))
        self.table.verticalHeader().setVisible(bool(info.shape))
        self.table.scrollToTop()
        if self._kept is not None:
            self._show_part(self._kept)
            self._kept = None
        QTimer.singleShot(0, self, self._settle)

    def _part(self) -> _Part:
        """What is seen now."""
        across = self.table.horizontalScrollBar().value()
        return _Part(self.model.slice, max(0, self.table.rowAt(0)), across, self._current_place())

    def _show_part(self, part: _Part) -> None:
        top = self.model.index(part.row, 0)
        self.table.scrollTo(top, QAbstractItemView.ScrollHint.PositionAtTop)
        self.table.horizontalScrollBar().setValue(part.across)
        if part.chosen is not None:
            cell = self.model.index(*self.model.slice.cell(part.chosen))
            self.table.selectionModel().setCurrentIndex(cell, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def set_summary(self, summary: Summary) -> None:
        """Columns of integers are as wide as the least and the largest value, once they are known."""
        self._summary = summary
        if self._info is not None and not self._stale:
            self.jumps.set_summary(summary)
            self._fit()
            self._wrap()

    def _fit(self) -> None:
        info = self._info
        if info is not None:
            known = self._summary.statistics if self._summary is not None else None
            low, high = (known.min, known.max) if known is not None else (None, None)
            self.table.fit(_widest(info, low, high), integer(max(99, max(info.shape, default=1) - 1)))

    def _wrap(self) -> None:
        """Lines of a single dimension are as long as there is room; what was at the top stays there."""
        info, seen = self._info, self.model.slice
        if info is None or self._stale or len(info.shape) != 1 or not self.model.rowCount():
            return
        wrap = wrap_for(info.shape[0], self.table.room())
        if wrap == seen.wrap:
            return
        top = self.model.position(max(0, self.table.rowAt(0)), 0)
        current = self.table.currentIndex()
        chosen = self.model.position(current.row(), current.column()) if current.isValid() else None
        seen = seen.rewrapped(wrap).at(top)
        self._slice(seen)
        self.table.scrollTo(self.model.index(seen.cell(top)[0], 0), QAbstractItemView.ScrollHint.PositionAtTop)
        if chosen is not None and 0 <= seen.cell(chosen)[0] < PAGE:
            self._choose(chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap elsewhere."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._wrap)  # the table takes its size after its parent

    def _settle(self) -> None:
        """An empty table is full at once."""
        if not self.model.waiting and (not self.model.rowCount() or not self.model.columnCount()):
            self.filled.emit()

    def _slice(self, chosen: Slice) -> None:
        self.model.set_slice(chosen)
        self.bar.show_slice(chosen)
        self.acts.slice = chosen
        self._say("")

    def show_place(self, index: tuple[int, ...]) -> None:
        """Go to the value at an index and select it."""
        if self._stale:
            self._fill()
        if self._info is None or len(index) != len(self._info.shape):
            return
        self._slice(self.model.slice.at(index))
        self._choose(index)

    def _choose(self, index: tuple[int, ...]) -> None:
        cell = self.model.index(*self.model.slice.cell(index))
        self.table.selectionModel().setCurrentIndex(cell, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.table.scrollTo(cell, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _current_place(self) -> tuple[int, ...] | None:
        cell = self.table.currentIndex()
        if not cell.isValid() or self.model.is_beyond(cell.row(), cell.column()):
            return None
        return self.model.position(cell.row(), cell.column())

    def _say(self, text: str) -> None:
        self.note.set_colour("text2")
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _clear_note(self) -> None:
        if self.table.isVisible() and not self.model.broken:
            self._say("")

    def _fail(self, reason: str) -> None:
        self._say(reason)
        self.note.set_colour("danger")
        self.filled.emit()

    def _tell_copied(self, count: int) -> None:
        chosen = self.table.chosen()
        text = tr("Copied {0}.").format(counted(count, "value", "values"))
        if chosen is not None and len(chosen[0]) * len(chosen[1]) > MAX_COPIED:
            text = tr("Copied the first {0}, which is as much as one copy takes; Save takes all.").format(
                counted(count, "value", "values")
            )
        self.foot.say(text)


def why_no_values(info: TensorInfo) -> str:
    """Why there is no table, in a sentence; empty when there is one."""
    if info.error:
        return info.error
    if info.numel == 0:
        return tr("This tensor has no elements.")
    if info.device == "meta":
        return tr("This tensor was saved on the meta device: it has a shape, but no values.")
    if info.extent is None:
        return tr("Its values are in its components.")
    if info.dtype.kind is Kind.PACKED:
        return tr("Several elements share a byte, so there are no single values to list.")
    return ""


def _widest(info: TensorInfo, low: float | int | None, high: float | int | None) -> str:
    """The longest text that a cell will show, as far as that is known."""
    if info.dtype.kind is Kind.COMPLEX:
        return "−0.0000e−00 + 0.0000e−00j"
    if info.dtype.kind in (Kind.FLOAT, Kind.QUANTIZED):
        return "−0.00000"
    if info.dtype.kind is Kind.BOOL:
        return "false"
    if isinstance(low, int) and isinstance(high, int):
        return max("−00", significant(low), significant(high), key=len)
    return integer(-(10 ** min(7, max(2, int(info.dtype.bits * 0.3)))))
