"""The page of the overview that shows each parameter's last update: rate, plot in network order, table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from ckptgui.analysis.update_rules import UpdateSize
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.optimizers.updates import LastUpdate, LastUpdates
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.updates import measure_updates
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import ProgressLine
from ckptgui.gui.inspector.flat import SortedHeader, slim
from ckptgui.gui.inspector.index_plot import IndexPlot
from ckptgui.gui.inspector.updates.model import Column, Row, UpdatesModel, cell_text
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import counted, integer, percent, short_number, significant, tr
from ckptgui.gui.theme import ROW, ui_font
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool

LEAST_NAME = 150
"""Pixels that a parameter's name has before its norms are shown beside its ratio."""


class UpdatesPanel(QWidget):
    """Reads parameters and moments when it is first opened."""

    link_activated = Signal(object)
    filled = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None, *, margin: int) -> None:
        super().__init__(parent)
        self._lane = background.lane(self, patient=True)
        self._checkpoint: Checkpoint | None = None
        self._rows: Sequence[Row] = ()
        self.sentence = PlainLabel("", self, wrap=True, selectable=True)
        self.warning = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.progress = ProgressLine(self, 160)
        self.title = PlainLabel(tr("Update against weight, in network order"), self, pixels=11, weight=SEMIBOLD)
        self.reading = ElidedLabel("", self, colour="text2", pixels=11)
        self.plot = IndexPlot(self)
        self.plot.setMaximumHeight(130)  # lower where the window is low
        self.plot.setAccessibleName(tr("Update against weight"))
        self.model = UpdatesModel()
        self.table = _Table(self.model, self)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.reading)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(margin, 12, margin, 8)
        layout.setSpacing(6)
        for part in (self.sentence, self.warning, self.progress):
            layout.addWidget(part)
        layout.addSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.plot)
        layout.addWidget(self.table, 1)
        layout.addStretch(0)
        self.plot.hovered.connect(self._tell)
        self.plot.chosen.connect(lambda place: self.link_activated.emit(self._rows[place].row))
        self.table.opened.connect(self.link_activated)

    def set_updates(self, checkpoint: Checkpoint, updates: LastUpdates, pool: SourcePool) -> None:
        """Read another file's."""
        self._checkpoint = checkpoint
        self._fill(())
        if not updates.updates:
            self.sentence.setText(" ".join(updates.why_not) or tr("No optimizer's moments are in the file."))
            self.warning.hide()
            self.progress.hide()
            return
        self.sentence.setText(tr("Reading parameters and their moments"))
        self.warning.setText(rate_words(updates))
        self.warning.show()
        self.progress.set_share(0, 1)
        self.progress.show()

        def work(cancel: Cancel, report: Report) -> list[Row]:
            found: list[Row] = []

            def take(update: LastUpdate, size: UpdateSize | str) -> None:
                name = display(checkpoint.info(update.parameter).name, 200)
                found.append(Row(update.parameter, name, size))

            wait_until_warm(cancel, pictures=True)
            measure_updates(checkpoint, updates.updates, pool, take, cancel, report)
            return found

        self._lane.start(work, self._take, self._fail, self._progressed)

    def _progressed(self, progress: Progress) -> None:
        self.progress.set_share(progress.done, progress.total)

    def _fail(self, error: CheckpointError) -> None:
        self.progress.hide()
        self.sentence.setText(str(error))

    def _take(self, rows: list[Row]) -> None:
        self.progress.hide()
        self.sentence.setText(updates_words(rows))
        self._fill(rows)
        self.filled.emit()

    def _fill(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.model.set_rows(rows)
        self.table.forget_order()
        self.table.make_room(any(cell_text(row, Column.VERDICT) for row in rows))
        ratios = np.nan_to_num(np.array([row.ratio for row in rows], np.float64), nan=0.0)
        marked = np.array([bool(row.verdict) for row in rows], bool)
        self.plot.show_values(ratios, marked, Role.OPTIMIZER, log=True)
        for part in (self.plot, self.table, self.title, self.reading):
            part.setVisible(bool(rows))
        self._tell(-1)

    def _tell(self, place: int) -> None:
        if place < 0 or place >= len(self._rows):
            self.reading.setText("")
            return
        row = self._rows[place]
        told = row.size if isinstance(row.size, str) else tr("ratio {0}").format(significant(row.size.ratio, 3))
        self.reading.setText(f"{row.name}: {told}")


class _Table(QTableView):
    """Return or a double click opens a parameter. Columns keep the numbers whole; the name takes what is left."""

    opened = Signal(object)

    def __init__(self, model: UpdatesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setFont(ui_font(12))
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName(tr("Updates"))
        self.setMinimumHeight(90)
        slim(self)
        header = SortedHeader(Qt.Orientation.Horizontal, self)
        self.setHorizontalHeader(header)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        wide = self.fontMetrics().horizontalAdvance
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        self._number, self._verdict = wide("−9.999e−05") + 18, wide(tr("stands still")) + 24
        for column in (Column.WEIGHT, Column.UPDATE, Column.RATIO):
            self.setColumnWidth(column, self._number)
        self.setColumnWidth(Column.VERDICT, self._verdict)
        self._has_verdicts = False
        self.doubleClicked.connect(self._open)

    def make_room(self, has_verdicts: bool) -> None:
        """The column of verdicts is there where there is one; of the norms those that leave room for the names."""
        self._has_verdicts = has_verdicts
        self.setColumnHidden(Column.VERDICT, not has_verdicts)
        room = self.viewport().width() - LEAST_NAME - self._number - (self._verdict if has_verdicts else 0)
        for column in (Column.UPDATE, Column.WEIGHT):
            room -= self._number
            self.setColumnHidden(column, room < 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.make_room(self._has_verdicts)

    def forget_order(self) -> None:
        """The file's order again."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(self._model.at(index.row()).row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open on Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)


def rate_words(updates: LastUpdates) -> str:
    """The rate that was used, and that it may be another one by now."""
    rates = [short_number(rate) for rate in updates.rates]
    if len(rates) > 3:
        told = tr("learning rates from {0} to {1}").format(
            short_number(min(updates.rates)), short_number(max(updates.rates))
        )
    else:
        told = tr("learning rate {0}").format(", ".join(rates))
    words = tr("Worked out from the saved moments and step, with the {0} of the saved optimizer.").format(told)
    warning = tr("A scheduler that stepped before saving had already moved it on.")
    return " ".join([words, warning, *updates.why_not])


def updates_words(rows: Sequence[Row]) -> str:
    """``The last step moved 75 parameters by 0.12 % of their size at the median; 2 stand still, 1 runs away.``"""
    ratios = np.array([row.ratio for row in rows])
    known = ratios[np.isfinite(ratios)]
    if not known.size:
        return tr("No update could be worked out.")
    words = tr("The last step moved {0} by {1} of their size at the median")
    if len(known) == 1:
        words = tr("The last step moved {0} by {1} of its size")
    words = words.format(counted(len(known), "parameter", "parameters"), percent(float(np.median(known)), 1.0))
    still = sum(row.verdict == "still" for row in rows)
    away = sum(row.verdict == "runs away" for row in rows)
    parts = []
    if still:
        parts.append(tr("1 stands still") if still == 1 else tr("{0} stand still").format(integer(still)))
    if away:
        parts.append(tr("1 runs away") if away == 1 else tr("{0} run away").format(integer(away)))
    return f"{words}; {', '.join(parts)}." if parts else f"{words}."
