"""The filter above the tree: a field for names, globs and expressions, and how many tensors fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ckptgui.core.tree.offers import Offer, Offers, Vocabulary, offers
from ckptgui.gui.assets import ICON, draw_icon
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import BUTTON, RADIUS_CONTROL, mono_font, theme, theme_signal, ui_font
from ckptgui.gui.tree.offer_list import OfferList

_PAUSE_MS = 15

EXAMPLES = ("dtype:bf16", "size:>10MB", "nan:>0")
"""What an empty field says can be typed."""

HELP = """Words that must all be in a name, in any case; -bias must not be.
*.bias, layers.?.mlp.* and [ab] fit from a dot to the end of a name.
/layers\\.(1|2)\\./ is a regular expression, fitting anywhere.
dtype:bf16, shape:768x*, ndim:2, size:>10MB and numel:1k..1M ask for properties.
role:bias, weight, norm or embedding goes by names; role:optimizer, model or ema by the part of the file.
nan:>0, zeros:>50%, std:<1e-4, min:, max: and mean: ask for what is known of tensors that were read.
Ctrl+Space shows all properties."""


class FilterBox(QLineEdit):
    """``asked`` comes a moment after the last key, so that a fast typist is answered once."""

    asked = Signal(str)
    left = Signal()  # Escape in an empty field, or a step down into the rows

    def __init__(
        self, parent: QWidget | None = None, examples: Sequence[str] = EXAMPLES, explained: str = HELP
    ) -> None:
        super().__init__(parent)
        self._examples, self._explained = examples, explained
        self._count = ""
        self._nothing = False
        self._problem = ""
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._ask)
        self.textChanged.connect(self._timer.start)
        self.textChanged.connect(self._leave_room)
        self._vocabulary: Vocabulary | None = None
        self._list = OfferList(self)
        self._list.taken.connect(self._take)
        self.textEdited.connect(lambda _: self._offer())
        self.setFrame(False)
        self.setFont(mono_font())
        self.setFixedHeight(BUTTON)
        self.setMaxLength(400)
        self.setPlaceholderText("")
        self.setAccessibleName(tr("Filter"))
        self.setAttribute(Qt.WidgetAttribute.WA_MacShowFocusRect, False)
        self._recolour()
        theme_signal().changed.connect(self._recolour)
        self._say("")

    def _recolour(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        palette.setColor(QPalette.ColorRole.Text, theme().text)
        self.setPalette(palette)

    def show_count(self, found: int | None, total: int, so_far: bool = False) -> None:
        """Say ``12 of 306`` at the right; None when nothing is asked. ``so_far``: more may fit once it is read."""
        words = tr("{} of {} so far") if so_far else tr("{} of {}")
        self._count = "" if found is None else words.format(integer(found), integer(total))
        self._nothing = found == 0 and not so_far
        self._say("")

    def show_problem(self, reason: str) -> None:
        """Say why what is typed cannot be used; what is shown stays as it is."""
        self._count = ""
        self._say(reason)

    def problem(self) -> str:
        """Why what is typed cannot be used, or nothing."""
        return self._problem

    def _say(self, problem: str) -> None:
        self._problem = problem
        self.setToolTip(plain_tooltip(problem or tr(self._explained)))
        self.setAccessibleDescription(problem or self._count)
        self._leave_room()
        self.update()

    def _note(self) -> str:
        """What stands at the right; a long reason gives way to what is typed."""
        typed = self.fontMetrics().horizontalAdvance(self.text())
        room = max(60, self.width() - (8 + ICON + 4) - typed - 32)
        return QFontMetrics(ui_font()).elidedText(self._problem or self._count, Qt.TextElideMode.ElideRight, room)

    def _leave_room(self) -> None:
        note = self._note()
        right = QFontMetrics(ui_font()).horizontalAdvance(note) + 16 if note else 8
        self.setTextMargins(8 + ICON + 4, 0, right, 0)

    def _ask(self) -> None:
        self.asked.emit(self.text().strip())

    def ask_now(self) -> None:
        """Do not wait for more keys."""
        self._timer.stop()
        self._ask()

    # what may be typed next

    def set_vocabulary(self, vocabulary: Vocabulary | None) -> None:
        """Offer what this file has."""
        self._vocabulary = vocabulary
        self._list.hide()

    @property
    def offer_list(self) -> OfferList:
        """The list below the field."""
        return self._list

    def _offer(self, asked: bool = False) -> None:
        known = self._vocabulary
        found = None if known is None else offers(self.text(), self.cursorPosition(), known, asked)
        self._list.show_offers(found)

    def _take(self, offer: Offer, to: Offers) -> None:
        text = self.text()
        after = " " if to.whole and not text[to.stop :].startswith(" ") else ""
        self.setText(text[: to.start] + offer.text + after + text[to.stop :])
        self.setCursorPosition(to.start + len(offer.text) + len(after))
        self._offer()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab takes what is offered."""
        return (forward and self._list.take()) or super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._list.hide()

    def sizeHint(self) -> QSize:
        return QSize(240, BUTTON)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._list.isVisible() and self._list.press(event):
            return
        if event.key() == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._offer(asked=True)
            return
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self.ask_now()
            else:
                self.left.emit()
            return
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.ask_now()
            self.left.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._leave_room()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wrong = self._nothing or bool(self._problem)
        line, width = (t.danger, 2) if wrong else (t.focus, 2) if self.hasFocus() else (t.control, 1)
        inset = width / 2
        painter.setPen(QPen(line, width))
        painter.setBrush(t.panel)
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, RADIUS_CONTROL, RADIUS_CONTROL)
        draw_icon(painter, QRect(8, 0, ICON, self.height()), "filter", "danger" if wrong else "text2")
        painter.setFont(ui_font())
        painter.setPen(t.danger if self._problem else t.text2)
        place = QRect(0, 0, self.width() - 10, self.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._note())
        painter.setPen(t.text2)
        if not self.text():
            self._paint_hint(painter)
        painter.end()
        super().paintEvent(event)

    def _paint_hint(self, painter: QPainter) -> None:
        """Words in the interface's font, what can be typed in the field's own, as far as there is room."""
        left = 8 + ICON + 6
        right = self.width() - 8
        words = tr("Filter by name or") + " "
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(left, 0, right - left, self.height()), centre, words)
        left += QFontMetrics(ui_font()).horizontalAdvance(words)
        painter.setFont(mono_font())
        metrics = QFontMetrics(mono_font())
        for example in self._examples:
            if left + metrics.horizontalAdvance(example) > right:
                break
            painter.drawText(QRect(left, 0, right - left, self.height()), centre, example)
            left += metrics.horizontalAdvance(example + "  ")
