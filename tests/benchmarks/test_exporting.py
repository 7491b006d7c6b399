"""Re-saving the state dict of a 4 GB checkpoint, against a plain copy and against torch, in turns in the same run.

Targets, medians of five: without a cast at least 70 % of the speed of ``cp --reflink=never`` and ``fsync`` of the
same bytes, reading back apart; faster than ``torch.load``, ``torch.save`` and ``fsync``; cast to bfloat16 faster
than torch's load, ``.to``, save and ``fsync``; under 400 MiB of memory each. Seconds are those of the work itself,
without the start of the interpreter and imports, on either side.
"""

import os
import statistics
import subprocess
import time

import pytest
import torch

from tests.benchmarks.conftest import run_child

ROUNDS = 5
BYTES = 4_000_000_000
WIDTH = 2048
MEMORY = 400

EXPORT = """
import sys, time
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
source, out, dtype, verify = sys.argv[1:]
began = time.perf_counter()
format = "pt" if out.endswith(".pt") else "safetensors"
request = ExportRequest(format=format, dtype=dtype, verify=verify == "verify")
export(plan_export(open_checkpoint(source), out, request), SourcePool())
print(time.perf_counter() - began)
"""

TORCH = """
import os, sys, time, torch
source, out, dtype = sys.argv[1:]
began = time.perf_counter()
state = torch.load(source, map_location="cpu", weights_only=True)["model_state_dict"]
if dtype != "keep":
    state = {name: value.to(getattr(torch, dtype)) for name, value in state.items()}
with open(out, "wb") as file:
    torch.save(state, file)
    file.flush()
    os.fsync(file.fileno())
print(time.perf_counter() - began)
"""


@pytest.fixture(scope="module")
def four_gigabytes(tmp_path_factory):
    """A transformer's state dict beside epoch and loss, float32, page cache warm."""
    generator = torch.Generator().manual_seed(3)

    def weight(*shape):
        return torch.randn(*shape, generator=generator) * 0.02

    state = {"tok.weight": weight(64 * 1024, WIDTH)}
    layer = 0
    while sum(value.nbytes for value in state.values()) < BYTES:
        for name in "qkvo":
            state[f"layers.{layer}.{name}.weight"] = weight(WIDTH, WIDTH)
        state[f"layers.{layer}.up.weight"] = weight(4 * WIDTH, WIDTH)
        state[f"layers.{layer}.down.weight"] = weight(WIDTH, 4 * WIDTH)
        state[f"layers.{layer}.norm.weight"] = torch.ones(WIDTH)
        layer += 1
    path = tmp_path_factory.mktemp("four") / "epoch_3.pt"
    torch.save({"epoch": 3, "loss": 0.1, "model_state_dict": state}, path)
    yield path
    path.unlink()


def copied(source, out):
    began = time.perf_counter()
    subprocess.run(["cp", "--reflink=never", source, out], check=True)
    descriptor = os.open(out, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return time.perf_counter() - began, 0.0


def exported(source, out, dtype="keep", verify="trust"):
    return child(EXPORT, str(source), str(out), dtype, verify)


def by_torch(source, out, dtype="keep"):
    return child(TORCH, str(source), str(out), dtype)


def child(code, *argv):
    run = run_child("-c", code, *argv)
    assert run.status == 0, run.output
    return float(run.output.split()[-1]), run.peak_mib


WAYS = {
    "copy": (copied, "copy", ()),
    "pt": (exported, "out.pt", ()),
    "safetensors": (exported, "out.safetensors", ()),
    "pt in bfloat16": (exported, "out.pt", ("bfloat16",)),
    "safetensors in bfloat16": (exported, "out.safetensors", ("bfloat16",)),
    "torch": (by_torch, "torch.pt", ()),
    "torch in bfloat16": (by_torch, "torch.pt", ("bfloat16",)),
    "pt, read back": (exported, "out.pt", ("keep", "verify")),
    "pt in bfloat16, read back": (exported, "out.pt", ("bfloat16", "verify")),
}


def test_exporting_four_gigabytes(four_gigabytes, tmp_path, report):
    seconds = {way: [] for way in WAYS}
    peaks = dict.fromkeys(WAYS, 0.0)
    for _ in range(ROUNDS):
        for way, (act, name, options) in WAYS.items():
            took, peak = act(four_gigabytes, tmp_path / name, *options)
            seconds[way].append(took)
            print(f"{way}: {took:.2f} s, {peak:.0f} MiB", flush=True)
            peaks[way] = max(peaks[way], peak)
            (tmp_path / name).unlink()
            os.sync()
    median = {way: statistics.median(each) for way, each in seconds.items()}
    for way in WAYS:
        report.add(f"export 4 GB: {way}", seconds=median[way], least=min(seconds[way]), peak_mib=peaks[way])
    for way in ("pt", "safetensors"):
        pairs = statistics.median(copy / ours for copy, ours in zip(seconds["copy"], seconds[way]))
        report.target(f"export 4 GB, {way}: share of the copy's speed", pairs, least=0.7)
        report.target(f"export 4 GB, {way}: times torch's speed", median["torch"] / median[way], least=1)
        cast = median["torch in bfloat16"] / median[f"{way} in bfloat16"]
        report.target(f"export 4 GB, {way}: times torch's speed in bfloat16", cast, least=1)
    for way in WAYS:
        if "torch" not in way and way != "copy":
            report.target(f"export 4 GB, {way}: MiB of memory", peaks[way], most=MEMORY)
    report.check("export 4 GB")
