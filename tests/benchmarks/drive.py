"""Uses the window as a person would, with a 2 ms heartbeat: ``python -m tests.benchmarks.drive FILE OUT``.

Prints one JSON line: the longest pause of the GUI thread in each phase, and the times from a click on a
64 MiB tensor, ``wide.weight`` or else the largest, to its painted histogram, where it was not read before and
where it was, all in milliseconds.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ckptgui.gui.opening import Opening
from ckptgui.gui.session import Session

WIDE = "wide.weight"


class Heart:
    """Beats every 2 ms as long as the event loop turns; the longest silence in each phase is remembered.

    ``busiest`` is how much of a silence the thread itself worked: what is left when others want the processors.
    """

    def __init__(self) -> None:
        self.phase = "start"
        self.longest: dict[str, float] = {}
        self.busiest: dict[str, float] = {}
        self._last = time.perf_counter()
        self._worked = time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(2)

    def _beat(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self.longest[self.phase] = max(self.longest.get(self.phase, 0.0), (now - self._last) * 1000)
        self.busiest[self.phase] = max(self.busiest.get(self.phase, 0.0), (worked - self._worked) * 1000)
        self._last, self._worked = now, worked


Wait = Callable[[], bool]


class Driver:
    """Walks through ``steps``: each step yields a condition that must come true before the next."""

    def __init__(self, steps: Iterator[Wait]) -> None:
        self._steps = steps
        self._wait: Wait = lambda: True
        self._timer = QTimer()
        self._timer.timeout.connect(self._turn)
        self._timer.start(1)

    def _turn(self) -> None:
        if self._wait():
            try:
                self._wait = next(self._steps)
            except StopIteration:
                self._timer.stop()
                QApplication.quit()


def pause(seconds: float) -> Wait:
    """A wait for time to pass."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def forget(summaries, row: int) -> None:
    """As if a tensor had never been read."""
    summaries._looked_at.clear()
    summaries._source._distributions._packed.pop(row, None)
    summaries.profile.records[row] = 0


def steps(
    session: Session, heart: Heart, source: str, out: str, unread: list[float], read: list[float]
) -> Iterator[Wait]:
    window = session.window
    heart.phase = "opening"
    painted: list[float] = []
    page = window.open_path(source, Opening(source))
    page.histogram_painted.connect(lambda: painted.append(time.perf_counter()))
    yield lambda: page.document() is not None and page.document().complete
    yield pause(3)  # whatever is warmed up in the background happens in this phase, and the whole file is read
    document = page.document()
    tree = document.tree.view
    table = document.opened.checkpoint.tensors
    wide = next((row for row in range(len(table)) if table.names[row] == WIDE), int(table.nbytes.argmax()))

    heart.phase = "selecting"
    rows = list(range(3, 12))
    for turn in range(3):
        for row in rows:
            click(tree, row)
            yield pause(0.1)
        document.tree.select_row(wide)  # brings the row into view
        place = tree.currentIndex().row()
        click(tree, rows[turn] if rows[turn] != place else rows[-1])
        yield pause(0.3)
        tree.scrollTo(tree.model().index(place, 0))
        yield pause(0.2)
        for found in (read, unread):
            if found is unread:
                forget(document.summaries, wide)
            painted.clear()
            began = time.perf_counter()
            click(tree, place)
            yield lambda: bool(painted)
            found.append((painted[0] - began) * 1000)
            yield pause(0.3)
            click(tree, rows[turn] if rows[turn] != place else rows[-1])
            yield pause(0.3)

    heart.phase = "scrolling"
    document.tree.expand_below(0)
    yield pause(0.1)
    for step in range(120):
        wheel(tree, -240 if step < 60 else 240)
        yield pause(0.01)
    yield pause(0.5)

    heart.phase = "stepping with keys"
    tree.setFocus()
    for _ in range(40):
        QTest.keyClick(tree, Qt.Key.Key_Down)
        yield pause(0.02)

    heart.phase = "filtering"
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    for letter in "norm":
        QTest.keyClick(QApplication.focusWidget() or window, letter)
        yield pause(0.1)
    document.tree.clear_filter()
    yield pause(0.2)

    heart.phase = "choosing an export"
    page.export_state_dict()
    yield lambda: page.export.dialog is not None and page.export.dialog.up_to_date
    dialog = page.export.dialog
    for preset in ("half", "state-dict"):
        dialog.presets.buttons[preset].click()
        yield pause(0.2)
    for letter in "*weight":
        QTest.keyClick(dialog.options.page.include, letter)
        yield pause(0.05)
    yield lambda: dialog.up_to_date
    dialog.reject()
    yield pause(0.2)

    heart.phase = "exporting"
    subject = page.subject()
    page.export.write(subject, subject.request(page.export.memory().preset("state-dict").request), out)
    yield lambda: not page.export.busy
    yield pause(0.2)
    heart.phase = "end"


def click(view, row: int) -> None:
    """A press and a release of the left button on a row's name."""
    place = view.visualRect(view.model().index(row, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def wheel(view, angle: int) -> None:
    """A turn of the wheel over a view."""
    place = QPointF(view.viewport().rect().center())
    event = QWheelEvent(
        place, QPointF(view.viewport().mapToGlobal(place.toPoint())), QPoint(), QPoint(0, angle),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), event)


def main(source: str, out: str) -> None:
    unread: list[float] = []
    read: list[float] = []
    with Session(remember=False) as session:
        session.window.resize(1440, 900)
        session.window.show()
        session.app.processEvents()
        heart = Heart()
        driver = Driver(steps(session, heart, source, out, unread, read))
        session.app.exec()
        del driver
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    heart.longest.pop("start", None)
    heart.longest.pop("end", None)
    answer = {
        "longest_pause_ms": {phase: round(ms, 1) for phase, ms in heart.longest.items()},
        "click_to_histogram_ms": [round(ms, 1) for ms in unread],
        "click_to_known_histogram_ms": [round(ms, 1) for ms in read],
        "exported": Path(out).stat().st_size,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
