"""The window's one way to the process that has torch: which devices there are, which is chosen, what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.device.messages import DeviceInfo, Inventory, Resident, Token
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.devices.holdings import Holding, Key, key_of
from ckptgui.gui.jobs import Background

if TYPE_CHECKING:  # the window paints sooner without them
    from ckptgui.device.service import DeviceService

LOOK_MS = 1000
"""Milliseconds between two looks at the memory while somebody looks at it."""


class Devices(QObject):
    """``changed``: the devices, or which one is chosen, or that they are asked for; ``held_changed``: what lies on
    them; ``lost`` carries in words why the process ended, and how many tensors of which checkpoint it held.

    The process starts when it is first asked, never because a file was opened.
    """

    changed = Signal()
    held_changed = Signal()
    lost = Signal(str, object)
    _service_changed = Signal()
    _service_lost = Signal(str)

    def __init__(
        self,
        background: Background,
        make: Callable[[], DeviceService] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``make`` gives the service; None means the process."""
        super().__init__(parent)
        self._background = background
        self._make = make or _process
        self._service: DeviceService | None = None
        self._lane = background.lane(self, patient=True)
        self.inventory: Inventory | None = None
        self.trouble = ""
        self._chosen = ""
        self._held: dict[Key, Holding] = {}
        self._gone: dict[Key, int] = {}  # tensors that went by themselves, until somebody is told
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self.ask)
        self._service_changed.connect(self._prune)
        self._service_lost.connect(self._was_lost)
        background.at_end(self._close)

    # the process

    def service(self) -> DeviceService:
        """The process; to be asked on a job's thread alone."""
        if self._service is None:
            service = self._make()
            service.changed.append(lambda: self._pass_on(self._service_changed))
            service.lost.append(lambda error: self._pass_on(self._service_lost, str(error)))
            self._service = service
        return self._service

    def _pass_on(self, signal: Any, *words: str) -> None:
        """From whichever thread to this object's."""
        if shiboken6.isValid(self):
            signal.emit(*words)

    def _close(self) -> None:
        """At the end of the program, when no job runs any more."""
        if self._service is not None:
            self._service.close()

    # what there is

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return self._lane.busy

    def ask(self) -> None:
        """Find out which devices there are, and how much of their memory is free."""
        if self._lane.busy:
            return

        def work(cancel: Cancel, _: Report) -> Inventory:
            return self.service().inventory(cancel)

        self._lane.start(work, self._take, self._fail)
        if self.inventory is None:
            self.changed.emit()

    def ask_once(self) -> None:
        """The same where that is not known."""
        if self.inventory is None:
            self.ask()

    def look(self, looking: bool) -> None:
        """Whether somebody looks at the memory: it is asked for again and again then."""
        if looking:
            self.ask()
            self._look.start()
        else:
            self._look.stop()

    def _take(self, inventory: Inventory) -> None:
        news = self.trouble or inventory != self.inventory
        self.inventory, self.trouble = inventory, ""
        if news:
            self.changed.emit()

    def _fail(self, error: CheckpointError) -> None:
        self.trouble = str(error)
        self.changed.emit()

    def device(self, name: str) -> DeviceInfo | None:
        """A device with its memory as it was asked for last."""
        known = self.inventory.devices if self.inventory is not None else ()
        return next((device for device in known if device.name == name), None)

    @property
    def target(self) -> DeviceInfo | None:
        """The accelerator that things are moved to: the one that was chosen, else the first."""
        there = self.inventory.accelerators if self.inventory is not None else ()
        return next((device for device in there if device.name == self._chosen), there[0] if there else None)

    def choose(self, name: str) -> None:
        """Move things to this accelerator from now on."""
        self._chosen = name
        self.changed.emit()

    # what lies there

    @property
    def held(self) -> Mapping[Key, Holding]:
        """By checkpoint."""
        return self._held

    def holding(self, checkpoint: Checkpoint) -> Holding | None:
        """What of a checkpoint lies on devices; None where nothing does."""
        return self._held.get(key_of(checkpoint))

    def hold(self, checkpoint: Checkpoint, name: str, residents: Mapping[int, Resident]) -> None:
        """More of a checkpoint came to a device, by row."""
        there = self._service.residents() if self._service is not None else {}
        if not any(resident.token in there for resident in residents.values()):
            return  # the process has died since it said so
        key = key_of(checkpoint)
        self._held[key] = self._held.get(key, Holding(name)).added(residents)
        self.held_changed.emit()
        self._look_again()

    def free(self, tokens: Iterable[Token]) -> None:
        """Let go of tensors: here at once, there in the background."""
        gone = frozenset(tokens)
        if not gone or self._service is None:
            return
        self._forget(gone)
        service = self._service

        def work(_: Cancel, __: Report) -> None:
            service.free(tuple(gone))

        # A lane of its own: what is freed next must not cancel this.
        self._background.lane(self).start(work, lambda _: self._look_again(), lambda _: None)

    def free_of(self, keys: Iterable[Key]) -> None:
        """Let go of all that is held of some checkpoints."""
        self.free(token for key in keys if key in self._held for token in self._held[key].tokens)

    def _look_again(self) -> None:
        """The memory is another now; who looks at it is told by the next look."""
        if self.inventory is not None:
            self.ask()

    def _forget(self, gone: frozenset[Token]) -> None:
        left = {key: h if h.tokens.isdisjoint(gone) else h.without(gone) for key, h in self._held.items()}
        self._held = {key: holding for key, holding in left.items() if len(holding)}
        self.held_changed.emit()

    def _prune(self) -> None:
        """The process holds something else now; what it let go of by itself is in the file again."""
        there = self._service.residents() if self._service is not None else {}
        gone: frozenset[Token] = frozenset()
        for key, holding in self._held.items():
            mine = holding.tokens - there.keys()
            if mine:
                self._gone[key] = self._gone.get(key, 0) + len(mine)
                gone |= mine
        if gone:
            self._forget(gone)

    def _was_lost(self, reason: str) -> None:
        self._prune()
        gone, self._gone = self._gone, {}
        self.lost.emit(reason, gone)


def _process() -> DeviceService:
    from ckptgui.device.process import DeviceProcess

    return DeviceProcess()
