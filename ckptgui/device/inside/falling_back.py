"""Where figures of a resident tensor are worked out: on its device or, which is said, on this process's CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from ckptgui.core.display import display
from ckptgui.device.inside.backend import Backend
from ckptgui.device.messages import DeviceError, OutOfMemoryError

R = TypeVar("R")

INSTEAD = "It was worked out on the CPU instead."


class NotThere(DeviceError):  # noqa: N818 - a device that does not do this has not failed
    """A device does not do this, in a sentence."""


def worked_out(
    backend: Backend, needed: int, there: Callable[[], R], here: Callable[[], R], why_here: str = ""
) -> tuple[R, str]:
    """What ``there`` comes to on the device, which takes ``needed`` bytes of its memory; else what ``here`` does.

    The second value says why it was not on the device; it is empty where it was. ``why_here`` is a reason that is
    known beforehand. Nothing that was begun on the device is kept. Raises ``DeviceGone`` where the device fails.
    """
    if why_here:
        return here(), f"{why_here} {INSTEAD}"
    try:
        with backend.scratch(needed):
            return _tried(backend, there), ""
    except (OutOfMemoryError, NotThere) as error:
        why = f"{error} {INSTEAD}"
    backend.give_back()
    return here(), why


def _tried(backend: Backend, there: Callable[[], R]) -> R:
    """What one of torch's operations refuses is not there, as long as the device still answers.

    Which ones Apple's devices lack differs from version to version, and a library that finds no memory for itself
    says so in an error of its own.
    """
    try:
        return there()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        backend.synchronise()
        first = display(str(error).partition("\n")[0])
        raise NotThere(f"{backend.name} does not do this: {first}.") from None
