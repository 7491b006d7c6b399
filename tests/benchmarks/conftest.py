"""Large real files, made once a run by torch itself, and a child process with its peak memory."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.benchmarks.report import Report


def pytest_addoption(parser):
    parser.addoption("--report", metavar="FILE", help="where the JSON report of the profile's benchmark goes")


@pytest.fixture(scope="session")
def report(request, tmp_path_factory):
    """What is measured; kept as JSON in the end."""
    report = Report()
    yield report
    path = request.config.getoption("--report")
    report.save(Path(path) if path else tmp_path_factory.mktemp("report") / "profile-report.json")


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.timeout(900))


LAYERS = 24
WIDTH = 1024


@dataclass(frozen=True)
class ChildRun:
    """How a child process went: wall seconds, peak resident MiB, and what it wrote."""

    seconds: float
    peak_mib: float
    status: int
    output: str


def run_child(*argv: str) -> ChildRun:
    """Run ``python …`` to its end and measure it from outside."""
    # An installed application has its bytecode beside it; a setting for development must not take it away.
    as_installed = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**as_installed, "QT_QPA_PLATFORM": "offscreen"},
    )
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(child.pid, peak))
    watch.start()
    output, _ = child.communicate()
    seconds = time.perf_counter() - started
    watch.join()
    return ChildRun(seconds, peak[0], child.returncode, output)


def _watch(pid: int, peak: list[float]) -> None:
    """Keep the high-water mark of a process until it ends. What ``wait4`` says includes its parent's memory."""
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
        if line is None:  # it has ended
            return
        peak[0] = int(line.split()[1]) / 1024
        time.sleep(0.005)


@pytest.fixture(scope="session")
def big_checkpoint(tmp_path_factory):
    """1.34 GB: a transformer's state dict beside epoch and loss, 335 million float32 values, page cache warm."""
    generator = torch.Generator().manual_seed(3)

    def weight(*shape):
        return torch.randn(*shape, generator=generator) * 0.02

    state = {"tok.weight": weight(32_064, WIDTH)}
    for layer in range(LAYERS):
        for name in "qkvo":
            state[f"layers.{layer}.{name}.weight"] = weight(WIDTH, WIDTH)
        state[f"layers.{layer}.up.weight"] = weight(4 * WIDTH, WIDTH)
        state[f"layers.{layer}.down.weight"] = weight(WIDTH, 4 * WIDTH)
        state[f"layers.{layer}.norm.weight"] = torch.ones(WIDTH)
    state["wide.weight"] = weight(4096, 4096)  # 64 MiB
    path = tmp_path_factory.mktemp("big") / "epoch_3.pt"
    torch.save({"epoch": 3, "loss": 0.1, "model_state_dict": state}, path)
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    return path
