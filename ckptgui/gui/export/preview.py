"""What an export would be, seen while its options are chosen: sizes, names, what is left out, what to know."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.gui.controls import Ground
from ckptgui.gui.export.bars import SizeBars
from ckptgui.gui.export.finding_list import FindingList
from ckptgui.gui.export.findings import Finding, place_trouble, trouble_of, with_alarms
from ckptgui.gui.export.names_model import ALL, CHANGED, OUT, NamesModel
from ckptgui.gui.export.names_table import NamesTable
from ckptgui.gui.export.outlook import Fate, Outlook
from ckptgui.gui.export.subject import Subject
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import integer, percent, size_text, tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, theme_signal

_NARROW = 520
_NAMED_LEFT = 24
"""Names that are left out are told one by one up to so many."""


class _Framed(QWidget):
    """A hairline box round a table."""

    def __init__(self, inside: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(inside)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().hairline, 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL)


class Preview(Ground):
    """``row_asked`` carries the row of a tensor that somebody wants to see."""

    row_asked = Signal(int)

    def __init__(self, subject: Subject, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self._subject = subject
        self._found: tuple[Finding, ...] = ()
        self._place: tuple[Finding, ...] = ()  # what is wrong with it
        self.before = PlainLabel(size_text(subject.checkpoint.nbytes), self, pixels=20, colour="text2")
        self.after = PlainLabel("", self, pixels=20, weight=SEMIBOLD, selectable=True)
        self.room = ElidedLabel("", self, colour="text2", mode=Qt.TextElideMode.ElideRight)
        self.bars = SizeBars(self)
        self.left = PlainLabel("", self, wrap=True, selectable=True)
        self.names = NamesModel(subject.checkpoint, self)
        self.kept = Segmented("", ((ALL, tr("All")), (CHANGED, tr("Changed")), (OUT, tr("Excluded"))), self)
        self.kept.caption.hide()
        self.kept.chosen.connect(self.names.keep)
        self.table = NamesTable(self.names, self)
        self.table.setMinimumHeight(120)
        self.findings = FindingList(self.table, self)
        self.findings.row_asked.connect(self.row_asked)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(self.before)
        head.addWidget(PlainLabel("→", self, pixels=20, colour="text2"))
        head.addWidget(self.after)
        head.addStretch(1)
        head.addWidget(self.room)
        self._line = line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.left, 1)
        line.addWidget(self.kept, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 10, 20, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.bars)
        column.addLayout(line)
        column.addWidget(_Framed(self.table, self), 1)
        column.addWidget(self.findings)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow the filter goes below the words beside it."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self._line.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)

    def show_outlook(self, outlook: Outlook, found: tuple[Finding, ...]) -> None:
        """Show what a plan comes to; where there is none, why, beside the names of the last one that was."""
        plan, shown = outlook.plan, outlook.shown
        self.table.setEnabled(shown is not None)
        self.bars.setEnabled(shown is not None)
        self.left.set_colour("text" if shown is not None else "text3")
        self.after.setText(size_text(plan.nbytes) if plan is not None else "–")
        self.after.setToolTip(
            plain_tooltip(tr("{exact} bytes").format(exact=integer(plan.nbytes))) if plan is not None else ""
        )
        self._found = found if outlook.error is None else (trouble_of(outlook), *found)
        self._show_findings()
        if shown is None:
            self.room.setText("")
            return
        self.bars.show_sizes(outlook.parts, shown.checkpoint.nbytes, shown.nbytes)
        self.left.setText(left_out(outlook))
        self.left.setToolTip(plain_tooltip(left_out(outlook, every=True)))
        self.table.role = next((part.role for part in outlook.parts if part.goes), Role.MODEL)
        self.names.show_names(outlook.names)
        self.table.fit()
        self._count(outlook)

    def _count(self, outlook: Outlook) -> None:
        """Say in the filter how many names it keeps."""
        names = outlook.names
        changed = int((names.changed & (names.fates <= Fate.TIED)).sum())
        out = int((names.fates >= Fate.OUT).sum())
        lost = bool((names.fates == Fate.LOST).any())  # else nobody but the person keeps it back
        for key, text, count in (
            (ALL, tr("All {count}"), len(names)),
            (CHANGED, tr("Changed {count}"), changed),
            (OUT, tr("Left out {count}") if lost else tr("Excluded {count}"), out),
        ):
            button = self.kept.buttons[key]
            button.setText(text.format(count=integer(count)))
            button.setAccessibleName(button.text())
            button.updateGeometry()

    def show_losses(self, finding: Finding) -> None:
        """What the casts lose is known exactly now."""
        self._found = tuple(finding if each.kind == finding.kind else each for each in self._found)
        self._show_findings()

    def show_alarms(self, news: Sequence[Finding]) -> None:
        """More was read since the plan was made."""
        self._found = with_alarms(self._found, news)
        self._show_findings()

    def show_place(self, trouble: str, nbytes: int, free: int) -> None:
        """Say what share of the source the result is, how much room there is, and what is wrong with the place."""
        share = percent(nbytes, self._subject.checkpoint.nbytes)
        words = share if self.width() < _NARROW else tr("{share} of the source").format(share=share)
        words = "" if nbytes < 0 else words
        if free >= 0:
            room = tr("{free} free").format(free=size_text(free))
            words = f"{words}, {room}" if words else room
        self.room.setText(words)
        self._place = (place_trouble(trouble),) if trouble else ()
        self._show_findings()

    def _show_findings(self) -> None:
        self.findings.show_findings((*self._place, *self._found))


def left_out(outlook: Outlook, *, every: bool = False) -> str:
    """``Left out: optimizer_state_dict 977.6 MiB, scheduler, epoch``"""
    if not outlook.left:
        return tr("Nothing is left out.")
    most = len(outlook.left) if every else 4
    named = [
        f"{display(name, 60)} {size_text(nbytes)}" if nbytes else display(name, 60)
        for name, nbytes in outlook.left[: min(most, _NAMED_LEFT)]
    ]
    more = len(outlook.left) - len(named)
    text = tr("Left out: {names}").format(names=", ".join(named))
    return tr("{text} and {count} more").format(text=text, count=integer(more)) if more else text
