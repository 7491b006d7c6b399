"""A sentence in which names lead somewhere and which can be selected and copied."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ckptgui.analysis.breakage.breakage import Piece
from ckptgui.gui.labels import token
from ckptgui.gui.theme import theme_signal, ui_font


class Sentence(QLabel):
    """``node_activated`` and ``member_activated`` carry the numbers of what was clicked; Tab reaches each name."""

    node_activated = Signal(int)
    member_activated = Signal(int)

    def __init__(
        self,
        pieces: Sequence[Piece] = (),
        parent: QWidget | None = None,
        *,
        colour: str = "text",
        wrap: bool = True,
    ) -> None:
        super().__init__(parent)
        self._pieces = tuple(pieces)
        self._colour = colour
        self.setFont(ui_font())
        self.setWordWrap(wrap)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
            | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.linkActivated.connect(self._activated)
        theme_signal().changed.connect(self._recolour)
        self._recolour()

    def set_pieces(self, pieces: Sequence[Piece]) -> None:
        """Say something else."""
        if self._pieces != tuple(pieces):
            self._pieces = tuple(pieces)
            self._fill()

    def set_colour(self, colour: str) -> None:
        """Take another token."""
        if colour != self._colour:
            self._colour = colour
            self._recolour()

    def plain(self) -> str:
        """The words without their links."""
        return "".join(piece.text for piece in self._pieces)

    def _recolour(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, token(self._colour))
        palette.setColor(QPalette.ColorRole.Link, token("accent"))
        self.setPalette(palette)
        self._fill()

    def _fill(self) -> None:
        self.setText("".join(map(_markup, self._pieces)))  # also for another theme: links keep their colour
        self.setAccessibleName(self.plain())

    def _activated(self, link: str) -> None:
        kind, _, number = link.partition(":")
        (self.node_activated if kind == "node" else self.member_activated).emit(int(number))


def _markup(piece: Piece) -> str:
    text = escape(piece.text)
    link = f"node:{piece.node}" if piece.node >= 0 else f"member:{piece.member}" if piece.member >= 0 else ""
    style = f"color:{token('accent').name()}; text-decoration:none"
    return f'<a href="{link}" style="{style}">{text}</a>' if link else text
