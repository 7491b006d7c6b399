"""An opened checkpoint: its bytes above, its tree left, what is selected right, kept at one selection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.health.finding import Finding
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.gui.controls import Ground, Splitter
from ckptgui.gui.health.line import HealthLine
from ckptgui.gui.health.words import row_marks
from ckptgui.gui.jobs import Background
from ckptgui.gui.milestones import PaintWatch
from ckptgui.gui.notices import NoticeArea
from ckptgui.gui.opening import Opened
from ckptgui.gui.ribbon import Ribbon
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import LARGE, Summaries
from ckptgui.gui.tree.panel import TreePanel
from ckptgui.sources.locate import SourcePool

if TYPE_CHECKING:
    from ckptgui.gui.inspector.inspector import Inspector

NARROW = 1000
"""Under this width the inspector goes below the tree."""

MINIMUM = 340
"""Least width of tree and inspector."""

LOW = 700
"""Height of the window under which the health line goes into the status bar."""

MAX_HISTORY = 200


class DocumentView(Ground):
    """Shows one ``Opened`` after the other; the selected path stays selected where the next one has it."""

    selected = Signal(object)
    tree_painted = Signal()
    completed = Signal()
    histogram_painted = Signal()
    view_ready = Signal()
    reading_changed = Signal()
    health_changed = Signal()
    file_changed = Signal()
    profiled = Signal()
    figures_made = Signal()  # for the checkpoint that is shown from now on

    def __init__(self, background: Background, share: float, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self._background = background
        self._lane = background.lane(self)
        self._share = share
        self._opened: Opened | None = None
        self._pool: SourcePool | None = None
        self._summaries: Summaries | None = None
        self._history: list[Path] = []
        self._place = -1
        self._moving = False
        self.slow_reading: Progress | None = None  # of a tensor that takes long, its name as the note
        self.notices = NoticeArea(self)
        self.ribbon = Ribbon(self)
        self.tree = TreePanel(background, self)
        self._inspector: Inspector | None = None
        self._right = Ground("panel", self)
        self._right_layout = QVBoxLayout(self._right)
        self._right_layout.setContentsMargins(0, 0, 0, 0)
        self.splitter = Splitter(self)
        for part in (self.tree, self._right):
            part.setMinimumWidth(MINIMUM)
            self.splitter.addWidget(part)
        self.splitter.splitterMoved.connect(self._remember_share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.ribbon)
        column.addWidget(self.notices)
        column.addWidget(self.splitter, 1)
        self.health_line = HealthLine(self)
        column.addWidget(self.health_line)
        self.health_line.link_activated.connect(self._follow)
        self.health_line.list_wanted.connect(lambda: self.select(()))
        self.ribbon.row_clicked.connect(self._select_row)
        self.tree.selected.connect(self._on_selected)
        self._inspect = QTimer(self, singleShot=True, interval=0)
        self._inspect.timeout.connect(self._show_selected)
        self.tree.view.pin_asked.connect(self._pin)

    @property
    def inspector(self) -> Inspector:
        """What is selected, in full. Made when the tree has been painted first, or when it is asked for."""
        if self._inspector is None:
            from ckptgui.gui.inspector.inspector import Inspector  # a third of all that a start imports

            inspector = self._inspector = Inspector(self._background, self._right)
            self._right_layout.addWidget(inspector)
            inspector.link_activated.connect(self._follow)
            inspector.histogram_painted.connect(self.histogram_painted)
            inspector.view_ready.connect(self.view_ready)
            inspector.health.changed.connect(self._show_health)
            self._fill(inspector)
            self.completed.emit()
        return self._inspector

    @property
    def complete(self) -> bool:
        """Whether all parts are there, and the overview, where it is shown, is filled."""
        return self._inspector is not None and not self._inspector.filling and not self._inspect.isActive()

    @property
    def settled(self) -> bool:
        """Whether nothing of what is shown is still to come, if only that it is exact."""
        return self.complete and self._inspector is not None and not self._inspector.settling

    def _fill(self, inspector: Inspector) -> None:
        if self._opened is not None and self._pool is not None and self._summaries is not None:
            inspector.set_document(self._opened.checkpoint, self._opened.tree, self._pool, self._summaries)
            self._inspect.start()  # its panel is made in a turn of its own

    def _tree_was_painted(self) -> None:
        self.tree_painted.emit()
        if self._summaries is not None:
            self._summaries.begin()
        if self._inspector is None:
            self._lane.start(_import_inspector, lambda _: self.inspector.show())

    def show_opened(self, opened: Opened) -> None:
        """Take over a checkpoint."""
        keep_view = self._opened is not None
        wanted = self._history[self._place] if self._history else ()
        elder = self._stop()
        checkpoint = opened.checkpoint
        self._opened = opened
        self._pool = SourcePool()
        self._summaries = Summaries(checkpoint, self._pool, self._background, self, opened.tree)
        self._summaries.arrived.connect(self._figures_arrived)
        self._summaries.failed.connect(lambda row: self.ribbon.mark_errors(np.array([row])))
        self._summaries.reading_changed.connect(self._on_reading)
        self._summaries.progress_changed.connect(self._on_progress)
        self._summaries.finished.connect(self._watch_last_painting)
        self.ribbon.set_document(checkpoint, opened.tree, opened.places)
        if self._inspector is not None:
            self._fill(self._inspector)
        PaintWatch(self.tree.view.viewport()).painted.connect(self._tree_was_painted)
        self._moving = True  # the same path in another epoch is no step in the history
        try:
            self.tree.set_document(checkpoint, opened.tree, self._summaries, keep_view=keep_view)
            if not self.tree.select_path(wanted):
                self.tree.select_path(())
        finally:
            self._moving = False
        if elder is not None:
            elder.deleteLater()
        self.figures_made.emit()

    def places_changed(self, rows: np.ndarray) -> None:
        """These tensors are elsewhere now: what is shown of one of them is read from there."""
        selection = self.tree.selection()
        if selection is not None and selection.is_tensor and selection.row in rows:
            self._inspect.start()

    def _figures_arrived(self, rows: np.ndarray) -> None:
        if self._summaries is not None:
            records = self._summaries.profile.records[rows]
            alarming = records["nan"] + records["posinf"] + records["neginf"] > 0
            self.ribbon.mark_read(rows)
            self.ribbon.mark_errors(rows[alarming])

    def _show_health(self) -> None:
        """Hand the findings to the line and to the tree's badges."""
        if self._opened is not None:
            health = self.inspector.health
            tree = self._opened.tree
            self.health_line.set_findings(health.findings, tree, health.slots, complete=health.complete)
            self.tree.set_findings(partial(row_marks, health.findings))
            self._make_room()
            self.health_changed.emit()

    def _make_room(self) -> None:
        """In a low window the line gives its room to the tree, and where nothing is amiss; the status bar says how
        many were found.
        """
        self.health_line.setVisible(self.health_line.amiss and self.window().height() >= LOW)

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found to be wrong so far, worst first."""
        return self._inspector.health.findings if self._inspector is not None else ()

    def next_finding(self) -> None:
        """Select the tensor of the finding after the one that is selected, after the last one the first again."""
        selection = self.tree.selection()
        paths = list(dict.fromkeys(finding.path for finding in self.findings))
        if paths:
            at = paths.index(selection.path) + 1 if selection is not None and selection.path in paths else 0
            self._follow(paths[at % len(paths)])

    def _on_progress(self) -> None:
        self.reading_changed.emit()
        if self._summaries is not None and self._summaries.progress.changed:
            self.file_changed.emit()

    def _watch_last_painting(self) -> None:
        """All is read; the next painting of the ribbon shows it."""
        PaintWatch(self.ribbon).painted.connect(self.profiled)
        self.ribbon.update()

    def _on_reading(self) -> None:
        reading = self._summaries.reading if self._summaries is not None else None
        # Only what takes long enough to be waited for; small tensors would make the foot flicker.
        slow = reading if reading is not None and reading.total > LARGE else None
        if slow != self.slow_reading:
            self.slow_reading = slow
            self.reading_changed.emit()

    def release(self) -> None:
        """Stop reading and give the file back."""
        self.tree.clear_document()
        elder = self._stop()
        if elder is not None:
            elder.deleteLater()

    def _stop(self) -> Summaries | None:
        elder, self._summaries = self._summaries, None
        if elder is not None:
            elder.stop()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        return elder

    def forget(self) -> None:
        """Show nothing any more."""
        self.release()
        self.ribbon.clear_document()
        self._opened = None

    @property
    def opened(self) -> Opened | None:
        """What is shown."""
        return self._opened

    @property
    def summaries(self) -> Summaries | None:
        """The statistics of what is shown."""
        return self._summaries

    def _follow(self, link: Path | int) -> None:
        """Go where a link leads: to a tensor by its row, to a path, or to a value that has no row in the tree."""
        if isinstance(link, int):
            self.tree.select_row(link)
        elif not self.select(link):
            self.inspector.show_metadata(link)

    def select(self, path: Path) -> bool:
        """Select a path in the tree; False where there is none such."""
        return bool(self.tree.select_path(tuple(path)))

    def select_joined(self, text: str) -> Path | None:
        """Select the tensor whose path, joined with ``/``, reads ``text``, and return that path."""
        if self._opened is None:
            return None
        tree = self._opened.tree
        node = tree.node_of_path(tuple(text.split("/")))
        path: Path | None = tree.path(node) if node is not None and tree.row[node] >= 0 else None
        if path is None or "/".join(path) != text:  # a name of the file's own has slashes
            path = next((each for each in self._opened.checkpoint if "/".join(each) == text), None)
        return path if path is not None and self.select(path) else None

    def selection(self) -> Selection | None:
        """What is selected."""
        return self.tree.selection()

    def _select_row(self, row: int) -> None:
        if self._opened is not None:
            self.select(self._opened.checkpoint.tensors.path(row))

    def _pin(self, node: int) -> None:
        """Compare the distribution of a tensor with others', or stop to."""
        row = int(self._opened.tree.row[node]) if self._opened is not None else -1
        if row < 0:
            return
        if self.inspector.histogram is None:
            self.tree.select_row(row)  # there is no plot to compare it in
        self.inspector.pinning.ask(row)

    def _on_selected(self, selection: Selection) -> None:
        self.ribbon.select_row(selection.row)
        self._inspect.start()
        if not self._moving and (not self._history or self._history[self._place] != selection.path):
            del self._history[self._place + 1 :]
            self._history = [*self._history, selection.path][-MAX_HISTORY:]
            self._place = len(self._history) - 1
        self.selected.emit(selection)

    def _show_selected(self) -> None:
        """After the row is painted, so that keys are answered at once; of several the last one counts."""
        selection = self.tree.selection()
        if self._inspector is not None and selection is not None:
            self._inspector.show_selection(selection)

    def can_step(self, step: int) -> bool:
        """Whether there is something to go back (-1) or forward (1) to."""
        return 0 <= self._place + step < len(self._history)

    def step(self, step: int) -> None:
        """Go back (-1) or forward (1) among what was selected."""
        if self.can_step(step):
            self._place += step
            self._moving = True
            try:
                self.select(self._history[self._place])
            finally:
                self._moving = False

    def share(self) -> float:
        """The tree's share of the width."""
        return self._share

    def _remember_share(self) -> None:
        tree, inspector = self.splitter.sizes()
        if self.splitter.orientation() is Qt.Orientation.Horizontal and tree + inspector:
            self._share = tree / (tree + inspector)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_front(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tell_front(False)

    def _tell_front(self, front: bool) -> None:
        """What is looked at is read before what lies behind another tab."""
        if self._summaries is not None:
            self._summaries.set_front(front)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()
        narrow = self.width() < NARROW
        wanted = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if self.splitter.orientation() != wanted:
            self.splitter.setOrientation(wanted)
        whole = self.height() if narrow else self.width()
        share = 0.5 if narrow else self._share
        self.splitter.setSizes([round(whole * share), round(whole * (1 - share))])


def _import_inspector(_: Cancel, __: Report) -> None:
    """On a job's thread, where it does not hold the window up."""
    import ckptgui.gui.inspector.inspector
    import ckptgui.gui.inspector.overview.overview  # noqa: F401 - classes are taken from there by who needs them
