"""The column of presets: a name, the exact size that it comes to, and what it does."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.gui.controls import Ground
from ckptgui.gui.export.words import preset_words
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.labels import MEDIUM, SEMIBOLD, LinkLabel, PlainLabel, Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.workspace.export_presets import Preset

WIDTH = 224
_HEIGHT = 44


class PresetButton(Pressable):
    """One preset; the one that is in use has the accent edge."""

    def __init__(self, preset: Preset, parent: QWidget) -> None:
        super().__init__(parent)
        self.preset = preset
        self._size: int | None = None
        self.setCheckable(True)
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme_signal().changed.connect(self.update)
        self._tell()

    def show_size(self, nbytes: int | None) -> None:
        """Show the bytes that it comes to; -1 where it cannot be, None while that is not known."""
        self._size = nbytes
        self._tell()

    def size_words(self) -> str:
        """The size as it is shown."""
        if self._size is None:
            return ""
        return size_text(self._size) if self._size >= 0 else "–"

    def _tell(self) -> None:
        words = preset_words(self.preset.request)
        self.setAccessibleName(f"{display(self.preset.title, 200)}, {self.size_words()}, {words}")
        self.setToolTip(plain_tooltip(f"{display(self.preset.title, 200)}\n{words}"))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space chooses it; all other keys are for the list and the dialogue."""
        if event.key() == Qt.Key.Key_Space:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        if self.isChecked():
            painter.fillRect(self.rect(), t.sel)
            painter.fillRect(0, 0, 2, self.height(), t.accent)
        elif self.underMouse():
            painter.fillRect(self.rect(), t.hover)
        inner = self.rect().adjusted(14, 5, -12, -5)
        painter.setPen(t.text2)
        painter.setFont(ui_font())
        size = self.size_words()
        width = painter.fontMetrics().horizontalAdvance(size)
        line = QRect(inner.left(), inner.top(), inner.width(), 18)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, size)
        painter.setPen(t.text)
        painter.setFont(ui_font(13, MEDIUM if self.isChecked() else QFont.Weight.Normal))
        title = painter.fontMetrics().elidedText(
            display(self.preset.title, 200), Qt.TextElideMode.ElideRight, line.width() - width - 8
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(t.text2)
        painter.setFont(ui_font(11))
        words = painter.fontMetrics().elidedText(
            preset_words(self.preset.request), Qt.TextElideMode.ElideRight, inner.width()
        )
        below = QRect(inner.left(), inner.top() + 18, inner.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        if self.hasFocus():
            draw_focus(painter, self.rect(), 0)


class PresetList(QScrollArea):
    """``chosen`` carries a key; the others what shall be done with a preset: forget, rename, save the settings."""

    chosen = Signal(str)
    forget_asked = Signal(str)
    rename_asked = Signal(str)
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slim(self)
        self._page = Ground("sunken", self)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 10, 0, 10)
        self._column.setSpacing(0)
        self.save = LinkLabel(tr("Save these settings as a preset…"), self._page)
        self.save.clicked.connect(self.save_asked)
        self.buttons: dict[str, PresetButton] = {}
        self._heads: list[QWidget] = []
        below = QHBoxLayout()
        below.setContentsMargins(11, 10, 8, 0)
        below.addWidget(self.save)
        self._column.addLayout(below)
        self._column.addStretch(1)
        self.setWidget(self._page)

    def show_presets(self, presets: Sequence[Preset], current: str) -> None:
        """List others; sizes that are known stay."""
        sizes = {key: button._size for key, button in self.buttons.items()}
        for part in (*self.buttons.values(), *self._heads):
            self._column.removeWidget(part)
            part.hide()
            part.deleteLater()
        self.buttons, self._heads = {}, []
        self._head(tr("Presets"))
        for preset in presets:
            if not preset.own:
                self._button(preset, sizes.get(preset.key))
        if any(preset.own for preset in presets):
            self._head(tr("Yours"))
        for preset in presets:
            if preset.own:
                self._button(preset, sizes.get(preset.key))
        self.choose(current)
        before: QWidget | None = None
        for button in (*self.buttons.values(), self.save):
            if before is not None:
                QWidget.setTabOrder(before, button)
            before = button

    def _head(self, text: str) -> None:
        head = PlainLabel(text, self._page, pixels=11, weight=SEMIBOLD, colour="text2")
        head.setContentsMargins(14, 8, 0, 4)
        self._heads.append(head)
        self._column.insertWidget(self._column.count() - 2, head)

    def _button(self, preset: Preset, size: int | None) -> None:
        button = PresetButton(preset, self._page)
        button.show_size(size)
        button.clicked.connect(lambda: self._take(preset.key))
        self.buttons[preset.key] = button
        self._column.insertWidget(self._column.count() - 2, button)
        button.show()  # at once: it may be given the keyboard

    def _take(self, key: str) -> None:
        self.choose(key)
        self.chosen.emit(key)

    def choose(self, key: str) -> None:
        """Let another one be in use, without telling."""
        for each, button in self.buttons.items():
            button.setChecked(each == key)

    def current(self) -> str:
        """The key of the one that is in use."""
        return next((key for key, button in self.buttons.items() if button.isChecked()), "")

    def show_size(self, key: str, nbytes: int) -> None:
        """Say how much a preset comes to."""
        if key in self.buttons:
            self.buttons[key].show_size(nbytes)

    def menu(self, key: str) -> QMenu:
        """What can be done with a preset."""
        menu = QMenu(self)
        if self.buttons[key].preset.own:
            menu.addAction(tr("Rename…")).triggered.connect(lambda: self.rename_asked.emit(key))
            menu.addAction(tr("Delete")).triggered.connect(lambda: self.forget_asked.emit(key))
        else:
            menu.addAction(tr("As it was at first")).triggered.connect(lambda: self.forget_asked.emit(key))
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = self._page.mapFromGlobal(event.globalPos())
        under = next((key for key, button in self.buttons.items() if button.geometry().contains(place)), "")
        focused = next((key for key, button in self.buttons.items() if button.hasFocus()), "")
        key = focused if event.reason() is QContextMenuEvent.Reason.Keyboard else under
        if key:
            menu = self.menu(key)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down walk through the presets, Delete and F2 are for one's own."""
        keys = list(self.buttons)
        focus = self.window().focusWidget()
        at = next((number for number, key in enumerate(keys) if self.buttons[key] is focus), -1)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if at >= 0 and step is not None:
            button = self.buttons[keys[min(max(0, at + step), len(keys) - 1)]]
            button.setFocus(Qt.FocusReason.TabFocusReason)
            button.click()
        elif at >= 0 and self.buttons[keys[at]].preset.own and event.key() == Qt.Key.Key_Delete:
            self.forget_asked.emit(keys[at])
        elif at >= 0 and self.buttons[keys[at]].preset.own and event.key() == Qt.Key.Key_F2:
            self.rename_asked.emit(keys[at])
        else:
            super().keyPressEvent(event)
