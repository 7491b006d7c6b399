"""What is known of a series is kept while members come and go."""

import numpy as np
import pytest
import torch

from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import MOST_PAIRS, Compared
from ckptgui.workspace.comparing import Comparing, PairTask, ProfileTask
from ckptgui.workspace.run import read_run


@pytest.fixture
def members(tmp_path):
    generator = torch.Generator().manual_seed(1)
    for epoch in range(4):
        state = {f"w{i}": torch.randn(5, 6, generator=generator) for i in range(3)}
        if epoch > 1:
            state["late"] = torch.randn(4, generator=generator)
        torch.save({"epoch": epoch, "model_state_dict": state}, tmp_path / f"epoch_{epoch}.pt")
    return read_run(str(tmp_path)).members


def read(known):
    pool = SourcePool()
    tasks = known.missing(known.tasks())
    Comparing(known.series, pool, None, known.profiles).carry_out(tasks, known.take, Cancel())
    pool.close()
    return tasks


def test_everything_is_read_once(members):
    known = Compared(series_of(members))
    assert len(read(known)) == 4 + 3
    assert known.missing(known.tasks()) == []
    stds = known.figures("std")
    assert stds.shape == (4, 4)
    assert np.isnan(stds).sum() == 2  # late is in the last two alone
    moved = known.pairwise("delta_l2")
    assert np.isnan(moved[:, 0]).all() and (moved[:3, 1:] > 0).all()


def test_one_more_epoch_costs_one(members):
    known = Compared(series_of(members[:3]))
    read(known)
    before = known.figures("std").copy()
    more = known.with_series(series_of(members))
    assert set(read(more)) == {ProfileTask(3), PairTask(2, 3)}
    assert np.array_equal(more.figures("std")[:, :3], before, equal_nan=True)


def test_a_member_that_goes_takes_its_pairs_along(members):
    known = Compared(series_of(members))
    read(known)
    fewer = known.with_series(series_of([members[0], members[2], members[3]]))
    assert set(fewer.missing(fewer.tasks())) == {PairTask(0, 1)}
    assert np.array_equal(fewer.pair(1, 2).records, known.pair(2, 3).records)


def test_the_order_may_be_another(members):
    known = Compared(series_of(members))
    read(known)
    turned = known.with_series(series_of(members[::-1]))
    assert set(turned.missing(turned.tasks())) == {PairTask(0, 1), PairTask(1, 2), PairTask(2, 3)}
    assert np.array_equal(turned.figures("std"), known.figures("std")[:, ::-1], equal_nan=True)


def test_the_pair_that_is_looked_at_comes_first(members):
    known = Compared(series_of(members))
    assert known.tasks(1, 3)[:3] == [PairTask(1, 3), ProfileTask(3), ProfileTask(1)]
    assert PairTask(0, 2) in known.tasks(to_first=True)


def test_of_the_pairs_that_were_looked_at_by_the_way_only_a_few_are_kept(members):
    known = Compared(series_of((*members, *members[:3])))
    steps = set(known.tasks())
    odd = [(a, b) for b in range(7) for a in range(7) if a and PairTask(a, b) not in steps and a != b][:20]
    for a, b in odd:
        known.pair(a, b)
        known.done.add(PairTask(a, b))
        known.forget_pairs(a, b)
    assert list(known.pairs) == odd[-MOST_PAIRS:]
    assert known.missing([PairTask(*odd[0]), PairTask(*odd[-1])]) == [PairTask(*odd[0])]
