"""The bytes of a source and of what is made of it, one above the other, joined where they are the same tensors."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.gui.export.outlook import SourcePart
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.numbers import integer, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_BAR, _GAP = 15, 20


class SizeBars(QWidget):
    """What goes is in the colour of its role, what is left out pale; the result is to the same scale. Disabled
    where there is no result: all is pale then.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[SourcePart, ...] = ()
        self._nbytes = 0
        self.setFixedHeight(2 * _BAR + _GAP + 2)
        theme_signal().changed.connect(self.update)

    def show_sizes(self, parts: tuple[SourcePart, ...], source: int, nbytes: int) -> None:
        """Show ``parts`` of a source of so many bytes, and a result of ``nbytes``."""
        self._parts, self._nbytes = parts, nbytes
        goes = sum(part.nbytes for part in parts if part.goes)
        words = tr("{goes} of {source} go, the export has {exact} bytes").format(
            goes=size_text(goes), source=size_text(source), exact=integer(nbytes)
        )
        self.setAccessibleName(words)
        self.update()

    @property
    def _scale(self) -> float:
        return self.width() / max(sum(part.nbytes for part in self._parts), self._nbytes, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        goes = sum(part.nbytes for part in self._parts if part.goes)
        left = 0.0
        for part in self._parts:
            width = part.nbytes * self._scale
            rect = QRectF(left, 0, max(width - (1 if width > 3 else 0), 0.5), _BAR)
            goes_out = part.goes and self.isEnabled()
            painter.fillRect(rect, t.role(part.role) if goes_out else t.role_pale(part.role))
            if not part.goes and self.isEnabled():
                self._write(painter, rect, part)
            left += width
        if not self.isEnabled():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(t.role(self._role()), 1, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        end, after = goes * self._scale, self._nbytes * self._scale
        painter.drawLine(QPointF(0.5, _BAR + 2), QPointF(0.5, _BAR + _GAP - 1))
        painter.drawLine(QPointF(end - 0.5, _BAR + 2), QPointF(max(after - 0.5, 0.5), _BAR + _GAP - 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(0, _BAR + _GAP, max(after, 1), _BAR), t.role(self._role()))
        self._write_bytes(painter, after)

    def _role(self) -> Role:
        return next((part.role for part in self._parts if part.goes), Role.MODEL)

    def _write(self, painter: QPainter, rect: QRectF, part: SourcePart) -> None:
        """What is left out, as far as there is room for the words."""
        painter.setFont(ui_font(11))
        painter.setPen(theme().text)
        metrics = painter.fontMetrics()
        name = display(part.label, 60)
        if not name:
            return
        words = (
            tr("left out: {name} {size}").format(name=name, size=size_text(part.nbytes)),
            tr("left out: {name}").format(name=name),
            name,
        )
        fits = next((each for each in words if metrics.horizontalAdvance(each) + 16 <= rect.width()), "")
        painter.drawText(rect.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, fits)

    def _write_bytes(self, painter: QPainter, after: float) -> None:
        """The exact size, beside the bar or, where that is long, on it."""
        t = theme()
        painter.setFont(ui_font(11, SEMIBOLD))
        text = tr("{exact} bytes").format(exact=integer(self._nbytes))
        width = painter.fontMetrics().horizontalAdvance(text)
        y = _BAR + _GAP
        if after + 8 + width <= self.width():
            painter.setPen(t.text)
            painter.drawText(QRect(round(after) + 8, y, width + 4, _BAR), Qt.AlignmentFlag.AlignVCenter, text)
        else:
            painter.setPen(t.on_role[self._role()])
            room = QRect(0, y, round(after) - 8, _BAR)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
