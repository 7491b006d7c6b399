"""What axes, bars and numbers say, without a window."""

import numpy as np
import pytest

from ckptgui.analysis.distribution import Distribution
from ckptgui.gui.inspector.histogram.lattice import WHOLE, lattice_of
from ckptgui.gui.inspector.histogram.picture import QUANTILES, Picture, Wish, draw
from ckptgui.gui.inspector.histogram.view import first_view, part_of
from ckptgui.gui.inspector.ticks import count_ticks, linear_ticks
from ckptgui.gui.numbers import integer, settle_locale, significant


@pytest.fixture(autouse=True)
def locale(qapp):
    settle_locale()


def spread(values) -> Distribution:
    points, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    return Distribution(points, points, counts)


def drawn(values, bins=88, integral=False, scale="linear") -> Picture:
    distribution = spread(values)
    quantiles = dict(zip(QUANTILES, distribution.quantiles(QUANTILES)))
    view = first_view(distribution, quantiles, integral, bins)
    lattice = WHOLE if integral else lattice_of(distribution)
    return draw(distribution, view, Wish(bins, scale), quantiles, lattice, integral=integral)


def test_a_power_of_ten_has_no_plus():
    assert significant(4.0e300) == "4.0e300" and significant(-(2**62)) == "−4.6e18"
    assert significant(3.1e-5) == "3.1e−05"
    assert integer(10**20) == "1.0000e20"


def test_a_number_that_rounds_up_reads_like_the_next_one():
    assert significant(0.99999) == significant(1.0) == "1.000"
    assert significant(9.999e-4) == significant(1e-3) == "0.00100"
    assert significant(9.9e-4) == "9.9e−04"


@pytest.mark.parametrize("top", [1, 2, 3, 5, 9, 10, 25, 99, 2_400])
def test_counts_are_marked_with_the_numbers_that_stand_there(top):
    for value, text in count_ticks(top):
        assert float(text.replace(",", "")) == value


def test_axes_of_integers_have_whole_marks():
    assert linear_ticks(6.5, 7.5, 6, whole=True) == [(7.0, "7")]
    assert [text for _, text in linear_ticks(-0.5, 1.5, 6, whole=True)] == ["0", "1"]


@pytest.mark.parametrize("size", [50, 88, 89, 1_000, 5_003])
def test_bars_over_integers_have_as_many_values_each(size):
    picture = drawn(np.arange(size), integral=True)
    assert len(set(picture.counts[:-1].tolist())) == 1
    assert picture.counts.sum() == size


def test_bars_over_quantised_values_are_no_comb():
    codes = np.clip(np.round(np.random.default_rng(1).normal(0, 20, 50_000)), -128, 127)
    picture = drawn((codes - 3) * 0.05)
    assert lattice_of(spread((codes - 3) * 0.05)).unit == pytest.approx(0.05)
    steps = np.diff(picture.edges) / 0.05
    assert np.allclose(steps, np.round(steps[0]))
    assert np.abs(np.diff(picture.counts)).max() < picture.counts.max() / 4


@pytest.mark.parametrize("values", [[0.1, 0.23, 0.7], [-1e300, 0.0, 1e300], [1e-310, 2e-310], [5.0], [1.0, 1.0]])
def test_values_on_no_lattice_are_counted_all_the_same(values):
    picture = drawn(values)
    assert picture.counts.sum() + picture.below + picture.above == pytest.approx(len(values))
    assert np.isfinite(picture.edges).all() and (np.diff(picture.edges) > 0).all()


def test_looking_between_two_integers_shows_one_bar():
    distribution = spread(np.arange(100))
    quantiles = dict(zip(QUANTILES, distribution.quantiles(QUANTILES)))
    view = part_of(first_view(distribution, quantiles, True, 88), 0.1081, 0.1089, "linear", 0.0)
    picture = draw(distribution, view, Wish(88), quantiles, WHOLE, integral=True)
    assert picture.bins == 1 and picture.counts.tolist() == [1.0]
