"""Moves tensors of one page to devices and back: asks first, tells how far it is, and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from ckptgui.core.display import display
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.tree.build import Tree
from ckptgui.device.messages import DeviceLostError, Resident
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.devices.carrying import carry_out
from ckptgui.gui.devices.confirm import Question
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.holdings import Key, key_of
from ckptgui.gui.devices.questions import move_question, waiting_question
from ckptgui.gui.devices.residents import Residents
from ckptgui.gui.devices.sheets import DeviceSheets
from ckptgui.gui.devices.wish import Wish, rows_below
from ckptgui.gui.devices.words import (
    CPU,
    amount_words,
    at_words,
    can_be_tag,
    device_words,
    move_words,
    so_far_words,
    why_no_accelerator,
)
from ckptgui.gui.dialogs import ask
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.jobs import Background
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, tr
from ckptgui.gui.page import Activity

_KEY = "device"

MANY = 5_000
"""Tensors from which the objects that a move makes of them are so many that their collection would be felt."""


class Moves(QObject):
    """One move at a time. ``changed`` when what can be done is another, ``moved`` when it is only further."""

    changed = Signal()
    moved = Signal()

    def __init__(self, background: Background, view: DocumentView, residents: Residents, parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._residents = view, residents
        self._devices: Devices | None = None
        self._sheets: DeviceSheets | None = None
        self._lane = background.lane(self, patient=True)
        self._counting = background.lane(self)
        self._asked: tuple[int, bool] | None = None  # a node, and whether it is to go to the CPU
        self._open = False  # the sheet is still to be opened
        self._wish: Wish | None = None
        self._progress = Progress(0, 0)
        self._able = "", ""
        self._said_moved = False
        residents.changed.connect(self._held_changed)

    def use(self, devices: Devices, sheets: DeviceSheets) -> None:
        """Move to these devices, and ask on these sheets."""
        self._devices, self._sheets = devices, sheets
        devices.changed.connect(self._devices_changed)
        devices.lost.connect(self._lost)

    @property
    def busy(self) -> bool:
        """Whether something is being moved."""
        return self._lane.busy

    def activity(self) -> Activity | None:
        """For the status bar."""
        wish = self._wish
        if wish is None or not self.busy:
            return None
        words = tr("Moving {0} to {1}")
        text = words.format(counted(wish.tensors, "tensor", "tensors"), device_words(wish.device))
        done, total = self._progress.done, self._progress.total or wish.needed
        detail = so_far_words(done, total)
        return Activity(text, done, total, detail, self._lane.cancel)

    def _held_changed(self) -> None:
        """That something was moved stands there as long as any of it is held."""
        if self._said_moved and self._residents.holding is None and not self._lane.busy:
            self._said_moved = False
            self._view.notices.remove(_KEY)
        self.changed.emit()

    # what can be done

    def why_not(self, ability: str, node: int | None = None) -> str:
        """Why ``move``, ``move back`` or ``free`` cannot be done with a node, else with what is selected; empty
        where it can.
        """
        devices, opened = self._devices, self._view.opened
        if devices is None or opened is None:
            return tr("No checkpoint is shown here.")
        tree, node = opened.tree, self._node() if node is None else node
        if not tree.tensors[node] and tree.row[node] < 0:
            return tr("There is no tensor in it.")
        if ability == "free":
            if self._lane.busy:
                return tr("Tensors are being moved.")
            held = self._view.tree.held_below(node)
            return "" if held else tr("Nothing of it lies on a device; it is read from the file.")
        if devices.trouble:
            return display(devices.trouble, 600)
        if self._lane.busy:
            return tr("Tensors are being moved.")
        if ability == "move" and devices.inventory is not None:
            return display(why_no_accelerator(devices.inventory), 600)
        return ""

    def _node(self) -> int:
        selection = self._view.selection()
        return selection.node if selection is not None else 0

    @property
    def tag(self) -> str:
        """The device that an export can say its tensors belong to: the accelerator, if it is a real one."""
        target = self._devices.target if self._devices is not None else None
        return target.name if target is not None and can_be_tag(target) else CPU

    def add_to_menu(self, menu: QMenu, node: int) -> None:
        """What can be done with a row, into its menu."""
        if self._devices is None:
            return
        known = self._devices.inventory is not None
        menu.addSeparator()
        for ability, text, act in (
            ("move", move_words(self._devices.target, known=known), self.ask_to_move),
            ("move back", tr("Move to CPU…"), self.ask_to_move_back),
            ("free", tr("Free"), self.free),
        ):
            action = menu.addAction(text)
            why = self.why_not(ability, node)
            action.setEnabled(not why)
            action.setToolTip(why)
            action.triggered.connect(lambda _=False, act=act: act(node))
        menu.setToolTipsVisible(True)

    # asking

    def ask_to_move(self, node: int | None = None) -> None:
        """Ask whether to move a node, else what is selected, to the accelerator."""
        self._ask(self._node() if node is None else node, to_cpu=False)

    def ask_to_move_back(self, node: int | None = None) -> None:
        """The same to the memory of the process that has torch."""
        self._ask(self._node() if node is None else node, to_cpu=True)

    def free(self, node: int | None = None) -> None:
        """Let go of a node, else of what is selected; asks first where it is the only copy."""
        devices, opened, holding = self._devices, self._view.opened, self._residents.holding
        if devices is None or opened is None or holding is None:
            return
        rows = rows_below(opened.tree, self._node() if node is None else node)
        tokens = holding.tokens_of(rows.tolist())
        reason = self._residents.only_copy()
        if reason:
            ask(self._view, tr("Free it?"), reason, tr("Free"), lambda: devices.free(tokens))
        else:
            devices.free(tokens)

    def _ask(self, node: int, to_cpu: bool) -> None:
        if self._devices is not None and not self._lane.busy:
            self._asked, self._open = (node, to_cpu), True
            self._question()
            self._devices.ask()

    def _devices_changed(self) -> None:
        if self._asked is not None and self._sheets is not None:
            if self._open or self._sheets.asking:
                self._question()
            else:
                self._asked = None
        able = self.why_not("move"), self.why_not("move back")
        if able != self._able:  # and not whenever some memory is more or less
            self._able = able
            self.changed.emit()

    def _question(self) -> None:
        """Ask with what is known by now; a second time when more is."""
        devices, opened, sheets = self._devices, self._view.opened, self._sheets
        if devices is None or opened is None or sheets is None or self._asked is None:
            return
        node, to_cpu = self._asked
        target = devices.target
        device = CPU if to_cpu else target.name if target is not None else ""
        wish = Wish(opened.tree, node, device, dict(self._residents.residents))
        question = waiting_question(devices, wish.name, to_cpu)
        if question is not None:
            self._tell(question)
            return
        self._counting.start(lambda _cancel, _report: wish.make_ready(), self._counted)

    def _counted(self, wish: Wish) -> None:
        if self._devices is not None:
            self._tell(
                move_question(
                    self._devices, wish, lambda: self.move(wish), lambda part: self._move_part(wish, part)
                )
            )

    def _tell(self, question: Question) -> None:
        """Open the sheet, or say it there; a sheet that somebody has put away stays so."""
        if self._sheets is not None and (self._open or self._sheets.asking):
            self._open = False
            self._sheets.ask(question)

    def _move_part(self, wish: Wish, part: int) -> None:
        smaller = Wish(wish.tree, part, wish.device, wish.residents)
        self._counting.start(lambda _cancel, _report: smaller.make_ready(), self.move)

    # moving

    def move(self, wish: Wish) -> None:
        """Move it, without a question."""
        devices = self._devices
        if devices is None or self._lane.busy:
            return
        self._asked, self._wish, self._progress = None, wish, Progress(0, wish.needed)

        def work(cancel: Cancel, report: Report) -> dict[int, Resident]:
            if wish.tensors < MANY:
                return carry_out(devices, wish, cancel, report)
            with without_garbage_collection():
                return carry_out(devices, wish, cancel, report)

        self._view.notices.remove(_KEY)
        self._said_moved = False
        self._lane.start(work, self._done, self._failed, self._further, self._cancelled)
        self.changed.emit()

    def _further(self, progress: Progress) -> None:
        self._progress = progress
        self.moved.emit()

    def _done(self, arrived: Mapping[int, Resident]) -> None:
        wish = self._wish
        if wish is not None:
            self._residents.take(wish.tree.checkpoint, _file_name(wish.tree), arrived)
            self._view.notices.show_notice(_moved_notice(wish, arrived))
            self._said_moved = True
        self.changed.emit()

    def _failed(self, error: CheckpointError) -> None:
        wish = self._wish
        if wish is not None:
            rest = tr("Everything is where it was.") if wish.residents else _STILL_READ
            if isinstance(error, DeviceLostError):
                rest = _STILL_READ
            title = tr("Nothing was moved to {0}.").format(device_words(wish.device))
            text = f"{display(error, 600)} {rest}"
            self._view.notices.show_notice(Notice(_KEY, "alert", title, text, Tone.DANGER))
        self.changed.emit()

    def _cancelled(self) -> None:
        text = tr("Nothing of it was moved.")
        self._view.notices.show_notice(Notice(_KEY, "cancelled", tr("The move was cancelled."), text, Tone.QUIET))
        self.changed.emit()

    def _lost(self, reason: str, gone: Mapping[Key, int]) -> None:
        """The process died: say where everything is, once. A move that was under way says so itself."""
        opened = self._view.opened
        count = gone.get(key_of(opened.checkpoint), 0) if opened is not None else 0
        if count:
            one, many = tr("{0} is read from the file again."), tr("{0} are read from the file again.")
            title = (one if count == 1 else many).format(counted(count, "tensor", "tensors"))
            self._view.notices.show_notice(Notice("lost", "alert", title, display(reason, 600), Tone.WARN))

    def stop(self) -> None:
        """The page closes."""
        self._counting.cancel()
        self._lane.cancel()


_STILL_READ = tr("Everything is still read from the file.")


def _moved_notice(wish: Wish, arrived: Mapping[int, Resident]) -> Notice:
    """``76 tensors, 488.8 MiB, are on cuda:0. Read back and equal.``"""
    each = {resident.token: resident for resident in arrived.values()}
    nbytes = sum(resident.nbytes for resident in each.values())
    verb = tr("is") if len(each) == 1 else tr("are")
    title = tr("{0}, {1} {2}.").format(amount_words(len(each), nbytes), verb, at_words(wish.device))
    wrong = sum(not resident.checked for resident in each.values())
    if wrong:
        words = tr("{0} are not what was read from the file.").format(counted(wrong, "tensor", "tensors"))
        return Notice(_KEY, "alert", title, words, Tone.DANGER)
    return Notice(_KEY, "check", title, tr("Read back and equal."))


def _file_name(tree: Tree) -> str:
    return display(tree.checkpoint.path.rstrip("/").rpartition("/")[2], 60)
