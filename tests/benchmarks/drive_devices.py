"""Uses a simulated device in the window, with a 2 ms heartbeat: ``python -m tests.benchmarks.drive_devices FILE``.

Prints one JSON line: the longest pause of the GUI thread in each phase and how much of one it worked itself, in
milliseconds, and what moving took. ``idle`` is the machine's own: nothing goes on in it.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from ckptgui.gui.devices.wish import Wish
from ckptgui.gui.opening import Opening
from ckptgui.gui.session import Session

from .drive import Driver, Heart, Wait, pause

MEMORY = "memory=1.2GB"
"""Of the device: a gibibyte fits, and a larger file does not."""

LOOKED_AT = 6
"""Tensors whose figures are asked of the device."""


def steps(session: Session, heart: Heart, source: str, told: dict[str, float]) -> Iterator[Wait]:
    window = session.window
    heart.phase = "opening"
    page = window.open_path(source, Opening(source))
    yield lambda: page.document() is not None and page.document().complete
    yield lambda: session.background.idle
    yield pause(1.5)
    heart.phase = "idle"
    yield pause(2)
    heart.phase = "starting the process"
    window.show_devices()
    yield lambda: window.devices.inventory is not None
    heart.phase = "panel"
    yield pause(3)
    window.show_devices()

    tree, moves, service = page.view.opened.tree, page.moves, window.devices.service()
    largest = max(tree.children(0), key=lambda node: tree.nbytes[node] * (tree.nbytes[node] < 1.1e9))

    def moved(node: int) -> Wait:
        moves.move(Wish(tree, node, "sim:0", dict(page.residents.residents)).make_ready())
        return lambda: not moves.busy and page.residents.settled

    heart.phase = "moving"
    began = time.perf_counter()
    yield moved(largest)
    told["moved_mib"] = round(tree.nbytes[largest] / 2**20)
    told["moved_s"] = round(time.perf_counter() - began, 2)
    yield pause(0.5)

    heart.phase = "figures there"
    rows = sorted(page.residents.residents, key=lambda row: -tree.checkpoint.tensors.nbytes[row])[:LOOKED_AT]
    for row in rows:
        page.view.summaries._looked_at.clear()
        page.view.tree.select_row(row)
        page.view.summaries.want_first(row, exact=True)
        yield lambda: session.background.idle
        yield pause(0.2)

    heart.phase = "out of memory"
    yield moved(0)
    yield pause(0.5)
    heart.phase = "freeing"
    window.devices.free(service.residents())
    yield lambda: page.residents.settled and not service.residents()
    yield pause(0.5)
    heart.phase = "moving again"
    yield moved(largest)
    yield pause(0.5)
    heart.phase = "killed"
    os.kill(service.pid, signal.SIGKILL)
    yield lambda: not page.residents.residents and page.residents.settled
    yield pause(1)
    heart.phase = "starting again"
    yield moved(largest)
    yield pause(0.5)
    heart.phase = "end"


def main(source: str) -> None:
    os.environ["CKPTGUI_SIMULATED_DEVICE"] = MEMORY
    told: dict[str, float] = {}
    with Session(remember=False) as session:
        session.window.resize(1440, 900)
        session.window.show()
        session.app.processEvents()
        heart = Heart()
        driver = Driver(steps(session, heart, source, told))
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
