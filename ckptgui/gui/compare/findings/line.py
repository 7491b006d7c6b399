"""What broke in the selected tensor or module, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ckptgui.analysis.breakage.breakage import Breakage, Piece
from ckptgui.gui.compare.findings.sentence import Sentence
from ckptgui.gui.compare.findings.watch import RunWatch
from ckptgui.gui.compare.findings.words import badge
from ckptgui.gui.health.sign import Sign
from ckptgui.gui.labels import LinkLabel, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.tree.badges import Badge

HEIGHT = 28


class FindingLine(QWidget):
    """Hidden where nothing broke. A checkpoint's name leads to its step, the count to the whole run."""

    def __init__(self, watch: RunWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self.breakages: tuple[Breakage, ...] = ()
        self.setFixedHeight(HEIGHT)
        self.sign = Sign(Badge(""), self)
        self.sentence = Sentence((), self, wrap=False)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.sentence.member_activated.connect(self._show_step)
        self.sentence.node_activated.connect(watch.comparison.select)
        self.more = LinkLabel("", self)
        self.more.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.more.clicked.connect(lambda: watch.comparison.select(0))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 0)
        row.setSpacing(8)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.more)
        watch.changed.connect(self.refresh)
        watch.comparison.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say what is known of what is selected."""
        self.breakages = self._found()
        self.setVisible(bool(self.breakages))
        if not self.breakages:
            return
        first = self.breakages[0]
        self.sign.badge = badge(first)
        self.sign.setAccessibleName(self.sign.badge.text)
        self.sign.updateGeometry()
        self.sign.update()
        others = len(self.breakages) - 1
        account = self._watch.account
        all_of_run = len(account.breakages) if account is not None else 0
        self.more.setText(
            tr("+{0} more").format(integer(others)) if others else tr("{0} in the run").format(integer(all_of_run))
        )
        self.more.setVisible(all_of_run > 1)
        self.sentence.setToolTip(plain_tooltip("\n".join(each.text for each in self.breakages)))
        self._fit()

    def _found(self) -> tuple[Breakage, ...]:
        """The worst first; of a tensor and of a module alike."""
        comparison, account = self._watch.comparison, self._watch.account
        if account is None or account.series is not comparison.series or not comparison.selection:
            return ()
        if comparison.selected_tensor >= 0:
            places = sorted(account.of_tensor.get(comparison.selected_tensor, ()))
            return tuple(account.breakages[place] for place in places)
        below = comparison.selected_tensors
        return tuple(each for each in account.breakages if any(tensor in below for tensor in each.tensors))

    def _show_step(self, member: int) -> None:
        before = self._watch.comparison.previous(member)
        self._watch.comparison.set_ends(before if before >= 0 else member, member)

    def _fit(self) -> None:
        if self.breakages:
            pieces = without_name(self.breakages[0].pieces, self._watch.comparison.selection)
            self.sentence.set_pieces(fitting(pieces, self.sentence.width() - 2, self.sentence.fontMetrics()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, HEIGHT)


def without_name(pieces: Sequence[Piece], node: int) -> tuple[Piece, ...]:
    """The sentence without its subject, where that is the node whose name stands above it anyway."""
    first, *rest = pieces
    if first.node != node or not rest or rest[0].node >= 0 or rest[0].member >= 0:
        return tuple(pieces)
    words = rest[0].text.lstrip()
    if not words[:1].isalpha():
        return tuple(pieces)
    if words.startswith(tr("and ")):
        words = tr("this {0}").format(words)
    return (Piece(words[:1].upper() + words[1:]), *rest[1:])


def fitting(pieces: Sequence[Piece], width: int, metrics: QFontMetrics) -> tuple[Piece, ...]:
    """As much of a sentence as has room in one line."""
    found: list[Piece] = []
    for piece in _joined(pieces):
        needed = metrics.horizontalAdvance(piece.text)
        if needed > width:
            shown = metrics.elidedText(piece.text, Qt.TextElideMode.ElideRight, width)
            return (*found, Piece(shown, piece.node, piece.member))
        found.append(piece)
        width -= needed
    return tuple(found)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """With plain words that follow each other as one piece."""
    found: list[Piece] = []
    for piece in pieces:
        if found and (piece.node, piece.member) == (found[-1].node, found[-1].member) == (-1, -1):
            found[-1] = Piece(found[-1].text + piece.text)
        else:
            found.append(piece)
    return found
