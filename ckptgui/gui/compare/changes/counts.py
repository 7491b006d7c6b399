"""How many tensors are in which status, above the table; a click on one filters by it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ckptgui.core.series.status import Status
from ckptgui.gui.compare.changes.rows import COUNTED
from ckptgui.gui.compare.signs import sign, status_colour, status_word
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import RADIUS_BADGE, theme, theme_signal, ui_font

ALWAYS = (Status.CHANGED, Status.SAME, Status.ADDED, Status.REMOVED)
"""Statuses that are told where there are none, too."""


class StatusCount(Pressable):
    """``≠ 76 changed``; pressed while the table is filtered by it."""

    def __init__(self, status: Status, parent: QWidget) -> None:
        super().__init__(parent)
        self.status = status
        self._count, self._verbose = 0, False
        self.setFont(ui_font(12))
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def nextCheckState(self) -> None:
        """Whether it is pressed is what the filter says."""

    def show_count(self, count: int, verbose: bool) -> None:
        """Tell another number; ``verbose``: with the word."""
        self._count, self._verbose = count, verbose
        text = f"{integer(count)} {status_word(self.status)}"
        self.setAccessibleName(text)
        self.setToolTip(plain_tooltip(tr("{0}. A click shows these alone.").format(text)))
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """What stands behind the sign."""
        return f"{integer(self._count)} {status_word(self.status)}" if self._verbose else integer(self._count)

    def sizeHint(self) -> QSize:
        width = QFontMetrics(_sign_font()).horizontalAdvance(sign(self.status) + " ")
        return QSize(width + self.fontMetrics().horizontalAdvance(self.text()) + 8, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.pressed if self.isChecked() else t.hover)
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS_BADGE, RADIUS_BADGE)
        painter.setFont(_sign_font())
        painter.setPen(status_colour(self.status))
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(4, 0, self.width(), self.height()), centre, sign(self.status))
        left = 4 + painter.fontMetrics().horizontalAdvance(sign(self.status) + " ")
        painter.setFont(self.font())
        painter.setPen(t.text if self._count and self._verbose else t.text2)
        painter.drawText(QRect(left, 0, self.width(), self.height()), centre, self.text())
        if self.hasFocus():
            draw_focus(painter, self.rect(), RADIUS_BADGE)


class StatusCounts(QWidget):
    """One ``StatusCount`` a status; ``clicked`` carries its word. Words go first where there is little room."""

    clicked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.of = {status: StatusCount(status, self) for status in COUNTED}
        for status, count in self.of.items():
            row.addWidget(count)
            count.clicked.connect(lambda _=False, status=status: self.clicked.emit(str(status)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 20)  # it says less before it keeps the panel wide

    def show_counts(self, counts: dict[Status, int], state: str, room: int) -> None:
        """Tell the numbers; ``state`` is the status that is filtered by."""
        for verbose, always in ((True, ALWAYS), (False, ALWAYS), (False, ())):
            for status, part in self.of.items():
                some = counts.get(status, 0)
                part.setVisible(some > 0 or status in always or str(status) == state)
                part.show_count(some, verbose and status is Status.CHANGED)
                part.setChecked(str(status) == state)
            if sum(part.sizeHint().width() for part in self.of.values() if not part.isHidden()) <= room:
                break


def _sign_font() -> QFont:
    return ui_font(12, QFont.Weight.DemiBold)
