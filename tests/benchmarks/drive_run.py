"""Uses the window on a run of checkpoints, with a 2 ms heartbeat: ``python -m tests.benchmarks.drive_run FOLDER``.

Prints one JSON line: the longest pause of the GUI thread in each phase and how much of one it worked itself, and
how long after opening the table, the first finished pair and all views were painted, in milliseconds.
"""

import json
import sys
import time
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ckptgui.gui.compare.page import SeriesPage
from ckptgui.gui.milestones import PaintWatch
from ckptgui.gui.opening import Opening
from ckptgui.gui.session import Session
from ckptgui.gui.warm import warm_up
from ckptgui.workspace.comparing import PairTask

from .drive import Driver, Heart, Wait, pause, wheel

STEPS = 12


def painted(widget) -> Wait:
    """A wait for the next painting of a widget, or for a fifth of a second where nothing changes."""
    done: list[bool] = []
    PaintWatch(widget).painted.connect(lambda: done.append(True))
    began = time.perf_counter()
    return lambda: bool(done) or time.perf_counter() - began > 0.2


def steps(session: Session, heart: Heart, folder: str, told: dict[str, float]) -> Iterator[Wait]:
    began = time.perf_counter()

    def tell(name: str) -> None:
        told[name] = round((time.perf_counter() - began) * 1000)

    window = session.window
    heart.phase = "opening"
    window.page_added.connect(lambda page: page.tree_painted.connect(warm_up))  # as a session does
    window.open_path(folder, Opening(folder))
    yield lambda: isinstance(window.current, SeriesPage) and window.current.ready
    page = window.current
    comparison, view = page.comparison, page.halves.compare.view
    yield painted(view.changes.view.viewport())
    tell("table_painted")
    heart.phase = "reading"
    yield lambda: comparison.is_done(PairTask(comparison.a, comparison.b))
    yield painted(view.changes.view.viewport())
    tell("first_pair_painted")
    yield lambda: not comparison.progress.running
    yield painted(view.layers.map)
    tell("all_painted")
    yield pause(1.0)

    heart.phase = "stepping epochs"
    for step in range(STEPS):
        page.step_epoch(-1 if step < STEPS // 2 else 1)
        yield pause(0.15)
    heart.phase = "stepping tensors"
    view.changes.view.setFocus()
    for _ in range(STEPS):
        QTest.keyClick(view.changes.view, Qt.Key.Key_Down)
        yield pause(0.12)
    heart.phase = "scrolling"
    for step in range(STEPS):
        wheel(view.changes.view, -360 if step % 6 < 3 else 360)
        yield pause(0.03)
    heart.phase = "sorting"
    header = view.changes.view.header
    for place in range(3):
        QTest.mouseClick(header, Qt.MouseButton.LeftButton, pos=QPoint(header.width() * (place + 1) // 5, 8))
        yield pause(0.2)
    heart.phase = "another figure"
    for _ in range(5):
        QTest.keyClick(view.layers.chooser, Qt.Key.Key_Down)
        yield pause(0.4)
    heart.phase = "other ways over the epochs"
    for mode in ("overlay", "density", "curves", "ridges"):
        view.evolution.show_mode(mode)
        yield pause(0.4)
    heart.phase = "filtering"
    view.changes.open_filter()
    for key in "weight":
        QTest.keyClick(QApplication.focusWidget(), key)
        yield pause(0.08)
    view.changes.close_filter()
    heart.phase = "playing"
    page.play()
    yield pause(2.5)
    page.play()
    heart.phase = "turning to an epoch"
    page.show_checkpoint(lambda: None)
    yield lambda: page.document() is not None
    yield pause(1.5)
    page.show_comparison()
    yield pause(0.5)
    heart.phase = "end"


def main(folder: str) -> None:
    told: dict[str, float] = {}
    with Session(remember=False) as session:
        session.window.resize(1440, 900)
        session.window.show()
        session.app.processEvents()
        heart = Heart()
        driver = Driver(steps(session, heart, folder, told))
        session.app.exec()
        del driver
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for name in ("start", "end"):
        heart.longest.pop(name, None)
        heart.busiest.pop(name, None)
    answer = {
        "longest_pause_ms": {phase: round(ms, 1) for phase, ms in heart.longest.items()},
        "of_them_busy_ms": {phase: round(ms, 1) for phase, ms in heart.busiest.items()},
        **told,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
