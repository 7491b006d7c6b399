"""Small controls of the inspector: heads of sections, segments to choose from, tabs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from ckptgui.gui.labels import MEDIUM, SEMIBOLD, Caption, PlainLabel, Pressable, draw_focus
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, TAB, theme, theme_signal, ui_font
from ckptgui.gui.tree.badges import Badge, Tone
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

_MARK_GAP = 8


class SectionHead(QWidget):
    """The name of a part of a page, what belongs to it at the right, and a hairline below."""

    def __init__(self, title: str, parent: QWidget | None = None, *, line: bool = True) -> None:
        super().__init__(parent)
        self._line = line
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 4 if line else 0)
        self.row.setSpacing(8)
        self.title = PlainLabel(title, self, pixels=11, weight=SEMIBOLD)
        self.row.addWidget(self.title)
        self.row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def add(self, widget: QWidget) -> None:
        """Put something at the right end."""
        self.row.addWidget(widget)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line below."""
        if self._line:
            QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, theme().hairline)


class _Segment(Pressable):
    """One choice of a segmented control."""

    def __init__(self, text: str, place: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._place = place
        self.setText(text)
        self.setCheckable(True)
        self.setFont(ui_font(11, MEDIUM))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(text)
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Room for the word."""
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 16, self.fontMetrics().height() + 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a bordered cell, rounded at the control's ends; the chosen one is pressed."""
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._place == "first":
            box.setRight(self.width() + 8)
        elif self._place == "last":
            box.setLeft(-8)
        elif self._place == "middle":
            box.adjust(-8, 0, 8, 0)
        ground = t.pressed if self.isChecked() else t.hover if self.underMouse() and self.isEnabled() else t.panel
        painter.setPen(QPen(t.control, 1))
        painter.setBrush(ground)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        if self._place in ("middle", "last"):
            painter.fillRect(QRectF(0, 0, 1, self.height()), t.control)
        painter.setPen(t.text3 if not self.isEnabled() else t.text if self.isChecked() else t.text2)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if self.hasFocus():
            draw_focus(painter, self.rect())


class Segmented(QWidget):
    """A caption and a few choices, one of which holds. The arrow keys walk through them."""

    chosen = Signal(str)

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.caption = Caption(title, self)
        self.caption.setContentsMargins(0, 0, 8, 0)
        layout.addWidget(self.caption)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QAbstractButton] = {}
        for number, (key, text) in enumerate(choices):
            last = len(choices) - 1
            place = "only" if last == 0 else "first" if number == 0 else "last" if number == last else "middle"
            button = _Segment(text, place, self)
            button.setAccessibleName(f"{title}: {text}")
            self._group.addButton(button, number)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.buttons[key] = button
            layout.addWidget(button)
        self._keys = [key for key, _ in choices]
        self._group.idToggled.connect(self._stop_at_what_holds)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._keys[number]))

    def _stop_at_what_holds(self, number: int, holds: bool) -> None:
        """Tab comes to the choice that holds, whoever let it hold."""
        policy = Qt.FocusPolicy.TabFocus if holds else Qt.FocusPolicy.NoFocus
        self._group.button(number).setFocusPolicy(policy)

    def current(self) -> str:
        """The key of the choice that holds."""
        return self._keys[self._group.checkedId()]

    def choose(self, key: str) -> None:
        """Let another choice hold, without telling."""
        self.buttons[key].setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose the neighbour."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        number = self._group.checkedId() + step
        while 0 <= number < len(self._keys) and not self._group.button(number).isEnabled():
            number += step
        if 0 <= number < len(self._keys):
            button = self._group.button(number)
            button.setFocus(Qt.FocusReason.TabFocusReason)
            button.click()


class _Tab(Pressable):
    """A word of the tab strip, underlined in the accent when it is the open one; ``mark`` is a badge behind it."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.mark: Badge | None = None
        self.setText(text)
        self.setCheckable(True)
        self.setFont(ui_font(13))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("{0}, tab").format(text))
        theme_signal().changed.connect(self.update)

    def set_mark(self, text: str) -> None:
        """Put a badge that warns behind the word, or take it away."""
        self.mark = Badge(text, Tone.WARN) if text else None
        words = f"{self.text()} {text}" if text else self.text()
        self.setAccessibleName(tr("{0}, tab").format(words))
        self.updateGeometry()
        self.update()

    def _font(self) -> QFont:
        return ui_font(13, MEDIUM if self.isChecked() else QFont.Weight.Normal)

    def sizeHint(self) -> QSize:
        """Room for the word in its wider weight, so that nothing moves when it opens."""
        self.ensurePolished()
        width = QWidget.fontMetrics(self).horizontalAdvance(self.text())
        mark = badge_width(self.mark) + _MARK_GAP if self.mark is not None else 0
        return QSize(width + mark + 22, TAB)

    def minimumSizeHint(self) -> QSize:
        """Where a panel is narrow the margins go first, then the ends of words."""
        return QSize(min(self.sizeHint().width(), 30), TAB)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the word and, when open or under the mouse, its state."""
        t, painter = theme(), QPainter(self)
        if self.underMouse() and not self.isChecked():
            painter.fillRect(self.rect().adjusted(0, 1, 0, -1), t.hover)
        painter.setFont(self._font())
        painter.setPen(t.text if self.isChecked() else t.text2)
        mark = badge_width(self.mark) + _MARK_GAP if self.mark is not None else 0
        room = self.rect().adjusted(0, 0, -mark, 0)
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width() - 2)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
        if self.mark is not None:
            right = (room.width() + painter.fontMetrics().horizontalAdvance(text)) // 2
            paint_badge(painter, self.mark, right + _MARK_GAP, self.height() // 2)
        if self.isChecked():
            painter.fillRect(0, self.height() - 2, self.width(), 2, t.accent)
        if self.hasFocus():
            draw_focus(painter, self.rect().adjusted(1, 1, -1, -3))


class TabStrip(QWidget):
    """Tabs that change the lower half of a panel."""

    changed = Signal(int)

    def __init__(self, names: Sequence[str], parent: QWidget | None = None, *, margin: int = 5) -> None:
        super().__init__(parent)
        self.setFixedHeight(TAB)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(margin, 0, margin, 0)
        self._layout.setSpacing(4)
        self._group = QButtonGroup(self)
        self._corners: list[QWidget] = []
        self._corner: QWidget | None = None
        for number, name in enumerate(names):
            tab = _Tab(name, self)
            self._group.addButton(tab, number)
            self._layout.addWidget(tab)
        self._layout.addStretch(1)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.changed)
        theme_signal().changed.connect(self.update)

    def add(self, widget: QWidget) -> None:
        """Put something at the right end, to be shown by ``show_corner``."""
        self._layout.addWidget(widget)
        self._corners.append(widget)
        widget.hide()

    def show_corner(self, widget: QWidget | None) -> None:
        """Show what was put at the right end, where the tabs leave room."""
        self._corner = widget
        self._fit()

    def _fit(self) -> None:
        tabs = [tab for tab in self._group.buttons() if not tab.isHidden()]
        taken = sum(tab.sizeHint().width() + self._layout.spacing() for tab in tabs)
        for widget in self._corners:
            room = self.width() - taken - 2 * self._layout.contentsMargins().left()
            widget.setVisible(widget is self._corner and widget.sizeHint().width() <= room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def set_mark(self, number: int, text: str) -> None:
        """Put a badge behind a tab's word, none where ``text`` is empty."""
        tab = self._group.button(number)
        assert isinstance(tab, _Tab)
        tab.set_mark(text)
        self._fit()

    def tab(self, number: int) -> QAbstractButton:
        """The button of one tab."""
        return self._group.button(number)

    def current(self) -> int:
        """Which tab is open."""
        return self._group.checkedId()

    def open(self, number: int) -> None:
        """Open a tab and tell."""
        if number != self.current():
            self._group.button(number).setChecked(True)
            self.changed.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right open the neighbour."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        shown = [number for number, tab in enumerate(self._group.buttons()) if not tab.isHidden()]
        number = shown[(shown.index(self.current()) + step) % len(shown)]
        self._group.button(number).setFocus(Qt.FocusReason.TabFocusReason)
        self.open(number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the band that the tabs stand on."""
        t, painter = theme(), QPainter(self)
        painter.fillRect(self.rect(), t.sunken)
        painter.fillRect(0, 0, self.width(), 1, t.hairline)
        painter.fillRect(0, self.height() - 1, self.width(), 1, t.hairline)
