"""Packed distributions: the very same ones come out, and bytes that are none are told."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.packed import packed, unpacked
from ckptgui.analysis.spread import Spread

NORMAL = np.random.default_rng(1).standard_normal(200_000) * 0.02


def same(found, distribution):
    assert found is not None
    for name in ("lows", "highs", "counts"):
        one, other = getattr(found, name), getattr(distribution, name)
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes()
    assert (found.times, found.exact) == (distribution.times, distribution.exact)


def points(values, times=1):
    kept, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    return Distribution(kept, kept, counts.astype(np.int64), times)


def spans():
    whole = points(NORMAL.astype(np.float32))
    return Spread.of(whole).distribution()


WHOLE = {
    "few": points([1.0, 2.0, 2.0]),
    "one": points([7.25]),
    "both zeros": Distribution(np.array([-0.0, 0.0]), np.array([-0.0, 0.0]), np.array([1, 2])),
    "the ends of float64": points([-1.7e308, -5e-324, 0.0, 5e-324, 1.7e308]),
    "the ends of float32": points([-3.4028234663852886e38, 1e-45, 3.4028234663852886e38]),
    "whole numbers": points(np.arange(-500, 500)),
    "expanded": points([1.0, 2.0], times=1000),
    "float64": points(NORMAL[:5000]),
    "spans": spans(),
    "large counts": Distribution(np.array([0.0, 1.0]), np.array([0.5, 2.0]), np.array([3, 1 << 40]), 1, False),
}


@pytest.mark.parametrize("distribution", WHOLE.values(), ids=WHOLE)
def test_the_same_distribution_comes_out(distribution):
    same(unpacked(packed(distribution), distribution.total), distribution)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50), st.booleans())
def test_any_values_come_out_as_they_went_in(values, single):
    with np.errstate(over="ignore"):
        stored = np.array(values, np.float32 if single else np.float64).astype(np.float64)
    stored = stored[np.isfinite(stored)]
    if stored.size:
        same(unpacked(packed(points(stored)), stored.size), points(stored))


def test_a_usual_weight_takes_few_bytes_a_span():
    distribution = spans()
    assert len(packed(distribution)) < 3 * len(distribution.counts)


def test_a_distribution_of_more_elements_than_there_are_is_none():
    assert unpacked(packed(points([1.0, 2.0, 2.0])), 2) is None
    assert unpacked(packed(points([1.0], times=10)), 9) is None


@pytest.mark.parametrize(
    "distribution",
    [
        Distribution(np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([1, 1])),
        Distribution(np.array([0.0]), np.array([np.inf]), np.array([1])),
        Distribution(np.array([0.0, 1.0]), np.array([1.5, 2.0]), np.array([1, 1])),
        Distribution(np.array([0.0]), np.array([0.0]), np.array([0])),
        Distribution(np.zeros(0), np.zeros(0), np.zeros(0, np.int64)),
    ],
    ids=["falling", "infinite", "overlapping", "empty span", "no span"],
)
def test_what_is_no_distribution_is_none(distribution):
    assert unpacked(packed(distribution), 10) is None


def test_damaged_bytes_are_none_or_a_distribution():
    chance = random.Random(3)
    whole = packed(spans())
    for length in (0, 5, 15, 16, 17, len(whole) - 1):
        assert unpacked(whole[:length], 200_000) is None
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        found = unpacked(bytes(broken), 200_000)
        assert found is None or found.total <= 200_000


def test_a_claim_of_many_spans_takes_no_memory():
    head = packed(points([1.0]))[:16]
    claim = head[:4] + (1 << 31).to_bytes(4, "little") + head[8:]
    assert unpacked(claim, 1 << 62) is None
