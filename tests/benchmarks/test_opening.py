"""From process start to the painted tree, against torch.load in the same run.

Targets: at most 0.6 s, at most a third of torch's time, under 400 MiB.
"""

import json
import sys

import pytest

from tests.benchmarks.conftest import run_child

TORCH_LOAD = "import sys, torch; torch.load(sys.argv[1], mmap=True, weights_only=True)"


@pytest.mark.benchmark(group="opening a 1.34 GB checkpoint")
def test_ckptgui_paints_the_tree(benchmark, big_checkpoint):
    runs = []

    def open_until_tree():
        runs.append(run_child("-m", "ckptgui", "--timings", "--quit-after", "tree", str(big_checkpoint)))

    benchmark.pedantic(open_until_tree, rounds=7, warmup_rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output
    painted = [milestone(run.output, "tree") for run in runs]
    benchmark.extra_info["tree_painted_ms"] = min(painted)
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)
    print(
        f"\ntree painted after {min(painted):.0f} to {max(painted):.0f} ms, "
        f"peak {max(run.peak_mib for run in runs):.0f} MiB",
        file=sys.stderr,
    )


@pytest.mark.benchmark(group="opening a 1.34 GB checkpoint")
def test_peer_torch_load(benchmark, big_checkpoint):
    runs = []
    benchmark.pedantic(
        lambda: runs.append(run_child("-c", TORCH_LOAD, str(big_checkpoint))), rounds=7, warmup_rounds=1
    )
    assert all(run.status == 0 for run in runs), runs[-1].output
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)


def milestone(output: str, name: str) -> float:
    """Milliseconds from process start to a milestone of ``--timings``."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return next(line["ms"] for line in lines if line["milestone"] == name)
