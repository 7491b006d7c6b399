"""What a request's handler works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ckptgui.device.inside.backend import Backend
from ckptgui.device.inside.holding import Held, Holding
from ckptgui.device.messages import DeviceError, Token
from ckptgui.engine.job import Cancel, Report


@dataclass(slots=True)
class Work:
    """One request under way.

    ``cancel`` is for looking at between chunks, ``report`` for telling how far it came: that is the sign of life
    without which the process is ended after some seconds. Ahead of a step that can give none (a decomposition)
    call ``patience`` with how many seconds it may take. ``fell_back`` is set to a sentence where it had to be
    worked out on the CPU.
    """

    holding: Holding
    backends: Mapping[str, Backend]
    cancel: Cancel
    report: Report
    patience: Callable[[float], None]
    parts: tuple[object, ...] = ()
    fell_back: str = field(default="")

    def held(self, token: Token) -> Held:
        """The tensor; raises ``DeviceError`` where it was let go."""
        return self.holding[token]

    def backend(self, name: str) -> Backend:
        """The device of that name; raises ``DeviceError`` where there is none."""
        found = self.backends.get(name)
        if found is None:
            raise DeviceError(f"There is no {name} here; there is {', '.join(self.backends)}.")
        return found
