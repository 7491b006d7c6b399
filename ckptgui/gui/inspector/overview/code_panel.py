"""The code that comes with a model, as text: a list of its files, and one of them to be read. None was run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QTextOption
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ckptgui.core.display import display
from ckptgui.core.extents import Extent
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.texts import Text, read_text
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import Hairline, Splitter
from ckptgui.gui.inspector.copying import CopyButton
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.inspector.plain_text import PlainText
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import ElidedLabel, PlainLabel
from ckptgui.gui.numbers import counted, size_text, tr
from ckptgui.gui.theme import mono_font, theme
from ckptgui.sources.locate import SourcePool

ROW = 24
MAX_LINES = 20_000
MAX_LINE = 2_000
"""Characters after which a line goes on in the next: text without breaks takes minutes to lay out."""

Source = tuple[str, Extent | str]
_ROOT = QModelIndex()


class _Files(QAbstractListModel):
    """Names and sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.files: tuple[Source, ...] = ()

    def set_files(self, files: Sequence[Source]) -> None:
        """List other files."""
        self.beginResetModel()
        self.files = tuple(files)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.files)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and index.isValid():
            return display(self.files[index.row()][0], 1024)
        return None

    def size(self, row: int) -> str:
        """How long a file is."""
        where = self.files[row][1]
        return size_text(len(where) if isinstance(where, str) else where.nbytes)


class _Row(QStyledItemDelegate):
    """A file's name, elided in the middle, and its size at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint a row."""
        model, view = index.model(), option.widget
        if not isinstance(model, _Files) or not isinstance(view, QListView):
            return
        t, rect = theme(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view.hasFocus() else t.pressed)
            painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, t.hover)
        size = model.size(index.row())
        painter.setFont(view.font())
        metrics = painter.fontMetrics()
        room = rect.adjusted(24, 0, -24, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(t.text2)
        painter.drawText(room, centre | Qt.AlignmentFlag.AlignRight, size)
        painter.setPen(t.text)
        name = room.adjusted(0, 0, -metrics.horizontalAdvance(size) - 12, 0)
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, centre | Qt.AlignmentFlag.AlignLeft, text)


class CodePanel(QWidget):
    """Read-only, plain, monospace. ``shown`` says that a file is on the screen, or why it is not."""

    shown = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._pool: SourcePool | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.note = PlainLabel("", self, wrap=True, colour="text2")
        self.note.setContentsMargins(24, 10, 24, 8)
        layout.addWidget(self.note)
        layout.addWidget(Hairline(self))
        self.model = _Files()
        self.model.setParent(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFont(mono_font())
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName(tr("Files of the code"))
        self.list.setSpacing(0)
        slim(self.list)
        self.list.setMinimumHeight(2 * ROW)
        lower = QWidget(self)
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(24, 4, 20, 4)
        line.setSpacing(8)
        self.name = ElidedLabel("", lower, colour="text2", pixels=11)
        self.copy = CopyButton(tr("Copy the code"), lower)
        line.addWidget(self.name, 1)
        line.addWidget(self.copy)
        column.addLayout(line)
        self.text = PlainText(tr("The code"), lower)
        self.text.document().setDocumentMargin(4)
        self.text.setViewportMargins(20, 0, 4, 0)
        self.text.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        column.addWidget(self.text, 1)
        self._splitter = Splitter(self)
        self._splitter.setOrientation(Qt.Orientation.Vertical)
        self._splitter.addWidget(self.list)
        self._splitter.addWidget(lower)
        self._splitter.setStretchFactor(1, 1)
        layout.addWidget(self._splitter, 1)
        self.list.selectionModel().currentChanged.connect(lambda now, _: self._open(now.row()))

    def set_code(self, files: Sequence[Source], pool: SourcePool) -> None:
        """Show another document's code, its first file open."""
        self._lane.cancel()
        self._pool = pool
        self.model.set_files(files)
        many = counted(len(files), "source file", "source files")
        self.note.setText(tr("{0} came with the model. None of it was run here.").format(many))
        self.list.setVisible(len(files) > 1)  # the name of a lone file stands above its text anyway
        self._splitter.setSizes([ROW * min(max(len(files), 2), 7), 400])
        if files:
            self.list.setCurrentIndex(self.model.index(0))

    def _open(self, row: int) -> None:
        if not 0 <= row < len(self.model.files) or self._pool is None:
            return
        name, where = self.model.files[row]
        pool = self._pool
        self.name.setText(display(name, 1024))

        def work(cancel: Cancel, _: Report) -> tuple[Text, str]:
            text = read_text(where, pool)
            cancel.check()
            return text, shown_text(in_lines(text.text) if name.endswith(".json") else text.text)

        self._lane.start(work, lambda found: self._show(name, *found), self._failed)

    def _show(self, name: str, text: Text, shown: str) -> None:
        self.copy.set_copy(text.text)
        self.copy.setEnabled(True)
        if not text.whole or shown.endswith(CUT):
            told = tr("{0}, its beginning; it has {1}").format(display(name, 1024), size_text(text.nbytes))
            self.name.setText(told)
        self.text.setPlainText(shown)
        self.shown.emit()

    def _failed(self, error: CheckpointError) -> None:
        self.copy.set_copy("")
        self.copy.setEnabled(False)
        self.text.setPlainText(display(error, 2000))
        self.shown.emit()


CUT = "\n…"


def in_lines(text: str) -> str:
    """JSON, which machines write in one line, as a person would; anything else as it is."""
    if "\n" in text.strip():
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def shown_text(text: str) -> str:
    """Text as it may be read: lines stay, tabs are four blanks, what hides is shown, what is endless is cut."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        plain = line.expandtabs(4)
        lines += [
            display(plain[at : at + MAX_LINE], 12 * MAX_LINE) for at in range(0, max(1, len(plain)), MAX_LINE)
        ]
        if len(lines) > MAX_LINES:
            return "\n".join(lines[:MAX_LINES]) + CUT
    return "\n".join(lines)
