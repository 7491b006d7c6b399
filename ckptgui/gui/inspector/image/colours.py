"""The column beside a picture that says where colours end: chosen by hand, or as the values are usually spread."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.blocks import Shown
from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.summary import Summary
from ckptgui.gui.inspector.image.limits import WIDTH, LimitsBar, Scale
from ckptgui.gui.inspector.image.shading import USUAL, Limits, Look, Picture, usual_limits
from ckptgui.gui.labels import Caption
from ckptgui.gui.numbers import significant, tr
from ckptgui.gui.palettes import Palette
from ckptgui.gui.theme import theme

_BARS = 64

Block = tuple[int, int]


class ColoursColumn(QWidget):
    """Keeps the limits of one tensor's pictures. ``changed`` says that a picture wants other colours."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.palette_chosen = Palette.BY_SIGN
        self.centred = False  # limits are even about zero, as those of differences
        self._distribution: Distribution | None = None
        self._usual: Limits | None = None
        self._chosen: Limits | None = None
        self._found: dict[tuple[Block, Shown], Limits] = {}
        self.bar = LimitsBar(self)
        self.beyond = Caption("", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(Caption(tr("Limits"), self))
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.beyond)
        self.setFixedWidth(WIDTH)
        self.bar.dragged.connect(self._take)
        self.bar.reset.connect(self.reset)

    def forget_tensor(self, *, keep_limits: bool = False) -> None:
        """Another tensor follows; limits that somebody chose may stay, for the same colours in each epoch."""
        self._distribution = self._usual = None
        if not keep_limits:
            self._chosen = None
        self._found.clear()

    def forget_pictures(self) -> None:
        """Another plane follows, or more of this one is known."""
        self._found.clear()

    def set_summary(self, summary: Summary) -> None:
        """Take the usual limits of single values from the tensor's figures."""
        figures, spread = summary.statistics, summary.distribution
        if spread is not None and spread.total and figures.min is not None and figures.max is not None:
            self._distribution = spread
            self._usual = usual_limits(*spread.bounds(USUAL), float(figures.min), float(figures.max))

    def look(self, block: Block, number: Shown, apart: int) -> Look:
        """How a picture of such blocks is coloured; where no limits are known yet, by what is in it."""
        limits = self._chosen or (self._usual if block == (1, 1) else None) or self._found.get((block, number))
        return Look(number, limits, self.palette_chosen, theme(), apart, self.centred)

    def show_picture(self, picture: Picture) -> None:
        """Show a picture's limits, and keep to them for others of its blocks."""
        block = picture.view.cells.block
        self._found.setdefault((block, picture.look.shown), picture.limits)
        bars, beyond = picture.bars, picture.beyond
        if picture.view.cells.exact and self._distribution is not None:
            span, whole = picture.span, self._distribution
            bars = whole.histogram(_BARS, "linear", span.low, span.high).counts
            inside = whole.histogram(1, "linear", picture.limits.low, picture.limits.high).total
            beyond = max(0.0, 1 - inside / whole.total)
        self.bar.show_scale(Scale(picture.limits, picture.span, bars, self.palette_chosen))
        self.beyond.setText(tr("{0} % beyond").format(significant(100 * beyond, 2)) if beyond > 0 else "")

    @property
    def signed(self) -> bool:
        """Whether the colours in use go both ways from zero."""
        return self.bar.scale is None or self.bar.scale.limits.signed

    def _take(self, limits: Limits) -> None:
        self._chosen = limits
        if self.bar.scale is not None:
            self.bar.show_scale(replace(self.bar.scale, limits=limits))
        self.changed.emit()

    def reset(self) -> None:
        """Go back to the usual limits."""
        self._chosen = None
        self.changed.emit()

    def choose_palette(self, palette: Palette) -> None:
        """Paint in another palette."""
        self.palette_chosen = palette
        self.changed.emit()
