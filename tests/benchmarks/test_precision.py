"""What casts would lose, of 64 MiB of float32, beside torch's casts and the same counts."""

import time

import pytest
import torch

from ckptgui.analysis.precision_passes import warm
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.engine.precision import precision
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

ROUNDS = 5


@pytest.fixture(scope="module", autouse=True)
def threads():
    warm()
    yield
    shutdown_executors()


def by_torch(tensor):
    """The figures of the float types alone, and of one type of error."""
    for dtype in (torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        after = tensor.to(dtype).float()
        error = (after - tensor).abs()
        assert (error > 0).sum() >= ((after == 0) & (tensor != 0)).sum() + after.isinf().sum()
        assert (error / tensor.abs().clamp_min(1e-45)).mean() > 0 and error.square().sum() > 0


def test_every_target_of_64_mib(tmp_path, report):
    torch.manual_seed(1)
    tensor = torch.randn(4096, 4096) * 0.02
    torch.save({"w": tensor}, tmp_path / "w.pt")
    info, pool = open_checkpoint(str(tmp_path / "w.pt")).info(0), SourcePool()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        assert len(precision(info, pool, Cancel()).losses) == 6
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        by_torch(tensor)
        theirs.append(time.perf_counter() - started)
    pool.close()
    report.add("precision of 64 MiB", ours=min(ours), torch=min(theirs))
    report.target("precision of 64 MiB, six targets, seconds", min(ours), most=1.0)
    report.target(
        "precision of 64 MiB beside torch's float casts, times faster", min(theirs) / min(ours), least=1.5
    )
