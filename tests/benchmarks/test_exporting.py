"""Re-saving the state dict of a 1.34 GB checkpoint, against torch.load and torch.save in the same run.

Target: under 400 MiB of memory.
"""

import sys

import pytest

from tests.benchmarks.conftest import run_child

TORCH_RESAVE = (
    "import sys, torch; c = torch.load(sys.argv[1], map_location='cpu', weights_only=True);"
    "torch.save(c['model_state_dict'], sys.argv[2])"
)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.benchmark(group="exporting the state dict of 1.34 GB")
def test_ckptgui_exports_and_verifies(benchmark, big_checkpoint, tmp_path, suffix):
    runs = []
    out = tmp_path / f"out{suffix}"

    def export():
        runs.append(run_child("-m", "ckptgui", "export", str(big_checkpoint), str(out), "--force"))

    benchmark.pedantic(export, rounds=3, warmup_rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output
    peak = max(run.peak_mib for run in runs)
    benchmark.extra_info["peak_mib"] = peak
    print(f"\nexport to {suffix}: peak {peak:.0f} MiB", file=sys.stderr)


@pytest.mark.benchmark(group="exporting the state dict of 1.34 GB")
def test_peer_torch_resaves(benchmark, big_checkpoint, tmp_path):
    runs = []
    argv = ("-c", TORCH_RESAVE, str(big_checkpoint), str(tmp_path / "out.pt"))
    benchmark.pedantic(lambda: runs.append(run_child(*argv)), rounds=3, warmup_rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)
