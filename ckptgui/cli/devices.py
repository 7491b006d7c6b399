"""``ckptgui devices``: where tensors can be, and how fast a checkpoint gets there and back."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from ckptgui.cli.opening import open_path
from ckptgui.cli.report import DONE, UsageError, complain, say
from ckptgui.cli.table import table
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import size
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.messages import DeviceError, DeviceInfo, DeviceKind, Inventory
from ckptgui.device.process import DeviceProcess
from ckptgui.engine.job import Cancel
from ckptgui.errors import CheckpointError


def run(options: argparse.Namespace) -> int:
    """Say which devices there are, or move a checkpoint to one and back."""
    if (options.path is None) != (options.to is None):
        raise UsageError("--try PATH and --to DEVICE go together (see ckptgui devices --help)")
    devices = DeviceProcess()
    try:
        inventory = devices.inventory(Cancel())
        if options.path is None:
            _show(inventory, options.json)
            return DONE
        return _try(devices, inventory, options)
    except DeviceError as error:
        return complain(str(error))
    finally:
        devices.close()


def _show(inventory: Inventory, as_json: bool) -> None:
    if as_json:
        entries = [_entry(device) for device in inventory.devices]
        say(
            json.dumps(
                {"devices": entries, "torch": inventory.torch_version, "reason": inventory.why_none or None}
            )
        )
        return
    rows = [("Device", "Hardware", "Total", "Free")]
    rows += [(each.name, each.title, size(each.total), size(each.free)) for each in inventory.devices]
    for line in table(rows, right=(2, 3)):
        say(line)
    if inventory.why_none:
        say(f"\n{inventory.why_none}")


def _entry(device: DeviceInfo) -> dict[str, Any]:
    return {
        "name": device.name,
        "kind": device.kind.value,
        "title": device.title,
        "total": device.total,
        "free": device.free,
    }


def _try(devices: DeviceProcess, inventory: Inventory, options: argparse.Namespace) -> int:
    device = next((each for each in inventory.devices if each.name == options.to), None)
    if device is None:
        return complain(f"There is no such device here. {_instead(inventory)}", options.to)
    try:
        answer = _there_and_back(devices, _tensors(options.path), device.name)
    except CheckpointError as error:
        return complain(str(error), options.path)
    if options.json:
        say(json.dumps(answer))
        return DONE
    name = f"{device.name} (simulated)" if device.kind is DeviceKind.SIMULATED else device.name
    same = "the same bytes came back" if answer["equal"] else "other bytes came back"
    speeds = " and ".join(
        f"{answer[key]:.2f} GB/s {way}" for key, way in (("to_gb_s", "there"), ("back_gb_s", "back"))
    )
    say(f"{size(answer['bytes'])} to {name}: {speeds}; {same}.")
    return DONE


def _instead(inventory: Inventory) -> str:
    return inventory.why_none or f"There is {', '.join(device.name for device in inventory.devices)}."


def _tensors(path: str) -> list[TensorInfo]:
    """What has values of its own in a checkpoint."""
    found = [info for info in open_path(path).tensors if info.error or info.extent is not None]
    damaged = next((info for info in found if info.error), None)
    if damaged is not None:
        raise CheckpointError(f"{display(damaged.name)}: {damaged.error}")
    if not found:
        raise CheckpointError("There are no tensors in it.")
    return found


def _there_and_back(devices: DeviceProcess, infos: list[TensorInfo], device: str) -> dict[str, Any]:
    began = time.perf_counter()
    there = devices.move(infos, device, Cancel())
    arrived = time.perf_counter()
    back = devices.bring([each.token for each in there], "cpu", Cancel())
    returned = time.perf_counter()
    equal = all(a.checked and b.checked and a.digest == b.digest for a, b in zip(there, back))
    nbytes = sum(each.nbytes for each in there)
    return {
        "device": there[0].device,
        "bytes": nbytes,
        "to_gb_s": nbytes / (arrived - began) / 1e9,
        "back_gb_s": nbytes / (returned - arrived) / 1e9,
        "equal": equal and len(there) == len(back) == len(infos),
    }
