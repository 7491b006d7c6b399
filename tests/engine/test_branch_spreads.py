"""A branch's distribution is that of its tensors together, whether it was counted, joined or restored."""

import numpy as np
import pytest

from ckptgui.analysis.spread import Spread, places_of
from ckptgui.analysis.spreads import Spreads
from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.engine.branch_spreads import BranchSpreads
from tests.core.trees import CheckpointMaker


@pytest.fixture
def tree():
    """Two sections of two layers with three tensors each; one name in each section is tied to the first tensor."""
    make = CheckpointMaker()
    for section in ("model", "ema"):
        names = [f"{layer}.{name}" for layer in "01" for name in "abc"]
        rows = make.section((section,), Role.MODEL, [], shape=(50,))
        for name in names:
            rows.append(make.tensor((section, *name.split(".")), (50,), storage=0 if name == "0.c" else None))
    return build_tree(make.make())


def spreads_of(tree, seed=0):
    """A spread for each row, tied rows alike."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(row, 1, 50) for row in range(len(tree.repeated))]
    found = []
    for each in values:
        places, counts = np.unique(places_of(each), return_counts=True)
        found.append(Spread(places, counts, each.min(), each.max()))
    return found


def expected(tree, node, spreads):
    rows = tree.row[node : tree.end[node]]
    return Spread.joined(spreads[row] for row in rows[rows >= 0] if not tree.repeated[row] or len(rows) == 1)


def answer(branches, node, spreads):
    """As its users ask: what was counted, and the rest one by one."""
    return Spread.joined([branches.counted(node), *(spreads[row] for row in branches.left_out(node))])


def assert_same(found, wanted):
    assert (found.places == wanted.places).all()
    assert (found.counts == wanted.counts).all()
    assert (found.low, found.high) == (wanted.low, wanted.high)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 64])
def test_every_node_is_the_sum_of_its_tensors_however_many_branches_are_counted(tree, most):
    branches, spreads = BranchSpreads(tree, most), spreads_of(tree)
    for rows in np.array_split(np.random.default_rng(1).permutation(len(spreads)), 3):
        branches.add(rows, Spreads.of([spreads[row] for row in rows]))
    for node in range(len(tree)):
        assert_same(answer(branches, node, spreads), expected(tree, node, spreads))


def test_a_tensor_that_comes_twice_counts_once(tree):
    branches, spreads = BranchSpreads(tree), spreads_of(tree)
    for _ in range(2):
        branches.add(np.arange(len(spreads)), Spreads.of(spreads))
    assert_same(branches.counted(0), expected(tree, 0, spreads))


def test_tensors_without_values_add_nothing(tree):
    branches = BranchSpreads(tree)
    branches.add(np.array([1]), Spreads.of([None]))
    assert branches.counted(0) is None or not branches.counted(0).total
    assert 1 not in branches.left_out(0)


def test_counts_are_taken_up_again_by_the_same_tree_alone(tree):
    branches, spreads = BranchSpreads(tree), spreads_of(tree)
    branches.add(np.arange(len(spreads)), Spreads.of(spreads))
    data = branches.packed()
    again = BranchSpreads(tree)
    again.restore(data)
    assert_same(again.counted(0), expected(tree, 0, spreads))
    assert not len(again.left_out(0))
    fewer = BranchSpreads(tree, most=1)
    fewer.restore(data)
    assert fewer.counted(0) is None


@pytest.mark.parametrize(
    "damage", [lambda d: b"", lambda d: d[:-9], lambda d: d[:20] + b"x" + d[21:], lambda d: b"x"]
)
def test_damaged_counts_are_not_taken_up(tree, damage):
    branches, spreads = BranchSpreads(tree), spreads_of(tree)
    branches.add(np.arange(len(spreads)), Spreads.of(spreads))
    again = BranchSpreads(tree)
    again.restore(damage(branches.packed()))
    assert again.counted(0) is None
