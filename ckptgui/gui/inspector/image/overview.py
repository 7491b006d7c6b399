"""The column beside a picture that has the whole matrix, small: painted anew while it is read, and when it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.blocks import Shown
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.pyramid import Pyramid
from ckptgui.gui.inspector.image.map import WIDEST, ImageMap
from ckptgui.gui.inspector.image.shading import overview_image
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import Caption, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal

_AGAIN = 400
"""Milliseconds between two paintings of an overview that is still being read."""


class OverviewColumn(QWidget):
    """``painted`` says that the map shows what is known of the overview."""

    painted = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._pyramid: Pyramid | None = None
        self.number = Shown.LARGEST
        self.caption = Caption(tr("Whole"), self)
        self.map = ImageMap(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.caption)
        layout.addWidget(self.map, 1)
        self.setFixedWidth(WIDEST)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN)
        theme_signal().changed.connect(self._paint)

    @property
    def busy(self) -> bool:
        """Whether it is being painted."""
        return self._lane.busy

    def set_matrix(self, size: tuple[int, int], number: Shown) -> None:
        """Take the proportions of another matrix; ``number`` is what its blocks will show."""
        self._lane.cancel()
        self._again.stop()
        self._pyramid, self.number = None, number
        self._say("")
        self.map.set_matrix(size)

    def grown(self, pyramid: Pyramid | None, progress: Progress) -> None:
        """Say how much is read, and show it from time to time."""
        if progress.done < progress.total:
            self.caption.setText(tr("{0} %").format(100 * progress.done // progress.total))
        self._pyramid = pyramid
        if not self._again.isActive() and not self._lane.busy:
            self._paint()
            self._again.start()

    def read(self, pyramid: Pyramid | None) -> None:
        """Show all of it."""
        self._pyramid = pyramid
        self._say("")
        self._paint()

    def broken(self, reason: str) -> None:
        """Say that there is no more of it."""
        self._say(reason)

    def _say(self, reason: str) -> None:
        self.caption.setText(tr("Unread") if reason else tr("Whole"))
        self.caption.set_colour("danger" if reason else "text2")
        self.caption.setToolTip(plain_tooltip(reason))

    def _paint(self) -> None:
        pyramid, room, number, colours = self._pyramid, self.map.room(), self.number, theme()
        if pyramid is None or self.isHidden():
            return

        def work(cancel: Cancel, report: Report) -> tuple[QImage, np.ndarray]:
            return overview_image(pyramid.cells, room, number, colours)

        def done(answer: tuple[QImage, np.ndarray]) -> None:
            self.map.show_overview(*answer)
            self.painted.emit()

        self._lane.start(work, done)
