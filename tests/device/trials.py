"""Faults at random moments: whatever happens to the process, what is told is true and nothing is left over.

``python -m tests.device.trials COUNT [SEED]`` tries many; the suite tries a few.
"""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import torch

from ckptgui.device.messages import DeviceError, DeviceLostError, OutOfMemoryError
from ckptgui.device.process import DeviceProcess
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled
from ckptgui.formats.registry import open_checkpoint

FAULTS = ("none", "oom", "killed", "lost", "hang", "kill from outside", "stop from outside", "cancel", "close")
ENDS = {
    "none": (type(None),),
    "oom": (OutOfMemoryError,),
    "killed": (DeviceLostError,),
    "lost": (DeviceLostError,),
    "hang": (DeviceLostError,),
    "kill from outside": (DeviceLostError, type(None)),
    "stop from outside": (DeviceLostError, type(None)),
    "cancel": (Cancelled, type(None)),
    "close": (DeviceError, type(None)),
}
"""How a move may end; None where the fault comes after it."""

SOON = {"hang": 5.0, "stop from outside": 5.0, "cancel": 1.0}
"""Seconds from the fault to its being told; 3 for the others."""


def make_files(folder):
    """A checkpoint to keep on the device, and one whose move the fault meets."""
    torch.save({"kept": torch.randn(1000)}, folder / "kept.pt")
    torch.save({f"w{n}": torch.randn(20_000) for n in range(150)}, folder / "moved.pt")
    kept, moved = (list(open_checkpoint(str(folder / f"{name}.pt")).tensors) for name in ("kept", "moved"))
    return kept, moved, (folder / "kept.pt").read_bytes() + (folder / "moved.pt").read_bytes()


def trial(fault, chance, kept, moved):
    """One fault while ``moved`` is on its way; returns how the move ended."""
    inside = f",fault={fault}@{chance.random():.3f}" if fault in ("oom", "killed", "lost", "hang") else ""
    devices = DeviceProcess(f"memory=100MB,latency=1ms{inside}", limit=2.0)
    lost = []
    devices.lost.append(lost.append)
    try:
        (resident,) = devices.move(kept, "cpu", Cancel())
        cancel, at = Cancel(), []
        timer = threading.Timer(chance.random() * 0.4, _strike, (fault, devices, cancel, at))
        timer.start()
        began = time.monotonic()
        ended = _ending(devices, moved, cancel)
        told = time.monotonic() - (at[0] if at else began)
        timer.join()
        assert isinstance(ended, ENDS[fault]), (fault, ended)
        assert told < SOON.get(fault, 3.0), (fault, told)
        if ended is None and fault in ("kill from outside", "stop from outside"):
            _meet(devices, lost)
        if fault != "close":
            _look(devices, ended, resident, moved, lost)
    finally:
        devices.close()
    assert devices.residents() == {}
    return type(ended).__name__


def _strike(fault, devices, cancel, at):
    at.append(time.monotonic())
    match fault:
        case "kill from outside":
            os.kill(devices.pid, signal.SIGKILL)
        case "stop from outside":
            os.kill(devices.pid, signal.SIGSTOP)
        case "cancel":
            cancel.cancel()
        case "close":
            devices.close()
        case _:
            at.clear()


def _ending(devices, moved, cancel):
    try:
        devices.move(moved, "sim:0", cancel)
    except (DeviceError, Cancelled) as error:
        return error
    return None


def _meet(devices, lost):
    """The fault came after the move, so the next call meets it, or finds a new process already."""
    with suppress(DeviceLostError):
        devices.inventory(Cancel())
    assert lost


def _look(devices, ended, resident, moved, lost):
    """What is held is what was told, and it can be read; the next call works, in a new process if need be."""
    inventory = devices.inventory(Cancel())
    if lost:
        assert devices.residents() == {} and len(lost) == 1
        (resident,) = devices.move([resident.info], "cpu", Cancel())
    held = dict(devices.residents())
    assert len(held) == 1 + (len(moved) if ended is None and not lost else 0)
    assert all(each.checked for each in held.values())
    data = bytearray(resident.nbytes)
    assert devices.source(resident.token).read_into(0, memoryview(data)) == len(data)
    on_device = sum(each.nbytes for each in held.values() if each.device == "sim:0")
    late = time.monotonic() + 2
    while inventory.devices[-1].free != 100_000_000 - on_device:  # an abandoned move is rolled back soon
        assert time.monotonic() < late, (ended, inventory.devices[-1].free)
        inventory = devices.inventory(Cancel())


def run(count, seed, folder, say=lambda _: None, faults=FAULTS):
    """Try ``count`` faults in turn; nothing of any is left over. Returns how often each ended how."""
    chance = random.Random(seed)
    kept, moved, content = make_files(folder)
    ends = Counter()
    me = psutil.Process()
    files, children = me.num_fds(), len(me.children())
    for number in range(count):
        fault = faults[number % len(faults)]
        ends[fault, trial(fault, chance, kept, moved)] += 1
        assert (me.num_fds(), len(me.children())) == (files, children), fault
        say(f"{number + 1} {fault}")
    assert (folder / "kept.pt").read_bytes() + (folder / "moved.pt").read_bytes() == content
    return ends


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        tried = run(
            int(sys.argv[1]), int((sys.argv[2:] or ["0"])[0]), Path(scratch), lambda line: print(line, flush=True)
        )
    for (fault, end), times in sorted(tried.items()):
        print(f"{times:4} {fault}: {end}")
