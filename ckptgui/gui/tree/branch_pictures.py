"""The distributions of branches and of folded layers for their rows, joined in the background."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.profile import BARS
from ckptgui.analysis.spread import Spread
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.jobs import Background
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.tree.shown import Shown

BATCH_SECONDS = 0.05
"""How long rows wait for each other's distributions; those of the next rows come after that."""

_KEPT = 20_000


class BranchPictures(QObject):
    """``changed``: some rows have theirs now."""

    changed = Signal()

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._shown: Shown | None = None

    def follow(self, shown: Shown | None) -> None:
        """Serve this tree from now on."""
        self._lane.cancel()
        self._shown = shown

    def want(self, nodes: Sequence[int]) -> None:
        """These rows are on the screen; those of which all is read get their distribution."""
        shown = self._shown
        if shown is None or self._lane.busy:
            return
        rows, pictures = shown.rows, shown.rows.figures.pictures
        copies = {node: rows.copies(node) for node in nodes}
        wanted = [
            (node, rows.members(node).tolist())
            for node, count in copies.items()
            if (count > 1 or shown.tree.row[node] < 0)
            and (node, count) not in pictures
            and rows.figures.is_whole(node)
        ]
        if not wanted:
            return
        if len(pictures) > _KEPT:
            pictures.clear()
        summaries = shown.summaries

        def work(cancel: Cancel, report: Report) -> dict[tuple[int, int], bytes]:
            stop = time.monotonic() + BATCH_SECONDS
            found: dict[tuple[int, int], bytes] = {}
            for node, members in wanted:
                found[node, len(members)] = _picture(summaries, members, cancel)
                if time.monotonic() > stop:
                    break
            return found

        self._lane.start(work, self._take)

    def _take(self, found: dict[tuple[int, int], bytes]) -> None:
        if self._shown is not None:
            self._shown.rows.figures.pictures.update(found)
            self.changed.emit()


def _picture(summaries: Summaries, members: Sequence[int], cancel: Cancel) -> bytes:
    """Bars from 0 to 255; none where a member cannot be read, as those of the rest would mislead."""
    spreads: list[Spread | None] = []
    for node in members:
        cancel.check()
        try:
            spreads.append(summaries.spread(node, cancel))
        except CheckpointError:  # the tensor's own row says why
            return b""
        if len(spreads) == _JOINED:  # in groups, so that a thousand layers take no more memory than some
            spreads = [Spread.joined(spreads)]
    whole = Spread.joined(spreads)
    return b"" if whole is None else whole.distribution().sparkline(BARS)


_JOINED = 64
