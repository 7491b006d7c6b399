"""The metadata browser: a searchable tree of every value that is no tensor, each to be read whole and copied."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QSplitter,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.tensors import Path
from ckptgui.gui.controls import Hairline
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import Field, FlatHeader, slim
from ckptgui.gui.inspector.overview.metadata_model import MetadataModel, MetadataNode, matches, walk
from ckptgui.gui.inspector.plain_text import PlainText
from ckptgui.gui.labels import Caption, ElidedLabel, LinkLabel
from ckptgui.gui.numbers import counted, tr
from ckptgui.gui.theme import ui_font

MAX_FOUND = 1000
"""Findings of a search that are listed."""

_SLICE = 0.008
"""Seconds of searching at a time, between which the window lives on."""


class MetadataTree(QTreeView):
    """Ctrl+C copies the current value; the context menu has the other forms."""

    def __init__(self, model: MetadataModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setFont(ui_font())
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setAccessibleName(tr("Metadata"))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIndentation(16)
        slim(self)
        self.setHeader(FlatHeader(Qt.Orientation.Horizontal, self, lead=19))
        self.header().setSectionsMovable(False)
        self.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.header().resizeSection(0, 220)
        self.header().resizeSection(2, self.fontMetrics().horizontalAdvance("LambdaLRxx") + 12)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def current(self) -> MetadataNode | None:
        """The value that is looked at."""
        index = self.currentIndex()
        return self._model.node(index) if index.isValid() else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys named above."""
        node = self.current()
        if node is not None and event.matches(QKeySequence.StandardKey.Copy):
            copy_text(plain_value(node.value))
        else:
            super().keyPressEvent(event)

    def _menu(self, place: QPoint) -> None:
        if self.current() is not None:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.add_copies(menu)
            menu.popup(self.viewport().mapToGlobal(place))

    def add_copies(self, menu: QMenu) -> None:
        """The ways to copy the current value."""
        node = self.current()
        if node is None:
            return
        for text, copied in (
            (tr("Copy value"), plain_value(node.value)),
            (tr("Copy path"), "/".join(node.path)),
            (tr("Copy as Python"), repr(node.value)),
            (tr("Copy as JSON"), json.dumps(node.value, indent=2, ensure_ascii=False)),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, copied=copied: copy_text(copied))


class MetadataBrowser(QWidget):
    """Search box, tree, and the whole of the value that is looked at."""

    searched = Signal(int)  # how many values match

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: Json = None
        self._path: Path = ()
        self._search: Iterator[tuple[Path, Json]] | None = None
        self._words: list[str] = []
        self._found: list[tuple[Path, Json]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._bar = QWidget(self)
        top = QHBoxLayout(self._bar)
        top.setContentsMargins(16, 8, 16, 8)
        top.setSpacing(8)
        self.box = Field(tr("Search the metadata"), self._bar)
        self.box.setPlaceholderText(tr("Search names and values"))
        self.box.setClearButtonEnabled(True)
        self.count = Caption("", self._bar)
        self.count.hide()
        top.addWidget(self.box, 1)
        top.addWidget(self.count)
        layout.addWidget(self._bar)
        layout.addWidget(Hairline(self))
        self.model = MetadataModel(self)
        self.tree = MetadataTree(self.model, self)
        self.detail = PlainText(tr("The value in full"), self)
        self._detail_pane = QWidget(self)
        pane = QVBoxLayout(self._detail_pane)
        pane.setContentsMargins(8, 0, 8, 0)
        pane.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(8, 6, 8, 0)
        self.where = ElidedLabel("", self._detail_pane, colour="text2", pixels=11)
        self.copy = LinkLabel(tr("Copy…"), self._detail_pane)
        self.copy.clicked.connect(self._copy_menu)
        line.addWidget(self.where, 1)
        line.addWidget(self.copy)
        pane.addLayout(line)
        pane.addWidget(self.detail)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._splitter.addWidget(self.tree)
        self._splitter.addWidget(self._detail_pane)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(3)
        self._splitter.setSizes([400, 110])
        layout.addWidget(self._splitter, 1)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(120)
        self._delay.timeout.connect(self._begin_search)
        self._step = QTimer(self)
        self._step.setInterval(0)
        self._step.timeout.connect(self._search_on)
        self.box.textChanged.connect(lambda: self._delay.start())
        self.box.returnPressed.connect(self._begin_search)
        self.tree.selectionModel().currentChanged.connect(self._show_detail)
        self.model.modelReset.connect(self._show_detail)

    def set_metadata(self, value: Json, path: Path = ()) -> None:
        """Browse other metadata."""
        self._value, self._path = value, path
        self._delay.stop()
        self._step.stop()
        self.box.blockSignals(True)
        self.box.clear()
        self.box.blockSignals(False)
        self._tell_count("")
        self.model.set_root(value, path)
        self._open_small()

    def _open_small(self) -> None:
        """Open the first containers that are small, so that the page is not a list of closed ones."""
        budget = 40 - self.model.rowCount()
        for row in range(min(self.model.rowCount(), 40)):
            index = self.model.index(row, 0)
            size = self.model.node(index).size
            if 0 < size <= min(12, budget):
                self.tree.expand(index)
                budget -= size

    def show_path(self, path: Path) -> None:
        """Go to a value."""
        if self.box.text():
            self.box.clear()
            self._begin_search()
        index = self.model.index_of(path)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def _begin_search(self) -> None:
        self._delay.stop()
        self._words = self.box.text().lower().split()
        self._found = []
        if not self._words:
            self._step.stop()
            self._tell_count("")
            self.model.set_found(None)
            self._open_small()
            return
        self._search = walk(self._value, self._path)
        self._step.start()

    def _search_on(self) -> None:
        stop = time.monotonic() + _SLICE
        ended = self._search is None
        while self._search is not None and not ended and time.monotonic() < stop:
            member = next(self._search, None)
            if member is None or len(self._found) >= MAX_FOUND:
                ended = True
            elif matches(*member, self._words):
                self._found.append(member)
        if ended:
            self._step.stop()
            self._search = None
            self.model.set_found(self._found)
            more = "+" if len(self._found) >= MAX_FOUND else ""
            self._tell_count(counted(len(self._found), "match", "matches").replace(" ", f"{more} ", 1))
            if self._found:
                self.tree.setCurrentIndex(self.model.index(0, 0))
            self.searched.emit(len(self._found))

    def _tell_count(self, text: str) -> None:
        self.count.setText(text)
        self.count.setVisible(bool(text))

    def _show_detail(self) -> None:
        node = self.tree.current()
        self._detail_pane.setVisible(node is not None)
        if node is not None:
            self.where.setText(display(" › ".join(node.path), 1024))
            self.detail.setPlainText(detail_text(node.value))

    def _copy_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.tree.add_copies(menu)
        menu.popup(self.copy.mapToGlobal(QPoint(0, self.copy.height() + 2)))


def plain_value(value: Json) -> str:
    """A value as text for the clipboard: strings bare, containers as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return repr(value)


def detail_text(value: Json) -> str:
    """A value in full for reading: line breaks stay, everything else that hides is shown, the end is cut."""
    text = value if isinstance(value, str) else _bounded_json(value)
    if len(text) > MAX_DETAIL:
        text = f"{text[:MAX_DETAIL]}\n…"
    return "\n".join(display(line, MAX_DETAIL) for line in text.split("\n"))


def _bounded_json(value: Json) -> str:
    """JSON of a value, given up once it is longer than anyone reads."""
    parts, length = [], 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > MAX_DETAIL:
            break
    return "".join(parts)
