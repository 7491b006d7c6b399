"""The epochs above everything: figures of the training, the handles A and B, buttons that step and play."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.scalar_curves import ScalarCurve, first_shown, scalar_curves
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.timeline.player import Player
from ckptgui.gui.compare.timeline.strip import TimelineStrip
from ckptgui.gui.compare.words import member_number, member_words
from ckptgui.gui.controls import Button, Ground, IconButton
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.menu_look import menu_sheet
from ckptgui.gui.numbers import counted, size_text, tr

SIDE = 208
_ROUND_ENDS = 44
"""Points beside the text of the button that says what is compared: its own and those of the column."""

LOOK_AGAIN = 120
"""Milliseconds between two counts of NaN while figures arrive."""


class Timeline(Ground):
    """The head of a series. ``player`` steps and plays; ``set_low`` leaves the curves out."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self._comparison = comparison
        self._curves: tuple[ScalarCurve, ...] = ()
        self._shown: tuple[str, ...] | None = None  # paths that somebody chose
        self.player = Player(comparison, self)
        self.strip = TimelineStrip(comparison, self)
        self.heading = PlainLabel(tr("Run"), self, weight=SEMIBOLD)
        self.summary = PlainLabel("", self, colour="text2", pixels=12)
        self.order = ElidedLabel("", self, colour="text2", pixels=12)
        self.before = IconButton("step-back", tr("Previous epoch") + " ([)", self)
        self.play = IconButton("play", tr("Play") + tr(" (Space)"), self)
        self.after = IconButton("step-forward", tr("Next epoch") + " (])", self)
        self.ends = Button("", self)
        self.chooser = IconButton("columns", tr("Curves"), self)
        self._lay_out()
        self.before.clicked.connect(lambda: self.player.step(-1))
        self.after.clicked.connect(lambda: self.player.step(1))
        self.play.clicked.connect(self.player.toggle)
        self.ends.clicked.connect(self._show_ends_menu)
        self.chooser.clicked.connect(self._show_curves_menu)
        self.player.changed.connect(self._describe)
        self._count = QTimer(self, singleShot=True, interval=LOOK_AGAIN)
        self._count.timeout.connect(self._count_bad)
        comparison.series_changed.connect(self._series_changed)
        comparison.ends_changed.connect(self._describe)
        comparison.profiled.connect(lambda _: None if self._count.isActive() else self._count.start())

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.before, self.play, self.after):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.chooser)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.setContentsMargins(12, 10, 0, 8)
        for part in (self.heading, self.summary, self.order):
            words.addWidget(part)
        words.addStretch(1)
        words.addLayout(buttons)
        words.addWidget(self.ends)
        side = QWidget(self)
        side.setFixedWidth(SIDE)
        side.setLayout(words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self.strip, 1)

    def set_low(self, low: bool) -> None:
        """In a low window the rows below need the height more than the curves do."""
        self.strip.set_low(low)
        for part in (self.heading, self.summary, self.order):
            part.setVisible(not low)

    # the series

    def _series_changed(self) -> None:
        members = self._comparison.series.members
        self._curves = scalar_curves(members)
        self.chooser.setEnabled(bool(self._curves))
        self.strip.show_curves(self._chosen())
        counter = counter_of(self._comparison.series)
        names = {"epoch": ("epoch", "epochs"), "step": ("checkpoint", "checkpoints"), "name": ("file", "files")}
        files = {member.path: member.nbytes for member in members}
        count = counted(len(files) if counter == "name" else len(members), *names[counter])
        self.summary.setText(f"{count}, {size_text(sum(files.values()))}")
        orders = {
            "epoch": tr("ordered by epoch in the file"),
            "step": tr("ordered by step in the file"),
            "name": tr("ordered by name"),
        }
        self.order.setText(orders[counter])
        self._count_bad()
        self._describe()

    def _count_bad(self) -> None:
        """How many values of each member are NaN or infinite, as far as it was read."""
        if self._comparison.series.members:
            nan, infinite = (np.nansum(self._comparison.figures(name), axis=0) for name in ("nan", "inf"))
            self.strip.show_bad(nan.astype(np.int64), infinite.astype(np.int64))

    def _describe(self) -> None:
        comparison, player = self._comparison, self.player
        self.before.setEnabled(player.can_step(-1))
        self.after.setEnabled(player.can_step(1))
        self.play.setEnabled(len(comparison.series.whole) > 1)
        self.play.set_icon("pause" if player.playing else "play", tr("Stop") if player.playing else tr("Play"))
        if comparison.series.members:
            a, b = (member_words(comparison.series, end) for end in (comparison.a, comparison.b))
            self.ends.setText(self._ends_text(a, b))
            self.ends.setToolTip(plain_tooltip(f"A {a} → B {b}"))

    def _ends_text(self, a: str, b: str) -> str:
        """With as much of both names as fits."""
        metrics = self.ends.fontMetrics()
        ending = PurePath(a).suffix
        if ending == PurePath(b).suffix:  # what both end in tells nothing
            a, b = a.removesuffix(ending), b.removesuffix(ending)
        series, room = self._comparison.series, SIDE - _ROUND_ENDS
        if counter_of(series) != "name" and metrics.horizontalAdvance(f"A {a} → B {b}") > room:
            a, b = (member_number(series, end) for end in (self._comparison.a, self._comparison.b))
        for limit in range(40, 3, -1):
            text = f"A {display(a, limit)} → B {display(b, limit)}"
            if metrics.horizontalAdvance(text) <= room:
                break
        return text

    # menus

    def _show_ends_menu(self) -> None:
        whole, comparison = self._comparison.series.whole, self._comparison
        if not whole:
            return
        before = comparison.previous(comparison.b)
        choices = (
            (tr("B with the epoch before it"), (before, comparison.b)),
            (tr("B with the first epoch"), (whole[0], comparison.b)),
            (tr("The last epoch with the first"), (whole[0], whole[-1])),
            (tr("Swap A and B"), (comparison.b, comparison.a)),
        )
        menu = QMenu(self)
        menu.setStyleSheet(menu_sheet())
        for text, (a, b) in choices:
            action = menu.addAction(text)
            action.setEnabled(a >= 0 and a != b and (a, b) != (comparison.a, comparison.b))
            action.triggered.connect(lambda _=False, a=a, b=b: comparison.set_ends(a, b))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.ends.mapToGlobal(QPoint(0, self.ends.height())))

    def _show_curves_menu(self) -> None:
        shown = {curve.path for curve in self._chosen()}
        menu = QMenu(self)
        menu.setStyleSheet(menu_sheet())
        for curve in self._curves[:MOST_OFFERED]:
            action = menu.addAction(display(curve.name, 60).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(curve.path in shown)
            action.toggled.connect(lambda ticked, path=curve.path: self._choose(path, ticked))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.chooser.mapToGlobal(QPoint(0, self.chooser.height())))

    def _choose(self, path: str, ticked: bool) -> None:
        shown = [curve.path for curve in self._chosen() if curve.path != path]
        self._shown = (*shown, path) if ticked else tuple(shown)
        self.strip.show_curves(self._chosen())

    def _chosen(self) -> Sequence[ScalarCurve]:
        if self._shown is None:
            return first_shown(self._curves)
        return [curve for curve in self._curves if curve.path in self._shown]


MOST_OFFERED = 40
"""Curves in the menu; what has more tells mostly settings."""
