"""The channels page: the norm of every row and of every column, in order or sorted, dead ones marked."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.analysis.health.channels import DEAD_NORM
from ckptgui.core.checkpoint import Role
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.channels import Channels, channel_norms
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import ProgressLine
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.inspector.index_plot import IndexPlot
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, Caption, ElidedLabel, LinkLabel, PlainLabel
from ckptgui.gui.numbers import integer, significant, tr

BESIDE = 560
"""Width from which rows and columns have room beside each other."""


class ChannelsTab(LowerTab):
    """Read when it is opened; the number on the tab says how many are dead."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self, pictures=True)
        self._info: TensorInfo | None = None
        self._role = Role.OTHER
        self._found: Channels | None = None
        self.order = Segmented(tr("Order"), (("place", tr("Place")), ("size", tr("Size"))), self)
        self.scale = Segmented(tr("Norm"), (("linear", tr("Linear")), ("log", tr("Log"))), self)
        self.note = PlainLabel("", self, colour="text2", wrap=True)
        self.progress = ProgressLine(self)
        self.sides = (_Side(tr("Rows"), self), _Side(tr("Columns"), self))
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self.note, 1)
        head.addWidget(self.progress)
        head.addWidget(self.order)
        head.addWidget(self.scale)
        self._plots = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._plots.setSpacing(12)
        for axis, side in enumerate(self.sides):
            self._plots.addWidget(side, 1)
            side.chosen.connect(lambda place, axis=axis: self._go(axis, place))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(self._plots, 1)
        self.order.chosen.connect(self._show)
        self.scale.chosen.connect(self._show)

    @property
    def waiting(self) -> bool:
        return self._lane.busy

    def set_tensor(self, looked_at: LookedAt) -> None:
        info, pool = looked_at.info, looked_at.pool
        self._info, self._role, self._found = info, looked_at.role, None
        for side in self.sides:
            side.hide()
        self.note.set_colour("text2")
        self.note.setText(tr("Reading rows and columns"))
        self.progress.set_share(0, 1)
        self.progress.show()

        def work(cancel: Cancel, report: Report) -> Channels:
            return channel_norms(info, pool, cancel, report)

        self._lane.start(work, self._take, self._fail, self._progressed)

    def _progressed(self, progress: Progress) -> None:
        self.progress.set_share(progress.done, progress.total)

    def _fail(self, error: CheckpointError) -> None:
        self.progress.hide()
        self.note.set_colour("danger")
        self.note.setText(str(error))
        self.filled.emit()

    def _take(self, found: Channels) -> None:
        self._found = found
        self.progress.hide()
        dead = sum(int((norms < DEAD_NORM).sum()) for norms in (found.rows, found.columns) if len(norms) > 1)
        self.counted.emit(integer(dead) if dead else "")
        self.note.setText(tr("Euclidean norms over the finite values.") if not dead else dead_words(found))
        self.note.set_colour("warn" if dead else "text2")
        self._show()
        self.filled.emit()

    def _show(self) -> None:
        if self._found is None:
            return
        for side, norms in zip(self.sides, (self._found.rows, self._found.columns)):
            sort, log = self.order.current() == "size", self.scale.current() == "log"
            side.show_norms(np.asarray(norms), self._role, sort=sort, log=log)
            side.setVisible(len(norms) > 1)

    def _go(self, axis: int, place: int) -> None:
        """Open the values at the channel's first element."""
        if self._info is not None:
            index = [0] * len(self._info.shape)
            index[axis] = place
            self.place_wanted.emit(tuple(index))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside = self.width() >= BESIDE
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._plots.setDirection(way)


class _Side(QWidget):
    """Rows or columns: how many, how many of them dead, and the plot."""

    chosen = Signal(int)

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._norms: np.ndarray = np.zeros(0)
        self._order: np.ndarray = np.zeros(0, np.int64)
        self.title = PlainLabel(title, self, pixels=11, weight=SEMIBOLD)
        self.count = Caption("", self)
        self.dead = LinkLabel("", self, pixels=11, colour="warn")
        self.title.setMinimumHeight(self.dead.sizeHint().height())  # both sides begin at one height
        self.reading = ElidedLabel("", self, colour="text2", pixels=11)
        self.plot = IndexPlot(self)
        self.plot.setAccessibleName(tr("Norms of {0}").format(title.lower()))
        head = QHBoxLayout()
        head.setSpacing(8)
        for part in (self.title, self.count, self.dead):
            head.addWidget(part)
        head.addStretch(1)
        head.addWidget(self.reading)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.plot, 1)
        self.plot.hovered.connect(self._tell)
        self.plot.chosen.connect(lambda place: self.chosen.emit(int(self._order[place])))
        self.dead.clicked.connect(lambda: self.chosen.emit(int(np.argmin(self._norms))))

    def show_norms(self, norms: np.ndarray, role: Role, *, sort: bool, log: bool) -> None:
        """Show others, the largest first if they are to be sorted."""
        self._norms = norms
        self._order = np.argsort(-norms, kind="stable") if sort else np.arange(len(norms))
        dead = norms < DEAD_NORM
        self.count.setText(integer(len(norms)))
        self.dead.setText(tr("{0} dead").format(integer(int(dead.sum()))))
        self.dead.setVisible(bool(dead.any()))
        self.plot.show_values(norms[self._order], dead[self._order], role, log=log)
        self._tell(-1)

    def _tell(self, place: int) -> None:
        if not len(self._norms):
            return
        if place < 0:
            with np.errstate(over="ignore"):  # a norm may be beyond float64
                low, middle, high = (float(of(self._norms)) for of in (np.min, np.median, np.max))
            words = tr("{0} to {1}, median {2}")
            self.reading.setText(words.format(significant(low), significant(high), significant(middle)))
        else:
            index = int(self._order[place])
            self.reading.setText(
                tr("{0}: norm {1}").format(integer(index), significant(float(self._norms[index])))
            )


def dead_words(found: Channels) -> str:
    """``17 of 4,096 rows have a norm below 1e−06: 20 to 36.``"""
    parts = []
    for norms, one, several in (
        (found.rows, tr("row"), tr("rows")),
        (found.columns, tr("column"), tr("columns")),
    ):
        dead = np.flatnonzero(norms < DEAD_NORM)
        if len(dead) and len(norms) > 1:
            words = tr("{0} of {1} {2} has a norm below 1e−06: {3} {4}.")
            if len(dead) > 1:
                words = tr("{0} of {1} {2} have a norm below 1e−06: {4}.")
            parts.append(words.format(integer(len(dead)), integer(len(norms)), several, one, runs(dead)))
    return " ".join(parts)


def runs(places: np.ndarray, most: int = 4) -> str:
    """Rising places in words: ``3, 20 to 36, 50``; of many runs the first."""
    breaks = np.flatnonzero(np.diff(places) > 1)
    first, last = places[np.r_[0, breaks + 1]].tolist(), places[np.r_[breaks, len(places) - 1]].tolist()
    pairs = [
        integer(a) if a == b else tr("{0} to {1}").format(integer(a), integer(b)) for a, b in zip(first, last)
    ]
    return ", ".join(pairs[:most]) + (" …" if len(pairs) > most else "")
