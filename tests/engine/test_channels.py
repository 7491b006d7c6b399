"""The norms of rows and columns, beside numpy's, for every way in which a tensor can lie in a file."""

import ml_dtypes
import numpy as np
import pytest

from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine import plan
from ckptgui.engine.channels import channel_norms
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, LimitExceededError, UnsupportedError


def expected(values):
    wide = np.abs(np.asarray(values, np.complex128 if np.iscomplexobj(values) else np.float64))
    wide = np.where(np.isfinite(wide), wide, 0.0)
    others = [tuple(i for i in range(wide.ndim) if i != axis) for axis in (0, 1)]
    return tuple(np.sqrt(np.square(wide).sum(axis=axes)) for axes in others)


def check(stored, values):
    found = channel_norms(stored.info, stored.pool, Cancel())
    rows, columns = expected(values)
    np.testing.assert_allclose(found.rows, rows, rtol=1e-9)
    np.testing.assert_allclose(found.columns, columns, rtol=1e-9)


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    "name", ["float32", "float64", "float16", "bfloat16", "int8", "int64", "bool", "complex64"]
)
def test_every_type(shelf, name):
    values = RANDOM.normal(0, 3, (37, 53))
    kind = ml_dtypes.bfloat16 if name == "bfloat16" else BY_NAME[name].array
    values = values > 0 if name == "bool" else (values + 1j * values[::-1] if "complex" in name else values)
    values = values.astype(kind)
    check(shelf.put(values, name), values.astype(np.float64) if name == "bfloat16" else values)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 5), (8, 3, 3, 3), (4, 6, 7), (300, 700)])
def test_any_number_of_dimensions_in_chunks_of_any_size(shelf, shape, monkeypatch):
    values = RANDOM.normal(size=shape).astype(np.float32)
    for size in (64, 1000, 4 << 20):
        monkeypatch.setattr(plan, "CHUNK", size)
        check(shelf.put(values, "float32"), values)


def test_a_transposed_view_and_an_expanded_one(shelf):
    values = RANDOM.normal(size=(30, 20)).astype(np.float32)
    check(shelf.put(values, "float32", shape=(20, 30), strides=(1, 20)), values.T)
    row = RANDOM.normal(size=20).astype(np.float32)
    check(shelf.put(row, "float32", shape=(6, 20), strides=(0, 1)), np.broadcast_to(row, (6, 20)))
    check(
        shelf.put(row, "float32", shape=(20, 5, 7), strides=(1, 0, 0)),
        np.broadcast_to(row[:, None, None], (20, 5, 7)),
    )


def test_what_is_not_finite_is_left_out(shelf):
    values = RANDOM.normal(size=(9, 11)).astype(np.float32)
    values[2, 3], values[4, 5], values[6] = np.nan, np.inf, -np.inf
    check(shelf.put(values, "float32"), values)


def test_a_vector_has_no_channels_and_a_cancel_is_heard(shelf):
    with pytest.raises(UnsupportedError):
        channel_norms(shelf.put(np.zeros(4, np.float32), "float32").info, shelf.pool, Cancel())
    asked = Cancel()
    asked.cancel()
    with pytest.raises(Cancelled):
        channel_norms(shelf.put(np.zeros((4, 4), np.float32), "float32").info, shelf.pool, asked)


def test_a_tensor_with_millions_of_channels_is_refused(shelf):
    stored = shelf.put(np.zeros(4, np.float32), "float32", shape=(1 << 23, 4), strides=(0, 1))
    with pytest.raises(LimitExceededError, match="8,388,608 rows"):
        channel_norms(stored.info, stored.pool, Cancel())
