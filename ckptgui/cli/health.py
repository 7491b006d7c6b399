"""The findings that ``info --stats`` ends with."""

from __future__ import annotations

from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.profile import Profile
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.optimizers.slots import slots
from ckptgui.engine.health import examine
from ckptgui.engine.job import Cancel
from ckptgui.sources.locate import SourcePool


def health(checkpoint: Checkpoint, profile: Profile) -> list[Finding]:
    """Worst first; reads suspicious tensors once more."""
    pool = SourcePool()
    try:
        return examine(checkpoint, profile, slots(checkpoint), pool, Cancel())
    finally:
        pool.close()
