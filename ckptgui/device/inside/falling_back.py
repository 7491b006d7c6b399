"""Where figures of a resident tensor are worked out: on its device or, which is said, on this process's CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ckptgui.core.display import display
from ckptgui.device.inside.backend import Backend
from ckptgui.device.messages import DeviceError, DeviceKind, OutOfMemoryError

R = TypeVar("R")

INSTEAD = "It was worked out on the CPU instead."


class NotThere(DeviceError):  # noqa: N818 - a device that cannot do it has not failed
    """A device cannot do this, in a sentence."""


def worked_out(
    backend: Backend, needed: int, there: Callable[[], R], here: Callable[[], R], why_here: str = ""
) -> tuple[R, str]:
    """What ``there`` comes to on the device, which takes ``needed`` bytes of its memory; else what ``here`` does.

    The second value says why it was not on the device; it is empty where it was. ``why_here`` is a reason that is
    known beforehand. Nothing that was begun on the device is kept. What Apple's devices lack differs from one
    version to the next, so there it is found out by trying.
    """
    if why_here:
        return here(), f"{why_here} {INSTEAD}"
    try:
        with backend.scratch(needed):
            return there(), ""
    except (OutOfMemoryError, NotThere) as error:
        why = f"{error} {INSTEAD}"
    except RuntimeError as error:
        if backend.info().kind is not DeviceKind.MPS:
            raise
        why = f"{backend.name} does not do all of this ({display(str(error).partition(chr(10))[0])}). {INSTEAD}"
    backend.give_back()
    return here(), why
