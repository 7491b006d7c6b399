"""What findings are drawn from: a checkpoint's table, its profile, and what second readings have told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ckptgui.analysis.profile import FIGURES, Profile
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.dtypes import Kind
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.sharing import sharing
from ckptgui.core.tensors import TensorKind


@dataclass(frozen=True, slots=True)
class Dead:
    """How many rows (places of the first dimension) and columns (of the second) have next to no norm."""

    rows: int
    columns: int


@dataclass(frozen=True)
class Evidence:
    """``dead`` and ``beyond16`` hold the answers of second readings, by row; ``slots`` is None where nobody asked
    for the optimizer's.
    """

    checkpoint: Checkpoint
    profile: Profile
    slots: SlotMap | None = None
    dead: Mapping[int, Dead] = field(default_factory=dict)
    beyond16: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def role(self) -> np.ndarray:
        """A tensor's role, as its place in ``tuple(Role)``."""
        order = list(Role)
        roles = np.full(len(self.checkpoint), order.index(Role.OTHER), np.int8)
        for section in self.checkpoint.sections:
            roles[section.start : section.stop] = order.index(section.role)
        return roles

    @cached_property
    def known(self) -> np.ndarray:
        """bool a tensor: it has figures."""
        return np.asarray(self.profile.records["known"] == FIGURES)

    @cached_property
    def floats(self) -> np.ndarray:
        """bool a tensor: real or complex floating point."""
        table = self.checkpoint.tensors
        kinds = np.array([dtype.kind in (Kind.FLOAT, Kind.COMPLEX) for dtype in table.dtypes] or [False])
        return np.asarray(kinds[table.dtype])

    @cached_property
    def weights(self) -> np.ndarray:
        """bool a tensor: a floating-point tensor of a model (or of its average), its first name, with figures.

        A model's buffers are left out where the file says that they are some: masks and running figures have
        their own ways.
        """
        table = self.checkpoint.tensors
        models = [list(Role).index(role) for role in (Role.MODEL, Role.EMA)]
        some = np.isin(self.role, models) & self.floats & self.known & (table.kind != TensorKind.BUFFER)
        return np.asarray(some & (table.kind != TensorKind.COMPONENT) & ~sharing(self.checkpoint).repeated)

    @cached_property
    def dimensions(self) -> np.ndarray:
        """int64 a tensor, how many it has."""
        return np.diff(self.checkpoint.tensors.dim_start)

    def shown(self, row: int) -> str:
        """A tensor's name below its section."""
        return self.checkpoint.info(row).name
