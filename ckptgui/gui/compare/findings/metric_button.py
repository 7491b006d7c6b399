"""The button that says by which figure checkpoints are ranked, and offers the others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.best import Metric
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, theme, theme_signal, ui_font

_PAD, _ARROW = 8, 18


class MetricButton(Pressable):
    """``chosen`` carries the path of another figure."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metrics: Sequence[Metric] = ()
        self._path = ""
        self.setFont(ui_font(11))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._offer)
        theme_signal().changed.connect(self.update)

    def show_metrics(self, metrics: Sequence[Metric], current: Metric) -> None:
        """Say which one decides."""
        self._metrics, self._path = metrics, current.curve.path
        self.setText(display(current.curve.name, 40).replace("&", "&&"))
        self.setShortcut("")
        self.setAccessibleName(tr("Ranked by {0}").format(current.curve.name))
        only = tr("It is the only loss or score in these files.")
        self.setEnabled(len(metrics) > 1)
        self.setToolTip(plain_tooltip(display(current.curve.path, 200) if len(metrics) > 1 else only))
        self.updateGeometry()
        self.update()

    def menu(self) -> QMenu:
        """The losses and scores that were logged."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for metric in self._metrics:
            action = QAction(display(metric.curve.name, 80).replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(metric.curve.path == self._path)
            action.triggered.connect(lambda _=False, path=metric.curve.path: self.chosen.emit(path))
            group.addAction(action)
            menu.addAction(action)
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _shown(self) -> str:
        return self.text().replace("&&", "&")

    def sizeHint(self) -> QSize:
        """Room for the words and the arrow."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._shown()) + 2 * _PAD + _ARROW, metrics.height() + 5)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isEnabled()
        painter.setPen(QPen(t.control if on else t.hairline, 1))
        painter.setBrush(t.pressed if self.isDown() else t.hover if on and self.underMouse() else t.panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL)
        painter.setPen(t.text if on else t.text2)
        room = self.rect().adjusted(_PAD, 0, -_PAD - (_ARROW if on else 0), 0)
        text = self.fontMetrics().elidedText(self._shown(), Qt.TextElideMode.ElideMiddle, room.width() + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        if on:
            draw_icon(
                painter, QRect(self.width() - _ARROW - 4, 0, _ARROW, self.height()), "chevron-down", "text2", 12
            )
        if self.hasFocus():
            draw_focus(painter, self.rect())
