"""A process that fails in every way there is: a reason in words, soon, and the next call starts a new one."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

from ckptgui.device import channel
from ckptgui.device.messages import DeviceError, DeviceLostError
from ckptgui.device.process import DeviceProcess
from ckptgui.device.wire import HungUpError, Wire
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled

ROOT = Path(__file__).parents[2]

SAID = {
    "SIGKILL": "was killed (SIGKILL), as the system does where memory runs out",
    "SIGSEGV": "crashed (SIGSEGV)",
    "SIGSTOP": "did not answer for 0.5 s",
    "exit": "ended by itself with status 0",
    "exit 3": "ended by itself with status 3 (MemoryError: no more)",
    "exit while sending": "ended by itself with status 0",
    "garbage": "sent what is no answer",
    "gigabyte": "sent what is no answer",
    "unmakeable message": "sent what is no answer",
    "somebody else's answer": "sent what is no answer",
    "lost": "cuda:0 failed: CUDA error: unspecified launch failure;",
    "silence": "did not answer for 0.5 s",
}


@pytest.fixture
def how(monkeypatch):
    """Puts a stub in the place of the process; the list's first item says how it fails."""
    ways = ["none"]

    def start(end, simulated, words):
        return subprocess.Popen(
            [sys.executable, "-m", "tests.device.stub", str(end.fileno()), ways[0]],
            pass_fds=[end.fileno()],
            stdout=words,
            stderr=words,
            cwd=ROOT,
        )

    monkeypatch.setattr(channel, "start", start)
    return ways


@pytest.fixture
def devices(how):
    found = DeviceProcess("", limit=0.5)
    yield found
    found.close()


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("way", SAID)
def test_the_reason_is_told_soon_and_the_next_call_starts_anew(devices, how, way):
    heard = []
    devices.lost.append(heard.append)
    files, children = open_files(), len(psutil.Process().children())
    how[0] = way
    began = time.monotonic()
    with pytest.raises(DeviceLostError) as told:
        devices.inventory(Cancel())
    assert time.monotonic() - began < 2.5
    assert SAID[way] in str(told.value)
    assert str(told.value).endswith("what it held on a device is gone from there, the files are untouched.")
    assert str(heard[-1]) == str(told.value)
    how[0] = "none"
    assert devices.inventory(Cancel()).torch_version == "0"
    devices.close()
    assert len(psutil.Process().children()) == children
    assert open_files() == files


def test_a_cancel_is_heard_where_no_answer_comes(devices, how):
    how[0] = "silence"
    cancel = Cancel()
    threading.Timer(0.05, cancel.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        DeviceProcess.inventory(devices, cancel)
    assert time.monotonic() - began < 1.0  # most of it is the start


def test_a_start_that_takes_for_ever_is_given_up_and_may_be_cancelled(how):
    how[0] = "never ready"
    devices = DeviceProcess("", start_limit=0.3)
    with pytest.raises(DeviceLostError, match=r"PyTorch was not loaded within 0\.3 s"):
        devices.inventory(Cancel())
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        devices.inventory(cancel)
    devices.close()


def test_a_process_that_cannot_be_started_is_told_and_leaves_nothing_open(monkeypatch):
    def start(end, simulated, words):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(channel, "start", start)
    files = open_files()
    with pytest.raises(DeviceError, match=r"The process for torch cannot be started: .*No such file"):
        DeviceProcess("").inventory(Cancel())
    assert open_files() == files


def test_all_who_wait_are_told(devices, how):
    how[0] = "silence"
    told = []

    def ask():
        with pytest.raises(DeviceLostError) as error:
            devices.inventory(Cancel())
        told.append(str(error.value))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4


def test_a_closed_one_is_not_asked_any_more(devices):
    devices.inventory(Cancel())
    devices.close()
    with pytest.raises(DeviceError, match="the program is ending"):
        devices.inventory(Cancel())


def test_closing_wakes_those_who_wait(devices, how):
    how[0] = "silence"
    threading.Timer(0.3, devices.close).start()
    with pytest.raises(DeviceLostError):
        devices.inventory(Cancel())


def test_nothing_of_torch_goes_over_the_wire():
    one, other = socket.socketpair()
    here, there = Wire(one), Wire(other)
    for thing in (torch.float32, torch.zeros(2), torch.__version__, [torch.device("cpu")]):
        with pytest.raises(TypeError, match="stays in its process"):
            here.send(thing)
    here.send(("plain", 1))
    assert there.receive() == ("plain", 1)
    here.close()
    with pytest.raises(HungUpError):
        there.receive()
    there.close()
