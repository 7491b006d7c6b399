"""Comparing whole checkpoints beside torch: prints ratios and writes a JSON report.

``pytest tests/benchmarks/test_compare.py -s`` (``--report FILE`` says where the report goes). Both read the same
files from the page cache, in turns; torch takes the tensors that ``torch.load(mmap=True)`` gives, one by one.
"""

import os
import shutil
import statistics
import time

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.analysis.difference import Differences
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status, statuses
from ckptgui.engine.compare import Compared as Batch
from ckptgui.engine.compare import compare
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing
from ckptgui.workspace.results import Results
from ckptgui.workspace.run import read_run
from tests.benchmarks.conftest import run_child
from tests.benchmarks.test_profile import transformer

ROUNDS = 3


@pytest.fixture(scope="module", autouse=True)
def as_patient_as_ours():
    """Our threads give way to other programs; on a busy machine the peers must too, or it would not be fair."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, 5)
    yield
    shutdown_executors()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def gigabytes(folder):
    """Two files of 1.07 GB, 268 million float32 each."""
    state = transformer(torch.float32)
    generator = torch.Generator().manual_seed(9)
    paths = [folder / "epoch_1.pt", folder / "epoch_2.pt"]
    torch.save(state, paths[0])
    for tensor in state.values():
        tensor += torch.randn(tensor.shape, generator=generator) * 1e-3
    torch.save(state, paths[1])
    for path in paths:
        path.read_bytes()
    return paths


def torch_figures(paths):
    """l2 of both, delta, relative, cosine, largest change and place, changed, NaN and Inf of every tensor."""
    before, after = (torch.load(path, mmap=True, weights_only=True) for path in paths)
    found = {}
    for name, tensor in before.items():
        a, b = tensor.double().flatten(), after[name].double().flatten()
        moved = b - a
        size = moved.abs()
        norms = torch.linalg.vector_norm(a), torch.linalg.vector_norm(b)
        delta = torch.linalg.vector_norm(moved)
        broken = [
            torch.count_nonzero(test(t)) for t in (tensor, after[name]) for test in (torch.isnan, torch.isinf)
        ]
        place = torch.argmax(size)
        found[name] = {
            "l2_a": norms[0], "l2_b": norms[1], "delta_l2": delta, "relative": delta / norms[0],
            "cosine": torch.dot(a, b) / norms[0] / norms[1], "max_abs": size[place], "argmax": place,
            "changed": torch.count_nonzero(moved), "nan_a": broken[0], "nan_b": broken[2],
        }  # fmt: skip
    return found


def ours(paths):
    """A function that compares the two once, and gives the record of every tensor by name."""
    a, b = (open_checkpoint(str(path)) for path in paths)
    rows = np.stack([np.arange(len(a))] * 2, axis=1)

    def whole():
        pool, found = SourcePool(), []
        compare(a, b, rows, pool, found.append, Cancel())
        pool.close()
        batch = Batch.joined(found)
        return {a.info(row).name: record for row, record in zip(batch.numbers.tolist(), batch.records)}

    return whole


def timed(run):
    began = time.perf_counter()
    found = run()
    return time.perf_counter() - began, found


def test_two_files_of_a_gigabyte(gigabytes, report):
    mine = ours(gigabytes)
    mine()  # everything is compiled
    rounds = [(timed(mine), timed(lambda: torch_figures(gigabytes))) for _ in range(ROUNDS)]
    records, expected = rounds[-1][0][1], rounds[-1][1][1]
    assert set(records) == set(expected)
    for name, figures in expected.items():
        for field, value in figures.items():
            assert float(records[name][field]) == pytest.approx(float(value), rel=1e-9), (name, field)
    seconds = {who: statistics.median(r[at][0] for r in rounds) for at, who in enumerate(("ours", "torch"))}
    ratio = statistics.median(r[1][0] / r[0][0] for r in rounds)
    nbytes = sum(path.stat().st_size for path in gigabytes)
    report.add("two files", gigabytes=nbytes / 1e9, rate_gb_s=nbytes / seconds["ours"] / 1e9, **seconds)
    report.target("two files: times faster than torch", ratio, least=6)
    report.check("two files")


COMPARE = """
import sys
import numpy as np
from ckptgui.engine.compare import compare
from ckptgui.engine.job import Cancel
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
a, b = map(open_checkpoint, sys.argv[1:])
compare(a, b, np.stack([np.arange(len(a))] * 2, axis=1), SourcePool(), lambda _: None, Cancel())
"""


def test_peak_memory(gigabytes, report):
    run = run_child("-c", COMPARE, *map(str, gigabytes))
    assert run.status == 0, run.output
    report.target("peak memory of two files: MiB", run.peak_mib, most=400)
    report.check("peak memory of two files")


def test_a_hundred_thousand_tensors(folder, report):
    paths = []
    for number in range(2):
        values = torch.randn(100_000, 250, generator=torch.Generator().manual_seed(number)) * 0.02
        state = {f"layers.{row // 10}.w{row % 10}": values[row].clone() for row in range(len(values))}
        paths.append(folder / f"many_{number}.safetensors")
        save_file(state, paths[-1])
    members = [RunMember(str(path), 0, checkpoint=open_checkpoint(str(path))) for path in paths]
    seconds, series = timed(lambda: series_of(members))
    told, structure = timed(lambda: statuses(series.matching, 0, 1))
    assert (structure == Status.MATCHED).all() and len(structure) == 100_000
    pair = Differences.unread(structure)

    def read():
        pool = SourcePool()
        a, b = (member.checkpoint for member in members)
        compare(
            a, b, series.matching.rows, pool, lambda f: pair.records.__setitem__(f.numbers, f.records), Cancel()
        )
        pool.close()

    read()
    pass_seconds, _ = timed(read)
    assert (pair.status == Status.CHANGED).all()
    report.add("100,000 tensors twice", match=seconds, status=told, values=pass_seconds)
    report.target("100,000 tensors twice: seconds until matched and tabled", seconds + told, most=1)
    report.target("100,000 tensors twice: seconds for all figures", pass_seconds, most=2)
    report.check("100,000 tensors twice")


def test_fifty_checkpoints(folder, report):
    run = folder / "run"
    run.mkdir()
    generator = torch.Generator().manual_seed(4)
    state = {f"layers.{n}.weight": torch.randn(400, 328, generator=generator) for n in range(48)}
    state |= {f"layers.{n}.bias": torch.randn(400, generator=generator) for n in range(48)}
    for epoch in range(50):
        for tensor in state.values():
            tensor += torch.randn(tensor.shape, generator=generator) * 1e-3
        torch.save({"epoch": epoch, "model_state_dict": state}, run / f"epoch_{epoch}.pt")
    time.sleep(2.1)  # files that are this new are not trusted to stay as they are
    results = Results(folder / "results")
    headers, found = timed(lambda: series_of(read_run(str(run)).members))

    def read():
        pool, known, first = SourcePool(), Compared(found), []

        def take(news):
            known.take(news)
            if news.done and len(known.done) == 3:
                first.append(time.perf_counter())

        began = time.perf_counter()
        Comparing(found, pool, results, known.profiles).carry_out(known.tasks(0, 1), take, Cancel())
        pool.close()
        assert len(known.done) == 99 and all(pair.known.all() for pair in known.pairs.values())
        return first[0] - began, time.perf_counter() - began

    (first, whole), (_, again) = read(), read()
    report.add("50 checkpoints of 25 MB", headers=headers, first_pair=first, whole=whole, again=again)
    report.target("50 checkpoints: seconds for all profiles and pairs", whole, most=10)
    report.target("50 checkpoints: seconds for the first pair", first, most=1)
    report.target("50 checkpoints: seconds when opened again", again, most=1)
    report.check("50 checkpoints")
