"""The precision page: what a cast to a narrower type would lose, before anybody does it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.analysis.precision import Example
from ckptgui.analysis.summary import Summary
from ckptgui.core.display import display
from ckptgui.core.dtypes import Kind
from ckptgui.engine import warming
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.precision import Precision, precision
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import ProgressLine
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.inspector.precision.bar import Legend
from ckptgui.gui.inspector.precision.table import PrecisionTable
from ckptgui.gui.inspector.precision.text import integer_sentence, sentence, telling_example
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.numbers import size_text, tr
from ckptgui.gui.warm import wait_until_warm

_INTEGERS = (Kind.SIGNED, Kind.UNSIGNED)


class PrecisionTab(LowerTab):
    """A sentence about the row that is selected, the value that loses most as a link, and a row a type."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane, self._gate = background.lane(self, patient=True), background.gate
        self._looked_at: LookedAt | None = None
        self._found: Precision | None = None
        self._example: Example | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QWidget(self)
        words = QVBoxLayout(top)
        words.setContentsMargins(16, 8, 16, 6)
        words.setSpacing(2)
        self.text = PlainLabel("", top, wrap=True, selectable=True)
        words.addWidget(self.text)
        line = QHBoxLayout()
        line.setSpacing(4)
        self.lead = PlainLabel("", top, colour="text2", pixels=12)
        self.place = LinkLabel("", top, pixels=12)
        self.bar = ProgressLine(top)
        self.stop = LinkLabel(tr("Cancel"), top, pixels=12)
        for part in (self.lead, self.place, self.bar, self.stop):
            line.addWidget(part)
        line.addStretch(1)
        words.addLayout(line)
        layout.addWidget(top)
        self.table = PrecisionTable(self)
        layout.addWidget(self.table)
        self.legend = Legend(self)
        layout.addWidget(self.legend)
        layout.addStretch(1)
        self.place.clicked.connect(self._go)
        self.stop.clicked.connect(self._on_stop)
        self.table.selectionModel().currentRowChanged.connect(self._describe)
        self._show("", table=False)

    @property
    def waiting(self) -> bool:
        """Whether the tensor is being read."""
        return self._lane.busy

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Read another tensor."""
        self._looked_at, self._found = looked_at, None
        self._lane.cancel()
        info = looked_at.info
        if info.dtype.kind in _INTEGERS:
            self._show(tr("Reading"), table=False)
            return
        self._read()

    def set_summary(self, summary: Summary) -> None:
        """Integers are judged by their range alone."""
        if self._looked_at is not None and self._looked_at.info.dtype.kind in _INTEGERS:
            self._show(integer_sentence(self._looked_at.info, summary.statistics), table=False)

    def _read(self) -> None:
        looked_at = self._looked_at
        if looked_at is None:
            return
        info, pool, gate = looked_at.info, looked_at.pool, self._gate

        def work(cancel: Cancel, report: Report) -> Precision:
            wait_until_warm(cancel)
            if warming.missing(warming.RARE):  # to compile here would hold the window up
                warming.compile_apart(lambda: cancel.requested, warming.RARE)
                cancel.check()
            with gate.turn(cancel, Urgency.SELECTED) as turn:  # not before: nobody waits for what is compiled
                return precision(info, pool, turn, report)

        self._show(tr("Trying every type on {0}").format(size_text(info.nbytes)), table=False)
        self._lane.start(work, self._arrived, self._failed, self._progressed, self._cancelled)
        self.bar.set_share(0, 1)
        self.bar.show()
        self.stop.setText(tr("Cancel"))
        self.stop.show()

    def _progressed(self, progress: Progress) -> None:
        self.bar.set_share(progress.done, progress.total)

    def _arrived(self, found: Precision) -> None:
        assert self._looked_at is not None
        self._found = found
        self._show("", table=True)
        self.table.losses.set_losses(found.losses, self._looked_at.role)
        self.legend.set_losses(found.losses, self._looked_at.role)
        self.table.selectRow(0)
        self.filled.emit()

    def _failed(self, error: CheckpointError) -> None:
        self._show(display(error, 2000), table=False)
        self.text.set_colour("danger")
        self.filled.emit()

    def _cancelled(self) -> None:
        self._show(tr("Not read."), table=False)
        self.stop.setText(tr("Read it"))
        self.stop.show()

    def _on_stop(self) -> None:
        if self._lane.busy:
            self._lane.cancel()
            self.filled.emit()
        else:
            self._read()

    def _describe(self) -> None:
        """Say what the selected row's cast does."""
        row = self.table.currentIndex().row()
        if self._found is None or not 0 <= row < len(self._found.losses):
            return
        loss = self._found.losses[row]
        self.text.setText(sentence(loss, complex_parts=self._found.parts > 1))
        example = telling_example(loss)
        self._example = example[1] if example else None
        self.lead.setText(example[0] if example else tr("No value changes."))
        self.lead.show()
        if example:
            self.place.setText(f"[{', '.join(map(str, self._found.index(example[1])))}]")
        self.place.setVisible(example is not None)

    def _show(self, text: str, *, table: bool) -> None:
        self.text.set_colour("text")
        self.text.setText(text)
        self.table.setVisible(table)
        self.legend.setVisible(table)
        for part in (self.lead, self.place, self.bar, self.stop):
            part.hide()

    def _go(self) -> None:
        if self._found is not None and self._example is not None:
            self.place_wanted.emit(self._found.index(self._example))
