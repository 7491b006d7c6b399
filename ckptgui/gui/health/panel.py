"""The health list of the overview: all findings, worst first, each a link to its tensor and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ckptgui.analysis.health.finding import Finding
from ckptgui.core.display import display
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tree.build import Tree
from ckptgui.gui.health.sign import Sign
from ckptgui.gui.health.words import badge, count_words, name
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.labels import Caption, LinkLabel, PlainLabel
from ckptgui.gui.numbers import tr

FEW = 6
"""Findings that are listed at first."""

MANY = 200
"""Findings that are listed when all are asked for; the tree's badges and its filter have the rest."""

SIGNS = 66
"""Pixels of the column of signs, so that names stand below each other."""


class _Row(QWidget):
    """One finding."""

    link_activated = Signal(object)

    def __init__(self, finding: Finding, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.finding = finding
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnMinimumWidth(0, SIGNS)
        grid.setColumnStretch(1, 1)
        self.link = LinkLabel(text, self)
        self.link.clicked.connect(lambda: self.link_activated.emit(finding.path))
        self.sentence = PlainLabel(display(finding.text, 1024), self, colour="text2", wrap=True, selectable=True)
        left = Qt.AlignmentFlag.AlignLeft
        grid.addWidget(Sign(badge(finding), self), 0, 0, left | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.link, 0, 1, left)
        grid.addWidget(self.sentence, 1, 1)
        grow_with_lines(self)


class HealthPanel(QWidget):
    """Says so where nothing was found, and what is still being read."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        grow_with_lines(self)
        self.head = SectionHead(tr("Health"), self)
        self.note = Caption("", self)
        self.head.add(self.note)
        self.sentence = PlainLabel("", self, colour="text2", wrap=True)
        self.all = LinkLabel("", self)
        self.all.clicked.connect(self._show_all)
        self._layout.addWidget(self.head)
        self._layout.addWidget(self.sentence)
        self._layout.addWidget(self.all, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows: list[_Row] = []
        self._findings: Sequence[Finding] = ()
        self._tree: Tree | None = None
        self._slots: SlotMap | None = None
        self._whole = False

    def set_findings(
        self, findings: Sequence[Finding], tree: Tree, slots: SlotMap | None, *, complete: bool
    ) -> None:
        """Show another list."""
        if tree is not self._tree:
            self._whole = False
        self._findings, self._tree, self._slots = findings, tree, slots
        words = count_words(findings, complete)
        self.note.setText(tr("{0}, worst first").format(words) if len(findings) > 1 else "")
        nothing = tr("Nothing found: no NaN, no dead channel, no layer unlike its siblings.")
        self.sentence.setText(nothing if complete else tr("Values are still being read."))
        self.sentence.setVisible(not findings)
        self._fill()

    def _show_all(self) -> None:
        self._whole = True
        self._fill()

    def _fill(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []
        assert self._tree is not None
        listed = self._findings[: MANY if self._whole else FEW]
        for number, finding in enumerate(listed):
            row = _Row(finding, name(finding, self._tree, self._slots), self)
            row.link_activated.connect(self.link_activated)
            self._layout.insertWidget(number + 2, row)
            row.show()
            self.rows.append(row)
        left = len(self._findings) - len(listed)
        self.all.setVisible(left > 0 and not self._whole)
        self.all.setText(tr("{0} more").format(f"{left:,}"))
        if left > 0 and self._whole:
            more = tr("{0} more; the filter above the tree finds them, as nan:>0 does.").format(f"{left:,}")
            self.sentence.setText(more)
            self.sentence.show()
