"""What is said of devices: their names, their memory, and what lies on them. A simulated one always says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLocale

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.loading.saved_devices import listed, saved_devices, tells_devices
from ckptgui.device.messages import DeviceInfo, DeviceKind, Inventory
from ckptgui.gui.devices.holdings import Share
from ckptgui.gui.numbers import counted, integer, size, size_text, tr

CPU = "cpu"
"""How torch calls the memory of its process."""

_SIMULATED = "sim:"


def place_words(name: str) -> str:
    """A device as the place where a tensor is: ``cuda:0``, ``CPU memory``, ``sim:0 (simulated)``."""
    return tr("CPU memory") if name == CPU else device_words(name)


def at_words(name: str) -> str:
    """``on cuda:0``, ``in CPU memory``"""
    return tr("in CPU memory") if name == CPU else tr("on {0}").format(device_words(name))


def device_words(name: str) -> str:
    """A device by the name that torch has for it: ``cuda:0``, ``CPU``, ``sim:0 (simulated)``."""
    if name == CPU:
        return tr("CPU")
    shown = display(name, 40)
    return tr("{0} (simulated)").format(shown) if name.startswith(_SIMULATED) else shown


def memory_words(device: DeviceInfo) -> str:
    """``21.3 of 31.2 GiB free``; empty where the device does not say."""
    return tr("{0} free").format(_of_all(device)) if device.total > 0 else ""


def _of_all(device: DeviceInfo) -> str:
    """``21.3 of 31.2 GiB``: a decimal, as the last digits change all the time."""
    (_, unit), (free, free_unit) = size(device.total), size(device.free)
    whole = f"{_short(device.total)} {unit}"
    return tr("{0} of {1}").format(_short(device.free) if free_unit == unit else f"{free} {free_unit}", whole)


def _short(nbytes: int) -> str:
    number, unit = size(nbytes)
    power = {"GiB": 30, "TiB": 40, "PiB": 50}.get(unit)
    return number if power is None else QLocale().toString(nbytes / 2**power, "f", 1)


def room_words(needed: int, device: DeviceInfo) -> str:
    """``Needs 488.8 MiB; 78.2 of 79.6 GiB are free on cuda:0.``"""
    place = at_words(device.name)
    if not device.total:
        return tr("Needs {0} {1}.").format(size_text(needed), place)
    if needed > device.free:
        return tr("It needs {0}; {1} are free {2}.").format(size_text(needed), size_text(device.free), place)
    return tr("Needs {0}; {1} are free {2}.").format(size_text(needed), _of_all(device), place)


def so_far_words(done: int, total: int) -> str:
    """``120.0 of 488.8 MiB``"""
    (part, unit), (whole, whole_unit) = size(done), size(total)
    return tr("{0} of {1}").format(part if unit == whole_unit else f"{part} {unit}", f"{whole} {whole_unit}")


def amount_words(tensors: int, nbytes: int) -> str:
    """``76 tensors, 488.8 MiB``"""
    return f"{counted(tensors, 'tensor', 'tensors')}, {size_text(nbytes)}"


def held_words(shares: Sequence[Share]) -> str:
    """That what lies on devices can be shown whatever befell the file."""
    return tr("What is held can be shown: {0}.").format(_listed(shares))


def only_copy_words(shares: Sequence[Share]) -> str:
    """That what lies on devices is nowhere else any more."""
    return tr("The file is not on the disk as it was opened, so this is the only copy: {0}.").format(
        _listed(shares)
    )


def _listed(shares: Sequence[Share]) -> str:
    return ", ".join(f"{counted(s.tensors, 'tensor', 'tensors')} {at_words(s.device)}" for s in shares)


def saved_words(checkpoint: Checkpoint) -> str:
    """``The 229 tensors saved on cuda:0 are read here without one.``; empty where none were."""
    devices = saved_devices(checkpoint) if tells_devices(checkpoint) else []
    if not devices:
        return ""
    table = checkpoint.tensors
    count = int(np.isin(table.device, [table.devices.index(name) for name in devices]).sum())
    where = listed(devices)
    if count == 1:
        return tr("The tensor saved on {0} is read here without one.").format(where)
    return tr("The {0} tensors saved on {1} are read here without one.").format(integer(count), where)


LOOKED_FOR = "cuda:0"
"""The accelerator that is named where there is none."""


def move_words(target: DeviceInfo | None, *, known: bool) -> str:
    """What moves things to an accelerator: ``Move to cuda:0…``; before it is ``known`` which, to a device."""
    if target is not None:
        return tr("Move to {0}…").format(device_words(target.name))
    return tr("Move to {0}…").format(LOOKED_FOR if known else tr("a device"))


def resave_words(target: DeviceInfo | None) -> str:
    """What exports with a tag: ``Re-save for cuda:0…``"""
    name = target.name if target is not None and can_be_tag(target) else CPU
    return tr("Re-save for {0}…").format(device_words(name))


def why_no_accelerator(inventory: Inventory) -> str:
    """Why nothing can be moved to one; empty where there is one."""
    if inventory.accelerators:
        return ""
    return inventory.why_none or tr("There is no accelerator on this machine.")


def can_be_tag(device: DeviceInfo | None) -> bool:
    """Whether a file may say that its tensors belong there."""
    return device is not None and device.kind is DeviceKind.CUDA
