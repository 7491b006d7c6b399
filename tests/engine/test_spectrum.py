"""Singular values beside numpy's own, and a process that ends when it is asked to."""

import threading
import time

import numpy as np
import pytest

from ckptgui.analysis.spectrum import Spectrum, spectrum
from ckptgui.engine.child import ChildError, in_child
from ckptgui.engine.job import Cancel
from ckptgui.engine.spectrum import cost, find_spectrum, why_no_spectrum
from ckptgui.errors import Cancelled, UnsupportedError

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (300, 20), (20, 300), (1, 50), (64, 63)])
def test_they_are_those_of_numpy_whatever_the_shape(shape):
    matrix = RANDOM.normal(size=shape)
    told = []
    found = spectrum(matrix, told.append)
    np.testing.assert_allclose(found.values, np.linalg.svd(matrix, compute_uv=False), rtol=1e-10, atol=1e-13)
    assert told == sorted(told) and told[-1] == 1.0


@pytest.mark.parametrize("shape", [(300, 20), (20, 300), (64, 64)])
def test_the_quicker_way_of_large_matrices_finds_the_same(shape, monkeypatch):
    monkeypatch.setattr("ckptgui.analysis.spectrum.EXACT", 8)
    matrix = RANDOM.normal(size=shape) * 1e200
    found = spectrum(matrix, lambda _: None)
    np.testing.assert_allclose(found.values, np.linalg.svd(matrix, compute_uv=False), rtol=1e-9)


def test_small_values_beside_large_ones_keep_their_digits():
    left, _ = np.linalg.qr(RANDOM.normal(size=(200, 8)))
    right, _ = np.linalg.qr(RANDOM.normal(size=(8, 8)))
    wanted = 10.0 ** -np.arange(8)
    found = spectrum(left * wanted @ right, lambda _: None)
    np.testing.assert_allclose(found.values, wanted, rtol=1e-6)


def test_ranks_say_how_many_directions_count():
    even, single = Spectrum((8, 4), np.ones(4)), Spectrum((8, 4), np.array([3.0, 0.0, 0.0, 0.0]))
    assert even.stable_rank == pytest.approx(4) and even.effective_rank == pytest.approx(4)
    assert single.stable_rank == pytest.approx(1) and single.effective_rank == pytest.approx(1)
    assert single.numerical_rank == 1 and even.directions_for(0.5) == 2
    nothing = Spectrum((8, 4), np.zeros(4))
    assert nothing.stable_rank == nothing.effective_rank == nothing.numerical_rank == 0


def test_a_convolution_in_a_file_is_taken_apart_filter_by_filter(shelf):
    values = RANDOM.normal(size=(6, 4, 3, 3)).astype(np.float32)
    stored = shelf.put(values, "float32")
    told = []
    found = find_spectrum(stored.info, Cancel(), told.append)
    assert found.shape == (6, 36)
    np.testing.assert_allclose(found.values, np.linalg.svd(values.reshape(6, 36), compute_uv=False), rtol=1e-5)
    assert told[-1].done == 1000
    assert cost(stored.info).shape == (6, 36)


def test_what_has_no_singular_values_says_why(shelf):
    values = np.ones((4, 4), np.float32)
    values[1, 1] = np.nan
    with pytest.raises(UnsupportedError, match="1 of its values"):
        find_spectrum(shelf.put(values, "float32").info, Cancel())
    assert "floating-point" in why_no_spectrum(shelf.put(np.ones((2, 2), np.int32), "int32").info)
    assert "Only a matrix" in why_no_spectrum(shelf.put(np.ones(3, np.float32), "float32").info)
    huge = shelf.put(np.ones(4, np.float32), "float32", shape=(1 << 20, 1 << 20), strides=(0, 0)).info
    assert "too large" in why_no_spectrum(huge)


def sleep(seconds, report):
    time.sleep(seconds)


def leave(_, report):
    raise SystemExit(3)


def test_a_cancel_ends_the_process_at_once():
    asked = Cancel()
    threading.Timer(0.3, asked.cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        in_child(sleep, 60, asked)
    assert time.monotonic() - begun < 5


def test_a_process_that_dies_is_an_error_in_words():
    with pytest.raises(ChildError, match="ended with status 3"):
        in_child(leave, None, Cancel())
