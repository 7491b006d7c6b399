"""Small controls of the inspector: segments, tabs, a copy button, a figure that can be copied, heads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QFont, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from ckptgui.gui.labels import MEDIUM, SEMIBOLD, Caption, PlainLabel, draw_focus, plain_tooltip, token
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_CONTROL, TAB, theme, theme_signal, ui_font

COPIED_MS = 1200
"""How long a copy button says that it has copied, in milliseconds."""


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    QGuiApplication.clipboard().setText(text)


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


class _Segment(QAbstractButton):
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
        ground = t.pressed if self.isChecked() else t.hover if self.underMouse() else t.panel
        painter.setPen(QPen(t.control, 1))
        painter.setBrush(ground)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        if self._place in ("middle", "last"):
            painter.fillRect(QRectF(0, 0, 1, self.height()), t.control)
        painter.setPen(t.text if self.isChecked() else t.text2)
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
            self.buttons[key] = button
            layout.addWidget(button)
        self._keys = [key for key, _ in choices]
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._keys[number]))

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
        number = min(max(self._group.checkedId() + step, 0), len(self._keys) - 1)
        if number != self._group.checkedId():
            button = self._group.button(number)
            button.setFocus(Qt.FocusReason.TabFocusReason)
            button.click()


class _Tab(QAbstractButton):
    """A word of the tab strip, underlined in the accent when it is the open one."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setFont(ui_font(13))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("{0}, tab").format(text))
        theme_signal().changed.connect(self.update)

    def _font(self) -> QFont:
        return ui_font(13, MEDIUM if self.isChecked() else QFont.Weight.Normal)

    def sizeHint(self) -> QSize:
        """Room for the word in its wider weight, so that nothing moves when it opens."""
        self.ensurePolished()
        width = QWidget.fontMetrics(self).horizontalAdvance(self.text())
        return QSize(width + 22, TAB)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the word and, when open or under the mouse, its state."""
        t, painter = theme(), QPainter(self)
        if self.underMouse() and not self.isChecked():
            painter.fillRect(self.rect().adjusted(0, 1, 0, -1), t.hover)
        painter.setFont(self._font())
        painter.setPen(t.text if self.isChecked() else t.text2)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
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
        for number, name in enumerate(names):
            tab = _Tab(name, self)
            self._group.addButton(tab, number)
            self._layout.addWidget(tab)
        self._layout.addStretch(1)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.changed)
        theme_signal().changed.connect(self.update)

    def add(self, widget: QWidget) -> None:
        """Put something at the right end."""
        self._layout.addWidget(widget)

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
        number = (self.current() + step) % len(self._group.buttons())
        self._group.button(number).setFocus(Qt.FocusReason.TabFocusReason)
        self.open(number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the band that the tabs stand on."""
        t, painter = theme(), QPainter(self)
        painter.fillRect(self.rect(), t.sunken)
        painter.fillRect(0, 0, self.width(), 1, t.hairline)
        painter.fillRect(0, self.height() - 1, self.width(), 1, t.hairline)


_BACK_SHEET = ((7, 14.25), (5.75, 13), (5.75, 7), (7, 5.75), (13, 5.75), (14.25, 7))


class CopyButton(QAbstractButton):
    """Two sheets; a click copies ``text`` and a tick confirms it for a moment."""

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copied = False
        self._copy = ""
        self.setFixedSize(24, 24)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COPIED_MS)
        self._timer.timeout.connect(self._forget)
        self.clicked.connect(self._on_click)
        theme_signal().changed.connect(self.update)

    def set_copy(self, text: str) -> None:
        """What a click copies."""
        self._copy = text

    def _on_click(self) -> None:
        copy_text(self._copy)
        self.copied = True
        self._timer.start()
        self.update()

    def _forget(self) -> None:
        self.copied = False
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the hover."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint two sheets, or the tick."""
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(t.pressed if self.isDown() else t.hover)
            painter.drawRoundedRect(self.rect(), RADIUS_CONTROL, RADIUS_CONTROL)
        colour = t.ok if self.copied else t.text2
        painter.setPen(
            QPen(colour, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.copied:
            painter.drawPolyline([QPointF(7, 12.5), QPointF(10.5, 16), QPointF(17, 8.5)])
        else:
            painter.drawRoundedRect(QRectF(9.75, 9.75, 8.5, 8.5), 2, 2)
            painter.drawPolyline([QPointF(x, y) for x, y in _BACK_SHEET])
        if self.hasFocus():
            draw_focus(painter, self.rect())


class CopyFigure(QAbstractButton):
    """A number at the right of its cell. The tooltip has every digit; a click or Enter copies them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exact = ""
        self._mark = ""
        self._colour = "text"
        self._title = ""
        self.setFont(ui_font(13))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._on_click)
        theme_signal().changed.connect(self.update)

    def set_figure(
        self, title: str, text: str, exact: str, *, mark: str = "", note: str = "", colour: str = "text"
    ) -> None:
        """Show ``text``; ``mark`` stands pale before it, ``note`` is a second line of the tooltip."""
        self._exact, self._mark, self._colour, self._title = exact, mark, colour, title
        self.setText(text)
        self.setShortcut("")
        self.setToolTip(plain_tooltip("\n".join(filter(None, (exact, note)))))
        self.setAccessibleName(f"{title}: {mark}{text}")
        self.setAccessibleDescription(tr("Exactly {0}. Press to copy.").format(exact) if exact else "")
        self.setEnabled(bool(exact))
        self.updateGeometry()
        self.update()

    def exact(self) -> str:
        """What a click copies."""
        return self._exact

    def _on_click(self) -> None:
        copy_text(self._exact)

    def _mark_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._mark + " ") if self._mark else 0

    def sizeHint(self) -> QSize:
        """Room for the mark and the number."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + self._mark_width()
        return QSize(width + 2, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        """The same: a figure is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the number at the right, its mark before it."""
        t, painter = theme(), QPainter(self)
        right = self.rect().adjusted(0, 0, -1, 0)
        if self.underMouse() and self.isEnabled():
            painter.fillRect(self._ink(), t.hover)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(token(self._colour))
        painter.drawText(right, flags, self.text())
        if self._mark:
            painter.setPen(t.text2)
            width = self.fontMetrics().horizontalAdvance(self.text())
            painter.drawText(right.adjusted(0, 0, -width, 0), flags, self._mark + " ")
        if self.hasFocus():
            draw_focus(painter, self._ink())

    def _ink(self) -> QRect:
        width = min(self.sizeHint().width() + 6, self.width())
        return QRect(self.width() - width, 0, width, self.height())
