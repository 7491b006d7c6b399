"""One life of the application: made, run, and taken down with no thread left."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ckptgui.core.dtypes import DType
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.memory import share_memory
from ckptgui.gui import numbers
from ckptgui.gui.bugs import Bugs, hooks
from ckptgui.gui.commands import THEMES
from ckptgui.gui.interrupts import Interrupts
from ckptgui.gui.jobs import Background
from ckptgui.gui.milestones import Milestones, PaintWatch
from ckptgui.gui.opening import Opening
from ckptgui.gui.page import Page
from ckptgui.gui.theme import apply_theme
from ckptgui.gui.warm import give_up, warm_up
from ckptgui.gui.window import MainWindow
from ckptgui.workspace.logs import log_folder, logging_to
from ckptgui.workspace.results import Results
from ckptgui.workspace.settings import Settings, SettingsFile

SWITCH_INTERVAL = 0.0005
"""Seconds that a thread may keep the interpreter while the GUI's waits for it. Painting one row gives it up and
takes it back dozens of times, so Python's usual 5 ms would add up to what an eye sees."""

SETTLE_LATEST = 3000
"""Milliseconds after which the start is over, whether a tree was painted or not."""


class Session:
    """Application, background, window; a context, so that all of it ends whatever happens."""

    def __init__(self, theme: str | None = None, *, remember: bool = True) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL)
        share_memory()
        self._stack = ExitStack()
        logger = self._stack.enter_context(logging_to(log_folder()))
        existing = QApplication.instance()
        # Qt would take options of its own out of a file name that begins with a dash.
        self.app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
        self.app.setApplicationName("ckptgui")
        self.app.setDesktopFileName("ckptgui")
        numbers.settle_locale()
        settings = SettingsFile() if remember else _Forgetful()
        apply_theme(self.app, THEMES[theme or settings.now.theme])
        self.bugs = Bugs(logger, str(log_folder()))
        self._stack.enter_context(hooks(self.bugs, logger))
        self._stack.enter_context(Interrupts())
        self.background = Background(results=Results() if remember else None)
        self.window = MainWindow(settings, self.background)
        self._maximised = settings.now.maximised

    def run(
        self, paths: list[str], opening: Opening | None, *, speak: bool, quit_after: str | None, select: str | None
    ) -> int:
        """Show the window with ``paths`` in it until it is closed."""
        self.milestones = Milestones(self.app, speak=speak, last=quit_after)
        self.milestones.reached.connect(lambda name: self.app.quit() if name == quit_after else None)
        PaintWatch(self.window).painted.connect(lambda: self.milestones.mark("window"))
        self.window.page_added.connect(self._listen)
        self._selects, self._quit_after = select is not None, quit_after
        if paths:
            page = self.window.open_at_start(paths, opening)
            if select is not None:
                self._select_in(page, select)
            self.window.top.tabs.setCurrentIndex(0)
        if self._maximised:
            self.window.showMaximized()
        else:
            self.window.show()
        QTimer.singleShot(0 if not paths else SETTLE_LATEST, self._settle)
        return self.app.exec()

    def _select_in(self, page: Page, wanted: str) -> None:
        """Select a tensor when the page, or the one that takes its place, is there."""
        page.opened.connect(lambda: _select(page, wanted))
        self.window.page_replaced.connect(
            lambda elder, new: new.opened.connect(lambda: _select(new, wanted)) if elder is page else None
        )

    def _listen(self, page: Page) -> None:
        page.tree_painted.connect(self._tree_painted)
        page.profiled.connect(lambda: self.milestones.mark("profile"))
        if self._selects:
            page.histogram_painted.connect(self._histogram_painted)
        else:
            page.opened.connect(lambda: self._watch_sparklines(page))

    def _watch_sparklines(self, page: Page) -> None:
        """The first figures of a row are there; the next painting of the tree shows them."""
        view = page.document()
        if page.series() is not None:
            page.histogram_painted.connect(self._histogram_painted)
        if view is None or view.opened is None or view.summaries is None or "histogram" in self.milestones.times:
            return
        tree, summaries, shown = view.opened.tree, view.summaries, view.tree.view
        seen = False

        def arrived(rows: np.ndarray) -> None:
            nonlocal seen
            visible = tree.row[shown.visible_nodes()]
            if not seen and any(
                summaries.profile.sparkline(row) for row in np.intersect1d(rows, visible).tolist()
            ):
                seen = True
                PaintWatch(shown.viewport()).painted.connect(self._histogram_painted)

        summaries.arrived.connect(arrived)

    def _histogram_painted(self) -> None:
        self.milestones.mark("histogram")

    def _tree_painted(self) -> None:
        self.milestones.mark("tree")
        self._settle()

    def _settle(self) -> None:
        """The start is over: what lives now lives on, and the first click is prepared for."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        if self._quit_after not in self.milestones.times:
            warm_up(self._dtypes())

    def _dtypes(self) -> Sequence[DType]:
        """Of the file in front."""
        view = self.window.current.document() if self.window.current is not None else None
        return view.opened.checkpoint.tensors.dtypes if view is not None and view.opened is not None else ()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.window.close_now()
        self.background.shutdown()
        shutdown_executors()
        give_up()
        self.window.deleteLater()
        self.app.processEvents()
        self._stack.close()


def _select(page: Page, wanted: str) -> None:
    page.select_joined(wanted)


class _Forgetful(SettingsFile):
    """Defaults that are neither read nor kept, for pictures."""

    def __init__(self) -> None:
        self.now = Settings()

    def change(self, **values: object) -> None:
        """Nothing is kept."""
