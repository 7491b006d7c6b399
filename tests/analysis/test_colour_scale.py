"""Where the colours of figures end, and what stands at their middle."""

import numpy as np
import pytest

from ckptgui.analysis.colour_scale import ScaleKind, scale_of

LOG, OPEN, SIGNED, COSINE, SHARE = (
    ScaleKind.LOG,
    ScaleKind.OPEN,
    ScaleKind.SIGNED,
    ScaleKind.COSINE,
    ScaleKind.SHARE,
)


def values_of(scale):
    return [value for _, value in scale.ticks()]


def test_orders_of_magnitude_go_evenly():
    scale = scale_of(LOG, np.array([0.0026, 0.01, 0.1, 0.38]))
    assert values_of(scale) == [0.0025, 0.03, 0.4]
    assert scale.shares(np.array([0.0025, 0.4, 0.0, 1e9])).tolist() == [0.0, 1.0, 0.0, 1.0]
    assert scale.shares(np.array([0.0316]))[0] == pytest.approx(0.5, abs=0.01)
    assert not scale.under and not scale.over


def test_one_that_exploded_leaves_the_others_their_colours_and_is_told():
    scale = scale_of(LOG, np.append(np.geomspace(0.01, 0.1, 500), 1e12))
    assert scale.high == 0.1 and scale.over
    assert scale.shares(np.array([1e12])).tolist() == [1.0]


def test_a_zero_lies_under_a_logarithm():
    assert scale_of(LOG, np.array([0.0, 1.0, 2.0])).under


def test_the_spread_goes_evenly_until_it_spans_a_power_of_ten():
    assert not scale_of(OPEN, np.linspace(0.018, 0.024, 50)).log
    assert scale_of(OPEN, np.geomspace(1e-3, 1.0, 50)).log


def test_zero_is_the_middle_of_what_has_a_sign():
    scale = scale_of(SIGNED, np.array([-0.2, 0.1, 0.37]))
    assert scale.shares(np.array([0.0]))[0] == 0.5
    assert values_of(scale) == [-0.4, 0.0, 0.4]


def test_small_signed_values_are_seen_beside_large_ones():
    scale = scale_of(SIGNED, np.array([1.0, 1.0, -0.001, 0.001, 0.002, -0.002]))
    assert scale.shares(np.array([0.002]))[0] > 0.55


def test_a_cosine_goes_by_its_distance_from_one():
    scale = scale_of(COSINE, np.array([1.0, 0.99996, 0.999, 0.92]))
    assert values_of(scale) == pytest.approx([0.99999, 0.999, 0.92])
    assert scale.shares(np.array([1.0, 0.999]))[0] == 0.0


def test_shares_begin_at_zero():
    scale = scale_of(SHARE, np.array([0.1, 0.37]))
    assert (scale.low, scale.high) == (0.0, 0.4)


@pytest.mark.parametrize("kind", ScaleKind)
@pytest.mark.parametrize(
    "values", [[], [0.0], [1.0], [5e-324], [1.7e308], [np.nan], [np.inf, 1.0], [-1.0, -1.0], [0.3, 0.3]]
)
def test_every_scale_has_two_ends_and_shares_between(kind, values):
    scale = scale_of(kind, np.array(values))
    assert np.isfinite([scale.low, scale.high]).all() and scale.low != scale.high
    shares = scale.shares(np.array([*values, 0.0, 1.0]))
    known = shares[~np.isnan(shares)]
    assert ((known >= 0) & (known <= 1)).all()
    assert all(0 <= share <= 1 for share, _ in scale.ticks())
