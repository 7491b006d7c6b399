"""The two tensors whose difference is looked at, as the image page takes one tensor."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.difference_plane import DifferenceReader
from ckptgui.engine.plane import Plane, PlaneValues
from ckptgui.gui.inspector.lower_tab import LookedAt


@dataclass(frozen=True)
class ComparedAt(LookedAt):
    """``info`` is B's tensor, ``before`` A's of the same shape."""

    before: TensorInfo

    @property
    def is_difference(self) -> bool:
        """It is."""
        return True

    def reader(self, plane: Plane) -> PlaneValues:
        """The values of B − A."""
        return DifferenceReader(self.before, self.pool, self.info, self.pool, plane)
