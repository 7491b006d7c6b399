"""What the window asks of a tab: what it is called, what is going on in it, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ckptgui.core.tensors import Path
from ckptgui.formats.folders.shard_names import opens_the_same

if TYPE_CHECKING:
    from ckptgui.core.series.series import Series
    from ckptgui.gui.document_view import DocumentView
    from ckptgui.gui.goto import Finder


@dataclass(frozen=True)
class Activity:
    """Something that takes a while: for the left of the status bar. ``total`` 0 means not known."""

    text: str
    done: int = 0
    total: int = 0
    detail: str = ""
    cancel: Callable[[], None] | None = None


@dataclass(frozen=True)
class Link:
    """What can be done about an outcome: a word, and what it does."""

    text: str
    act: Callable[[], None]


class Page(QWidget):
    """A tab. ``changed`` says that a title, a fact, or what can be done is another now, ``moved`` that only what
    is going on is further. ``open_another`` asks for a dialogue, ``another_path`` carries what to open in a tab.
    """

    changed = Signal()
    moved = Signal()
    opened = Signal()
    failed = Signal(str)
    open_another = Signal()
    another_path = Signal(str)
    tree_painted = Signal()
    histogram_painted = Signal()
    profiled = Signal()

    icon = "checkpoint"
    path = ""

    def title(self) -> str:
        """The word on the tab, ready to be shown."""
        raise NotImplementedError

    def activity(self) -> Activity | None:
        """What is going on."""
        return None

    def outcome(self) -> str:
        """What was done last, when nothing is going on."""
        return ""

    def link(self) -> Link | None:
        """What can be done about the outcome."""
        return None

    def facts(self) -> tuple[str, ...]:
        """For the right of the status bar."""
        return ()

    def able(self, ability: str) -> str:
        """Why something can't be done here, in a sentence; empty when it can. See ``actions.Needs``."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """Whether what was to be opened is shown."""
        raise NotImplementedError

    def document(self) -> DocumentView | None:
        """The one checkpoint that is shown, if it is one."""
        return None

    def finder(self) -> Finder | None:
        """Finds tensors by parts of their names."""
        return None

    def go_to(self, path: Path) -> None:
        """Select a tensor or module, or with ``()`` the whole."""

    def select_joined(self, text: str) -> Path | None:
        """Select the tensor whose path, joined with ``/``, reads ``text``, and return that path."""
        return None

    def focus_filter(self) -> None:
        """Bring the keyboard to the box that filters rows."""

    def focus_rows(self) -> None:
        """Bring the keyboard to the rows."""

    def next_finding(self) -> None:
        """Select the next tensor that something is wrong with."""

    def step_selection(self, step: int) -> None:
        """Go back (-1) or forward (1) among what was selected."""

    def checkpoint_path(self) -> str:
        """The file or folder of the one checkpoint that is looked at."""
        return self.path

    def series(self) -> Series | None:
        """The checkpoints that are compared, if they are."""
        return None

    def show_comparison(self) -> None:
        """Bring the comparison of a run to the front."""

    def show_checkpoint(self, then: Callable[[], None]) -> None:
        """Of a run, bring the checkpoint that is looked at to the front; ``then`` it is opened."""

    def step_epoch(self, step: int) -> None:
        """Go to an earlier (-1) or later (1) epoch."""

    def play(self) -> None:
        """Go from epoch to epoch, or stop."""

    def arrange_members(self) -> None:
        """Let somebody choose which checkpoints are compared."""

    def check_loading(self) -> None:
        """Let somebody find out whether a model would take the checkpoint."""

    def save_report(self) -> None:
        """Let somebody write the comparison into a file."""

    @property
    def takes_members(self) -> bool:
        """Whether what is dropped on it is compared with what is there."""
        return False

    def add_members(self, paths: Sequence[str]) -> None:
        """Compare these too."""

    def views(self) -> tuple[DocumentView, ...]:
        """Every checkpoint in full that was made for this tab."""
        return ()

    def share(self) -> float:
        """The tree's share of the width."""
        return next((view.share() for view in self.views()), 0.55)

    def stands_for(self, path: str) -> bool:
        """Whether opening ``path`` leads to this tab."""
        return opens_the_same(self.path, path)

    def copy_path(self) -> None:
        """Copy the path of what is selected."""

    def export_state_dict(self) -> None:
        """Ask where to and write the state dict."""

    def export_at_once(self, preset: str) -> None:
        """Write beside the checkpoint what a preset says, without a question."""

    def export_series(self) -> None:
        """Let somebody export every checkpoint of a run."""

    def move_to_device(self) -> None:
        """Move what is selected to the accelerator that was chosen."""

    def move_to_cpu(self) -> None:
        """Bring what is selected to the memory of the process that has torch."""

    def free_memory(self) -> None:
        """Let go of what is selected there."""

    def resave_for_device(self) -> None:
        """Let somebody export with the tag of the accelerator."""

    def about_devices(self) -> str:
        """What the checkpoint that is shown has to do with devices that are not here, in a sentence."""
        return ""

    def unfinished(self) -> str:
        """What closing now would stop, in a sentence; empty when nothing."""
        return ""

    def close_page(self) -> None:
        """Stop all work of this tab and give its files back."""
