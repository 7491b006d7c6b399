"""What a page of the inspector's lower half is: it follows a tensor, and says when all of it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ckptgui.analysis.spectrum import Spectrum
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.plane import Plane, PlaneReader, PlaneValues
from ckptgui.engine.spectrum import find_spectrum
from ckptgui.gui.figures import Figures
from ckptgui.gui.jobs import Background
from ckptgui.sources.locate import SourcePool


@dataclass(frozen=True)
class LookedAt:
    """The tensor that is looked at, and what is needed to read it."""

    info: TensorInfo
    pool: SourcePool
    checkpoint: Checkpoint
    role: Role
    figures: Figures | None = field(default=None, kw_only=True)  # who takes it apart; None: this program

    @property
    def is_difference(self) -> bool:
        """Whether what is shown of it is how far it moved: zero is the middle of the colours then."""
        return False

    def reader(self, plane: Plane) -> PlaneValues:
        """What a picture of it is made of."""
        return PlaneReader(self.info, plane, self.pool)

    def spectrum(self, cancel: Cancel, report: Report) -> Spectrum:
        """Its singular values; on a job's thread."""
        if self.figures is None:
            return find_spectrum(self.info, cancel, report)
        return self.figures.spectrum(self.info, cancel, report)

    def follows(self, elder: LookedAt | None) -> bool:
        """Whether it is the same tensor of another epoch: what is seen of it stays where it is."""
        return elder is not None and (elder.info.path, elder.info.shape) == (self.info.path, self.info.shape)


class LowerTab(QWidget):
    """``filled`` says that nothing of what is seen is still to come; ``counted`` puts a number on the tab.

    A page is made when it is first opened, and told of a tensor only while it is open; it reads nothing before.
    """

    filled = Signal()
    counted = Signal(str)
    place_wanted = Signal(object)  # an index, to be shown among the values

    @property
    def waiting(self) -> bool:
        """Whether something of what is seen is still to come."""
        return False

    @property
    def corner(self) -> QWidget | None:
        """What stands at the right end of the tabs while the page is open."""
        return None

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Show another tensor; what was begun for the last one is dropped."""
        raise NotImplementedError

    def set_summary(self, summary: Summary) -> None:
        """Take the tensor's figures, once they are known."""


@dataclass(frozen=True)
class LowerKind:
    """A page that can be opened: for which tensors, and how it is made (late, for its imports' sake)."""

    key: str
    title: str
    fits: Callable[[TensorInfo], bool]
    make: Callable[[Background, QWidget], LowerTab]
