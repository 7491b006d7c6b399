"""Bars of several checkpoints on one axis, and where ridges stand."""

import numpy as np
import pytest

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.epoch_values import EpochValues
from ckptgui.analysis.ridges import Axis, bars_for, common_axis, counted, heights, stacked


def values_of(values):
    points, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    return EpochValues.of(Distribution(points, points, counts))


def test_narrow_types_lose_nothing():
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=500), rng.normal(size=500).astype(np.float32), np.full(70_000, 3.0)):
        found = values_of(values)
        points, counts = np.unique(values, return_counts=True)
        assert np.array_equal(found.distribution().lows, points)
        assert np.array_equal(found.distribution().counts, counts)
        assert found.exact
        assert found.total == len(values)


def test_what_takes_too_much_room_goes_to_the_coarser_grid():
    values = np.random.default_rng(0).normal(size=50_000)
    coarse = EpochValues.of(values_of(values).distribution(), most=20_000)
    assert not coarse.exact
    assert coarse.total == 50_000
    assert coarse.nbytes < values_of(values).nbytes / 4
    assert abs(np.median(values) - coarse.quantiles[4]) < 0.01


def test_a_value_far_out_does_not_flatten_the_rest():
    rng = np.random.default_rng(0)
    both = [values_of([*rng.normal(size=5000), 1000.0]), values_of(rng.normal(size=5000) * 2)]
    middle, whole = common_axis(both), common_axis(both, whole=True)
    assert -12 < middle.low < -6 < 6 < middle.high < 12
    assert whole.high == 1000.0
    assert counted(both[0], whole).sum() == 5001
    assert counted(both[0], middle).sum() == 5000


def test_bars_of_integers_hold_whole_numbers():
    axis = common_axis([values_of([0, 1, 1, 7])], integral=True)
    assert (axis.low, axis.high, axis.bins) == (-0.5, 7.5, 8)
    assert counted(values_of([0, 1, 1, 7]), axis).tolist() == [1, 2, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("values", [[0.0], [3.5, 3.5], [1e-300, 2e-300], [-1.7e308, 1.7e308]])
@pytest.mark.parametrize("scale", ["linear", "symlog"])
def test_an_axis_is_never_empty_and_never_overflows(values, scale):
    axis = common_axis([values_of(values)], scale, whole=True)
    assert axis.low < axis.high
    assert np.isfinite(axis.places([axis.low, axis.high])).all()
    assert counted(values_of(values), axis).sum() <= len(values)
    assert axis.low <= axis.value(0.5) <= axis.high


def test_places_and_values_are_each_others_inverse():
    for axis in (Axis(-3.0, 5.0, 32), Axis(-3.0, 5.0, 32, "symlog", 1e-3)):
        for place in (0.0, 0.3, 0.5, 1.0):
            assert axis.places([axis.value(place)])[0] == pytest.approx(place)


def test_heights_reach_one():
    counts = np.array([0.0, 1.0, 99.0])
    assert heights(counts).tolist() == [0.0, 1 / 99, 1.0]
    assert heights(counts, log=True).tolist() == pytest.approx([0.0, np.log(2) / np.log(100), 1.0])
    assert heights(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert heights(counts, top=198.0).max() == 0.5


def test_few_values_get_few_bars():
    assert [bars_for(n) for n in (1, 64, 400, 10**6)] == [16, 16, 40, 128]


def test_ridges_overlap_and_fill_their_room():
    eight = stacked(8, 10.0, 250.0)
    assert eight.bases[-1] == 250.0
    assert eight.bases[0] - eight.height == pytest.approx(10.0)
    assert eight.height > eight.step
    many = stacked(300, 10.0, 250.0)
    assert many.height == 44.0
    assert len(many.bases) == 300
    assert stacked(1, 0.0, 100.0).bases.tolist() == [100.0]
    assert stacked(0, 0.0, 100.0).bases.tolist() == []
