"""Which step broke it: everything that broke, worst first, each a sign and a sentence with links."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.gui.compare.findings.sentence import Sentence
from ckptgui.gui.compare.findings.watch import RunWatch
from ckptgui.gui.compare.findings.words import badge, looked
from ckptgui.gui.health.sign import Sign
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.labels import Caption, LinkLabel, PlainLabel
from ckptgui.gui.numbers import counted, integer, tr

FEW, MANY = 6, 200
"""Sentences that are shown at first, and when all are asked for."""

SIGNS = 66
"""Pixels of the column of signs, so that sentences stand below each other."""


class _Row(QWidget):
    """One breakage; rows are kept and take others, so that a list that grows does not flicker."""

    def __init__(self, breakage: Breakage, parent: QWidget) -> None:
        super().__init__(parent)
        self.breakage = breakage
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, SIGNS)
        grid.setColumnStretch(1, 1)
        self.sign = Sign(badge(breakage), self)
        self.sentence = Sentence(breakage.pieces, self)
        grid.addWidget(self.sign, 0, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.sentence, 0, 1)
        grow_with_lines(self)

    def set_breakage(self, breakage: Breakage) -> None:
        """Say another one."""
        self.breakage = breakage
        self.sign.badge = badge(breakage)
        self.sign.setAccessibleName(self.sign.badge.text)
        self.sign.updateGeometry()
        self.sign.update()
        self.sentence.set_pieces(breakage.pieces)


class StepsCard(QWidget):
    """``breakage_activated`` carries the breakage whose tensor or module was clicked, and the node."""

    breakage_activated = Signal(object, int)
    member_activated = Signal(int)

    def __init__(self, watch: RunWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        grow_with_lines(self)
        self.head = SectionHead(tr("Which step broke it?"), self)
        self.note = Caption("", self)
        self.head.add(self.note)
        self.words = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.all = LinkLabel("", self)
        self.all.clicked.connect(self.show_all)
        for part in (self.head, self.words):
            self._column.addWidget(part)
        self._column.addWidget(self.all, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows: list[_Row] = []
        self._whole = False
        self._series: object = None

    def refresh(self) -> None:
        """Say what is known now."""
        account, progress = self._watch.account, self._watch.comparison.progress
        series = self._watch.comparison.series
        if series is not self._series:
            self._series, self._whole = series, False
        found = account.breakages if account is not None else ()
        self.note.setText(self._note(len(found)))
        left = max(0, progress.total - progress.done)
        unread = tr("{done} of {total} checkpoints and steps between them are read so far.").format(
            done=integer(progress.done), total=integer(progress.total)
        )
        if len(series.whole) < 2:
            words = tr("It takes two checkpoints that can be read to find a step between them.")
        elif left and not progress.running:
            words = tr("Reading was stopped. {0}").format(unread)
        elif not self._watch.complete:
            words = unread if progress.total else ""
        else:
            words = looked(account) if account is not None and not found else ""
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self._fill(found)

    def _note(self, count: int) -> str:
        if not count:
            return ""
        words = counted(count, "finding", "findings")
        if not self._watch.complete:
            return tr("{0} so far").format(words)
        return tr("{0}, worst first").format(words) if count > 1 else words

    def show_all(self) -> None:
        """List those too that were left away."""
        self._whole = True
        self.refresh()

    def _fill(self, found: tuple[Breakage, ...]) -> None:
        listed = found[: MANY if self._whole else FEW]
        while len(self.rows) > len(listed):
            row = self.rows.pop()
            row.hide()
            row.deleteLater()
        for place, breakage in enumerate(listed):
            if place < len(self.rows):
                self.rows[place].set_breakage(breakage)
                continue
            row = _Row(breakage, self)
            row.sentence.node_activated.connect(
                lambda node, row=row: self.breakage_activated.emit(row.breakage, node)
            )
            row.sentence.member_activated.connect(self.member_activated)
            self._column.insertWidget(place + 2, row)
            row.show()
            self.rows.append(row)
        left = len(found) - len(listed)
        self.all.setVisible(left > 0 and not self._whole)
        self.all.setText(tr("{0} more").format(integer(left)))
