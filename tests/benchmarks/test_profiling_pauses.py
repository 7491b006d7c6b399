"""The window in use while a file of 10 GB is profiled: the longest pause of its thread, and how soon it paints.

Targets: no pause of 50 ms, the import of the compiler and the first compilation included, and under 400 MiB. The
same once more with an empty cache folder, where the loops have to be compiled first.
"""

import json
import struct
import sys

import numpy as np
import pytest

from tests.benchmarks.conftest import run_child

LAYERS, WIDTH = 40, 8192


@pytest.fixture(scope="module")
def ten_gigabytes(tmp_path_factory):
    """40 matrices of 256 MiB, all of one block of normal values, each with a bias and a scale."""
    block = np.random.default_rng(1).standard_normal(WIDTH * WIDTH, dtype=np.float32) * np.float32(0.02)
    entries, place = {}, 0
    for layer in range(LAYERS):
        for name, shape in (("weight", [WIDTH, WIDTH]), ("bias", [WIDTH]), ("scale", [WIDTH])):
            size = 4 * int(np.prod(shape))
            span = [place, place + size]
            entries[f"layers.{layer}.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": span}
            place += size
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    path = tmp_path_factory.mktemp("ten") / "ten.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _ in range(LAYERS):
            for size in (WIDTH * WIDTH, WIDTH, WIDTH):
                file.write(block[:size].data)
    yield path
    path.unlink()


@pytest.mark.parametrize("cache", ["warm", "empty"])
@pytest.mark.benchmark(group="using the window while 10 GB are profiled")
def test_the_window_while_a_large_file_is_profiled(benchmark, ten_gigabytes, cache, tmp_path, monkeypatch):
    runs = []
    argv = ("-m", "tests.benchmarks.drive_profile", str(ten_gigabytes))
    if cache == "empty":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    benchmark.pedantic(lambda: runs.append(run_child(*argv)), rounds=1, warmup_rounds=int(cache == "warm"))
    assert all(run.status == 0 for run in runs), runs[-1].output
    found = json.loads(next(line for line in runs[-1].output.splitlines() if line.startswith("{")))
    benchmark.extra_info.update(found, peak_mib=runs[-1].peak_mib)
    print(f"\n{cache} cache\n{json.dumps(found, indent=1)}\npeak {runs[-1].peak_mib:.0f} MiB", file=sys.stderr)
