"""The inspector's lower half: pages under a strip of tabs, each made when it is first opened."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.summary import Summary
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.channels import has_channels
from ckptgui.engine.spectrum import may_have_spectrum
from ckptgui.gui.inspector.controls import TabStrip
from ckptgui.gui.inspector.details import DetailsTab
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerKind, LowerTab
from ckptgui.gui.inspector.page import LowerPages
from ckptgui.gui.inspector.precision.text import may_be_cast
from ckptgui.gui.inspector.values.tab import ValuesTab, why_no_values
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import tr

LEAST = 150
"""Height under which the panel scrolls rather than the page gets lower."""


def _any(_: TensorInfo) -> bool:
    return True


def _image(background: Background, parent: QWidget) -> LowerTab:
    from ckptgui.gui.inspector.image.tab import ImageTab

    return ImageTab(background, parent)


def _channels(background: Background, parent: QWidget) -> LowerTab:
    from ckptgui.gui.inspector.channels import ChannelsTab

    return ChannelsTab(background, parent)


def _spectrum(background: Background, parent: QWidget) -> LowerTab:
    from ckptgui.gui.inspector.spectrum import SpectrumTab

    return SpectrumTab(background, parent)


def _precision(background: Background, parent: QWidget) -> LowerTab:
    from ckptgui.gui.inspector.precision.tab import PrecisionTab

    return PrecisionTab(background, parent)


KINDS = (
    LowerKind("image", tr("Image"), lambda info: not why_no_values(info), _image),
    LowerKind("values", tr("Values"), _any, ValuesTab),
    LowerKind("channels", tr("Channels"), has_channels, _channels),
    LowerKind("spectrum", tr("Spectrum"), may_have_spectrum, _spectrum),
    LowerKind("precision", tr("Precision"), may_be_cast, _precision),
    LowerKind("details", tr("Details"), _any, lambda _, parent: DetailsTab(parent)),
)
"""From left to right. ``values`` and ``details`` fit every tensor."""


class LowerHalf(QWidget):
    """Shows one page for the tensor that is looked at. The page that was chosen last stays where it fits."""

    changed = Signal()
    filled = Signal()
    place_wanted = Signal(object)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._looked_at: LookedAt | None = None
        self._summary: Summary | None = None
        self._made: dict[str, LowerTab] = {}
        self._told: set[str] = set()
        self._chosen = KINDS[0].key
        self.strip = TabStrip([kind.title for kind in KINDS], self)
        self.pages = LowerPages(LEAST, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.pages, 1)
        self.strip.changed.connect(self._turn)
        self._show(self._chosen)

    def page(self, key: str) -> LowerTab:
        """A page, made now if need be."""
        if key not in self._made:
            number = _number(key)
            page = self._made[key] = KINDS[number].make(self._background, self.pages)
            self.pages.addWidget(page)
            page.filled.connect(self.filled)
            page.place_wanted.connect(self.place_wanted)
            page.counted.connect(lambda text: self.mark(key, text))
            if page.corner is not None:
                self.strip.add(page.corner)
        return self._made[key]

    @property
    def current(self) -> str:
        """The key of the page that is open."""
        return KINDS[self.strip.current()].key

    @property
    def waiting(self) -> bool:
        """Whether something of the open page is still to come."""
        return self.page(self.current).waiting

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Show another tensor."""
        self._looked_at, self._summary = looked_at, None
        self._told.clear()
        for number, kind in enumerate(KINDS):
            self.mark(kind.key, "")
            self.strip.tab(number).setVisible(kind.fits(looked_at.info))
        chosen = KINDS[_number(self._chosen)]
        self._show(chosen.key if chosen.fits(looked_at.info) else "values")

    def set_summary(self, summary: Summary) -> None:
        """Hand the tensor's figures to the pages that were told of the tensor."""
        self._summary = summary
        for key in self._told:
            self._made[key].set_summary(summary)

    def open(self, key: str) -> None:
        """Turn to a page."""
        self._chosen = key
        self._show(key)
        self.changed.emit()

    def _turn(self, number: int) -> None:
        self.open(KINDS[number].key)

    def _show(self, key: str) -> None:
        page = self.page(key)
        number = _number(key)
        if self.strip.current() != number:
            self.strip.tab(number).setChecked(True)
        self.pages.setCurrentWidget(page)
        self.strip.show_corner(page.corner)
        if self._looked_at is not None and key not in self._told:
            self._told.add(key)
            page.set_tensor(self._looked_at)
            if self._summary is not None:
                page.set_summary(self._summary)

    def mark(self, key: str, text: str) -> None:
        """Put a number that warns on a page's tab, before the page is opened; none where it is empty."""
        self.strip.set_mark(_number(key), text)


def _number(key: str) -> int:
    return next(number for number, kind in enumerate(KINDS) if kind.key == key)
