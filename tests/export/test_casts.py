"""Casts are torch's own, bit for bit: every 16-bit pattern, many of the wider ones, and all that is at an edge."""

import ml_dtypes
import numpy as np
import pytest
import torch

from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent
from ckptgui.engine.job import Cancel
from ckptgui.export.pieces import Cast, Span, cast, cut

TARGETS = ("float16", "bfloat16", "float32", "float64")
EIGHT = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")


@np.errstate(all="ignore")
def patterns(name):
    """Values of a type: all of a narrow one; of a wide one random bits, and what rounds narrowly or not at all."""
    dtype = BY_NAME[name].array
    if dtype.itemsize <= 2:
        return np.arange(256**dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    random = np.random.default_rng(7)
    bits = random.integers(0, 256, 200_000 * dtype.itemsize, np.uint8).view(dtype)
    every = np.arange(65_536, dtype=np.uint16)
    halves = [every.view(each).astype(np.float64) for each in (np.float16, ml_dtypes.bfloat16)]
    between = np.concatenate([(values[:-1] + values[1:]) / 2 for values in halves])
    near = [between * (1 + step) for step in (0, 1e-7, -1e-7, 1e-13, -1e-13)]
    small = random.standard_normal(50_000) * 10.0 ** random.integers(-300, 40, 50_000)
    return np.concatenate([bits, *(values.astype(dtype) for values in (*near, small))])


@pytest.mark.parametrize("source", [*TARGETS, *EIGHT])
@pytest.mark.parametrize("target", TARGETS)
def test_a_cast_gives_torchs_bits_and_keeps_nan(source, target):
    values = patterns(source)
    width = values.itemsize
    like = torch.from_numpy(values.view(f"i{width}").copy()).view(getattr(torch, source))
    wanted = like.to(getattr(torch, target)).contiguous()
    found = cast(values, BY_NAME[target])
    whole = f"i{found.itemsize}"
    is_nan = wanted.isnan().numpy()
    with np.errstate(all="ignore"):
        assert np.array_equal(np.isnan(found.astype(np.float64)), is_nan)
    bits = wanted.view(getattr(torch, f"int{8 * found.itemsize}")).numpy()
    assert np.array_equal(found.view(whole)[~is_nan], bits.view(whole)[~is_nan])


@pytest.mark.parametrize("source", TARGETS)
@pytest.mark.parametrize("target", TARGETS)
def test_a_nan_is_the_same_wherever_it_stands(source, target):
    """What is read back may be cast in other parts than what was written."""
    dtype = BY_NAME[source].array
    bits = f"u{dtype.itemsize}"
    signalling = (np.array([np.inf]).astype(dtype).view(bits) + 1).view(dtype)
    row = cast(np.repeat(signalling, 67), BY_NAME[target])
    alone = cast(signalling, BY_NAME[target])
    assert set(row.view(f"u{row.itemsize}").tolist()) == {alone.view(f"u{row.itemsize}").item()}


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_parts_of_a_piece_are_the_piece(byteorder, monkeypatch, pool):
    monkeypatch.setattr("ckptgui.export.pieces._CHUNK", 64)
    values = np.random.default_rng(1).standard_normal(1001)
    data = values.astype(values.dtype.newbyteorder("<" if byteorder == "little" else ">")).tobytes()
    piece = Cast(
        Span(Extent(len(data), inline=data, byteorder=byteorder), 8, len(data), BY_NAME["float64"]),
        BY_NAME["float64"],
        BY_NAME["float32"],
    )
    whole = b"".join(bytes(part) for part in piece.read(pool, Cancel()))
    parts = cut(piece, 1000)
    assert len(parts) > 5
    assert whole == values[1:].astype(np.float32).tobytes()
    assert b"".join(bytes(data) for part in parts for data in part.read(pool, Cancel())) == whole
    assert sum(part.nbytes for part in parts) == piece.nbytes
