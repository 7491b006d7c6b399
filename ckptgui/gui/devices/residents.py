"""What of one page's checkpoint lies on devices: shown in its tree, and read from there by all that reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.device.messages import Resident
from ckptgui.device.residence import resident_checkpoint
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.holdings import Holding, Key, key_of
from ckptgui.gui.devices.words import only_copy_words, place_words
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.figures import Figures, Held
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.places import Places

if TYPE_CHECKING:  # the window paints sooner without them
    from ckptgui.device.service import DeviceService


@dataclass(frozen=True)
class _Found:
    """Places for the tree, and what is held for the figures; the rows that came or went."""

    places: Places
    held: Held | None
    rows: np.ndarray  # int64


class Residents(QObject):
    """Follows one view, whichever checkpoint it shows. ``changed``: rows are elsewhere now, and shown so.

    ``file_lost`` is for the page to say: whether the file is not there any more as it was opened. All that was
    held for any checkpoint of the page is let go when it closes.
    """

    changed = Signal()

    def __init__(self, background: Background, view: DocumentView, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._devices: Devices | None = None
        self._lane = background.lane(self, patient=True)
        self._seen: Holding | None = None
        self._mine: set[Key] = set()
        self.file_lost = False
        view.figures_made.connect(self._follow)

    def use(self, devices: Devices) -> None:
        """Listen to what lies on devices."""
        self._devices = devices
        devices.held_changed.connect(self._look)

    @property
    def holding(self) -> Holding | None:
        """What lies on devices of the checkpoint that is shown."""
        checkpoint = self._checkpoint
        return self._devices.holding(checkpoint) if checkpoint is not None and self._devices is not None else None

    @property
    def residents(self) -> Mapping[int, Resident]:
        """The same by row."""
        holding = self.holding
        return holding.residents if holding is not None else {}

    def only_copy(self) -> str:
        """That what is held is nowhere else any more, in a sentence; else it is empty."""
        holding = self.holding
        return only_copy_words(holding.shares) if self.file_lost and holding is not None else ""

    @property
    def settled(self) -> bool:
        """Whether what is shown is what is held."""
        return not self._lane.busy

    @property
    def _checkpoint(self) -> Checkpoint | None:
        return self._view.opened.checkpoint if self._view.opened is not None else None

    def take(self, checkpoint: Checkpoint, name: str, residents: Mapping[int, Resident]) -> None:
        """These came to a device."""
        if self._devices is not None:
            self._mine.add(key_of(checkpoint))
            self._devices.hold(checkpoint, name, residents)

    def release(self) -> None:
        """The page closes: let go of all that it had brought to devices."""
        self._lane.cancel()
        if self._devices is not None:
            self._devices.held_changed.disconnect(self._look)
            self._devices.free_of(self._mine)
            self._devices = None

    def _follow(self) -> None:
        """Another checkpoint is shown, or the same one as it is now."""
        checkpoint, devices = self._checkpoint, self._devices
        if checkpoint is None or devices is None:
            return
        old = {key for key in self._mine if key[0] == checkpoint.path and key != key_of(checkpoint)}
        self._seen = None
        if old:  # it was written again: nobody can see these any more
            self._mine -= old
            devices.free_of(old)
        self._look()

    def _look(self) -> None:
        """Show what is held now; sums and columns are made off the GUI thread."""
        opened, summaries, devices = self._view.opened, self._view.summaries, self._devices
        if opened is None or summaries is None or devices is None:
            return
        holding = self.holding
        if holding is self._seen:
            return
        before, self._seen = self._seen, holding
        tree, figures = opened.tree, summaries.figures

        def work(_: Cancel, __: Report) -> _Found:
            old = before.residents if before is not None else {}
            new = holding.residents if holding is not None else {}
            with without_garbage_collection():  # of 100,000 tensors, whose collection would stop the window
                rows = np.array([row for row in {**old, **new} if old.get(row) is not new.get(row)], np.int64)
                held = _held(tree.checkpoint, new, devices.service()) if new else None
                if held is not None:
                    figures.expect(held)
                return _Found(Places(tree, *_columns(len(tree.checkpoint.tensors), new)), held, rows)

        self._lane.start(work, lambda found: self._show(figures, found), self._gone)

    def _show(self, figures: Figures, found: _Found) -> None:
        summaries = self._view.summaries
        if summaries is None or summaries.figures is not figures:
            return
        figures.hold(found.held)
        summaries.try_again(found.rows.tolist())
        self._view.tree.set_places(found.places)
        self._view.places_changed(found.rows)
        self.changed.emit()

    def _gone(self, _: CheckpointError) -> None:
        """The process died meanwhile; it says so itself, and then there is something else to be shown."""
        self._seen = None


def _columns(count: int, residents: Mapping[int, Resident]) -> tuple[np.ndarray, tuple[str, ...]]:
    """uint8 a row, and the words that its numbers mean; 0 is the file."""
    names = dict.fromkeys(resident.device for resident in residents.values())
    number = {name: 1 + at for at, name in enumerate(names)}
    place = np.zeros(count, np.uint8)
    place[list(residents)] = [number[resident.device] for resident in residents.values()]
    return place, ("", *map(place_words, names))


def _held(checkpoint: Checkpoint, residents: Mapping[int, Resident], service: DeviceService) -> Held:
    there, sources = resident_checkpoint(checkpoint, residents, service.source)
    return Held(
        there,
        {row: resident.token for row, resident in residents.items()},
        {row: place_words(resident.device) for row, resident in residents.items()},
        sources,
        service,
    )
