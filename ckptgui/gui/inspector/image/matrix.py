"""The picture of a matrix between its map and its limits, or the line of a vector, and what is said of them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.analysis.blocks import Shown
from ckptgui.analysis.summary import Summary
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Progress
from ckptgui.engine.plane import Plane
from ckptgui.engine.pyramid import offers, overview_block
from ckptgui.gui.inspector.image.choices import ShownButton
from ckptgui.gui.inspector.image.colours import ColoursColumn
from ckptgui.gui.inspector.image.feed import Feed
from ckptgui.gui.inspector.image.line import LineView
from ckptgui.gui.inspector.image.overview import OverviewColumn
from ckptgui.gui.inspector.image.reading import ReadingCard, part_text, reading, scale_text
from ckptgui.gui.inspector.image.shading import Picture
from ckptgui.gui.inspector.image.surface import Place, Surface
from ckptgui.gui.inspector.image.view import ImageView
from ckptgui.gui.inspector.lower_tab import LookedAt
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import MEDIUM, ElidedLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme_signal

_GAP, _MARGIN = 14, 16

_MAP_FROM, _LIMITS_FROM = 420, 300
"""Pixels of the page from which on the columns at its sides have room."""

_MARK = 8
"""Pixels between two marks at least."""


class MatrixPage(QWidget):
    """Shows one plane of a tensor. ``filled`` says that nothing of what is seen is still to come."""

    filled = Signal()
    failed = Signal(str)
    values_wanted = Signal(object)
    menu_wanted = Signal(QPoint)
    coloured = Signal()  # limits or palette may be others now

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: TensorInfo | None = None
        self.plane: Plane | None = None
        self.flipped = False
        self.shown = self._wanted_number = Shown.LARGEST
        self.feed = Feed(background, self)
        self.overview = OverviewColumn(background, self)
        self.colours = ColoursColumn(self)
        self.image, self.line = ImageView(self), LineView(self)
        self.image.setAccessibleName(tr("Picture of the values. Arrows move, plus and minus zoom, 0 shows all."))
        self.line.setAccessibleName(tr("Line of the values. Arrows move, plus and minus zoom, 0 shows all."))
        self.view: Surface = self.image
        self.part, self.scale_caption = _caption(self), _caption(self)
        self.shown_button = ShownButton(self)
        self.card = ReadingCard(self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._ask)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        captions = QHBoxLayout()
        captions.setSpacing(4)
        captions.addWidget(self.part, 1)
        captions.addWidget(self.scale_caption)
        captions.addWidget(self.shown_button)
        middle = QVBoxLayout()
        middle.setSpacing(4)
        middle.addLayout(captions)
        for surface in (self.image, self.line):
            middle.addWidget(surface, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_MARGIN, 8, _MARGIN, 12)
        layout.setSpacing(_GAP)
        layout.addWidget(self.overview)
        layout.addLayout(middle, 1)
        layout.addWidget(self.colours)

    def _connect(self) -> None:
        for surface in (self.image, self.line):
            surface.changed.connect(self._moved)
            surface.read.connect(self._read)
            surface.values_wanted.connect(self._want_values)
            surface.menu_wanted.connect(self.menu_wanted)
        self.feed.pictured.connect(self._show)
        self.feed.settled.connect(self._tell_filled)
        self.feed.failed.connect(self.failed)
        self.feed.grown.connect(self._grown)
        self.feed.whole.connect(self._whole)
        self.feed.broken.connect(self._broken)
        self.overview.painted.connect(self._tell_filled)
        self.overview.map.wanted.connect(self._go)
        self.overview.map.moved.connect(self._step)
        self.colours.changed.connect(self._soon.start)
        self.shown_button.chosen.connect(self.choose_shown)
        theme_signal().changed.connect(self._soon.start)

    @property
    def waiting(self) -> bool:
        """Whether something of what is seen is still to come."""
        return self._soon.isActive() or self.feed.busy or self.overview.busy

    def set_plane(
        self, looked_at: LookedAt, plane: Plane, *, flipped: bool = False, keep_limits: bool = False
    ) -> None:
        """Show another plane, its first view first; figures of its tensor may follow. One of one row is a line."""
        info = looked_at.info
        boolean = info.dtype.kind is Kind.BOOL
        if self._info is not info:
            self.colours.forget_tensor(keep_limits=keep_limits)
            self._choose_number(Shown.MEAN if boolean else self._wanted_number)
        self._info, self.plane, self.flipped = info, plane, flipped
        self.colours.centred = looked_at.is_difference
        self.feed.set_plane(partial(looked_at.reader, plane))
        self.colours.forget_pictures()
        size, block = (plane.height, plane.width), overview_block(info, plane)
        self.overview.set_matrix(size, Shown.MEAN if boolean else Shown.LARGEST)
        self.line.role = looked_at.role
        self.view, other = (self.image, self.line) if plane.down else (self.line, self.image)
        other.clear()
        self._fit_parts()
        self.view.set_matrix(size, plane.tile, lambda values, axis: offers(block, values, axis))

    def clear(self) -> None:
        """Show nothing, read nothing."""
        self.feed.clear()
        self._soon.stop()
        self._info = self.plane = None
        self.image.clear()
        self.line.clear()
        self.card.hide()

    def set_summary(self, summary: Summary) -> None:
        """Take what the figures tell of colours; and now that they are there, read the overview."""
        self.colours.set_summary(summary)
        self._soon.start()
        self.feed.read_overview()

    def _moved(self) -> None:
        frame, plane = self.view.frame, self.plane
        if frame is not None and plane is not None:
            self.part.setText(part_text(plane, frame, self.flipped))
            self.scale_caption.setText(scale_text(frame))
            self.shown_button.setVisible(not frame.exact and self.view is self.image)
            needed = self.part.sizeHint().width() + self.scale_caption.sizeHint().width() + 4
            self.scale_caption.setVisible(not frame.exact or needed <= self.view.width())  # which part goes first
            self.overview.map.show_frame(frame)
            self._read(self.view.place)
            self._soon.start()

    def _ask(self) -> None:
        self._soon.stop()
        frame = self.view.frame
        if frame is not None and self.plane is not None and self.isVisible():
            sides = [frame.across.pixels] if self.view is self.line else [axis.pixels for axis in frame.axes]
            pixels = min(sides) / self.devicePixelRatioF()
            number = Shown.MEAN if frame.exact else self.shown
            self.feed.want(frame, self.colours.look(frame.block, number, max(1, round(_MARK / pixels))))

    def _show(self, picture: Picture) -> None:
        self.view.show_picture(picture)
        self.colours.show_picture(picture)
        self._read(self.view.place)
        self.coloured.emit()
        self._soon.start()  # the view may have moved on

    def _tell_filled(self) -> None:
        if not self.waiting:
            self.filled.emit()

    def _grown(self, progress: Progress) -> None:
        self.overview.grown(self.feed.pyramid, progress)

    def _whole(self) -> None:
        self.overview.read(self.feed.pyramid)
        picture = self.view.picture
        if picture is not None and picture.unread:
            self.colours.forget_pictures()
        self._soon.start()

    def _broken(self, reason: str) -> None:
        self.overview.broken(reason)
        self._soon.start()

    def choose_shown(self, shown: Shown) -> None:
        """Show another number of each block."""
        self._wanted_number = shown
        self._choose_number(shown)
        self._soon.start()

    def _choose_number(self, shown: Shown) -> None:
        self.shown = shown
        self.shown_button.show_choice(shown)

    def _read(self, place: Place | None) -> None:
        plane, picture, view = self.plane, self.view.picture, self.view
        found = None
        if place is not None and plane is not None and picture is not None and view.frame is not None:
            found = reading(plane, picture.view, place)
            cell = view.cell_rect(place).toAlignedRect()
            if found is not None and view.area().intersects(cell):
                view.setAccessibleDescription(found.text)
                self.card.show_reading(found, cell.translated(view.pos()), view.geometry())
                return
        self.card.hide()

    def go_to(self, index: tuple[int, ...]) -> None:
        """Choose the value at an index of this plane."""
        if self.plane is not None and self.view.frame is not None:
            row, column = self.plane.place(index)
            block = self.view.frame.block
            self.view.choose((row // block[0] * block[0], column // block[1] * block[1]))

    def chosen_index(self) -> tuple[int, ...] | None:
        """The index of the chosen value, or of a chosen block's first one."""
        place = self.view.chosen
        return None if place is None or self.plane is None else self.plane.index(*place)

    def _want_values(self, place: Place) -> None:
        if self.plane is not None:
            self.values_wanted.emit(self.plane.index(*place))

    def _go(self, row: int, column: int) -> None:
        if self.view.frame is not None:
            self.view.turn(self.view.frame.around(row, column))

    def _step(self, down: int, right: int) -> None:
        frame = self.view.frame
        if frame is not None:
            self.view.turn(frame.moved(down * max(1, frame.room[0] // 4), right * max(1, frame.room[1] // 4)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_parts()

    def _fit_parts(self) -> None:
        """Show the line or the picture. The map goes where all is seen anyway, limits where there is no room."""
        drawn = self.view is self.line
        self.image.setVisible(not drawn)
        self.line.setVisible(drawn)
        self.colours.setVisible(not drawn and self.width() >= _LIMITS_FROM)
        self.overview.setVisible(not drawn and self.width() >= _MAP_FROM and not self._fits_whole())

    def _fits_whole(self) -> bool:
        """Whether all of the matrix has its pixels beside a map."""
        plane, ratio = self.plane, self.devicePixelRatioF()
        if plane is None or max(plane.tile) > 1:
            return False
        room = self.width() - self.overview.width() - self.colours.width() - 2 * (_MARGIN + _GAP)
        return plane.width <= room * ratio and plane.height <= self.image.height() * ratio

    def minimumSizeHint(self) -> QSize:
        """Room for a small picture; the rest goes first."""
        return QSize(200, 100)

    def event(self, event: QEvent) -> bool:
        """Ask for what was put off until it is seen."""
        if event.type() == QEvent.Type.Show:
            self._soon.start()
        return super().event(event)


def _caption(parent: QWidget) -> ElidedLabel:
    return ElidedLabel("", parent, colour="text2", pixels=11, weight=MEDIUM, mode=Qt.TextElideMode.ElideRight)
