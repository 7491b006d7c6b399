"""Moving 1.34 GB to a device, every byte read back and compared, against a pinned copy and a plain read of them.

Target on a GPU: 80 % or more of the lower of the two bandwidths. Elsewhere the figures are for the record.
"""

import os
import statistics
import time

import pytest
import torch

from ckptgui.device.process import DeviceProcess
from ckptgui.engine.job import Cancel
from ckptgui.formats.registry import open_checkpoint

ROUNDS = 5
PIECE = 8 << 20


@pytest.fixture
def infos(big_checkpoint):
    return [info for info in open_checkpoint(str(big_checkpoint)).tensors if info.nbytes]


def plain_read(path, nbytes):
    """Seconds that reading so many bytes of the file takes, into memory that is there already."""
    buffer = bytearray(PIECE)
    file = os.open(path, os.O_RDONLY)
    try:
        began = time.perf_counter()
        for start in range(0, nbytes, PIECE):
            os.preadv(file, [buffer], start)
        return time.perf_counter() - began
    finally:
        os.close(file)


def pinned_copy(device, nbytes):
    """Seconds that copying so many bytes from pinned memory takes."""
    pinned = torch.empty(PIECE, dtype=torch.uint8, pin_memory=device.type == "cuda")
    there = torch.empty(nbytes, dtype=torch.uint8, device=device)
    began = time.perf_counter()
    for start in range(0, nbytes, PIECE):
        piece = there[start : start + PIECE]
        piece.copy_(pinned[: piece.numel()], non_blocking=True)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def rates(infos, path, name, device):
    """GB/s of the move, of a pinned copy and of a plain read: medians of interleaved rounds."""
    nbytes = sum(info.nbytes for info in infos)
    devices = DeviceProcess("memory=16GB" if name == "sim:0" else "")
    took = {"move": [], "copy": [], "read": []}
    try:
        for _ in range(ROUNDS + 1):  # the first one warms up
            began = time.perf_counter()
            residents = devices.move(infos, name, Cancel())
            took["move"].append(time.perf_counter() - began)
            assert all(resident.checked for resident in residents)
            devices.free([resident.token for resident in residents])
            took["copy"].append(pinned_copy(device, nbytes))
            took["read"].append(plain_read(path, nbytes))
    finally:
        devices.close()
    return {key: nbytes / statistics.median(times[1:]) / 1e9 for key, times in took.items()}


@pytest.mark.gpu
def test_a_move_to_a_gpu_takes_most_of_the_bandwidth(infos, big_checkpoint, report):
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device here.")
    found = rates(infos, big_checkpoint, "cuda:0", torch.device("cuda", 0))
    report.add("transfer to cuda:0, GB/s", **found)
    report.target(
        "transfer to cuda:0 beside the lower bandwidth",
        found["move"] / min(found["copy"], found["read"]),
        least=0.8,
    )
    report.check("transfer to cuda:0")


@pytest.mark.parametrize("name", ["cpu", "sim:0"])
def test_a_move_in_main_memory_is_noted(infos, big_checkpoint, report, name):
    report.add(f"transfer to {name}, GB/s", **rates(infos, big_checkpoint, name, torch.device("cpu")))
