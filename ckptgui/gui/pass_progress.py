"""How far the reading of a whole checkpoint is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What the reading of the whole file does."""

    WAITING = "waiting"  # it has not begun
    READING = "reading"
    STOPPED = "stopped"  # somebody had enough, or the file changed; it can go on
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class PassProgress:
    """``done`` of ``total`` bytes, ``remembered`` of them known from an earlier time, the others in ``seconds``.

    ``failures`` counts tensors that could not be read, ``changed`` says that the file is not what it was,
    ``preparing`` that reading waits for what is compiled once for this machine.
    """

    phase: Phase = Phase.WAITING
    done: int = 0
    total: int = 0
    remembered: int = 0
    seconds: float = 0.0
    failures: int = 0
    changed: bool = False
    preparing: bool = False

    @property
    def rate(self) -> float:
        """Bytes a second, 0 where it is not known yet."""
        return (self.done - self.remembered) / self.seconds if self.seconds > 0 else 0.0
