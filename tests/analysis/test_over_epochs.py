"""Figures of a module are those of its tensors as one vector."""

import numpy as np
import pytest
import torch

from ckptgui.analysis.difference import DIFFERENCE
from ckptgui.analysis.over_epochs import OF_ONE, OF_PAIR, of_one, of_pair
from ckptgui.analysis.profile import RECORD
from ckptgui.engine.compare import compare
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


def saved(tmp_path, name, state):
    torch.save(state, tmp_path / name)
    return open_checkpoint(str(tmp_path / name))


def records_of(checkpoint, pool):
    found = np.zeros(len(checkpoint), RECORD)
    profile(checkpoint, np.arange(len(checkpoint)), pool, lambda b: found.__setitem__(b.rows, b.records), Cancel())
    return found


def states():
    rng = torch.Generator().manual_seed(1)
    a = {"w": torch.randn(30, 20, generator=rng) * 3, "b": torch.randn(50, generator=rng) + 4, "z": torch.zeros(9)}
    return a, {name: value + torch.randn(value.shape, generator=rng) * 0.1 for name, value in a.items()}


def test_figures_of_one(tmp_path, pool):
    state = states()[0]
    state["b"][3], state["b"][4] = torch.nan, torch.inf
    checkpoint = saved(tmp_path, "a.pt", state)
    found = of_one(records_of(checkpoint, pool), checkpoint.tensors.numel)
    values = torch.cat([each.flatten().double() for each in state.values()]).numpy()
    finite = values[np.isfinite(values)]
    true = finite.std(), finite.mean(), finite.min(), finite.max(), np.linalg.norm(finite), 9 / len(values), 1, 1
    assert [found[name] for name in OF_ONE] == pytest.approx(true, rel=1e-9)


def test_figures_of_two(tmp_path, pool):
    a, b = states()
    records = np.zeros(3, DIFFERENCE)
    rows = np.stack([np.arange(3)] * 2, axis=1)
    take = lambda batch: records.__setitem__(batch.numbers, batch.records)  # noqa: E731
    compare(saved(tmp_path, "a.pt", a), saved(tmp_path, "b.pt", b), rows, pool, take, Cancel())
    one, two = (torch.cat([v.flatten().double() for v in state.values()]).numpy() for state in (a, b))
    true = (
        np.linalg.norm(two - one) / np.linalg.norm(one),
        one @ two / np.linalg.norm(one) / np.linalg.norm(two),
        np.abs(two - one).max(),
        (one != two).mean(),
    )
    assert [of_pair(records)[name] for name in OF_PAIR] == pytest.approx(true, rel=1e-9)
    records["nan_b"][0] = 1
    assert np.isnan(of_pair(records)["relative"])
    assert of_pair(records[:1])["relative"] == records["relative"][0]


def test_nothing_is_said_of_what_was_not_read():
    assert np.isnan(list(of_one(np.zeros(2, RECORD), np.array([3, 4])).values())).all()
    assert np.isnan(list(of_pair(np.zeros(2, DIFFERENCE)).values())).all()
