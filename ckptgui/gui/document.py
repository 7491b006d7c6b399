"""The tab of one checkpoint: opens it in the background, shows it, and says what is wrong where one looks."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import PurePath

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.series.members import RunMember, model_and_average
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.describe import facts, file_notices, opened_sentence
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.moving import Moves
from ckptgui.gui.devices.residents import Residents
from ckptgui.gui.devices.sheets import DeviceSheets
from ckptgui.gui.devices.words import held_words, saved_words
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.export.flow import ExportFlow
from ckptgui.gui.export.subject import Subject, chosen_in, likely_section
from ckptgui.gui.export_batch.flow import BatchFlow
from ckptgui.gui.goto import Finder, tensors_of
from ckptgui.gui.jobs import Background
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, size_text, tr
from ckptgui.gui.opening import Opened, Opening
from ckptgui.gui.page import Activity, Link, Page
from ckptgui.gui.pass_words import activity_of, link_of, outcome_of
from ckptgui.gui.states import FailedView, OpeningView
from ckptgui.workspace.run import Run
from ckptgui.workspace.watch import Change, News, Watch

WATCH_INTERVAL = 2000
"""Milliseconds between two looks at whether the file is still the one that was opened."""


class DocumentPage(Page):
    """A file, or a folder that is one checkpoint. Also the lower part of a run's tab, which opens one epoch after
    the other in it. ``found_run`` carries the run that a path turned out to be.
    """

    found_run = Signal(object)

    def __init__(self, background: Background, share: float = 0.55, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._lane = background.lane(self)
        self._watch_lane = background.lane(self)
        self._opening: Opening | None = None
        self._wanted: Path | None = None
        self._opened_at = ""
        self._watched: Watch | None = None
        self.opening_view = OpeningView(self)
        self.failed_view = FailedView(self)
        self.view = DocumentView(background, share, self)
        self.export = ExportFlow(background, self.view.notices, self)
        self.batch = BatchFlow(background, self.view.notices, self)
        self.residents = Residents(background, self.view, self)
        self.moves = Moves(background, self.view, self.residents, self)
        self._stack = QStackedLayout(self)
        for part in (self.opening_view, self.failed_view, self.view):
            self._stack.addWidget(part)
        self.opening_view.cancelled.connect(self._lane.cancel)
        self.failed_view.open_another.connect(self.open_another)
        self.failed_view.try_again.connect(self.reload)
        self.view.selected.connect(self.changed)
        self.view.tree_painted.connect(self.tree_painted)
        self.view.histogram_painted.connect(self.histogram_painted)
        self.view.profiled.connect(self.profiled)
        self.export.changed.connect(self.changed)
        self.batch.changed.connect(self.changed)
        self.batch.moved.connect(self.moved)
        self.moves.changed.connect(self.changed)
        self.moves.moved.connect(self.moved)
        self.view.tree.menu_asked.connect(self.moves.add_to_menu)
        self.export.row_asked.connect(self.view.tree.select_row)
        self.view.completed.connect(self.export.prepare)
        self.view.tree.export_asked.connect(self.export_node)
        self.view.reading_changed.connect(self.moved)
        self.view.health_changed.connect(self.changed)
        self.view.file_changed.connect(self.look_for_changes)
        self._watch = QTimer(self, interval=WATCH_INTERVAL)
        self._told = ""  # of what became of the file
        self._watch.timeout.connect(self.look_for_changes)

    def open_path(self, path: str, opening: Opening | None = None, select: Path | None = None) -> None:
        """Open ``path``; ``opening`` may have begun already. What is shown stays until the new one is there."""
        self.path = path
        self._wanted = select
        if self.view.opened is None:
            self.opening_view.begin(display(PurePath(path).name, 80))
            self._stack.setCurrentWidget(self.opening_view)
        self._watch.stop()
        self._opening = opening or Opening(path)
        self._lane.start(self._opening, self._show, self._failed, self.opening_view.show_progress, self._cancelled)
        self.changed.emit()

    def reload(self) -> None:
        """Open the same again."""
        self.open_path(self.path, self._opening)

    @property
    def opening(self) -> Opening | None:
        """What was asked for."""
        return self._opening

    @property
    def wanted(self) -> Path | None:
        """What is to be selected as soon as it is there."""
        return self._wanted

    def _show(self, opened: Opened | Run) -> None:
        self.opening_view.end()
        if isinstance(opened, Run):
            self.found_run.emit(opened)
            return
        self._opened_at = time.strftime("%H:%M")
        self.residents.file_lost = False
        self._watch_lane.cancel()  # what is being asked is about the elder state
        self._watched = Watch(opened.checkpoint)
        self.icon = "checkpoint"
        self.view.notices.clear()
        self._told = ""
        self.view.show_opened(opened)
        for notice in file_notices(opened.checkpoint, self.export_state_dict, self):
            self.view.notices.show_notice(notice)
        if self._wanted is not None:
            self.view.select(self._wanted)
            self._wanted = None
        self._stack.setCurrentWidget(self.view)
        self._watch.start()
        self.opened.emit()
        self.changed.emit()

    def _failed(self, error: CheckpointError) -> None:
        self.opening_view.end()
        self.view.forget()
        self.icon = "broken-file"
        name = display(PurePath(self.path).name, 120)
        self.failed_view.show_failure(
            tr("{name} cannot be shown").format(name=name), display(error, 2000), display(self.path, 1000)
        )
        self._stack.setCurrentWidget(self.failed_view)
        self.failed.emit(str(error))
        self.changed.emit()

    def _cancelled(self) -> None:
        self.opening_view.end()
        if self.view.opened is None:
            self.failed_view.show_cancelled(display(self.path, 1000))
            self._stack.setCurrentWidget(self.failed_view)
        self.changed.emit()

    # what the window asks

    def title(self) -> str:
        """The name of the file or folder; of a shard that was opened that of the whole."""
        return display(PurePath(self._place()).name or self.path, 120)

    def _place(self) -> str:
        """The file or folder that is shown; a shard or an index opens the folder that it is in."""
        whole = self.view.opened.checkpoint.path if self.view.opened is not None else ""
        return whole if whole and PurePath(whole) == PurePath(self.path).parent else self.path

    def activity(self) -> Activity | None:
        """Opening, exporting, reading a tensor that takes long, or the whole file."""
        if self._lane.busy:
            return Activity(tr("Reading the header"), cancel=self._lane.cancel)
        written = self.export.activity() or self.batch.activity()
        return written or self.moves.activity() or self._reading() or self._whole_reading()

    def _whole_reading(self) -> Activity | None:
        summaries = self.view.summaries
        return activity_of(summaries.progress, summaries.stop_pass) if summaries is not None else None

    def _reading(self) -> Activity | None:
        reading, summaries = self.view.slow_reading, self.view.summaries
        if reading is None or summaries is None:
            return None
        detail = tr("{done} of {total}").format(done=size_text(reading.done), total=size_text(reading.total))
        name = display(reading.note, 40)
        text = tr("Reading {name}").format(name=name)
        return Activity(text, reading.done, reading.total, detail, summaries.stop_waiting)

    def outcome(self) -> str:
        """What the reading of the file came to, or how many tensors were listed."""
        if self.view.opened is None:
            return ""
        summaries = self.view.summaries
        words = outcome_of(summaries.progress, summaries.failures) if summaries is not None else ""
        return words or opened_sentence(self.view.opened)

    def link(self) -> Link | None:
        """To go on reading where that was stopped."""
        summaries = self.view.summaries
        return link_of(summaries.progress, summaries.begin) if summaries is not None else None

    def facts(self) -> tuple[str, ...]:
        """Format, parameters, what the pickle names."""
        if self.view.opened is None:
            return ()
        found = self.view.findings
        low = (counted(len(found), "finding", "findings"),) if found and self.view.health_line.isHidden() else ()
        return (*low, *facts(self.view.opened.checkpoint))

    def able(self, ability: str) -> str:
        """Why not (see ``Page``)."""
        if ability in ("previous", "next"):
            return tr("Open a folder of epochs to step through them.")
        if ability in ("play", "series", "report"):
            return tr("Open a folder of epochs to compare them.")
        if self.view.opened is None:
            return tr("No checkpoint is shown here.") if ability != "page" else ""
        if ability == "back" and not self.view.can_step(-1):
            return tr("Nothing was selected before this.")
        if ability == "forward" and not self.view.can_step(1):
            return tr("Nothing was selected after this.")
        if ability in ("export", "resave"):
            return self._why_no_export()
        if ability in ("move", "move back", "free"):
            return self.moves.why_not(ability)
        if ability == "average" and not model_and_average(_alone(self.view.opened.checkpoint)):
            return tr("It does not hold a model and an average of it.")
        if ability == "finding" and not self.view.findings:
            return tr("Nothing was found to be wrong.")
        return ""

    def _why_no_export(self) -> str:
        if self.export.busy:
            return tr("An export of this file is being written.")
        assert self.view.opened is not None
        return "" if len(self.view.opened.checkpoint) else tr("There is no tensor in it.")

    def unfinished(self) -> str:
        """An export that is being written."""
        if self.export.busy:
            return tr("An export is being written. It stops, and nothing of it is left.")
        return self.batch.unfinished() or self.residents.only_copy()

    @property
    def ready(self) -> bool:
        """Whether a checkpoint is shown."""
        return self.view.opened is not None

    def document(self) -> DocumentView | None:
        """The checkpoint that is shown, if one is."""
        return self.view if self.ready else None

    def views(self) -> tuple[DocumentView, ...]:
        """The one view of it."""
        return (self.view,)

    def checkpoint_path(self) -> str:
        """The file or folder that is shown."""
        return self._place()

    def stands_for(self, path: str) -> bool:
        """Whether opening ``path`` leads to this tab."""
        return not (self._opening is not None and self._opening.is_run) and super().stands_for(path)

    def check_loading(self) -> None:
        """Find out whether a model that is to be chosen would take it."""
        if self.view.opened is not None:
            from ckptgui.gui.compare.loading.dialog import LoadCheckDialog
            from ckptgui.gui.compare.loading.problems import Side

            side = Side(self.title(), self.view.opened.checkpoint)
            LoadCheckDialog(self._background, side, None, self).open()

    def finder(self) -> Finder | None:
        """Finds tensors of the checkpoint."""
        prepared = self.view.tree.prepared
        if self.view.opened is None or prepared is None:
            return None
        return tensors_of(self.view.opened.checkpoint, prepared)

    def go_to(self, path: Path) -> None:
        """Select a path in the tree."""
        if self.ready:
            self.view.select(path)
            self.focus_rows()

    def select_joined(self, text: str) -> Path | None:
        """Select a tensor by its path in one piece."""
        return self.view.select_joined(text)

    def focus_filter(self) -> None:
        """Bring the keyboard to the filter of the tree."""
        self.view.tree.focus_filter()

    def focus_rows(self) -> None:
        """Bring the keyboard to the tree."""
        self.view.tree.setFocus()

    def next_finding(self) -> None:
        """Select the next tensor that something is wrong with."""
        self.view.next_finding()

    def step_selection(self, step: int) -> None:
        """Go back or forward among what was selected."""
        self.view.step(step)

    def export_state_dict(self) -> None:
        """Show the dialogue, for the state dict that is selected."""
        if self.view.opened is not None and not self.able("export"):
            self.export.begin(self.subject())

    def export_node(self, node: int) -> None:
        """Show the dialogue for a row of the tree: what is below it goes out alone."""
        if not self.able("export"):
            section, rows = chosen_in(self.view, node)
            subject = self.subject()
            self.export.begin(subject if section is None else replace(subject, section=section, rows=rows))

    def export_at_once(self, preset: str) -> None:
        """Write beside the checkpoint what a preset says; where it is not sure which state dict is meant, ask."""
        if self.view.opened is not None and not self.able("export"):
            subject = self.subject()
            if subject.sure:
                self.export.at_once(subject, preset)
            else:
                self.export.begin(subject, preset)

    def subject(self) -> Subject:
        """What is exported unless somebody says otherwise; a checkpoint must be shown."""
        assert self.view.opened is not None
        checkpoint, selection, known = self.view.opened.checkpoint, self.view.selection(), self.view.summaries
        section, sure = likely_section(checkpoint, selection.path if selection is not None else ())
        if known is None:
            return Subject(checkpoint, self._place(), section, sure)
        records, figures = known.profile.records, known.figures  # what lies on a device is read there
        return Subject(figures.checkpoint, self._place(), section, sure, profile=records, pool=figures.new_pool)

    def export_series(self) -> None:
        """Ask which checkpoints of the run that this one is of."""
        if self.ready:
            self.batch.begin_beside(self._place())

    # devices

    def use_devices(self, devices: Devices, sheets: DeviceSheets) -> None:
        """Move tensors to these devices; ask on these sheets before it."""
        self.residents.use(devices)
        self.moves.use(devices, sheets)

    def move_to_device(self) -> None:
        """Ask whether to move what is selected to the accelerator."""
        self.moves.ask_to_move()

    def move_to_cpu(self) -> None:
        """Ask whether to bring what is selected to the memory of the process that has torch."""
        self.moves.ask_to_move_back()

    def free_memory(self) -> None:
        """Let go of what is selected."""
        self.moves.free()

    def about_devices(self) -> str:
        """That what was saved on a GPU is read here without one."""
        return saved_words(self.view.opened.checkpoint) if self.view.opened is not None else ""

    def resave_for_device(self) -> None:
        """Show the export's dialogue with the tag of the accelerator, or of the CPU where there is none."""
        if not self.able("resave"):
            self.export.begin(self.subject(), device=self.moves.tag)

    def copy_path(self) -> None:
        """The selected path, joined with ``/``, to the clipboard; the file's own where the file is selected."""
        selection = self.view.selection()
        if selection is not None:
            QGuiApplication.clipboard().setText(display("/".join(selection.path) or self.path, MAX_DETAIL))

    # a file that somebody else writes

    def look_for_changes(self) -> None:
        """Ask the disk, off the GUI thread, whether the file is still the one that was opened."""
        if self.view.opened is None or self._watch_lane.busy or not self.isVisible():
            return
        watched = self._watched

        def work(cancel: Cancel, _: Report) -> News | None:
            return watched.look(cancel.check) if watched is not None else None

        self._watch_lane.start(work, self._looked)

    def _looked(self, news: News | None) -> None:
        self.residents.file_lost = news is not None and news.change is not Change.NEW
        notice = self._changed_notice(news) if news is not None else None
        told, self._told = self._told, f"{notice.title} {notice.text}" if notice is not None else ""
        if notice is None:
            self.view.notices.remove("changed")
        elif told != self._told:  # what somebody has put away stays away until there is more to say
            self.view.notices.show_notice(notice)

    def _changed_notice(self, news: News) -> Notice:
        name = self.title()
        if news.file:
            name = tr("{file} in {name}").format(file=display(news.file, 80), name=name)
        title = {
            Change.GONE: tr("{name} is gone from the disk."),
            Change.CHANGED: tr("{name} changed on disk."),
            Change.NEW: tr("{name} is new."),
        }[news.change]
        text = tr("You are looking at the version of {time}; values that were not read yet cannot be shown.")
        if news.change is Change.NEW:
            text = tr("You are looking at what was there at {time}, when some of it was missing.")
        held = self.residents.holding
        if held is not None and news.change is not Change.NEW:
            text += " " + held_words(held.shares)
        return Notice(
            "changed",
            "reload",
            title.format(name=name),
            text.format(time=self._opened_at),
            Tone.WARN,
            tr("Reload"),
            self.reload,
        )

    def close_page(self) -> None:
        """Stop all work and give the file back."""
        self._watch.stop()
        self._lane.cancel()
        self._watch_lane.cancel()
        self.export.cancel()
        self.batch.stop()
        self.moves.stop()
        self.residents.release()
        self.view.release()


def _alone(checkpoint: Checkpoint) -> RunMember:
    """A checkpoint as the one member of a run."""
    return RunMember(checkpoint.path, checkpoint.nbytes, checkpoint=checkpoint)
