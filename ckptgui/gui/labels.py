"""Text on the screen: always plain, always in a token's colour, elided in the middle where room is short."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ckptgui.gui.theme import theme, theme_signal, ui_font

SEMIBOLD = QFont.Weight.DemiBold
MEDIUM = QFont.Weight.Medium


def token(name: str) -> QColor:
    """A colour of the theme in force by its token, ``text2`` for instance."""
    colour: QColor = getattr(theme(), name)
    return colour


class PlainLabel(QLabel):
    """A label that shows exactly its text, whatever markup that text may look like. ``colour`` is a token."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        colour: str = "text",
        pixels: int = 13,
        weight: QFont.Weight = QFont.Weight.Normal,
        wrap: bool = False,
        selectable: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(ui_font(pixels, weight))
        self.setWordWrap(wrap)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._colour = colour
        self._recolour()
        theme_signal().changed.connect(self._recolour)
        self.setText(text)

    def set_colour(self, colour: str) -> None:
        """Take another token."""
        if colour != self._colour:
            self._colour = colour
            self._recolour()

    def _recolour(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, token(self._colour))
        self.setPalette(palette)


class Caption(PlainLabel):
    """Small secondary text: the word above a figure, an axis, a table's header."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, colour: str = "text2") -> None:
        super().__init__(text, parent, colour=colour, pixels=11, weight=MEDIUM)


class ElidedLabel(QWidget):
    """One line that gives up its middle when it has no room; the whole text is then its tooltip."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        colour: str = "text",
        pixels: int = 13,
        weight: QFont.Weight = QFont.Weight.Normal,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__(parent)
        self.setFont(ui_font(pixels, weight))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._colour = colour
        self._mode = mode
        self._text = ""
        theme_signal().changed.connect(self.update)
        self.setText(text)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_colour(self, colour: str) -> None:
        """Take another token."""
        self._colour = colour
        self.update()

    def setText(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.setAccessibleName(text)
        self._tell()
        self.updateGeometry()
        self.update()

    def shown(self) -> str:
        """What there is room for."""
        return self.fontMetrics().elidedText(self._text, self._mode, self.width())

    def _tell(self) -> None:
        self.setToolTip(plain_tooltip(self._text) if self.shown() != self._text else "")

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        """Room for a few characters."""
        return QSize(min(self.sizeHint().width(), 40), self.fontMetrics().height())

    def resizeEvent(self, event: object) -> None:
        """Tell the whole text once it does not fit."""
        self._tell()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text."""
        painter = QPainter(self)
        painter.setPen(token(self._colour))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.shown())


class Pressable(QAbstractButton):
    """A button that Return presses too; Qt's own plain button knows Space alone."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Click on Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)


class LinkLabel(Pressable):
    """A word that leads somewhere: accent text, underlined under the mouse, reachable by Tab."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, pixels: int = 13, colour: str = "accent"
    ) -> None:
        super().__init__(parent)
        self.setFont(ui_font(pixels))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._colour = colour
        theme_signal().changed.connect(self.update)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show another text; an ampersand in it is an ampersand."""
        super().setText(text)
        self.setShortcut("")
        self.setAccessibleName(text)
        self.updateGeometry()

    def _rect(self) -> QRect:
        return self.rect().adjusted(0, 1, 0, -1)

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Room for a few characters."""
        return QSize(min(self.sizeHint().width(), 40), self.sizeHint().height())

    def enterEvent(self, event: QEnterEvent) -> None:
        """Underline, and tell the whole text if it is elided."""
        metrics = self.fontMetrics()
        if metrics.horizontalAdvance(self.text()) > self.width():
            self.setToolTip(self.toolTip() or plain_tooltip(self.text()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text."""
        painter = QPainter(self)
        font = QFont(self.font())
        font.setUnderline(self.underMouse() and self.isEnabled())
        painter.setFont(font)
        painter.setPen(token(self._colour if self.isEnabled() else "text3"))
        text = QFontMetrics(font).elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.drawText(self._rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if self.hasFocus():
            draw_focus(painter, self.rect())


class Figure(QWidget):
    """A key figure: what it is, the number in 20/26, where it came from."""

    def __init__(self, title: str, number: str, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.title = Caption(title, self)
        self.number = PlainLabel(number, self, pixels=20, weight=SEMIBOLD, selectable=True)
        self.note = Caption(note, self)
        for part in (self.title, self.number, self.note):
            layout.addWidget(part)
        self.setAccessibleName(f"{title} {number} {note}".strip())


def draw_focus(painter: QPainter, rect: QRect, radius: int = 4) -> None:
    """The ring of keyboard focus: 2 px, inside ``rect``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = painter.pen()
    pen.setColor(theme().focus)
    pen.setWidth(2)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.restore()


def plain_tooltip(text: str) -> str:
    """``text`` for ``setToolTip``, which would otherwise guess whether it is markup."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f"<p style='white-space:pre-wrap'>{escaped}</p>" if text else ""
