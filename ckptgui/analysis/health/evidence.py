"""What findings are drawn from: a checkpoint's table, its profile, and what second readings have told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ckptgui.analysis.health.channels import ChannelFacts
from ckptgui.analysis.health.names import general
from ckptgui.analysis.profile import FIGURES, Profile
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.dtypes import Kind
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.sharing import sharing
from ckptgui.core.tensors import TensorKind

_OFTEN = 1 << 14
"""Names between two looks whether the search was stopped: some 20 ms."""


@dataclass(frozen=True)
class Evidence:
    """``channels`` and ``beyond16`` hold the answers of second readings, by row; ``slots`` is None where nobody
    asked for the optimizer's. ``between`` is called now and then, so that it can stop the search.
    """

    checkpoint: Checkpoint
    profile: Profile
    slots: SlotMap | None = None
    channels: Mapping[int, ChannelFacts] = field(default_factory=dict)
    beyond16: Mapping[int, int] = field(default_factory=dict)
    between: Callable[[], None] = lambda: None

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

    @cached_property
    def siblings(self) -> dict[tuple[str, tuple[int, ...]], list[int]]:
        """Weights of one shape whose names differ in layers' numbers alone, by that name and shape."""
        table = self.checkpoint.tensors
        found: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        for number, row in enumerate(np.flatnonzero(self.weights & (table.numel > 1)).tolist()):
            if number % _OFTEN == 0:
                self.between()
            name = ".".join(table.path(row))
            common = general(name)
            if common != name:
                found.setdefault((common, table.shape(row)), []).append(row)
        return found

    def spiky(self, row: int) -> bool:
        """Whether a row or column of it was found to drown the others."""
        found = self.channels.get(row)
        return found is not None and (found.row is not None or found.column is not None)

    def shown(self, row: int) -> str:
        """A tensor's name below its section."""
        return self.checkpoint.info(row).name
