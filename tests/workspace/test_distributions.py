"""The values of a tensor over the epochs: read from files that the real library saved, checked against numpy."""

import numpy as np
import pytest
import torch

from ckptgui.analysis.ridges import common_axis, counted
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.errors import Cancelled
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace import distributions, fingerprint
from ckptgui.workspace.distributions import read_members
from ckptgui.workspace.evolution import evolution_of
from ckptgui.workspace.results import Results
from ckptgui.workspace.run import read_run

EPOCHS = 3


def tensors(epoch):
    generator = torch.Generator().manual_seed(epoch)
    return {
        "fc.weight": torch.randn(128, 512, generator=generator) * 0.02 * (epoch + 1),
        "fc.bias": torch.randn(100, generator=generator),
        "fc.half": torch.randn(3000, generator=generator).to(torch.bfloat16),
        "head.weight": torch.randn(263, 250, generator=generator),
        "count": torch.tensor([3, 5, 5, epoch]),
    }


@pytest.fixture
def run(tmp_path):
    for epoch in range(EPOCHS):
        torch.save({"epoch": epoch, "model_state_dict": tensors(epoch)}, tmp_path / f"epoch_{epoch}.pt")
    return tmp_path


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


def opened(run):
    return series_of(read_run(str(run)).members)


def read(series, names, pool, results=None, members=None):
    found = []
    numbers = [series.matching.names.index(name) for name in names]
    members = range(len(series.members)) if members is None else members
    read_members(series, numbers, members, pool, results, found.append, Cancel())
    return found


def oracle(values, axis):
    return np.histogram(values.double().flatten().numpy(), axis.edges)[0]


@pytest.mark.parametrize("name", ["fc.weight", "fc.bias", "fc.half", "count"])
@pytest.mark.parametrize("scale", ["linear", "symlog"])
def test_bars_of_up_to_65536_values_are_exact(run, pool, name, scale):
    found = read(opened(run), [name], pool)
    axis = common_axis([each.values for each in found], scale)
    for epoch, each in enumerate(found):
        assert each.values.exact
        assert counted(each.values, axis).tolist() == oracle(tensors(epoch)[name], axis).tolist()


def test_bars_of_large_tensors_are_near(run, pool):
    found = read(opened(run), ["head.weight"], pool)
    axis = common_axis([each.values for each in found])
    for epoch, each in enumerate(found):
        true = oracle(tensors(epoch)["head.weight"], axis)
        assert each.values.total == 65_750
        assert np.abs(counted(each.values, axis) - true).max() < 0.01 * true.max() + 20


def test_a_module_is_its_tensors_together(run, pool):
    found = read(opened(run), ["fc.weight", "fc.bias", "fc.half"], pool)
    axis = common_axis([each.values for each in found])
    for epoch, each in enumerate(found):
        state = tensors(epoch)
        values = torch.cat([state[name].double().flatten() for name in ("fc.weight", "fc.bias", "fc.half")])
        assert each.values.total == len(values)
        assert (each.values.low, each.values.high) == (values.min(), values.max())
        cumulated = np.cumsum(counted(each.values, axis)), np.cumsum(oracle(values, axis))
        assert np.abs(cumulated[0] - cumulated[1]).max() < 0.01 * len(values)


def test_kept_distributions_are_not_read_again(run, pool, tmp_path, monkeypatch):
    for name in ("FINE_NS", "COARSE_NS"):
        monkeypatch.setattr(fingerprint, name, 0)
    series, results = opened(run), Results(tmp_path / "kept")
    for part in series.matching.parts:
        kept, batches = results.of(part.checkpoint), []
        profile(part.checkpoint, part.rows, pool, batches.append, Cancel())
        for batch in batches:
            kept.keep(batch.rows, batch.records, {row: s.distribution for row, s in batch.summaries.items()})
    plain = read(series, ["head.weight"], pool)
    monkeypatch.setattr(distributions, "summarise_row", None)
    again = read(series, ["head.weight"], pool, results)
    axis = common_axis([each.values for each in plain])
    for one, other in zip(plain, again):
        assert counted(one.values, axis).tolist() == counted(other.values, axis).tolist()


def test_what_is_too_large_waits_until_it_is_kept(run, pool, monkeypatch):
    monkeypatch.setattr(distributions, "MOST_BYTES", 200_000)
    series = opened(run)
    alone = read(series, ["head.weight"], pool, members=[0])[0]
    assert (alone.values, alone.left_out) == (None, 65_750)
    most = read(series, ["fc.bias", "head.weight"], pool, members=[0])[0]
    assert (most.values, most.left_out) == (None, 65_750)
    module = read(series, ["fc.weight", "fc.half", "head.weight"], pool, members=[0])[0]
    assert (module.values.total, module.left_out) == (68_536, 65_750)


def test_members_come_in_the_order_asked_and_reasons_are_told(run, pool):
    (run / "epoch_1.pt").write_bytes((run / "epoch_1.pt").read_bytes()[:5000])
    state = tensors(2)
    del state["fc.bias"]
    state["head.weight"][:] = np.nan
    torch.save({"epoch": 2, "model_state_dict": state}, run / "epoch_2.pt")
    series = opened(run)
    bias = read(series, ["fc.bias"], pool, members=[2, 0, 1])
    assert [each.member for each in bias] == [2, 0, 1]
    assert bias[0].absent
    assert bias[1].values.total == 100
    assert bias[2].error
    assert read(series, ["head.weight"], pool, members=[2])[0].values is None


def test_reading_is_cancelled_between_members(run, pool):
    cancel = Cancel()
    with pytest.raises(Cancelled):
        read_members(opened(run), [0], range(3), pool, None, lambda _: cancel.cancel(), cancel)


def test_bars_on_the_same_axis_are_not_counted_again(run, pool):
    found = read(opened(run), ["fc.weight"], pool)
    first = evolution_of([None, None, found[2]])
    assert first.has_values.tolist() == [False, False, True]
    whole = evolution_of(found, before=first)
    assert whole.axis is first.axis
    assert whole.counts[2].tolist() == first.counts[2].tolist()
    assert whole.exact
    assert whole.outside.sum() < 10
    assert evolution_of(found, whole=True).outside.tolist() == [0.0, 0.0, 0.0]
