"""Sentences above a document: what is wrong with the file, what was done, and the one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.controls import Ground, Hairline, IconButton
from ckptgui.gui.labels import SEMIBOLD, LinkLabel, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme_signal


class Tone(Enum):
    """How a notice sounds: the token of its ground, and of its icon."""

    PLAIN = ("sunken", "accent")
    QUIET = ("panel", "text2")
    WARN = ("warn_ground", "warn")
    DANGER = ("danger_ground", "nan")


@dataclass(frozen=True)
class Notice:
    """One banner. A new one with the same ``key`` replaces it; without ``lasting`` it can be put away."""

    key: str
    icon: str
    title: str
    text: str = ""
    tone: Tone = Tone.PLAIN
    link: str = ""
    act: Callable[[], None] | None = None
    lasting: bool = False


class NoticeArea(QWidget):
    """The banners of a document, one below the other; no height when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._banners: dict[str, Banner] = {}

    def show_notice(self, notice: Notice) -> None:
        """Put up a banner."""
        self.remove(notice.key)
        banner = Banner(notice, self)
        banner.put_away.clicked.connect(lambda: self.remove(notice.key))
        self._banners[notice.key] = banner
        self._layout.addWidget(banner)

    def remove(self, key: str) -> None:
        """Take a banner down, if it is up."""
        banner = self._banners.pop(key, None)
        if banner is not None:
            banner.hide()
            self._layout.removeWidget(banner)
            banner.deleteLater()

    def clear(self) -> None:
        """Take all down."""
        for key in list(self._banners):
            self.remove(key)

    def notices(self) -> list[Notice]:
        """What is up now, top first."""
        return [banner.notice for banner in self._banners.values()]

    def banner(self, key: str) -> Banner:
        """A banner that is up."""
        return self._banners[key]


class Banner(Ground):
    """One notice as it is shown: icon, title and text, a link, a cross."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        ground, ink = notice.tone.value
        super().__init__(ground, parent)
        self.notice = notice
        self.title = PlainLabel(notice.title, self, weight=SEMIBOLD, wrap=True, selectable=True)
        self.link = LinkLabel(notice.link, self)
        self.link.setVisible(bool(notice.link))
        if notice.act is not None:
            self.link.clicked.connect(notice.act)
        self.put_away = IconButton("close", tr("Put this away"), self, side=22, size=14)
        self.put_away.setVisible(not notice.lasting)

        words = QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(0)
        words.addWidget(self.title)
        if notice.text:
            words.addWidget(PlainLabel(notice.text, self, wrap=True, selectable=True))
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(Icon(notice.icon, ink, self), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.link, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.put_away, 0, Qt.AlignmentFlag.AlignTop)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(row)
        outer.addWidget(Hairline(self))


class Icon(QWidget):
    """An icon before a sentence, in the colour of a token."""

    def __init__(self, name: str, token: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._token = name, token
        self.setFixedSize(18, 20)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), self.rect(), self._name, self._token)
