"""How the selected tensor or module went over the epochs: its distribution and its figures."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.evolution import ridges
from ckptgui.gui.compare.evolution.chips import Chips
from ckptgui.gui.compare.evolution.figures import FIRST
from ckptgui.gui.compare.evolution.head import EvolutionHead, FigureButton
from ckptgui.gui.compare.evolution.modes import mode_of
from ckptgui.gui.compare.evolution.names import names_of
from ckptgui.gui.compare.evolution.pins import PinnedPaths
from ckptgui.gui.compare.evolution.plot import EvolutionPlot
from ckptgui.gui.compare.evolution.reader import Reader, Wish
from ckptgui.gui.compare.evolution.saving import EvolutionSaving, Heading
from ckptgui.gui.compare.evolution.scene import Line, Scene
from ckptgui.gui.compare.evolution.telling import notes, reason
from ckptgui.gui.controls import Ground
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, shape_text, tr
from ckptgui.workspace.evolution import Evolution

CROWDED = 60
"""Epochs from which density shows more than ridges, as long as nobody chose."""


class EvolutionPanel(Ground):
    """Follows the selection and the ends; a click on an epoch makes it B, with Shift A. ``painted``: it shows."""

    painted = Signal()

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        comparison.series_changed.connect(self._take_names)  # before the reader, which has them shown
        self.reader = Reader(comparison, self)
        self.pins = PinnedPaths(self)
        self._names = names_of(comparison.series)
        self._mode = ""  # that somebody chose
        self.head = EvolutionHead(self)
        self.chips = Chips(self)
        self.plot = EvolutionPlot(self)
        self.plot.setAccessibleName(
            tr("Epochs. Arrows read one, Return makes it B, with Shift A, P pins, Ctrl+C copies the data.")
        )
        self.figure = FigureButton(self.plot)
        self.note = PlainLabel("", self, colour="text2", pixels=11, wrap=True)
        self.all = LinkLabel("", self, pixels=11)
        self.saving = EvolutionSaving(comparison.background, self.plot, self._heading)
        self._lay_out()
        self._connect()
        self.chips.setVisible(False)
        self._show()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(2)
        column.addWidget(self.head)
        chips = QHBoxLayout()
        chips.setContentsMargins(12, 2, 12, 2)
        chips.addWidget(self.chips)
        column.addLayout(chips)
        column.addWidget(self.plot, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 0, 12, 0)
        foot.setSpacing(8)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.all, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(foot)
        told = QHBoxLayout()
        told.setContentsMargins(12, 0, 12, 0)
        told.addWidget(self.saving.told)
        column.addLayout(told)

    def _connect(self) -> None:
        head, plot, comparison = self.head, self.plot, self.comparison
        head.modes.chosen.connect(self._choose_mode)
        for switch in (head.values, head.counts, head.axis):
            switch.chosen.connect(self._choose_scale)
        head.pin.clicked.connect(self.toggle_pin)
        head.more.clicked.connect(lambda: self.open_menu(head.more.mapToGlobal(head.more.rect().bottomLeft())))
        self.chips.changed.connect(self._curves_changed)
        self.chips.unpinned.connect(self.pins.toggle)
        self.pins.changed.connect(self._pins_changed)
        self.figure.picked.connect(self._pick_figure)
        self.all.clicked.connect(self._toggle_all)
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.customContextMenuRequested.connect(lambda at: self.open_menu(plot.mapToGlobal(at)))
        plot.chosen.connect(self._choose_end)
        plot.copy_wanted.connect(self.saving.copy_data)
        plot.pin_wanted.connect(self.toggle_pin)
        plot.painted.connect(self.painted)
        self.reader.changed.connect(self._show)
        comparison.selection_changed.connect(self.saving.quiet)
        comparison.series_changed.connect(self._keep_pins)

    def menu(self) -> QMenu:
        """What can be done with the plot, the scales too: there is not always room for their buttons."""
        menu = self.saving.menu()
        menu.addSeparator()
        head, curves = self.head, self.mode == "curves"
        for switch in (head.axis,) if curves else (head.values, head.counts):
            log = switch.current() == "log"
            action = menu.addAction(tr("{0} on a log scale").format(switch.caption.text()))
            action.setCheckable(True)
            action.setChecked(log)
            action.triggered.connect(switch.buttons["linear" if log else "log"].click)
        menu.addSeparator()
        pin = menu.addAction((tr("Unpin") if self.reader.path in self.pins else tr("Pin")) + "\tP")
        pin.setEnabled(head.pin.isEnabled())
        pin.triggered.connect(self.toggle_pin)
        return menu

    def open_menu(self, at: QPoint) -> None:
        """Show the menu at a place of the screen."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    # what is wanted

    @property
    def mode(self) -> str:
        """The way in which it is shown: of the run itself its figures, as all of its values take long to read."""
        if not self.comparison.selection:
            return "curves"
        return self._mode or ("density" if len(self.comparison.series.members) >= CROWDED else "ridges")

    def show_mode(self, key: str) -> None:
        """Show ``ridges``, ``overlay``, ``density`` or ``curves``."""
        self._choose_mode(key)

    def _choose_mode(self, key: str) -> None:
        self._mode = key
        self._show()

    def _choose_scale(self, _: str) -> None:
        log = self.head.values.current() == "log"
        self.reader.choose(Wish("symlog" if log else "linear", self.reader.wish.whole))
        self._show()

    def _toggle_all(self) -> None:
        self.reader.choose(Wish(self.reader.wish.scale, not self.reader.wish.whole))

    def _pick_figure(self, name: str) -> None:
        self.figure.show_figure(name)
        self._show()

    def _curves_changed(self) -> None:
        if FIRST in self.chips.curves:
            self.reader.compare_with_first()
        self._show()

    def _choose_end(self, member: int, is_a: bool) -> None:
        self.comparison.choose(member, as_a=is_a)

    # pins

    def toggle_pin(self) -> None:
        """Keep the curves of what is selected beside those of others, or no longer."""
        held = self.reader.path in self.pins
        self.pins.toggle(self.reader.path)
        if not held:
            self._choose_mode("curves")

    def _pins_changed(self) -> None:
        self.reader.pin([path for path, _ in self.pins.besides("")])
        self._show()

    def _take_names(self) -> None:
        self._names = names_of(self.comparison.series)

    def _keep_pins(self) -> None:
        """Of another series: those that it still has."""
        self.pins.keep(path for path, _ in self.pins.besides("") if self.comparison.outline.find(path))

    # showing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reader.look(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.reader.look(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_figure()

    def _show(self) -> None:
        """Show what is known by now."""
        self._show_mode()
        self._show_title()
        evolution = self.reader.evolution
        scene = None if evolution is None else self._scene(evolution)
        self.plot.show_scene(scene)
        self._show_notes(evolution if scene is not None else None)
        self._place_figure()

    def _show_mode(self) -> None:
        if self.plot.mode.key != self.mode:
            self.plot.show_mode(mode_of(self.mode))
        self.head.show_mode(self.mode)
        self.head.modes.setVisible(bool(self.comparison.selection))
        self.chips.setVisible(self.mode == "curves")
        self.chips.show_banded(bool(self.comparison.selection))

    def _show_title(self) -> None:
        comparison, path = self.comparison, self.reader.path
        tensor = comparison.selected_tensor
        shape = comparison.matching.shape(tensor) if tensor >= 0 else None
        self.head.show_tensor(display(path, 400) or tr("All tensors"), shape, self._role(tensor))
        self.head.over.setText(self._names.over)
        held = path in self.pins
        self.head.pin.setChecked(held)
        self.head.pin.setEnabled(held or (bool(path) and not self.pins.full))
        full = tr("{0} are pinned; take one away first.").format(len(self.pins))
        words = tr("Unpin (P): its curves go") if held else tr("Pin (P): keep its curves beside those of others")
        self.head.pin.setToolTip(plain_tooltip(words if self.head.pin.isEnabled() else full))
        self.chips.show_pins(self.pins.besides(path))

    def _role(self, tensor: int) -> Role:
        if tensor < 0:
            return Role.OTHER
        matching = self.comparison.matching
        for part, row in zip(matching.parts, matching.rows[tensor].tolist()):
            section = part.checkpoint.section_of(row) if part is not None and row >= 0 else None
            if section is not None:
                return section.role
        return Role.OTHER

    def _scene(self, evolution: Evolution) -> Scene:
        path, names = self.reader.path, self._names
        lines = [Line(path, self.reader.held.table)]
        lines += [Line(each, self.reader.of(each).table, slot) for each, slot in self.pins.besides(path)]
        self.reader.of(path)
        return Scene(
            evolution,
            tuple(lines),
            names.labels,
            names.words,
            names.counter,
            self.comparison.a,
            self.comparison.b,
            self.head.counts.current() == "log",
            self.figure.figure,
            tuple(self.chips.shown),
            self.head.axis.current() == "log",
            self.reader.integral,
            tuple(reason(each, self.reader.busy) for each in evolution.found),
        )

    def _show_notes(self, evolution: Evolution | None) -> None:
        whole, curves = self.reader.wish.whole, self.mode == "curves"
        said = [] if evolution is None else notes(evolution, whole=whole)
        read = 0 if evolution is None else sum(each is not None for each in evolution.found)
        if evolution is not None and self.reader.busy and read < len(evolution.found):
            said.insert(
                0, tr("{0} of {1} read.").format(integer(read), counted(len(evolution.found), "epoch", "epochs"))
            )
        self.note.setText(" ".join(said))
        beyond = evolution is not None and evolution.outside.sum() >= 0.5
        self.all.setText(tr("Show the middle") if whole else tr("Show all"))
        self.all.setVisible(not curves and (whole or bool(beyond)))
        self.note.setVisible(bool(said) and not curves)

    def _place_figure(self) -> None:
        scene = self.plot.scene
        shown = scene is not None and self.mode == "ridges"
        if scene is not None and shown:
            place = ridges.plan(scene, QRectF(self.plot.rect()))
            shown = place.figures.width() > 0
            at = QPoint(round(place.figures.right()) - self.figure.width() + 13, 0)
            self.figure.move(min(at.x(), self.plot.width() - self.figure.width() - 1), 1)
        self.figure.setVisible(shown)

    def _heading(self) -> Heading:
        comparison, tensor = self.comparison, self.comparison.selected_tensor
        facts = [tr("over {0}").format(counted(len(comparison.series.members), "epoch", "epochs"))]
        if tensor >= 0:
            facts.append(shape_text(comparison.matching.shape(tensor)))
        evolution = self.reader.evolution
        if evolution is not None and not evolution.exact and self.mode != "curves":
            facts.append(tr("bars approximate"))
        near = comparison.series.members[0].path if comparison.series.members else ""
        return Heading(display(self.reader.path, 400), " · ".join(facts), near)
