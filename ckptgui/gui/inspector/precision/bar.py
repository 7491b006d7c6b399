"""What becomes of the values in a cast, as a bar drawn to scale, and the legend of its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from ckptgui.analysis.precision import Loss
from ckptgui.core.checkpoint import Role
from ckptgui.gui.labels import token
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

MARGIN, SWATCH, LINE = 16, 13, 16
"""Pixels: beside the legend and between its words, from a colour to its word, from line to line."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Part:
    """A stretch of a bar: how many values, and its colour."""

    word: str
    count: int
    shade: float | str  # between the role's colour (0) and its pale (1), or a token


def parts_of(loss: Loss) -> tuple[Part, ...]:
    """What becomes of the finite values, from those that stay to those that are lost."""
    fine, fair, coarse, worse = loss.within
    return (
        Part(tr("exact or within 0.1 %"), loss.exact + fine, 0.0),
        Part(tr("within 1 %"), fair, 0.4),
        Part(tr("within 10 %"), coarse, 0.7),
        Part(tr("farther off"), worse, 1.0),
        Part(tr("become zero"), loss.zeroed, "control"),
        Part(tr("beyond the range"), loss.overflowed, "nan"),
    )


def paint_bar(painter: QPainter, rect: QRect, loss: Loss, role: Role) -> None:
    """A bar of what becomes of the values; what is lost is never thinner than two pixels."""
    painter.fillRect(rect.adjusted(-1, -1, 1, 1), theme().panel)  # pale ends are seen on a selected row too
    if not loss.count:
        painter.fillRect(rect, theme().hairline)
        return
    kept, lost = parts_of(loss)[:4], parts_of(loss)[4:]
    right = rect.right() + 1
    for part in reversed([part for part in lost if part.count]):
        width = max(2, round(rect.width() * part.count / loss.count))
        painter.fillRect(right - width, rect.y(), width, rect.height(), shade(part.shade, role))
        right -= width
    room, whole, before = max(0, right - rect.x()), sum(part.count for part in kept), 0
    for part in kept:
        start, stop = (rect.x() + round(room * n / max(1, whole)) for n in (before, before + part.count))
        painter.fillRect(start, rect.y(), stop - start, rect.height(), shade(part.shade, role))
        before += part.count


def shade(part: float | str, role: Role) -> QColor:
    """The colour of a stretch."""
    t = theme()
    if isinstance(part, str):
        return token(part)
    full, pale = t.role(role), t.role_pale(role)
    channels = zip((full.redF(), full.greenF(), full.blueF()), (pale.redF(), pale.greenF(), pale.blueF()))
    return QColor.fromRgbF(*(a + (b - a) * part for a, b in channels))


class Legend(QWidget):
    """What the stretches of the bars mean, in as many lines as it takes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(ui_font(11))
        self.parts: tuple[Part, ...] = ()
        self._role = Role.OTHER
        theme_signal().changed.connect(self.update)

    def set_losses(self, losses: Sequence[Loss], role: Role) -> None:
        """Name the parts that occur."""
        every = [parts_of(loss) for loss in losses]
        self._role = role
        self.parts = tuple(column[0] for column in zip(*every) if any(part.count for part in column))
        self.setAccessibleName(", ".join(part.word for part in self.parts))
        self._fit()
        self.update()

    def _places(self) -> list[tuple[Part, int, int, int]]:
        """Each part with where its word begins, how wide that is, and its line."""
        places, x, line = [], MARGIN, 0
        for part in self.parts:
            width = self.fontMetrics().horizontalAdvance(part.word)
            if x > MARGIN and x + SWATCH + width > self.width() - MARGIN:
                x, line = MARGIN, line + 1
            places.append((part, x, width, line))
            x += SWATCH + width + MARGIN
        return places

    def _fit(self) -> None:
        lines = 1 + max((line for *_, line in self._places()), default=0)
        self.setFixedHeight(8 + lines * LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take another line where there is less room."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme().text2)
        for part, x, width, line in self._places():
            y = 4 + line * LINE
            painter.fillRect(x, y + 4, 8, 8, shade(part.shade, self._role))
            painter.drawText(QRect(x + SWATCH, y, width + 4, LINE), _LEFT, part.word)
