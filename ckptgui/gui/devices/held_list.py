"""What of the open files lies on devices, a line each, with a word that lets go of it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.device.messages import Token
from ckptgui.gui.devices.holdings import Holding, Share
from ckptgui.gui.devices.words import amount_words, at_words
from ckptgui.gui.labels import ElidedLabel, LinkLabel
from ckptgui.gui.numbers import tr

MOST = 8
"""Lines; of more there is only the sum."""


class HeldList(QWidget):
    """``free_asked`` carries the tokens of what is to be let go."""

    free_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._lines: list[_Line] = []
        self._shown: list[tuple[str, frozenset[Token]]] = []
        self.hide()

    def show_held(self, held: Iterable[Holding]) -> None:
        """Show what is held now."""
        found = [(holding, share) for holding in held for share in holding.shares]
        lines = [(_words(holding, share), holding.tokens_on(share.device)) for holding, share in found]
        if len(lines) > 1:
            every = frozenset(token for _, tokens in lines for token in tokens)
            whole = amount_words(sum(s.tensors for _, s in found), sum(s.nbytes for _, s in found))
            lines = [*lines[:MOST], (tr("Together {0}").format(whole), every)]
        if lines == self._shown:
            return
        self._shown = lines
        for line in self._lines:
            line.hide()
            self._layout.removeWidget(line)
            line.deleteLater()
        self._lines = []
        for number, (text, tokens) in enumerate(lines):
            last = len(lines) > 1 and number == len(lines) - 1
            line = _Line(text, tr("Free everything") if last else tr("Free"), self)
            line.link.clicked.connect(lambda _=False, tokens=tokens: self.free_asked.emit(tokens))
            self._layout.addWidget(line)
            self._lines.append(line)
        self.setVisible(bool(lines))

    def lines(self) -> list[str]:
        """What is shown."""
        return [line.text.text() for line in self._lines]

    def links(self) -> list[LinkLabel]:
        """The words that let go, from top to bottom."""
        return [line.link for line in self._lines]


class _Line(QWidget):
    def __init__(self, text: str, word: str, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.text = ElidedLabel(text, self)
        self.link = LinkLabel(word, self)
        row.addWidget(self.text, 1)
        row.addWidget(self.link)


def _words(holding: Holding, share: Share) -> str:
    """``epoch_7.pt: 76 tensors, 488.8 MiB on cuda:0``"""
    words = tr("{0}: {1} {2}")
    return words.format(holding.name, amount_words(share.tensors, share.nbytes), at_words(share.device))
