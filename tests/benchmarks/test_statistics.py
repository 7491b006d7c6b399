"""A 64 MiB tensor summarised from a file, beside torch's passes over the same values in memory."""

import numpy as np
import pytest
import torch

from ckptgui.analysis import kernels
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.engine.summarise import summarise
from tests.engine.files import Shelf

ELEMENTS = 16 << 20


@pytest.fixture(scope="module")
def tensor(tmp_path_factory):
    shelf = Shelf(tmp_path_factory.mktemp("statistics"))
    values = np.random.default_rng(0).normal(0, 0.02, (4096, 4096)).astype(np.float32)
    kernels.warm()
    yield shelf.put(values, "float32")
    shelf.close()
    shutdown_executors()


@pytest.mark.benchmark(group="64 MiB of float32: figures and histogram")
def test_ours_from_the_file(benchmark, tensor):
    summary = benchmark(summarise, tensor.info, tensor.pool, Cancel())
    assert summary.statistics.count == ELEMENTS
    assert benchmark.stats["min"] < 0.060


@pytest.mark.benchmark(group="64 MiB of float32: figures and histogram")
def test_torch_from_memory(benchmark, tensor):
    values = torch.from_numpy(tensor.values.copy())

    def passes():
        return torch.aminmax(values), torch.std_mean(values), torch.histc(values, 256)

    benchmark(passes)


@pytest.mark.benchmark(group="64 MiB of float32: exact quantiles")
def test_ours_with_exact_quantiles(benchmark, tensor):
    assert benchmark(summarise, tensor.info, tensor.pool, Cancel(), exact=True).distribution.exact
