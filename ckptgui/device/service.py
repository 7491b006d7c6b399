"""What the rest of the program may ask of the process that has torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale
from ckptgui.analysis.spectrum import Spectrum
from ckptgui.analysis.summary import Summary
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.messages import DeviceLostError, Inventory, Resident, Token
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.sources.base import ByteSource


class DeviceService(Protocol):
    """Blocking calls, for any thread but the GUI's; several threads may call at once.

    The process is started on first need and replaced when it dies. Every call raises ``DeviceError`` or one of its
    children where the device fails, ``DeviceLostError`` where the process does, and ``Cancelled``. What runs on a
    resident tensor runs on its device and comes to the same answer as on the CPU; where the device has not the
    memory for it, it runs in the process on the CPU (``fell_back`` says of the last one why).
    """

    changed: list[Callable[[], None]]
    """Called after what the process holds has changed; on any thread, so they must only pass it on."""

    lost: list[Callable[[DeviceLostError], None]]
    """Called with the reason after the process has died, likewise."""

    def inventory(self, cancel: Cancel) -> Inventory:
        """The devices and their memory now."""
        ...

    def move(
        self, infos: Sequence[TensorInfo], device: str, cancel: Cancel, report: Report = silent
    ) -> tuple[Resident, ...]:
        """Bring tensors of files to ``device``, all or none of them; ``report`` counts bytes.

        One name's tensor that is another one's is brought once for each. The bytes are read by the process itself.
        """
        ...

    def bring(
        self, tokens: Sequence[Token], device: str, cancel: Cancel, report: Report = silent
    ) -> tuple[Resident, ...]:
        """Bring resident tensors to another device, all or none; they keep their tokens and leave the old one."""
        ...

    def free(self, tokens: Sequence[Token]) -> None:
        """Let go of tensors; a token that is not held any more is no error."""
        ...

    def residents(self) -> Mapping[Token, Resident]:
        """What the process holds, as it is known here; does not ask it."""
        ...

    def source(self, token: Token) -> ByteSource:
        """The bytes of a resident tensor where they lie, for everything that reads bytes: figures, exports."""
        ...

    def digest(self, token: Token, cancel: Cancel, report: Report = silent) -> str:
        """SHA-256 of the values as they lie there, in hexadecimal; that of ``info --digest`` for the file."""
        ...

    def summarise(self, token: Token, cancel: Cancel, report: Report = silent, *, exact: bool = False) -> Summary:
        """Figures and distribution (``engine.summarise``)."""
        ...

    def refine(
        self,
        token: Token,
        distribution: Distribution,
        low: float,
        high: float,
        cancel: Cancel,
        report: Report = silent,
        scale: Scale = "linear",
    ) -> Distribution:
        """A closer look at a part of the distribution (``engine.refine``)."""
        ...

    def refine_bars(
        self, token: Token, distribution: Distribution, edges: np.ndarray, cancel: Cancel, report: Report = silent
    ) -> Distribution:
        """The distribution with no span across any of ``edges`` (``engine.refine_bars``)."""
        ...

    def spectrum(self, token: Token, cancel: Cancel, report: Report = silent) -> Spectrum:
        """Singular values (``engine.spectrum``)."""
        ...

    def compare(self, a: Token, b: Token, cancel: Cancel, report: Report = silent) -> np.ndarray | None:
        """The record (``DIFFERENCE``, 1) of two tensors of one shape (``engine.compare_one``)."""
        ...

    @property
    def fell_back(self) -> str:
        """Why the last figures were worked out on the CPU; empty where they were not."""
        ...

    def close(self) -> None:
        """Free everything and end the process; nothing of it outlives this program."""
        ...
