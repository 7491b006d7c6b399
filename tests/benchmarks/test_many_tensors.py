"""A hundred thousand small tensors, and a terabyte, against those who read the same files in the same run.

Targets: ``info --json`` of 100,000 tensors at most 1.5 s for torch's zip and a fifth of torch's own time, 1.0 s
for safetensors; a million tensors of safetensors and 300,000 of a torch zip listed in at most 4 s and 500 MiB;
the tree of a terabyte painted after at most 0.6 s.

netron reads in JavaScript: where its package and node are installed its reader is timed without its window.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.benchmarks.conftest import run_child
from tests.benchmarks.test_opening import milestone

TORCH_LOAD = "import sys, torch; torch.load(sys.argv[1], mmap=True, weights_only=True)"
SAFE_OPEN = """
import sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as file:
    [(name, file.get_slice(name).get_shape(), file.get_slice(name).get_dtype()) for name in file.keys()]
"""
LIST = """
import sys, time
from ckptgui.formats.registry import open_checkpoint
started = time.perf_counter()
print(len(open_checkpoint(sys.argv[1])), time.perf_counter() - started)
"""
SHAPES = [(4, 4), (8,), (2, 3, 2), ()]


def small(count):
    """A state dict of small tensors, ten to a block, each in a storage of its own."""
    return OrderedDict(
        (f"layers.{i // 10}.block.{i % 10}.weight", torch.full(SHAPES[i % 4], float(i % 97))) for i in range(count)
    )


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    torch.save(small(100_000), folder / "100k.pt")
    torch.save(small(300_000), folder / "300k.pt")
    save_file(dict(small(100_000)), folder / "100k.safetensors")
    save_file(dict(small(1_000_000)), folder / "1m.safetensors")
    sparse_torch(folder / "terabyte.pt", 1000)
    sparse_safetensors(folder / "terabyte.safetensors", 1000)
    return folder


def sparse_torch(path, count):
    """A terabyte as torch itself writes it, its storages left as holes in the file."""
    with FakeTensorMode():
        state = OrderedDict((f"layers.{i}.weight", torch.empty((1 << 28) // count, 1024)) for i in range(count))
    with torch.serialization.skip_data(materialize_fake_tensors=True):
        torch.save(state, path)


def sparse_safetensors(path, count):
    """A terabyte of safetensors, its data one hole."""
    size = (1 << 40) // count // 4 * 4
    header = {
        f"layers.{i}.weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [i * size, (i + 1) * size]}
        for i in range(count)
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + count * size)


def timed(benchmark, *argv):
    """Run a child a few times; its best wall time and its peak memory go into the report."""
    runs = []
    benchmark.pedantic(lambda: runs.append(run_child(*argv)), rounds=5, warmup_rounds=1)
    assert all(run.status == 0 for run in runs), runs[-1].output[-2000:]
    benchmark.extra_info["peak_mib"] = max(run.peak_mib for run in runs)
    return runs


@pytest.mark.benchmark(group="info --json of 100,000 tensors, torch zip")
def test_ckptgui_on_a_torch_zip(benchmark, files, tmp_path):
    timed(benchmark, "-c", INFO, str(files / "100k.pt"), str(tmp_path / "out.json"))


@pytest.mark.benchmark(group="info --json of 100,000 tensors, torch zip")
def test_peer_torch_load(benchmark, files):
    timed(benchmark, "-c", TORCH_LOAD, str(files / "100k.pt"))


@pytest.mark.benchmark(group="info --json of 100,000 tensors, safetensors")
def test_ckptgui_on_safetensors(benchmark, files, tmp_path):
    timed(benchmark, "-c", INFO, str(files / "100k.safetensors"), str(tmp_path / "out.json"))


@pytest.mark.benchmark(group="info --json of 100,000 tensors, safetensors")
def test_peer_safe_open(benchmark, files):
    timed(benchmark, "-c", SAFE_OPEN, str(files / "100k.safetensors"))


INFO = """
import sys
from ckptgui.cli.main import main
path, out = sys.argv[1:]
sys.stdout = open(out, "w")
sys.exit(main(["info", "--json", path], None))
"""


@pytest.mark.parametrize("name", ["100k.pt", "100k.safetensors"])
def test_peer_netron(benchmark, files, name):
    benchmark.group = f"info --json of 100,000 tensors, {'torch zip' if name.endswith('.pt') else 'safetensors'}"
    package = importlib.util.find_spec("netron")
    node = shutil.which("node")
    if package is None or package.origin is None or node is None:
        pytest.skip("netron's package or node is not installed")
    script = Path(__file__).with_name("netron.mjs")
    command = [node, str(script), str(Path(package.origin).parent), str(files / name)]
    answers = []

    def read():
        answers.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    benchmark.pedantic(read, rounds=3, warmup_rounds=1)
    assert json.loads(answers[-1])["tensors"] == 100_000


@pytest.mark.parametrize("name", ["1m.safetensors", "300k.pt"])
@pytest.mark.benchmark(group="listing very many tensors")
def test_very_many_tensors_are_listed(benchmark, files, name):
    runs = timed(benchmark, "-c", LIST, str(files / name))
    seconds = min(float(run.output.split()[1]) for run in runs)
    print(f"\n{name}: listed in {seconds:.2f} s, peak {max(r.peak_mib for r in runs):.0f} MiB", file=sys.stderr)


@pytest.mark.parametrize("name", ["terabyte.pt", "terabyte.safetensors", "300k.pt", "1m.safetensors"])
@pytest.mark.benchmark(group="to the painted tree")
def test_the_tree_is_painted(benchmark, files, name):
    runs = timed(benchmark, "-m", "ckptgui", "--timings", "--quit-after", "tree", str(files / name))
    painted = [milestone(run.output, "tree") for run in runs]
    peak = max(run.peak_mib for run in runs)
    print(
        f"\n{name}: painted after {min(painted):.0f} to {max(painted):.0f} ms, peak {peak:.0f} MiB",
        file=sys.stderr,
    )
