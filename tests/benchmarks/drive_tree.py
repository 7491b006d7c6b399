"""Uses the tree of a large file as a person would: ``python -m tests.benchmarks.drive_tree FILE MODULE``.

MODULE is the dotted name of the row that has very many others below it. Prints one JSON line: the longest pause of
the GUI thread in each phase, and the times from the last key of a filter to the painted answer, in milliseconds.
"""

import json
import sys
import time
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionSlider

from ckptgui.gui.opening import Opening
from ckptgui.gui.session import Session
from ckptgui.gui.tree.columns import Column
from tests.benchmarks.drive import Driver, Heart, Wait, pause

FILTERS = ("weight", "99", "*9.w*", "*1?3*", r"/[0-9]+1.*[a-z]$/", r"/^(.*[.])*(\w+[0-9])+7/", "no such name")


class Painted(QObject):
    """Remembers when a widget's last painting was over."""

    def __init__(self, view) -> None:
        super().__init__()
        self.at = 0.0
        getattr(view, "viewport", lambda: view)().installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._over)
        return False

    def _over(self) -> None:
        self.at = time.perf_counter()


def steps(session: Session, heart: Heart, source: str, module: str, answer: dict) -> Iterator[Wait]:
    window = session.window
    heart.phase = "opening"
    began = time.perf_counter()
    page = window.open_path(source, Opening(source))
    yield lambda: page.document() is not None and page.document().complete
    answer["opened_s"] = round(time.perf_counter() - began, 2)
    yield pause(6)  # what is warmed up and made ready in the background
    panel = page.document().tree
    view = panel.view
    tree = panel._shown.tree
    node = tree.node_of_path(tuple(module.split(".")))
    assert node is not None and view.go_to(0)

    heart.phase = "expanding"
    panel.select_node(node)
    view.setFocus()
    yield pause(0.5)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right)
        yield pause(0.5)
        QTest.keyClick(view, Qt.Key.Key_Left)
        yield pause(0.5)
    QTest.keyClick(view, Qt.Key.Key_Right)
    yield pause(0.5)
    answer["rows"] = view.model().rowCount()

    heart.phase = "dragging the scroll bar"
    bar = view.verticalScrollBar()
    top = handle(bar)
    drag(bar, QEvent.Type.MouseButtonPress, top)
    for step in range(150):
        drag(bar, QEvent.Type.MouseMove, top + (bar.height() - 2 * top) * min(step, 150 - step) // 75)
        answer["dragged_to"] = max(answer.get("dragged_to", 0), bar.value())
        yield pause(0.01)
    drag(bar, QEvent.Type.MouseButtonRelease, top)
    yield pause(0.5)

    resets = [0.0]
    view.model().modelReset.connect(lambda: resets.append(time.perf_counter()))
    painted = Painted(view)
    count = Painted(panel.filter_box)
    for text in FILTERS:
        heart.phase = f"filtering {text}"
        window.activateWindow()
        QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        for letter in text[:-1]:
            QTest.keyClick(panel.filter_box, letter)
            yield pause(0.06)
        yield pause(0.4)
        before = panel._shown.found
        began = time.perf_counter()
        QTest.keyClick(panel.filter_box, text[-1])
        yield lambda before=before: panel._shown.found is not before
        yield lambda: count.at > resets[-1] and (painted.at > resets[-1] or not view.isVisible())
        answer.setdefault("key_to_paint_ms", {})[text] = round((max(painted.at, count.at) - began) * 1000, 1)
        answer.setdefault("found", {})[text] = panel._shown.found.tensors
        yield pause(0.3)
        panel.clear_filter()
        yield pause(0.3)

    heart.phase = "sorting"
    header = view.horizontalHeader()
    for column in (Column.SIZE, Column.SIZE, Column.NAME, Column.NAME, Column.TYPE):
        place = QPoint(header.sectionViewportPosition(column) + 20, 10)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        yield pause(1.0)
    panel.sort_by(None, False)
    yield pause(0.5)

    heart.phase = "folding layers"
    for folded in (True, False):
        panel.fold_layers(folded)
        yield pause(0.7)

    heart.phase = "stepping with keys"
    view.setFocus()
    for _ in range(40):
        QTest.keyClick(view, Qt.Key.Key_Down)
        yield pause(0.02)
    heart.phase = "end"


def handle(bar) -> int:
    """The middle of a scroll bar's handle."""
    option = QStyleOptionSlider()
    bar.initStyleOption(option)
    part = QStyle.SubControl.SC_ScrollBarSlider
    return bar.style().subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, bar).center().y()


def drag(bar, kind: QEvent.Type, y: int) -> None:
    """A press, a move or a release of the left button on a scroll bar."""
    place = QPointF(bar.width() / 2, y)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    event = QMouseEvent(
        kind, place, QPointF(bar.mapToGlobal(place.toPoint())), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(bar, event)


def main(source: str, module: str) -> None:
    answer: dict = {}
    with Session(remember=False) as session:
        session.window.resize(1440, 900)
        session.window.show()
        session.app.processEvents()
        heart = Heart()
        driver = Driver(steps(session, heart, source, module, answer))
        session.app.exec()
        del driver
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for name, times in (("longest_pause_ms", heart.longest), ("busiest_ms", heart.busiest)):
        answer[name] = {phase: round(ms, 1) for phase, ms in times.items() if phase not in ("start", "end")}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
