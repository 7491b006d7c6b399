"""Histograms, quantiles and sparklines from spans, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import from_symlog, to_symlog


def points(values):
    found, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    return Distribution(found, found, counts)


finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(finite, min_size=1, max_size=60), st.integers(1, 40), st.sampled_from(["linear", "symlog"]))
def test_a_histogram_of_known_values_is_numpys(values, bins, scale):
    drawn = points(values).histogram(bins, scale)
    assert drawn.counts.sum() == len(values) and len(drawn.counts) == bins
    assert (np.diff(drawn.edges) >= 0).all()
    if (np.diff(drawn.edges) > 0).all():
        expected, _ = np.histogram(values, drawn.edges)
        assert drawn.counts.tolist() == expected.tolist()


@given(st.lists(finite, min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_of_known_values_are_numpys(values, q):
    expected = float(np.quantile(np.array(values, np.longdouble), q))
    assert points(values).quantiles([q])[0] == pytest.approx(expected, rel=1e-9, abs=1e-9 * max(map(abs, values)))


@given(st.lists(finite, min_size=1, max_size=60))
def test_a_sparkline_has_its_tallest_bar_full(values):
    line = points(values).sparkline(32)
    assert len(line) == 32 and max(line) == 255


@given(st.lists(finite, min_size=1, max_size=60), st.integers(1, 40))
def test_a_logarithmic_histogram_counts_the_positive_values(values, bins):
    drawn = points(values).histogram(bins, "log")
    positive = [value for value in values if value > 0]
    assert drawn.counts.sum() == len(positive) and len(drawn.counts) == bins
    assert (np.diff(drawn.edges) >= 0).all()
    if positive and (np.diff(drawn.edges) > 0).all():
        assert drawn.edges[0] > 0
        assert drawn.counts.tolist() == np.histogram(positive, drawn.edges)[0].tolist()


def test_bars_of_a_logarithmic_axis_have_one_ratio():
    drawn = points([0.001, 1000.0, -5.0, 0.0]).histogram(6, "log")
    assert drawn.edges == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])
    assert points([1, 21, 300]).histogram(2, "log", low=2, high=200).counts.tolist() == [0, 1]


def test_values_outside_the_view_are_not_counted():
    assert points([0, 1, 2, 3, 4]).histogram(2, low=1, high=3).counts.tolist() == [1, 2]
    assert points([0, 1]).histogram(4, low=5, high=6).counts.tolist() == [0] * 4


def test_a_span_is_split_over_bars_in_proportion():
    spread = Distribution(np.array([0.0, 4.0]), np.array([4.0, 8.0]), np.array([8, 4]), exact=False)
    assert spread.histogram(4).counts.tolist() == [4, 4, 2, 2]


def test_repeated_elements_count_each_time():
    spread = Distribution(np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([1, 1]), times=10)
    assert spread.total == 20 and spread.quantiles([0, 0.5, 1]) == [1, 1.5, 2]
    assert spread.histogram(2).total == 20


def test_nothing_has_an_empty_picture():
    none = points([])
    assert none.total == 0 and none.sparkline() == b"" and none.histogram(8).total == 0
    assert np.isnan(none.quantiles([0.5])).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -1e-300, 1e305, 5e-324, 1.7e308])
def test_a_constant_has_one_full_bar(value):
    for scale in ("linear", "symlog", *(["log"] if value > 0 else [])):
        drawn = points([value] * 9).histogram(16, scale)
        assert drawn.total == 9 and drawn.counts.max() == 9 and drawn.edges[0] < drawn.edges[-1]


@given(finite, st.sampled_from([1e-300, 1e-12, 1.0, 1e5]))
def test_the_symmetric_log_axis_leads_back(value, threshold):
    back = float(from_symlog(to_symlog(value, threshold), threshold))
    assert back == pytest.approx(value, rel=1e-9, abs=threshold * 1e-9)


def test_the_smallest_numbers_of_all_have_a_sparkline():
    lows = np.arange(1, 400) * 5e-324
    line = Distribution(lows, lows + 5e-324, np.full(399, 3)).sparkline(16)
    assert len(line) == 16 and max(line) == 255
