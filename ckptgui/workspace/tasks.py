"""What there is to read of a series, and the news of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """Read the figures of a member's tensors."""

    member: int


@dataclass(frozen=True, slots=True)
class PairTask:
    """Compare member ``b`` with member ``a``."""

    a: int
    b: int


Task = ProfileTask | PairTask


@dataclass(frozen=True)
class News:
    """A part of what a task came to. ``records`` are of ``RECORD`` by row of the member's checkpoint, or of
    ``DIFFERENCE`` by tensor of the matching; ``errors`` by the same numbers. The last of a task is ``done``;
    ``failure`` says then why it could not be carried out to its end, as when a file changed.
    """

    task: Task
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    records: np.ndarray | None = None
    errors: dict[int, str] = field(default_factory=dict)
    done: bool = False
    failure: str = ""
