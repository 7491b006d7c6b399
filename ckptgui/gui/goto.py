"""The box that jumps to a tensor: type part of its name, choose, be there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import draw_focus, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, ROW, theme, theme_signal, ui_font
from ckptgui.gui.tree.prepared import Prepared

MAX_FOUND = 40
"""Names offered at once."""

_ICON_ROOM = 28


@dataclass(frozen=True, eq=False)
class Finder:
    """Finds tensors ``of`` something, off the GUI thread: names ready to be shown, each with its path."""

    of: object
    find: Callable[[str, Cancel], list[tuple[str, Path]]]


class GoToBox(QLineEdit):
    """``chosen`` carries the path of a tensor."""

    chosen = Signal(object)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._finder: Finder | None = None
        self._found: list[tuple[str, Path]] = []
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        self._nothing = False
        self._popup = QListView(self)
        completer.setPopup(self._popup)
        self._popup.setItemDelegate(_Names(self._popup))  # the completer brings one of its own
        self._popup.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self._popup.setMouseTracking(True)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(16)
        completer.activated.connect(self._go)
        self._completer = completer
        self.setCompleter(completer)
        self.setFrame(False)
        self.setFont(ui_font())
        self.setPlaceholderText(tr("Go to tensor"))
        self.setAccessibleName(tr("Go to tensor"))
        self.setToolTip(plain_tooltip(tr("Go to tensor") + " (Ctrl+P)"))
        self.setTextMargins(_ICON_ROOM, 0, 60, 0)
        self.setFixedHeight(28)
        self.setMinimumWidth(180)
        self.textEdited.connect(self._search)
        self.textChanged.connect(self._forget)
        self._dress()
        theme_signal().changed.connect(self._dress)

    def _dress(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))  # the box is painted below it
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive, QPalette.ColorGroup.Disabled):
            ink = theme().text3 if group == QPalette.ColorGroup.Disabled else theme().text2
            palette.setColor(group, QPalette.ColorRole.PlaceholderText, ink)
        self.setPalette(palette)
        frame = self._popup.palette()
        frame.setColor(QPalette.ColorRole.WindowText, theme().strong)
        self._popup.setPalette(frame)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(212, 28)

    def set_finder(self, finder: Finder | None) -> None:
        """Search with this one from now on."""
        elder = self._finder.of if self._finder is not None else None
        if (finder.of if finder is not None else None) is not elder:
            self._lane.cancel()
            self.clear()
        self._finder = finder
        self.setEnabled(finder is not None)

    def answer(self) -> str:
        """What stands at the right of what is typed: that nothing has such a name."""
        return tr("No match") if self._nothing else ""

    def found(self) -> list[str]:
        """The names on offer."""
        return self._names.stringList()

    def _forget(self) -> None:
        """What was found for another text is no answer to this one."""
        self._nothing = False

    def _search(self, text: str) -> None:
        finder = self._finder
        if finder is None or not text.strip():
            self._lane.cancel()
            self._show([])
            return

        def work(cancel: Cancel, _: Report) -> list[tuple[str, Path]]:
            return finder.find(text, cancel)

        self._lane.start(work, self._show)

    def _show(self, found: list[tuple[str, Path]]) -> None:
        self._found = found
        self._nothing = not found and bool(self.text().strip())
        self.update()
        self._names.setStringList([name for name, _ in found])
        if found and self.hasFocus():
            rect = self.rect()
            rect.setWidth(min(max(self.width(), self._popup.sizeHintForColumn(0) + 24), 640))
            rect.moveRight(self.width() - 1)
            self._completer.complete(rect)
        elif not found:
            self._popup.hide()

    def _go(self, name: str) -> None:
        path = next((path for shown, path in self._found if shown == name), None)
        if path is not None:
            self.clear()
            self.chosen.emit(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._found and self.text().strip():
                self._popup.hide()
                self._go(self._found[0][0])
            return
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.control if self.isEnabled() else t.hairline, 1))
        painter.setBrush(t.panel)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        ink = "text2" if self.isEnabled() else "text3"
        draw_icon(painter, self.rect().adjusted(8, 0, 24 - self.width(), 0), "search", ink)
        hint = self.answer() or ("" if self.text() else "Ctrl P")
        painter.setFont(ui_font(11))
        painter.setPen(t.danger if self._nothing else getattr(t, ink))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(0, 0, -10, 0), right, hint)
        if self.hasFocus():
            draw_focus(painter, self.rect())
        painter.end()
        super().paintEvent(event)


class _Names(QStyledItemDelegate):
    """The names on offer, in rows like the tree's."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(option.fontMetrics.horizontalAdvance(str(index.data())) + 20, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        t = theme()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.fillRect(option.rect, t.sel if chosen else t.hover if over else t.panel)
        painter.setPen(t.text)
        painter.setFont(option.font)
        room = option.rect.adjusted(10, 0, -10, 0)
        text = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def tensors_of(checkpoint: Checkpoint, names: Prepared) -> Finder:
    """Finds those of one checkpoint, by ``names`` of its tree."""
    return Finder(checkpoint, lambda text, cancel: find_tensors(checkpoint, names, text, cancel))


def find_names(names: Sequence[str], text: str, cancel: Cancel) -> list[tuple[str, Path]]:
    """The first of some names that hold every word of ``text``, a path of one part each."""
    words = text.lower().split()
    found: list[tuple[bool, int]] = []
    for number, name in enumerate(names):
        if number % 4096 == 0:
            cancel.check()
        low = name.lower()
        if all(word in low for word in words):
            found.append((not low.endswith(words[-1]), number))
            if len(found) >= 100 * MAX_FOUND:
                break
    return [(display(names[number], 120), (names[number],)) for _, number in sorted(found)[:MAX_FOUND]]


def find_tensors(checkpoint: Checkpoint, names: Prepared, text: str, cancel: Cancel) -> list[tuple[str, Path]]:
    """The first tensors whose name holds every word of ``text``; those that end with the last one come first."""
    words = text.lower().split()
    rows = names.rows_named(words, cancel.check)
    if (
        not rows and names.wrapped
    ):  # the tree leaves a wrapper's prefix away, which stands in the names of the file
        rows = range(len(checkpoint))
    found: list[tuple[int, int, str, Path]] = []
    for number, row in enumerate(rows):
        if number % 4096 == 0:
            cancel.check()
        path = checkpoint.tensors.path(row)
        name = ".".join(path)
        low = name.lower()
        if all(word in low for word in words):
            found.append((0 if low.endswith(words[-1]) else 1, row, display(name, 120), path))
            if len(found) >= 100 * MAX_FOUND:
                break
    found.sort(key=lambda item: item[:2])
    return [(name, path) for _, _, name, path in found[:MAX_FOUND]]
