"""Opens a path off the GUI thread. Imports no Qt, so that it can begin before Qt is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from ckptgui.engine.job import Cancel, Job, Progress, Report, State

if TYPE_CHECKING:
    from ckptgui.core.checkpoint import Checkpoint
    from ckptgui.core.tree.build import Tree
    from ckptgui.gui.ribbon_map import RibbonMap
    from ckptgui.workspace.run import Run

MANY = 50_000
"""Rows of a tree from which what opening it took is worth giving back."""


@dataclass(frozen=True)
class Opened:
    """A checkpoint with its tree, its file as a line, and how long (seconds) the header took."""

    checkpoint: Checkpoint
    tree: Tree
    places: RibbonMap
    seconds: float


class Look(Enum):
    """What is wanted of a path."""

    ITSELF = auto()  # a checkpoint, or the run in a folder
    COMPARED = auto()  # the run in a folder, or that a checkpoint is of
    SIBLINGS = auto()  # the run that a checkpoint is of
    AVERAGE = auto()  # a checkpoint's model and the average of it that is in the same file, as a run of two


class Opening:
    """The work of opening one path: a file, or a folder, which may be a run of many.

    With ``others`` it is a run of all these.
    ``begin_early`` starts it before there is a window to show it in.
    """

    def __init__(self, path: str, others: Sequence[str] = (), look: Look = Look.ITSELF) -> None:
        self.path, self.others, self.look = path, tuple(others), look
        self._early: Job[Opened | Run] | None = None
        self._progress: Progress | None = None  # of the early start

    @property
    def is_run(self) -> bool:
        """Whether a run was asked for, whatever the path is."""
        return bool(self.others) or self.look is not Look.ITSELF

    def begin_early(self) -> None:
        """Start now, on a thread of its own; ``__call__`` then waits for that and hands its outcome on."""
        self._early = Job(self._read, on_progress=self._note)
        threading.Thread(target=self._early.run, name="ckptgui-opening", daemon=True).start()

    def head_start(self, seconds: float) -> None:
        """Let an early start run undisturbed for a moment: two threads that import only hinder each other."""
        if self._early is not None:
            self._early.wait(seconds)

    def _note(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, cancel: Cancel, report: Report) -> Opened | Run:
        """The ``Work``; raises ``CheckpointError`` when what is there cannot even be listed."""
        early, self._early = self._early, None
        if early is None:
            return self._read(cancel, report)
        while not early.wait(0.02):
            if self._progress is not None:
                report(self._progress)
            if cancel.requested:
                early.cancel()
            cancel.check()
        if early.state is State.SUCCESS and early.result is not None:
            return early.result
        cancel.check()
        assert early.error is not None
        raise early.error

    def abandon(self) -> None:
        """Stop an early start that nobody will ask for."""
        if self._early is not None:
            self._early.cancel()

    def _read(self, cancel: Cancel, report: Report) -> Opened | Run:
        from ckptgui.core.tree.build import build_tree
        from ckptgui.engine.memory import give_memory_back
        from ckptgui.gui.ribbon_map import RibbonMap
        from ckptgui.workspace.run import Run

        start = time.perf_counter()
        found = self._find(cancel, report)
        if isinstance(found, Run):
            return found
        cancel.check()
        tree = build_tree(found, cancel.check)
        cancel.check()
        places = RibbonMap(found)
        _ = found.parameter_count  # kept from here on: of a million tensors the window must not count it
        if len(tree) > MANY:
            give_memory_back()
        return Opened(found, tree, places, time.perf_counter() - start)

    def _find(self, cancel: Cancel, report: Report) -> Checkpoint | Run:
        from ckptgui.workspace.opening import open_path
        from ckptgui.workspace.run import Run, run_of_paths, siblings, with_average

        if self.look is Look.COMPARED and not self.others:
            found = open_path(self.path, cancel, report)
            return found if isinstance(found, Run) else siblings(self.path, cancel, report)
        if self.look is Look.SIBLINGS:
            return siblings(self.path, cancel, report)
        if self.look is Look.AVERAGE:
            return with_average(self.path, cancel, report)
        if self.others:
            return run_of_paths((self.path, *self.others), cancel, report)
        return open_path(self.path, cancel, report)
