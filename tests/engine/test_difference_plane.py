"""Pictures of B − A hold the very differences."""

import numpy as np
import pytest
import torch

from ckptgui.engine.difference_plane import DifferenceReader
from ckptgui.engine.job import Cancel
from ckptgui.engine.plane import Plane
from ckptgui.engine.pyramid import Pyramid
from ckptgui.errors import UnsupportedError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


@pytest.fixture
def reader_of(tmp_path):
    pool = SourcePool()

    def make(a, b, down=(0,), across=(1,)):
        infos = []
        for name, tensor in (("a", a), ("b", b)):
            torch.save({"w": tensor}, tmp_path / f"{name}.pt")
            infos.append(open_checkpoint(str(tmp_path / f"{name}.pt")).info(0))
        plane = Plane(tuple(b.shape), down, across, (0,) * b.ndim)
        return DifferenceReader(infos[0], pool, infos[1], pool, plane)

    yield make
    pool.close()


def random(shape, dtype=torch.float32, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def test_any_part_is_the_difference_in_float64(reader_of):
    a, b = random((30, 40)), random((30, 40), seed=1)
    found = reader_of(a, b).values(range(3, 9), range(5, 40))
    assert np.array_equal(found, (b.double() - a.double()).numpy()[3:9, 5:40])


def test_types_and_strides_may_differ(reader_of):
    a, b = random((30, 40), torch.bfloat16), random((40, 30), seed=1).t()
    found = reader_of(a, b).values(range(30), range(40))
    assert np.array_equal(found, (b.double() - a.double()).numpy())


def test_of_complex_values_the_modulus_is_shown(reader_of):
    a, b = (torch.complex(random((5, 6), seed=s), random((5, 6), seed=s + 9)) for s in (0, 1))
    reader = reader_of(a, b)
    np.testing.assert_allclose(reader.numbers(range(5), range(6)), (b - a).abs().numpy(), rtol=1e-6)


@pytest.mark.parametrize("flip", [False, True])
def test_what_did_not_move_is_known_once_all_is_read(reader_of, flip):
    a = random((50, 60))
    b = a + random((50, 60), seed=1)
    b[[4, 7]] = a[[4, 7]]
    b[:, 10] = a[:, 10]
    a[0, 0] = b[0, 0] = float("nan")  # equal, although no number equals it
    reader = reader_of(a, b if not flip else b.t().contiguous().t())
    pyramid = Pyramid(reader).build(Cancel())
    assert np.flatnonzero(~reader.moved.rows).tolist() == [4, 7]
    assert np.flatnonzero(~reader.moved.columns).tolist() == [10]
    assert pyramid.whole


def test_a_sheet_of_kernels_is_laid_out_as_that_of_a_tensor(reader_of):
    a, b = random((4, 3, 2, 2)), random((4, 3, 2, 2), seed=1)
    reader = reader_of(a, b, (0, 2), (1, 3))
    sheet = (b.double() - a.double()).permute(0, 2, 1, 3).reshape(8, 6)
    assert np.array_equal(reader.values(range(8), range(6)), sheet.numpy())


def test_other_shapes_have_no_difference(reader_of):
    with pytest.raises(UnsupportedError, match="shapes differ"):
        reader_of(random((3, 4)), random((4, 3)))
