"""The picture of a matrix with its map and its limits: one request at a time, the newest wins."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from ckptgui.analysis.blocks import NOT_FINITE, Shown
from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.summary import Summary
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.plane import Plane, PlaneReader
from ckptgui.engine.pyramid import Pyramid, offers, overview_block
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.image_choices import ShownButton
from ckptgui.gui.inspector.image_frame import Frame
from ckptgui.gui.inspector.image_limits import WIDTH as LIMITS_WIDTH
from ckptgui.gui.inspector.image_limits import LimitsBar, Scale
from ckptgui.gui.inspector.image_line import LineView
from ckptgui.gui.inspector.image_map import WIDEST as MAP_WIDTH
from ckptgui.gui.inspector.image_map import ImageMap
from ckptgui.gui.inspector.image_reading import ReadingCard, part_text, reading, scale_text
from ckptgui.gui.inspector.image_shading import (
    USUAL,
    Limits,
    Look,
    Picture,
    coloured,
    look_at,
    overview_image,
    usual_limits,
)
from ckptgui.gui.inspector.image_surface import Place, Surface
from ckptgui.gui.inspector.image_view import ImageView
from ckptgui.gui.inspector.lower_tab import LookedAt
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import MEDIUM, Caption, ElidedLabel
from ckptgui.gui.numbers import percent, significant, tr
from ckptgui.gui.palettes import Palette
from ckptgui.gui.theme import theme, theme_signal
from ckptgui.sources.locate import SourcePool

_MARGIN = 0.5
"""How much more than what is seen is read, on each side, as a share of it."""

_OVERVIEW_AGAIN = 400
"""Milliseconds between two paintings of an overview that is still being read."""

_BARS = 64


@dataclass(frozen=True)
class _Asked:
    """What a job was started for."""

    block: tuple[int, int]
    rows: range
    columns: range
    look: Look

    def serves(self, block: tuple[int, int], seen: tuple[range, range], look: Look) -> bool:
        """Whether its answer will show what is wanted now."""
        inside = all(a.start <= b.start and b.stop <= a.stop for a, b in zip((self.rows, self.columns), seen))
        return self.block == block and inside and self.look == look


class MatrixPage(QWidget):
    """Shows one plane of a tensor. ``filled`` says that nothing of what is seen is still to come."""

    filled = Signal()
    failed = Signal(str)
    values_wanted = Signal(object)
    menu_wanted = Signal(QPoint)
    coloured = Signal()  # limits or palette are others now

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views, self._passes, self._maps = (background.lane(self) for _ in range(3))
        self._info: TensorInfo | None = None
        self._pool: SourcePool | None = None
        self.plane: Plane | None = None
        self.flipped = False
        self._pyramid: Pyramid | None = None
        self._asked: _Asked | None = None
        self._due = False  # an overview is still to be begun
        self._figured = False  # figures have come, or never will
        self._distribution: Distribution | None = None
        self._usual: Limits | None = None
        self._chosen_limits: Limits | None = None
        self._found: dict[tuple[tuple[int, int], Shown], Limits] = {}
        self.palette_chosen = Palette.BY_SIGN
        self.shown = self._wanted_number = Shown.LARGEST
        self._build()
        self._soon = _timer(self, 0, self._ask)
        self._again = _timer(self, _OVERVIEW_AGAIN, self._paint_map)
        theme_signal().changed.connect(self._recolour)

    def _build(self) -> None:
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 8, 16, 12)
        layout.setHorizontalSpacing(14)
        layout.setVerticalSpacing(4)
        self.map_caption = Caption(tr("Whole"), self)
        self.map = ImageMap(self)
        self.part = ElidedLabel(
            "", self, colour="text2", pixels=11, weight=MEDIUM, mode=Qt.TextElideMode.ElideRight
        )
        self.scale_caption = ElidedLabel(
            "", self, colour="text2", pixels=11, weight=MEDIUM, mode=Qt.TextElideMode.ElideRight
        )
        self.shown_button = ShownButton(self)
        self.image, self.line = ImageView(self), LineView(self)
        self.image.setAccessibleName(tr("Picture of the values. Arrows move, plus and minus zoom, 0 shows all."))
        self.line.setAccessibleName(tr("Line of the values. Arrows move, plus and minus zoom, 0 shows all."))
        self.view: Surface = self.image
        self.card = ReadingCard(self)
        self.limits_caption = Caption(tr("Limits"), self)
        self.bar = LimitsBar(self)
        self.beyond = Caption("", self)
        captions = QHBoxLayout()
        captions.setSpacing(4)
        captions.addWidget(self.part, 1)
        captions.addWidget(self.scale_caption)
        captions.addWidget(self.shown_button)
        layout.addWidget(self.map_caption, 0, 0)
        layout.addLayout(captions, 0, 1)
        layout.addWidget(self.limits_caption, 0, 2)
        layout.addWidget(self.map, 1, 0, 2, 1)
        for surface in (self.image, self.line):
            layout.addWidget(surface, 1, 1, 2, 1)
            surface.changed.connect(self._moved)
            surface.read.connect(self._read)
            surface.values_wanted.connect(self._want_values)
            surface.menu_wanted.connect(self.menu_wanted)
        layout.addWidget(self.bar, 1, 2)
        layout.addWidget(self.beyond, 2, 2)
        layout.setColumnStretch(1, 1)
        layout.setRowStretch(1, 1)
        self.map.wanted.connect(lambda row, column: self._go(row, column))
        self.map.moved.connect(self._step)
        self.bar.dragged.connect(self._take_limits)
        self.bar.reset.connect(self._reset_limits)
        self.shown_button.chosen.connect(self.choose_shown)

    @property
    def waiting(self) -> bool:
        """Whether something of what is seen is still to come."""
        return self._due or self._soon.isActive() or self._views.busy or self._passes.busy or self._maps.busy

    def set_plane(self, looked_at: LookedAt, plane: Plane, *, flipped: bool = False) -> None:
        """Show another plane, its first view first; figures of its tensor may follow. One of one row is a line."""
        info = looked_at.info
        self._stop()
        if self._info is not info:
            self._distribution = self._usual = self._chosen_limits = None
            self._figured = False
            self._choose_number(Shown.MEAN if info.dtype.kind is Kind.BOOL else self._wanted_number)
        self._info, self._pool, self.plane, self.flipped = info, looked_at.pool, plane, flipped
        self._pyramid, self._due = None, True
        self._found.clear()
        size = plane.height, plane.width
        block = overview_block(info, plane)
        self.map.set_matrix(size)
        self.map_caption.setText(tr("Whole"))
        self.line.role = looked_at.role
        self.view = self.image if plane.down else self.line
        other = self.line if plane.down else self.image
        other.clear()
        self._fit_parts()
        self.view.set_matrix(size, plane.tile, lambda values, axis: offers(block, values, axis))

    def clear(self) -> None:
        """Show nothing, read nothing."""
        self._stop()
        self._info = self.plane = self._pyramid = None
        self._due = False
        self.image.clear()
        self.line.clear()
        self.card.hide()

    def _stop(self) -> None:
        for lane in (self._views, self._passes, self._maps):
            lane.cancel()
        self._asked = None
        self._soon.stop()
        self._again.stop()

    def set_summary(self, summary: Summary) -> None:
        """Colours end at the usual quantiles from now on, and the overview is read: its tensor's turn is over."""
        figures, spread = summary.statistics, summary.distribution
        if spread is not None and spread.total and figures.min is not None and figures.max is not None:
            self._distribution = spread
            low, high = spread.bounds(USUAL)
            self._usual = usual_limits(low, high, float(figures.min), float(figures.max))
        self._figured = True
        self._soon.start()
        self._begin_overview()

    # What is seen

    def _moved(self) -> None:
        frame, plane = self.view.frame, self.plane
        if frame is None or plane is None:
            return
        self.part.setText(part_text(plane, frame, self.flipped))
        self.scale_caption.setText(scale_text(frame))
        self.shown_button.setVisible(not frame.exact and self.view is self.image)
        self.map.show_frame(frame)
        self._read(self.view.place)
        self._soon.start()

    def _look(self, frame: Frame) -> Look:
        limits = self._chosen_limits or (self._usual if frame.exact else None)
        limits = limits or self._found.get((frame.block, self._number(frame)))
        pixels = min(frame.down.pixels, frame.across.pixels) / self.devicePixelRatioF()
        return Look(self._number(frame), limits, self.palette_chosen, theme(), max(1, round(4 / pixels)))

    def _number(self, frame: Frame) -> Shown:
        return Shown.MEAN if frame.exact else self.shown

    def _ask(self) -> None:
        """Start the job that shows what is wanted, unless it is there or on its way."""
        self._soon.stop()
        frame, info, pool, plane = self.view.frame, self._info, self._pool, self.plane
        if frame is None or info is None or pool is None or plane is None or not self.isVisible():
            return
        seen, look = frame.visible(), self._look(frame)
        if self._asked is not None and self._views.busy and self._asked.serves(frame.block, seen, look):
            return
        picture, pyramid = self.view.picture, self._pyramid
        holds = picture is not None and picture.view.cells.block == frame.block and picture.view.holds(*seen)
        if picture is not None and holds and picture.look == look and not self._unread(picture):
            self._views.cancel()
            self._tell_filled()
            return
        rows, columns = frame.visible(_MARGIN)
        if picture is not None and holds and not self._unread(picture):
            view = picture.view
            rows, columns = (
                range(start, start + size) for start, size in zip((view.row, view.column), view.cells.size)
            )
            self._start(_Asked(frame.block, rows, columns, look), lambda _: (pyramid, coloured(view, look)))
            return

        def work(cancel: Cancel) -> tuple[Pyramid | None, Picture]:
            found = pyramid or Pyramid(PlaneReader(info, plane, pool))
            return found, look_at(found, rows, columns, frame.block, look, cancel)

        self._start(_Asked(frame.block, rows, columns, look), work)

    def _unread(self, picture: Picture) -> bool:
        """Whether cells were missing that the overview has by now."""
        return picture.unread and self._pyramid is not None and self._pyramid.whole

    def _start(self, asked: _Asked, work: object) -> None:
        assert callable(work)
        self._views.start(lambda cancel, _: work(cancel), self._arrived, self._failed)
        self._asked = asked

    def _arrived(self, answer: tuple[Pyramid | None, Picture]) -> None:
        self._pyramid, picture = answer
        frame = self.view.frame
        assert frame is not None
        key = picture.view.cells.block, picture.look.shown
        if picture.look.limits is None and not picture.unread:
            self._found.setdefault(key, picture.limits)
            picture = replace(picture, look=replace(picture.look, limits=picture.limits))
        self.view.show_picture(picture)
        self._show_scale(picture)
        self._read(self.view.place)
        self._begin_overview()
        self.coloured.emit()
        self._soon.start()  # the view may have moved on

    def _failed(self, error: CheckpointError) -> None:
        self._due = False
        self._passes.cancel()
        self.failed.emit(str(error))

    def _tell_filled(self) -> None:
        if not self.waiting:
            self.filled.emit()

    # The overview

    def _begin_overview(self) -> None:
        """Read all, once the pass that gives the figures has: what is seen and its colours go first."""
        pyramid = self._pyramid
        if not self._due or pyramid is None or not self._figured:
            return
        self._due = False

        def work(cancel: Cancel, report: Report) -> Pyramid:
            return pyramid.build(cancel, report)

        self._again.start()
        self._passes.start(work, self._overview_read, self._overview_failed, self._overview_progress)

    def _overview_progress(self, progress: Progress) -> None:
        if progress.done < progress.total:
            self.map_caption.setText(percent(progress.done // 1, progress.total) if progress.total else "")
        if not self._again.isActive() and not self._maps.busy:
            self._paint_map()
            self._again.start()

    def _overview_read(self, _: Pyramid) -> None:
        self._again.stop()
        self.map_caption.setText(tr("Whole"))
        self._paint_map()
        self._soon.start()

    def _overview_failed(self, error: CheckpointError) -> None:
        self._again.stop()
        self.map_caption.setText(tr("Unread"))
        self.map_caption.setToolTip(str(error))
        self._soon.start()

    def _paint_map(self) -> None:
        pyramid, room, colours = self._pyramid, self.map.room(), theme()
        info = self._info
        shown = Shown.MEAN if info is not None and info.dtype.kind is Kind.BOOL else Shown.LARGEST
        if pyramid is None or self.map.isHidden():
            return

        def work(cancel: Cancel, report: Report) -> tuple[QImage, object]:
            return overview_image(pyramid.cells, room, shown, colours)

        def done(answer: tuple[QImage, object]) -> None:
            self.map.show_overview(*answer)  # type: ignore[arg-type]
            frame = self.view.frame
            if frame is not None and not frame.exact and not pyramid.whole:
                self._soon.start()
            self._tell_filled()

        self._maps.start(work, done, self._failed)

    # Colours

    def _show_scale(self, picture: Picture) -> None:
        bars, beyond = picture.bars, picture.beyond
        if picture.view.cells.exact and self._distribution is not None:
            span, whole = picture.span, self._distribution
            bars = whole.histogram(_BARS, "linear", span.low, span.high).counts
            inside = whole.histogram(1, "linear", picture.limits.low, picture.limits.high).total
            beyond = max(0.0, 1 - inside / whole.total)
        self.bar.show_scale(Scale(picture.limits, picture.span, bars, self.palette_chosen))
        self.beyond.setText(tr("{0} % beyond").format(significant(100 * beyond, 2)) if beyond > 0 else "")

    @property
    def signed(self) -> bool:
        """Whether the colours in use go both ways from zero."""
        return self.bar.scale is None or self.bar.scale.limits.signed

    def _take_limits(self, limits: Limits) -> None:
        self._chosen_limits = limits
        scale = self.bar.scale
        if scale is not None:
            self.bar.show_scale(replace(scale, limits=limits))
        self._recolour()

    def _reset_limits(self) -> None:
        self._chosen_limits = None
        self._recolour()

    def choose_shown(self, shown: Shown) -> None:
        """Show another number of each block."""
        self._wanted_number = shown
        self._choose_number(shown)
        self._recolour()

    def _choose_number(self, shown: Shown) -> None:
        self.shown = shown
        self.shown_button.show_choice(shown)

    def choose_palette(self, palette: Palette) -> None:
        """Paint in another palette."""
        self.palette_chosen = palette
        self._recolour()

    def _recolour(self) -> None:
        if self.plane is not None:
            self._soon.start()
            if self._pyramid is not None and self._pyramid.whole and self.sender() is theme_signal():
                self._paint_map()

    # Places

    def _read(self, place: Place | None) -> None:
        plane, picture, frame = self.plane, self.view.picture, self.view.frame
        found = None
        if place is not None and plane is not None and picture is not None and frame is not None:
            found = reading(plane, picture.view, place, self.flipped)
        if found is None or place is None or picture is None:
            self.card.hide()
            return
        cells = picture.view.cells
        row, column = (
            (place[0] - picture.view.row) // cells.block[0],
            (place[1] - picture.view.column) // cells.block[1],
        )
        alarm = bool(int(cells.odd[row, column]) & NOT_FINITE) and cells.exact
        cell = self.view.cell_rect(place).toAlignedRect()
        if not self.view.area().intersects(cell):
            self.card.hide()
            return
        self.card.show_reading(found, cell.translated(self.view.pos()), self.view.geometry(), alarm)
        self.view.setAccessibleDescription(" ".join(filter(None, found)))

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
        for surface in (self.image, self.line):
            surface.setVisible(surface is self.view)
        with_limits = not drawn and self.width() >= 300
        with_map = not drawn and self.width() >= 420 and not self._fits_whole()
        parts: dict[QWidget, bool] = {self.map: with_map, self.map_caption: with_map}
        parts |= {self.bar: with_limits, self.beyond: with_limits, self.limits_caption: with_limits}
        for part, visible in parts.items():
            part.setVisible(visible)

    def _fits_whole(self) -> bool:
        """Whether all of the matrix has its pixels beside a map."""
        plane, ratio = self.plane, self.devicePixelRatioF()
        if plane is None or max(plane.tile) > 1:
            return False
        room = self.width() - MAP_WIDTH - LIMITS_WIDTH - 60
        return plane.width <= room * ratio and plane.height <= self.image.height() * ratio

    def minimumSizeHint(self) -> QSize:
        """Room for a small picture; the rest goes first."""
        return QSize(200, 100)

    def event(self, event: QEvent) -> bool:
        """Ask for what was put off until it is seen."""
        if event.type() == QEvent.Type.Show:
            self._soon.start()
        return super().event(event)


def _timer(owner: MatrixPage, interval: int, act: object) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(interval)
    timer.timeout.connect(act)
    return timer
