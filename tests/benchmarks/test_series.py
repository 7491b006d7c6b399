"""What it costs to find a run and to match its tensors, once headers are read.

Targets: 100,000 tensors × 2 matched, with their statuses and the tree of modules, in half a second (after one they
have to be in a table), × 10 in 2 s; the run among a thousand files found in half a second, and looked at again in
50 ms.
"""

import os
import time

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status, statuses
from ckptgui.workspace.following import Follower
from ckptgui.workspace.run import read_run
from tests.benchmarks.test_many_tensors import small


@pytest.fixture(scope="session")
def members(tmp_path_factory):
    """Two checkpoints of 100,000 tensors in two formats, one of them with the names of a wrapper."""
    folder = tmp_path_factory.mktemp("series")
    torch.save({f"module.{name}": value for name, value in small(100_000).items()}, folder / "epoch_1.pt")
    save_file(dict(small(100_000)), folder / "epoch_2.safetensors")
    return read_run(str(folder)).members


def test_a_hundred_thousand_tensors_are_matched(members, report):
    for times, limit in ((1, 0.5), (5, 2.0)):
        started = time.perf_counter()
        series = series_of(members * times)
        found = statuses(series.matching, 0, 1)
        seconds = time.perf_counter() - started
        assert len(found) == 100_000 and (found == Status.MATCHED).all()
        report.target(f"matching 100,000 × {2 * times}: seconds", seconds, most=limit)
    report.check("matching")


def test_three_checkpoints_among_a_thousand_files(tmp_path, report):
    for i in range(997):
        (tmp_path / f"{('log', 'sample', 'image', 'data')[i % 4]}_{i}.bin").write_bytes(os.urandom(500))
    for epoch in (10, 20, 30):
        torch.save({"epoch": epoch, "model": {"w": torch.ones(10)}}, tmp_path / f"model_{epoch}.pt")
    started = time.perf_counter()
    run = read_run(str(tmp_path))
    report.target("finding three among a thousand: seconds", time.perf_counter() - started, most=0.5)
    assert [member.epoch for member in run.members] == [10, 20, 30]
    follower = Follower(run)
    started = time.perf_counter()
    assert not follower.look()
    report.target("finding what is new among a thousand: seconds", time.perf_counter() - started, most=0.05)
    report.check("finding")
