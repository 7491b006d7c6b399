"""The profile of whole checkpoints beside numpy, torch and ``sft stat``: prints ratios and writes a JSON report.

``pytest tests/benchmarks/test_profile.py -s`` (``--report FILE`` says where the report goes). Peers have their
tensors in memory already; ours reads them from a file in the page cache. What is compared runs in turns.
"""

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.analysis.digest import DigestPass
from ckptgui.analysis.narrow import NarrowPass
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.wide import FloatPass
from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine import plan
from ckptgui.engine.decoding import as_stored
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.benchmarks.conftest import run_child

ROUNDS = 5
THREADS = 2


@pytest.fixture(scope="module", autouse=True)
def as_patient_as_ours():
    """Our threads give way to other programs; on a busy machine the peers must too, or it would not be fair."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, 5)
    yield
    shutdown_executors()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    yield folder
    shutil.rmtree(folder)


def transformer(dtype):
    """268 million parameters: 1.07 GB of float32."""
    generator = torch.Generator().manual_seed(3)

    def weight(*shape):
        return (torch.randn(*shape, generator=generator) * 0.02).to(dtype)

    state = {"tok.weight": weight(32_000, 2048)}
    for layer in range(4):
        for name in "qkvo":
            state[f"layers.{layer}.{name}.weight"] = weight(2048, 2048)
        for name in ("gate", "up"):
            state[f"layers.{layer}.{name}.weight"] = weight(5504, 2048)
        state[f"layers.{layer}.down.weight"] = weight(2048, 5504)
        state[f"layers.{layer}.norm.weight"] = torch.ones(2048, dtype=dtype)
    return state


@pytest.fixture(scope="module")
def float32(folder):
    state = transformer(torch.float32)
    yield state, kept(state, folder / "float32.safetensors")
    state.clear()


@pytest.fixture(scope="module")
def bfloat16(folder):
    state = transformer(torch.bfloat16)
    yield state, kept(state, folder / "bfloat16.safetensors")
    state.clear()


@pytest.fixture(scope="module")
def many(folder):
    values = torch.randn(100_000, 1000, generator=torch.Generator().manual_seed(4)) * 0.02
    state = {f"layers.{row // 10}.w{row % 10}": values[row].clone() for row in range(len(values))}
    return kept(state, folder / "many.safetensors")


def kept(state, path):
    save_file(state, path)
    path.read_bytes()
    return path


def ours(path):
    """A function that profiles the file once and returns how many tensors it was told of."""
    checkpoint = open_checkpoint(str(path))

    def whole():
        pool, seen = SourcePool(), []
        profile(
            checkpoint, range(len(checkpoint.tensors)), pool, lambda found: seen.append(len(found.rows)), Cancel()
        )
        pool.close()
        return sum(seen)

    assert whole() == len(checkpoint.tensors)  # and everything is compiled
    return whole


def numpy_figures(state, histogram):
    def whole():
        for tensor in state.values():
            values = tensor.numpy()
            values.min(), values.max(), values.mean(), values.std()
            np.isnan(values).sum(), np.isinf(values).sum(), (values == 0).sum()
            if histogram:
                np.histogram(values, bins=100)

    return whole


def torch_figures(state):
    def whole():
        for tensor in state.values():
            values = tensor.float()
            values.min(), values.max(), values.mean(), values.std()
            torch.isnan(values).sum()
            torch.histc(values, 100)

    return whole


def in_cache(reduction, dtype):
    """A function that folds one chunk again and again on two threads, and how many bytes that are."""
    size = plan.CHUNK // dtype.itemsize
    values = (np.random.default_rng(0).normal(size=size) * 0.02).astype(dtype.array)
    fold = DigestPass(reduction, as_stored, b"")
    times = 64

    def one():
        chunk = Chunk(values.copy(), (0,), (size,), (1,), True)
        for _ in range(times):
            fold.of(chunk)

    def whole():
        threads = [threading.Thread(target=one) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return whole, THREADS * times * values.nbytes


def in_turns(**runs):
    """Median seconds of each, one round after the other, and seconds of processor time (``_processor``)."""
    seconds = defaultdict(list)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began, worked = time.perf_counter(), time.process_time()
            run()
            seconds[name].append(time.perf_counter() - began)
            seconds[f"{name}_processor"].append(time.process_time() - worked)
    return {name: statistics.median(found) for name, found in seconds.items()}


def nbytes(state):
    return sum(tensor.nbytes for tensor in state.values())


def test_a_gigabyte_of_float32(float32, report):
    state, path = float32
    cached, folded = in_cache(FloatPass("float32"), BY_NAME["float32"])
    cached()
    found = in_turns(
        ours=ours(path),
        numpy=numpy_figures(state, histogram=True),
        numpy_without_histogram=numpy_figures(state, histogram=False),
        in_cache=cached,
    )
    rate = nbytes(state) / found["ours"] / 1e9
    report.add("float32", gigabytes=nbytes(state) / 1e9, rate_gb_s=rate, **found)
    report.target("float32: times faster than numpy", found["numpy"] / found["ours"], least=8)
    report.target(
        "float32: times faster than numpy without histogram",
        found["numpy_without_histogram"] / found["ours"],
        least=2.5,
    )
    report.target("float32: share of the rate in the cache", rate / (folded / found["in_cache"] / 1e9), least=0.7)
    report.check("float32")


def test_half_a_gigabyte_of_bfloat16(bfloat16, report):
    state, path = bfloat16
    cached, folded = in_cache(NarrowPass(BY_NAME["bfloat16"]), BY_NAME["bfloat16"])
    cached()
    found = in_turns(ours=ours(path), torch=torch_figures(state), in_cache=cached)
    rate = nbytes(state) / found["ours"] / 1e9
    report.add("bfloat16", gigabytes=nbytes(state) / 1e9, rate_gb_s=rate, **found)
    report.add("bfloat16 in the cache", rate_gb_s=folded / found["in_cache"] / 1e9)
    report.target("bfloat16: times faster than torch", found["torch"] / found["ours"], least=10)
    report.check("bfloat16")


def test_a_hundred_thousand_small_tensors(many, report):
    found = in_turns(ours=ours(many))
    report.add("100,000 tensors of 1,000", **found)
    report.target("100,000 tensors of 1,000: seconds", found["ours"], most=4)
    report.check("100,000")


def test_beside_sft_stat(float32, report):
    program = shutil.which("sft", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("sft is not here: pip install sft-cli")
    state, path = float32

    def theirs():
        subprocess.run([program, "stat", "--json", path], check=True, stdout=subprocess.DEVNULL)

    found = in_turns(ours=ours(path), sft_stat=theirs)
    found.pop("sft_stat_processor")  # it works in another process
    report.add("sft stat, its start included", gigabytes=nbytes(state) / 1e9, **found)
    report.target("times faster than sft stat", found["sft_stat"] / found["ours"], least=1)
    report.check("times faster than sft")


PROFILE = """
import sys
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
checkpoint = open_checkpoint(sys.argv[1])
profile(checkpoint, range(len(checkpoint.tensors)), SourcePool(), lambda _: None, Cancel())
"""


@pytest.mark.parametrize("which", ["float32", "many", "large"])
def test_peak_memory(which, request, folder, report):
    if which == "large":
        path = folder / "large.safetensors"
        kept({"w": torch.arange(600_000_000, dtype=torch.float32)}, path)
    else:
        made = request.getfixturevalue(which)
        path = made[1] if isinstance(made, tuple) else made
    run = run_child("-c", PROFILE, str(path))
    assert run.status == 0, run.output
    report.target(f"peak memory, {which}: MiB", run.peak_mib, most=400)
    report.check("peak memory")
