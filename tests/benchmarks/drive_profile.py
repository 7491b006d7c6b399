"""Uses the window while a whole file is profiled, with a 2 ms heartbeat.

``python -m tests.benchmarks.drive_profile FILE`` prints one JSON line: the longest pause of
the GUI thread in each phase, how much of one it worked itself, how long a turn of the wheel, a key and a click
took to be painted, all in milliseconds, and what the reading of the file came to.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ckptgui.gui.milestones import PaintWatch
from ckptgui.gui.opening import Opening
from ckptgui.gui.pass_progress import Phase
from ckptgui.gui.session import Session
from ckptgui.gui.warm import warm_up

from .drive import Driver, Heart, Wait, click, pause, wheel

TURNS = 40


class Paints:
    """How long it takes from an act to the next painting of a widget."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}

    def after(self, name: str, widget, act: Callable[[], None]) -> Wait:
        """Do ``act``; a wait until ``widget`` was painted, or for a fifth of a second where nothing changes."""
        done: list[float] = []
        PaintWatch(widget).painted.connect(lambda: done.append(time.perf_counter()))
        began = time.perf_counter()
        act()

        def painted() -> bool:
            if done:
                self.longest[name] = max(self.longest.get(name, 0.0), (done[0] - began) * 1000)
            return bool(done) or time.perf_counter() - began > 0.2

        return painted


def steps(session: Session, heart: Heart, source: str, paints: Paints, found: dict) -> Iterator[Wait]:
    heart.phase = "opening"
    page = session.window.open_path(source, Opening(source))
    page.tree_painted.connect(lambda: warm_up(page.document().opened.checkpoint.tensors.dtypes))
    yield lambda: page.document() is not None
    document = page.document()
    tree = document.tree.view
    document.tree.expand_below(0)
    heart.phase = "beginning"
    yield pause(0.3)
    reading = document.summaries

    def busy() -> bool:
        return reading.progress.phase is Phase.READING

    heart.phase = "scrolling"
    for step in range(TURNS):
        yield paints.after(
            "wheel", tree.viewport(), lambda step=step: wheel(tree, -240 if step % 20 < 10 else 240)
        )
        yield pause(0.01)
    heart.phase = "stepping with keys"
    tree.setFocus()
    for _ in range(TURNS):
        yield paints.after("key", tree.viewport(), lambda: QTest.keyClick(tree, Qt.Key.Key_Down))
        yield pause(0.05)
    heart.phase = "selecting"
    for turn in range(8):
        row = 3 + turn % 6
        yield paints.after("click", tree.viewport(), lambda row=row: click(tree, row))
        yield pause(0.2)
    found["still_reading"] = busy()
    heart.phase = "waiting"
    yield lambda: not busy()
    found["read"] = {"bytes": reading.progress.done, "seconds": round(reading.progress.seconds, 2)}
    yield pause(0.5)
    heart.phase = "end"


def main(source: str) -> None:
    paints, found = Paints(), {}
    with Session(remember=False) as session:
        session.window.resize(1440, 900)
        session.window.show()
        session.app.processEvents()
        heart = Heart()
        driver = Driver(steps(session, heart, source, paints, found))
        session.app.exec()
        del driver
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for name in ("start", "end"):
        heart.longest.pop(name, None)
        heart.busiest.pop(name, None)
    answer = {
        "longest_pause_ms": {phase: round(ms, 1) for phase, ms in heart.longest.items()},
        "of_them_busy_ms": {phase: round(ms, 1) for phase, ms in heart.busiest.items()},
        "to_painted_ms": {name: round(ms, 1) for name, ms in paints.longest.items()},
        **found,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
