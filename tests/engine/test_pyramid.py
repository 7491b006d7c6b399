"""Pictures of matrices: every cell is what numpy finds in its block, whatever the strides, type and zoom."""

import numpy as np
import pytest

from ckptgui.analysis import blocks
from ckptgui.analysis.blocks import NAN, NEGINF, POSINF, Shown
from ckptgui.engine import pyramid as module
from ckptgui.engine.job import Cancel
from ckptgui.engine.plane import Plane, PlaneReader
from ckptgui.engine.pyramid import Pyramid, block_for
from ckptgui.errors import Cancelled, UnsupportedError

MATRIX = (0,), (1,)


def reader(stored, down=(0,), across=(1,), fixed=None):
    shape = stored.info.shape
    return PlaneReader(stored.info, Plane(shape, down, across, fixed or (0,) * len(shape)), stored.pool)


def built(stored, most=None, monkeypatch=None, **sides):
    if most is not None:
        monkeypatch.setattr(module, "CELLS", most)
    return Pyramid(reader(stored, **sides)).build(Cancel())


def check(cells, values, block):
    """Every figure of every cell, the slow way."""
    values = values.astype(np.float64)
    assert cells.block == block and cells.size == values.shape
    for row, column in np.ndindex(*cells.low.shape):
        part = values[
            row * block[0] : (row + 1) * block[0],
            column * block[1] : (column + 1) * block[1],
        ]
        finite = part[np.isfinite(part)]
        odd = int(cells.odd[row, column])
        assert bool(odd & NAN) == bool(np.isnan(part).any())
        assert bool(odd & POSINF) == bool((part == np.inf).any())
        assert bool(odd & NEGINF) == bool((part == -np.inf).any())
        assert cells.not_finite(row, column) == part.size - finite.size
        found = [array[row, column] for array in (cells.low, cells.high, cells.mean)]
        if not finite.size:
            assert np.isnan(found).all()
            continue
        assert found[:2] == [finite.min(), finite.max()]
        assert found[2] == pytest.approx(finite.mean(), rel=1e-6, abs=1e-6 * np.abs(finite).mean())


def randoms(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def spoiled(*shape):
    values = randoms(*shape)
    flat = values.reshape(-1)
    flat[[3, 40, 41]] = np.nan
    flat[[7, 90]] = np.inf
    flat[11] = -np.inf
    values[-3:, -5:] = np.nan  # blocks without a finite value
    return values


@pytest.mark.parametrize("most", [1, 7, 60, 400, 10_000])
def test_an_overview_is_the_blocks_of_the_matrix(shelf, monkeypatch, most):
    values = spoiled(37, 61)
    stored = shelf.put(values, "float32")
    pyramid = built(stored, most, monkeypatch)
    assert pyramid.whole and pyramid.cells.low.size <= most
    check(pyramid.cells, values, pyramid.block)


def test_pieces_of_a_large_matrix_meet_without_a_seam(shelf, monkeypatch):
    values = spoiled(300, 210)
    monkeypatch.setattr(module, "CHUNK", 4096)
    monkeypatch.setattr(module, "_INLINE", 0)
    pyramid = built(shelf.put(values, "float32"), 2000, monkeypatch)
    check(pyramid.cells, values, pyramid.block)


@pytest.mark.parametrize("block", [(1, 1), (2, 2), (3, 3), (4, 8), (8, 8), (16, 8), (24, 40), (64, 64), (1, 16)])
def test_a_view_is_exact_at_every_zoom(shelf, monkeypatch, block):
    values = spoiled(150, 131)
    pyramid = built(shelf.put(values, "float32"), 400, monkeypatch)
    assert pyramid.block == (8, 8)
    rows = range(block[0], 150) if block[0] < 64 else range(150)
    columns = range(block[1] * 2, 128 // block[1] * block[1])
    view = pyramid.view(rows, columns, block, Cancel())
    check(view.cells, values[rows.start : rows.stop, columns.start : columns.stop], block)
    assert (view.row, view.column) == (rows.start, columns.start)
    assert view.holds(rows, columns) and not view.holds(range(rows.start, 151), columns)
    if block == (1, 1):
        assert np.array_equal(view.values, values[rows.start :, columns.start : columns.stop], equal_nan=True)


STRIDED = {
    "transposed": {"shape": (40, 30), "strides": (1, 40)},
    "every other": {"shape": (20, 15), "strides": (80, 2), "offset": 3},
    "expanded": {"shape": (25, 30), "strides": (0, 1)},
    "overlapping": {"shape": (30, 30), "strides": (1, 1)},
    "one row": {"shape": (1, 900), "strides": (900, 1)},
    "one column": {"shape": (900, 1), "strides": (1, 1)},
}


@pytest.mark.parametrize("view", STRIDED)
@pytest.mark.parametrize("flip", [False, True])
def test_strides_do_not_matter(shelf, monkeypatch, view, flip):
    stored = shelf.put(spoiled(60, 40), "float32", **STRIDED[view])
    values = stored.values.T if flip else stored.values
    sides = {"down": (1,), "across": (0,)} if flip else {}
    pyramid = built(stored, 50, monkeypatch, **sides)
    check(pyramid.cells, values, pyramid.block)
    near = pyramid.view(range(values.shape[0]), range(values.shape[1]), (3, 2), Cancel())
    check(near.cells, values, (3, 2))


@pytest.mark.parametrize(
    "sides", [((0, 2), (1, 3)), ((1, 3), (0, 2)), ((2,), (3,)), ((0,), (1, 2, 3)), ((3,), (0,))]
)
@pytest.mark.parametrize("storage", ["contiguous", "channels last"])
def test_dimensions_are_laid_end_to_end(shelf, monkeypatch, sides, storage):
    values = randoms(7, 5, 3, 4)
    stored = shelf.put(values, "float32")
    if storage == "channels last":
        stored = shelf.put(values.transpose(0, 2, 3, 1), "float32", shape=(7, 5, 3, 4), strides=(60, 1, 20, 5))
        assert np.array_equal(stored.values, values)
    down, across = sides
    fixed = (2, 3, 1, 2)
    plane = Plane((7, 5, 3, 4), down, across, fixed)
    index = tuple(slice(None) if dim in (*down, *across) else fixed[dim] for dim in range(4))
    kept = [dim for dim in range(4) if dim in (*down, *across)]
    matrix = (
        values[index].transpose([kept.index(dim) for dim in (*down, *across)]).reshape(plane.height, plane.width)
    )
    pyramid = built(stored, 30, monkeypatch, down=down, across=across, fixed=fixed)
    check(pyramid.cells, matrix, pyramid.block)
    part = pyramid.view(range(1, plane.height), range(2, plane.width), (1, 1), Cancel())
    assert np.array_equal(part.values, matrix[1:, 2:])
    for row, column in ((0, 0), (plane.height - 1, plane.width - 1), (1, 2)):
        assert matrix[row, column] == values[plane.index(row, column)]
        assert plane.place(plane.index(row, column)) == (row, column)


def test_a_scalar_and_a_vector_have_a_plane(shelf):
    scalar = shelf.put(np.float32(2.5), "float32")
    assert reader(scalar, (), ()).values(range(1), range(1)).tolist() == [[2.5]]
    vector = shelf.put(randoms(9), "float32")
    assert reader(vector, (), (0,)).values(range(1), range(2, 9)).tolist() == [vector.values[2:].tolist()]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "int32", "int64", "uint64", "bool"])
def test_types_are_numbers(shelf, monkeypatch, dtype):
    values = (np.random.default_rng(1).normal(0, 40, (30, 20)) ** 2).astype(dtype)
    pyramid = built(shelf.put(values, dtype), 60, monkeypatch)
    check(pyramid.cells, values, pyramid.block)
    assert pyramid.view(range(30), range(20), (1, 1), Cancel()).values.dtype == values.dtype


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"])
def test_types_that_numpy_lacks_are_numbers(shelf, monkeypatch, dtype):
    from ckptgui.core.dtypes import BY_NAME

    width = BY_NAME[dtype].itemsize
    codes = np.random.default_rng(2).integers(0, 256**width, (30, 20)).astype(f"u{width}")
    with np.errstate(all="ignore"):
        values = codes.view(BY_NAME[dtype].array).astype(np.float32)
    pyramid = built(shelf.put(codes, dtype), 60, monkeypatch)
    check(pyramid.cells, values, pyramid.block)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_their_modulus(shelf, monkeypatch, dtype):
    values = (randoms(12, 10) + 1j * randoms(12, 10, seed=1)).astype(dtype)
    pyramid = built(shelf.put(values, dtype), 30, monkeypatch)
    check(pyramid.cells, np.hypot(values.real, values.imag, dtype=np.float64), pyramid.block)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("sides", [((0,), (1,)), ((1,), (0,)), ((0,), (2,))])
def test_quantised_elements_are_what_they_stand_for(shelf, monkeypatch, axis, sides):
    stored = np.random.default_rng(3).integers(-128, 128, (6, 8, 5)).astype(np.int8)
    size = 1 if axis is None else stored.shape[axis]
    scale, zero = np.linspace(0.1, 2, size), np.arange(size)
    rule = (
        {"scale": 0.1, "zero_point": 0} if axis is None else {"scales": scale, "zero_points": zero, "axis": axis}
    )
    tensor = shelf.put(stored, "qint8", extra={"quantization": rule})
    shape = [-1 if dim == axis else 1 for dim in range(3)]
    real = (stored - zero.reshape(shape if axis is not None else 1)) * scale.reshape(
        shape if axis is not None else 1
    )
    down, across = sides
    fixed = (4, 3, 2)
    index = tuple(slice(None) if dim in (*down, *across) else fixed[dim] for dim in range(3))
    matrix = real[index] if down < across else real[index].T
    pyramid = built(tensor, 12, monkeypatch, down=down, across=across, fixed=fixed)
    check(pyramid.cells, matrix, pyramid.block)


@pytest.mark.parametrize("codec", ["deflate", "inline"])
@pytest.mark.parametrize("flip", [False, True])
def test_compressed_storages_have_pictures(shelf, monkeypatch, codec, flip):
    values = randoms(50, 40)
    stored = shelf.put(values, "float32", codec=codec, byteorder="big")
    sides = {"down": (1,), "across": (0,)} if flip else {}
    pyramid = built(stored, 100, monkeypatch, **sides)
    check(pyramid.cells, values.T if flip else values, pyramid.block)


def test_sums_that_do_not_fit_have_a_mean(shelf, monkeypatch):
    values = np.full((16, 16), 1.7e308)
    pyramid = built(shelf.put(values, "float64"), 4, monkeypatch)
    assert pyramid.cells.mean == pytest.approx(1.7e308)
    assert pyramid.view(range(16), range(16), (16, 16), Cancel()).cells.mean == pytest.approx(1.7e308)
    assert not pyramid.cells.odd.any()


def test_one_number_of_a_block_is_shown():
    cells = blocks.folded(np.array([[1.0, -3.0], [2.0, 0.5]]), (2, 2))
    assert [float(cells.shown(what)[0, 0]) for what in Shown] == [0.125, -3.0, 2.0, -3.0]


def test_blocks_are_powers_of_two_and_as_square_as_can_be():
    assert block_for((16384, 16384), 1 << 22) == (8, 8)
    assert block_for((1024, 1024), 1 << 22) == (1, 1)
    assert block_for((1, 1 << 30), 1 << 22) == (1, 256)
    assert block_for((1 << 30, 3), 1 << 22) == (256, 4)


def test_a_cancel_stops_the_pass_and_leaves_cells_unread(shelf):
    cancel = Cancel()
    cancel.cancel()
    pyramid = Pyramid(reader(shelf.put(randoms(50, 40), "float32")))
    with pytest.raises(Cancelled):
        pyramid.build(cancel)
    assert not pyramid.whole and (pyramid.cells.odd == blocks.UNREAD).all()
    with pytest.raises(Cancelled):
        pyramid.view(range(50), range(40), (2, 3), cancel)


def test_packed_elements_have_no_picture(shelf):
    with pytest.raises(UnsupportedError):
        reader(shelf.put(np.zeros((4, 4), np.uint8), "quint4x2", shape=(4, 4)))
