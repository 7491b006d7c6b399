"""The line below the values: what is selected, what is being searched or saved, and how that ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckptgui.engine.job import Progress
from ckptgui.gui.controls import Ground, ProgressLine
from ckptgui.gui.labels import ElidedLabel, LinkLabel
from ckptgui.gui.numbers import integer, tr

HEIGHT = 24
Act = Callable[[], object]


class ValuesFoot(Ground):
    """Shows one thing at a time: work in progress goes before what it said last, that before the selection."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("sunken", parent)
        self.setFixedHeight(HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        self.text = ElidedLabel("", self, colour="text2", pixels=11, mode=Qt.TextElideMode.ElideRight)
        self.line = ProgressLine(self, 80)
        self.share = ElidedLabel("", self, colour="text2", pixels=11)
        self.stop = LinkLabel(tr("Cancel"), self, pixels=11)
        self.link = LinkLabel("", self, pixels=11)
        for part in (self.text, self.line, self.share, self.stop, self.link):
            row.addWidget(part)
        row.addStretch(1)
        self._selected = ""
        self._said = ""
        self._act: Callable[[], object] | None = None
        self._going: dict[str, _Going] = {}
        self.stop.clicked.connect(self._on_stop)
        self.link.clicked.connect(lambda: self._act() if self._act else None)
        self._show()

    @property
    def busy(self) -> bool:
        """Whether work is shown."""
        return bool(self._going)

    def select(self, text: str) -> None:
        """What is selected; it takes the place of what was said."""
        self._selected, self._said, self._act = text, "", None
        self._show()

    def say(self, text: str, *, danger: bool = False, link: str = "", act: Act | None = None) -> None:
        """How something ended, and where that leads."""
        self._said, self._act = text, act
        self.link.setText(link)
        self._show(danger)

    def begin(self, key: str, text: str, cancel: Act) -> None:
        """Something goes on until ``end`` of the same key; ``cancel`` is asked to stop it."""
        self._said, self._act = "", None
        self._going.pop(key, None)
        self._going[key] = _Going(text, cancel)
        self._show()

    def progress(self, key: str, progress: Progress) -> None:
        """How far it is."""
        if key in self._going:
            self._going[key].done = progress
            self._show()

    def end(self, key: str) -> None:
        """It goes on no more."""
        if self._going.pop(key, None) is not None:
            self._show()

    def _on_stop(self) -> None:
        for going in list(self._going.values())[-1:]:
            going.cancel()

    def _show(self, danger: bool = False) -> None:
        going = list(self._going.values())[-1:]
        self.text.set_colour("danger" if danger else "text2")
        self.text.setText(going[0].text if going else self._said or self._selected)
        for part in (self.line, self.share, self.stop):
            part.setVisible(bool(going))
        if going:
            done, total = going[0].done.done, going[0].done.total
            self.line.set_share(done, total)
            self.share.setText(f"{integer(100 * done // total)} %" if total else "")
        self.link.setVisible(self._act is not None and not going)


@dataclass
class _Going:
    """Work that goes on."""

    text: str
    cancel: Act
    done: Progress = field(default_factory=lambda: Progress(0, 0))
