"""Sparse tensors in every layout, as torch saves them, against the figures of the same tensor made dense."""

import numpy as np
import pytest
import torch

from ckptgui.analysis.profile import Profile, plausible, record_of
from ckptgui.engine import sparse_places
from ckptgui.engine.job import Cancel
from ckptgui.engine.sparse import summarise_row
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.engine.files import figures

pytestmark = pytest.mark.filterwarnings("ignore:Sparse")


def told(tmp_path, tensor, name="w"):
    path = tmp_path / f"{name}.pt"
    torch.save({name: tensor}, path)
    checkpoint = open_checkpoint(str(path))
    row = next(row for row in range(len(checkpoint.tensors)) if checkpoint.info(row).path == (name,))
    return summarise_row(checkpoint, row, SourcePool(), Cancel())


def agrees(summary, dense):
    values = np.abs(dense.numpy().astype(np.complex128)) if dense.is_complex() else dense.float().numpy()
    expected, finite = figures(values)
    got = summary.statistics
    for name, value in expected.items():
        if name in ("mean", "std", "l2"):
            assert getattr(got, name) == pytest.approx(value, rel=1e-6, abs=1e-9), name
        else:
            assert getattr(got, name) == value, name
    assert got.l1 == pytest.approx(np.abs(finite.astype(np.float64)).sum(), rel=1e-6)
    for name, mask in (("nan", np.isnan(values)), ("posinf", values == np.inf), ("neginf", values == -np.inf)):
        first = tuple(int(i) for i in np.argwhere(mask)[0]) if mask.any() else None
        assert getattr(got, f"first_{name}") == first
    assert summary.distribution.total == finite.size
    assert summary.distribution.quantiles([0.5, 0.99]) == pytest.approx(np.quantile(finite, [0.5, 0.99]), rel=1e-6)


def dense(kind):
    source = torch.Generator().manual_seed(3)
    values = torch.randn(24, 36, generator=source)
    if kind == "positive":
        values = values.abs() + 0.1
    values[torch.rand(24, 36, generator=source) < 0.8] = 0.0
    if kind == "special":
        values[3, 7], values[2, 30], values[20, 1], values[21, 0] = np.nan, np.inf, -np.inf, np.nan
    if kind == "full":
        values = values.abs() + 1.0
    return values * (0 if kind == "nothing" else 1)


def in_layout(values, layout):
    if layout == "coo":
        return values.to_sparse()
    if layout in ("bsr", "bsc"):
        return getattr(values, f"to_sparse_{layout}")((4, 3))
    return getattr(values, f"to_sparse_{layout}")()


@pytest.mark.parametrize("kind", ["plain", "positive", "special", "full", "nothing"])
@pytest.mark.parametrize("layout", ["coo", "csr", "csc", "bsr", "bsc"])
def test_a_sparse_tensor_has_the_figures_of_the_dense_one(tmp_path, monkeypatch, layout, kind):
    monkeypatch.setattr(sparse_places, "STEP", 37)
    values = dense(kind)
    agrees(told(tmp_path, in_layout(values, layout)), values)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.complex64, torch.bool])
def test_values_of_any_type_are_told(tmp_path, dtype):
    values = dense("plain").to(dtype)
    agrees(told(tmp_path, values.to_sparse()), values)


def test_rows_of_values_are_told(tmp_path):
    values = torch.zeros(40, 3, 5)
    values[[2, 5, 31]] = torch.randn(3, 3, 5, generator=torch.Generator().manual_seed(0))
    agrees(told(tmp_path, values.to_sparse(1)), values)


def test_elements_in_any_order_are_found_where_they_belong(tmp_path):
    indices = torch.tensor([[5, 0, 2, 2], [1, 3, 0, 2]])
    scattered = torch.sparse_coo_tensor(indices, torch.tensor([2.0, -1.0, 2.0, 7.0]), (6, 4))
    agrees(told(tmp_path, scattered), scattered.to_dense())


def test_elements_stored_twice_leave_a_count_only(tmp_path):
    twice = torch.sparse_coo_tensor(torch.tensor([[0, 0], [1, 1]]), torch.tensor([2.0, 3.0]), (2, 3))
    got = told(tmp_path, twice)
    assert got.statistics.count == 6 and got.statistics.mean is None and got.distribution is None


def test_what_is_too_large_to_remember_has_figures_where_nothing_can_be_stored_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(sparse_places, "MOST", 10)
    values = dense("plain")
    got = told(tmp_path, values.to_sparse_csc()).statistics
    assert got.mean == pytest.approx(values.mean().item(), rel=1e-6) and got.argmin is None
    agrees(told(tmp_path, values.to_sparse()), values)  # in order, so nothing has to be remembered
    backwards = torch.sparse_coo_tensor(torch.arange(20).flip(0)[None], torch.ones(20), (40,))
    assert told(tmp_path, backwards).statistics.mean is None


def test_an_empty_sparse_tensor_is_zeros(tmp_path):
    agrees(told(tmp_path, torch.sparse_coo_tensor(size=(3, 4))), torch.zeros(3, 4))


def test_an_index_outside_of_the_shape_is_said(tmp_path):
    indices = torch.tensor([[0, 1], [1, 2]])
    tensor = torch.sparse_coo_tensor(indices, torch.tensor([2.0, 3.0]), (2, 3))
    tensor._indices()[1, 1] = 9
    with pytest.raises(DamagedFileError, match="lies outside of a dimension of 3"):
        told(tmp_path, tensor)


def test_other_rows_of_a_checkpoint_are_told_as_ever(tmp_path):
    got = told(tmp_path, torch.arange(12.0).reshape(3, 4))
    assert got.statistics.max == 11 and got.statistics.argmax == (2, 3)


def test_extremes_are_told_of_a_batch_though_their_places_are_not(tmp_path):
    summary = told(tmp_path, torch.tensor([[[1.0, 0.0], [0.0, -3.0]]] * 2).to_sparse_csr())
    assert (summary.statistics.min, summary.statistics.argmin) == (-3.0, None)
    profile = Profile(1, lambda row: (2, 2, 2))
    profile.put(np.array([0]), record_of(summary, (2, 2, 2)).reshape(1))
    kept = profile.statistics(0)
    assert (kept.min, kept.max, kept.argmin, kept.argmax) == (-3.0, 1.0, None, None)
    assert profile.column("min").tolist() == [-3.0] and plausible(profile.records, np.array([8])).all()


@pytest.mark.parametrize("wide", [1 << 40, 1 << 31])
def test_a_few_bytes_that_claim_to_be_a_terabyte_of_places_are_refused(tmp_path, wide):
    class Sparse:
        def __reduce__(self):
            begins = torch.zeros(1, dtype=torch.long).expand(wide + 1)
            parts = (begins, torch.zeros(3, dtype=torch.long), torch.ones(3), torch.Size((wide, 5)))
            return torch._utils._rebuild_sparse_tensor, (torch.sparse_csr, parts)

    with pytest.raises(LimitExceededError, match="bytes of crow_indices repeat 8 in the file"):
        told(tmp_path, Sparse())


def test_blocks_without_a_value_are_no_division(tmp_path):
    class Sparse:
        def __reduce__(self):
            begins, others = torch.zeros(3, dtype=torch.long), torch.zeros(2, dtype=torch.long)
            parts = (begins, others, torch.zeros(2, 0, 3), torch.Size((6, 6)))
            return torch._utils._rebuild_sparse_tensor, (torch.sparse_bsr, parts)

    assert told(tmp_path, Sparse()).statistics.zeros == 36
