"""What else differs between A and B: every plain value of the two checkpoints, compared off the GUI's thread."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.series.metadata_difference import (
    ABSENT,
    Absent,
    MetadataDifferences,
    metadata_differences,
)
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.changes.value_rows import ROW, ValueRow, ValuesModel, ValuesTable
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.controls import Ground
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, LinkLabel
from ckptgui.gui.numbers import integer, tr

MOST = 2_000
"""Values that are listed of those that differ, and of those that are equal."""

_HEAD = 26


class OtherValues(Ground):
    """``filled`` says that other values are shown, so that whoever gives it room can fit it."""

    filled = Signal()

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("sunken", parent)
        self._comparison = comparison
        self._lane = comparison.background.lane(self)
        self._found = MetadataDifferences(())
        self._all = False
        self.title = ElidedLabel("", self, pixels=11, weight=SEMIBOLD)
        self.fold = LinkLabel("", self, pixels=11)
        self.fold.clicked.connect(self._toggle)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(self.title, 1)
        head.addWidget(self.fold)
        bar = QWidget(self)
        bar.setFixedHeight(_HEAD)
        bar.setLayout(head)
        self.model = ValuesModel(self)
        self.table = ValuesTable(self.model, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)
        self.setMinimumHeight(_HEAD)
        comparison.series_changed.connect(self.begin)
        comparison.ends_changed.connect(self.begin)
        self.begin()

    def wanted_height(self, most: float) -> int:
        """Pixels in which all rows have room, or ``most`` of them."""
        rows = self.model.rowCount()
        return _HEAD + (round(min(rows, most) * ROW) + 8 if rows else 0)

    def begin(self) -> None:
        """Compare the plain values of A and B."""
        comparison = self._comparison
        if len(comparison.series.whole) < 2:
            self._lane.cancel()
            self._take(MetadataDifferences(()))
            return
        members = comparison.series.members
        metadata = [_metadata(members[each].checkpoint) for each in (comparison.a, comparison.b)]

        def work(cancel: Cancel, report: Report) -> MetadataDifferences:
            return metadata_differences(metadata, MOST, with_equal=True)

        self._lane.start(work, self._take)

    def _take(self, found: MetadataDifferences) -> None:
        self._found = found
        self._show()

    def _toggle(self) -> None:
        self._all = not self._all
        self._show()

    def _show(self) -> None:
        found = self._found
        differ = len(found.listed) + found.more
        words = tr("Other values, {0} of {1} differ") if differ else tr("Other values, none of {1} differs")
        text = words.format(integer(differ), integer(found.looked_at))
        if found.cut:
            text += tr(", not all were looked at")
        self.title.setText(text if found.looked_at else tr("Other values: there are none"))
        rows = [ValueRow(each, True) for each in sorted(found.listed, key=lambda each: len(each.path))]
        if self._all:
            rows += [ValueRow(each, False) for each in found.equal]
        self.fold.setVisible(bool(found.equal))
        self.fold.setText(tr("Only these") if self._all else tr("Show all"))
        self.model.show(rows)
        self.filled.emit()


def _metadata(checkpoint: Checkpoint | None) -> Json | Absent:
    return checkpoint.metadata if checkpoint is not None else ABSENT
