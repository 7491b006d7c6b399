"""This run as a folder: how often it was saved, what is missing, what it takes, what is stored again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.breakage.breakage import Piece
from ckptgui.core.display import display
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.findings.account import RunAccount
from ckptgui.gui.compare.findings.sentence import Sentence
from ckptgui.gui.compare.findings.words import disk, missing, name, saved_every
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.numbers import counted, integer, size_text, tr

MOST = 20
"""Members, or tensors, that have a line each."""


class FactsCard(QWidget):
    """A head and sentences; hidden where there is nothing to say."""

    node_activated = Signal(int)
    member_activated = Signal(int)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        grow_with_lines(self)
        self.head = SectionHead(title, self)
        column.addWidget(self.head)
        self.sentences: list[Sentence] = []

    def say(self, lines: Sequence[tuple[str, Sequence[Piece]]]) -> None:
        """One sentence a line, each in a token's colour."""
        column = self.layout()
        assert column is not None
        for old in self.sentences[len(lines) :]:
            old.hide()
            old.deleteLater()
        del self.sentences[len(lines) :]
        for place, (colour, pieces) in enumerate(lines):
            if place == len(self.sentences):
                sentence = Sentence((), self)
                sentence.node_activated.connect(self.node_activated)
                sentence.member_activated.connect(self.member_activated)
                column.addWidget(sentence)
                sentence.show()
                self.sentences.append(sentence)
            self.sentences[place].set_colour(colour)
            self.sentences[place].set_pieces(pieces)
        self.setVisible(bool(lines))


def folder_lines(account: RunAccount) -> list[tuple[str, Sequence[Piece]]]:
    """Of the folder as a whole."""
    series = account.series
    lines: list[tuple[str, Sequence[Piece]]] = [
        ("text", [Piece(disk(account.use, len({member.path for member in series.members}), len(series.members)))]),
        ("text", [Piece(saved_every(account.saving))]),
        ("warn", [Piece(missing(account.saving))]),
    ]
    for member, earlier in account.equal[:MOST]:
        same = Piece(tr(" has the same values in every tensor as "))
        lines.append(("text", [name(series, member, first=True), same, name(series, earlier), Piece(".")]))
    if len(account.equal) > MOST:
        more = tr("{0} more equal an earlier one.").format(integer(len(account.equal) - MOST))
        lines.append(("text2", [Piece(more)]))
    return [(colour, pieces) for colour, pieces in lines if any(piece.text for piece in pieces)]


def unchanging_lines(account: RunAccount) -> list[tuple[str, Sequence[Piece]]]:
    """Of tensors that are stored again in every checkpoint without having changed."""
    same = account.unchanging
    if not len(same.tensors) or len(account.series.whole) < 2:
        return []
    outline = account.series.matching.outline
    lead = tr(
        "{same} of {all} are the same in all checkpoints and stored again in each: {size} altogether."
    ).format(
        same=integer(len(same.tensors)),
        all=counted(same.looked_at, "tensor", "tensors"),
        size=size_text(same.nbytes),
    )
    pieces: list[Piece] = []
    for tensor in same.tensors[:MOST].tolist():
        pieces += [Piece(", ")] if pieces else []
        pieces.append(Piece(display(outline.names[tensor], 120), node=int(outline.node_of[tensor])))
    if len(same.tensors) > MOST:
        pieces.append(Piece(tr(" and {0} more").format(integer(len(same.tensors) - MOST))))
    return [("text", [Piece(lead)]), ("text2", pieces)]


def unread_lines(comparison: Comparison) -> list[tuple[str, Sequence[Piece]]]:
    """Of members that cannot be read, or not whole, and of readings that came to no end."""
    series = comparison.series
    reasons = {number: member.error for number, member in enumerate(series.members) if member.error}
    for task, failure in comparison.failures.items():
        number = getattr(task, "member", getattr(task, "b", -1))
        reasons.setdefault(number, failure)
    lines: list[tuple[str, Sequence[Piece]]] = []
    for number, reason in sorted(reasons.items())[:MOST]:
        who = display(series.members[number].title, 80)
        lines.append(("danger", [Piece(f"{who}: {display(reason, 400)}")]))
    if len(reasons) > MOST:
        lines.append(("text2", [Piece(tr("{0} more cannot be read.").format(integer(len(reasons) - MOST)))]))
    return lines
