"""What goes over the wire to the process that has torch and back: requests, their parts, and what is said of them.

All of it is plain data. A request has a number; every word about it bears that number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale
from ckptgui.device.messages import Token
from ckptgui.engine.job import Progress
from ckptgui.errors import CheckpointError

PART = 128
"""Tensors a part: few enough that packing them holds nobody up."""

READ = 4 << 20
"""Bytes that are read of a resident tensor at once."""


@dataclass(frozen=True, slots=True)
class TakeInventory:
    """→ ``Inventory``. Answered at once, whatever else runs."""


@dataclass(frozen=True, slots=True)
class ReadRange:
    """``length`` bytes of a resident tensor from byte ``start``. Answered at once, with ``Raw``."""

    token: Token
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Free:
    """Let go of tensors → None. Answered at once; work under way on them ends first."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Bring tensors of files to ``device``, all or none. Its parts are their infos → rows of ``Arrived``."""

    first: Token
    device: str


@dataclass(frozen=True, slots=True)
class Bring:
    """Bring resident tensors to another device, all or none; they keep their tokens → rows of ``Arrived``."""

    tokens: tuple[Token, ...]
    device: str


@dataclass(frozen=True, slots=True)
class TakeDigest:
    """→ SHA-256 of the values as they lie there, in hexadecimal."""

    token: Token


@dataclass(frozen=True, slots=True)
class TakeSummary:
    """→ ``Summary``; with ``exact`` the usual quantiles are exact."""

    token: Token
    exact: bool


@dataclass(frozen=True, slots=True)
class Refine:
    """→ the tensor's ``Distribution``, finer from ``low`` to ``high``."""

    token: Token
    distribution: Distribution
    low: float
    high: float
    scale: Scale


@dataclass(frozen=True, slots=True)
class RefineBars:
    """→ the tensor's ``Distribution``, with no span across any of ``edges``."""

    token: Token
    distribution: Distribution
    edges: np.ndarray


@dataclass(frozen=True, slots=True)
class TakeSpectrum:
    """→ ``Spectrum``."""

    token: Token


@dataclass(frozen=True, slots=True)
class Compare:
    """→ the record (``DIFFERENCE``, 1) of two tensors of one shape, or None."""

    a: Token
    b: Token


@dataclass(frozen=True, slots=True)
class Arrived:
    """A tensor that lies on a device now; see ``Resident``."""

    token: Token
    device: str
    nbytes: int
    digest: bytes
    checked: bool


SHORT = (TakeInventory, ReadRange, Free)
"""What the process answers while it works on something else."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The process is ready."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a request that comes before it, or of its answer."""

    number: int
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, once its parts are there."""

    number: int
    request: Any


@dataclass(frozen=True, slots=True)
class Stop:
    """The wish that a request be given up."""

    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a request; a tuple has come in parts before. ``fell_back`` says why the CPU worked it out."""

    number: int
    value: Any = None
    fell_back: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """The end of a request for bytes: ``length`` of them follow on the wire as they are."""

    number: int
    length: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Work goes on. ``patience`` (seconds) is how long its next sign may take beyond the usual limit."""

    number: int
    progress: Progress | None = None
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """An expected failure of a request; None where it was given up as asked."""

    number: int
    error: CheckpointError | None


@dataclass(frozen=True, slots=True)
class Bug:
    """An unexpected failure of a request, as a traceback."""

    number: int
    traceback: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """The process ends by itself: torch cannot be loaded, or the device is lost."""

    reason: str
    lost: bool = True
