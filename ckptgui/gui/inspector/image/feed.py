"""Reads what a picture shows: what is seen first, then some around it, and the overview once; the newest wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.plane import PlaneValues
from ckptgui.engine.pyramid import Pyramid
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.image.frame import Frame
from ckptgui.gui.inspector.image.shading import Look, Picture, coloured, look_at
from ckptgui.gui.jobs import Background

_MARGIN = 0.5
"""How much more than what is seen is read in the end, on each side, as a share of it."""

_CALM = 120
"""Milliseconds after which more than what is seen is read: not while someone zooms."""

Parts = tuple[range, range]


@dataclass(frozen=True)
class _Asked:
    """What a job was started for."""

    block: tuple[int, int]
    parts: Parts
    look: Look

    def serves(self, block: tuple[int, int], seen: Parts, look: Look) -> bool:
        """Whether its answer will show what is wanted now."""
        inside = all(a.start <= b.start and b.stop <= a.stop for a, b in zip(self.parts, seen))
        return self.block == block and inside and self.look == look


class Feed(QObject):
    """``pictured`` has what is wanted, or the best so far; ``settled`` says that it is what was wanted.

    ``grown`` has the progress of the overview, whose cells fill meanwhile, ``whole`` says that it is read, and
    ``broken`` why it never will be. ``failed`` says why there is no picture.
    """

    pictured = Signal(object)
    settled = Signal()
    failed = Signal(str)
    grown = Signal(object)
    whole = Signal()
    broken = Signal(str)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._views, self._passes = (background.lane(self, pictures=True) for _ in range(2))
        self._source: Callable[[], PlaneValues] | None = None
        self._wanted: tuple[Frame, Look] | None = None
        self._asked: _Asked | None = None
        self._picture: Picture | None = None
        self._ahead = False  # what runs reads more than is seen
        self._overview = False  # is to be read as soon as it can
        self._lost = False  # what is seen cannot be read, so all cannot
        self.pyramid: Pyramid | None = None
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM)
        self._calm.timeout.connect(self._look_ahead)

    @property
    def busy(self) -> bool:
        """Whether something that is seen is still to come."""
        return (self._views.busy and not self._ahead) or self._passes.busy or self._overview

    def set_plane(self, source: Callable[[], PlaneValues]) -> None:
        """Take another plane, whose reader is made off the GUI thread."""
        self.clear()
        self._source = source

    def clear(self) -> None:
        """Drop everything, also what runs."""
        self._views.cancel()
        self._passes.cancel()
        self._calm.stop()
        self._source = self._wanted = self._asked = self._picture = self.pyramid = None
        self._overview = self._ahead = self._lost = False

    def want(self, frame: Frame, look: Look) -> None:
        """Show this: at once if it is known, else as soon as it is read."""
        self._wanted = frame, look
        seen = frame.visible()
        if self._views.busy and self._asked is not None and self._asked.serves(frame.block, seen, look):
            self._ahead = False
            return
        picture = self._picture
        if picture is None or not self._holds(picture, frame.block, seen):
            self._read(frame, seen, look)
        elif picture.look != look:
            self._colour(picture, look)
        else:
            self._views.cancel()
            self._calm.start()
            self.settled.emit()

    def _holds(self, picture: Picture, block: tuple[int, int], seen: Parts) -> bool:
        """Whether a picture has the cells that are wanted, and none of them is missing that is known by now."""
        view = picture.view
        known = picture.unread and self.pyramid is not None and self.pyramid.whole
        return view.cells.block == block and view.holds(*seen) and not known

    def _look_ahead(self) -> None:
        """Read around what is seen."""
        if self._wanted is None or self._picture is None or self._views.busy:
            return
        frame, look = self._wanted
        if not self._holds(self._picture, frame.block, frame.visible(_MARGIN / 2)):
            self._read(frame, frame.visible(_MARGIN), look)
            self._ahead = True

    def _read(self, frame: Frame, parts: Parts, look: Look) -> None:
        if self._source is None:
            return
        source, pyramid = self._source, self.pyramid

        def work(cancel: Cancel, _: Report) -> tuple[Pyramid, Picture]:
            found = pyramid or Pyramid(source())
            return found, look_at(found, *parts, frame.block, look, cancel)

        self._ahead = False
        self._views.start(work, self._arrived, self._failed)
        self._asked = _Asked(frame.block, parts, look)

    def _colour(self, picture: Picture, look: Look) -> None:
        pyramid, view = self.pyramid, picture.view
        height, width = view.cells.size
        parts = range(view.row, view.row + height), range(view.column, view.column + width)
        self._ahead = False
        self._views.start(lambda _, __: (pyramid, coloured(view, look)), self._arrived, self._failed)
        self._asked = _Asked(view.cells.block, parts, look)

    def _arrived(self, answer: tuple[Pyramid, Picture]) -> None:
        self.pyramid, picture = answer
        if picture.look.limits is None:  # what was found is what is kept to
            picture = replace(picture, look=replace(picture.look, limits=picture.limits))
        self._picture, self._ahead, self._lost = picture, False, False
        self.pictured.emit(picture)
        if self._overview:
            self._begin()

    def _failed(self, error: CheckpointError) -> None:
        self._overview, self._lost = False, True
        self._passes.cancel()
        self.failed.emit(str(error))

    def read_overview(self) -> None:
        """Read all of the plane, once what is seen is there."""
        if not self._lost and (self.pyramid is None or not self.pyramid.whole):
            self._overview = True
            if self.pyramid is not None and not self._passes.busy:
                self._begin()

    def _begin(self) -> None:
        pyramid = self.pyramid
        assert pyramid is not None
        self._overview = False

        def work(cancel: Cancel, report: Report) -> Pyramid:
            return pyramid.build(cancel, report)

        def grown(progress: Progress) -> None:
            self.grown.emit(progress)

        self._passes.start(work, lambda _: self.whole.emit(), lambda error: self.broken.emit(str(error)), grown)
