"""What tensors come to together, compared with numpy over all their elements at once."""

import numpy as np
import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.figures import figures_of, waiting_rows
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.repeats import find_repeats
from ckptgui.core.tree.sort import SortKey, arranged
from tests.core.tree.known import Known
from tests.core.trees import CheckpointMaker, gpt


def figures_now(tree, known, failed=()):
    return figures_of(tree, known, waiting_rows(tree.checkpoint.tensors, known, failed))


def tree_of(names, shape=(6,)):
    make = CheckpointMaker()
    make.section((), Role.MODEL, names, shape=shape)
    return build_tree(make.make())


def values_of(tree, seed=0):
    random = np.random.default_rng(seed)
    table = tree.checkpoint.tensors
    values = [random.normal(row % 5, 10.0 ** (row % 4 - 2), table.shape(row)) for row in range(len(table))]
    values[0].flat[:2] = np.nan, np.inf
    values[1].flat[:3] = 0
    return values


def below(tree, node, values):
    rows = tree.row[node : tree.end[node]]
    some = [values[row] for row in rows[rows >= 0].tolist() if not tree.repeated[row]]
    return np.concatenate([each.ravel() for each in some]) if some else np.zeros(0)


def assert_like(figures, node, every):
    finite = every[np.isfinite(every)]
    assert figures.finite[node] == finite.size
    assert figures.elements[node] == every.size
    assert figures.zeros[node] == (every == 0).sum()
    assert figures.nan[node] == np.isnan(every).sum()
    assert figures.inf[node] == np.isinf(every).sum()
    if finite.size:
        assert abs(figures.mean[node] - finite.mean()) <= 1e-12 * np.abs(finite).mean()
        assert figures.std[node] == pytest.approx(finite.std(), rel=1e-12)
        assert figures.low[node] == finite.min() and figures.high[node] == finite.max()


def test_every_branch_has_the_figures_of_all_its_elements():
    tree = build_tree(gpt(4))
    values = values_of(tree)
    figures = figures_now(tree, Known(values))
    for node in range(len(tree)):
        if tree.row[node] >= 0:
            assert_like(figures, node, values[tree.row[node]])
        elif tree.tensors[node]:
            assert_like(figures, node, below(tree, node, values))
    assert not figures.left.any()


def test_huge_values_leave_other_branches_alone_and_do_not_overflow():
    tree = tree_of([f"{name}.{each}.w" for each in "xyzuvwrst" for name in "abc"])
    random = np.random.default_rng(0)
    parts = [(random.normal(3, 1, 6) + number, scale) for number, scale in enumerate([1e300, 1, 1e-300] * 9)]
    known = Known([each for each, _ in parts])
    scales = np.array([scale for _, scale in parts])
    column = known.column
    known.column = lambda name: column(name) * (scales if name in ("mean", "std", "min", "max") else 1)
    values = [each for each, _ in parts]
    figures = figures_now(tree, known)
    for name, scale in (("a", 1e300), ("b", 1.0), ("c", 1e-300)):
        node = tree.node_of_path((name,))
        whole = below(tree, node, values)
        assert figures.mean[node] / scale == pytest.approx(whole.mean(), rel=1e-12)
        assert figures.std[node] / scale == pytest.approx(whole.std(), rel=1e-12)


def test_what_is_left_to_read_is_counted_and_a_broken_tensor_is_not_waited_for():
    tree = tree_of(["a.x", "a.y", "b.x", "b.y"])
    figures = figures_now(tree, Known([[1.0] * 6, None, [2.0] * 6, None]), [3])
    assert (figures.left[0], figures.left_bytes[0], figures.finite[0]) == (1, 24, 12)


def experts():
    """Layers of equal experts, so that there are runs in runs."""
    return tree_of(
        [
            f"l.{layer}.{part}"
            for layer in range(3)
            for part in (*(f"e.{n}.{p}" for n in range(4) for p in "abc"), "z")
        ]
    )


@pytest.mark.parametrize("make", [lambda: build_tree(gpt(12)), experts])
def test_folded_layers_come_to_what_all_of_them_do(make):
    tree = make()
    values = values_of(tree)
    folds = Folds(find_repeats(tree))
    figures = figures_now(tree, Known(values)).folded(tree, folds)
    shown = np.flatnonzero(~folds.hidden())
    assert max(len(folds.members(node)) for node in shown.tolist()) == 12
    for node in shown.tolist():
        if tree.tensors[node]:
            members = folds.members(node).tolist()
            if len(members) > 1:
                assert_like(figures, node, np.concatenate([below(tree, each, values) for each in members]))


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (SortKey.MEAN, ["d", "b", "a", "c", "e"]),
        (SortKey.STD, ["a", "b", "d", "c", "e"]),
        (SortKey.HIGH, ["a", "d", "b", "c", "e"]),
        (SortKey.LOW, ["d", "b", "c", "a", "e"]),
        (SortKey.MAGNITUDE, ["a", "d", "b", "c", "e"]),
        (SortKey.ZEROS, ["c", "a", "b", "d", "e"]),
        (SortKey.ALARMS, ["b", "a", "c", "d", "e"]),
    ],
)
def test_rows_are_sorted_by_figures_and_unknown_ones_come_last(key, wanted):
    tree = tree_of(list("eabcd"))
    values = [None, [-9, 9, 0, 0, 1, -1], [2, 2, 2, 2.5, np.nan, np.inf], [0, 0, 0, 0, 0, 0], [3, 3, 3, 3, 3, 3.5]]
    figures = figures_now(tree, Known(values))
    found = arranged(tree, key, True, None, figures)
    assert [tree.labels[node] for node in found.order.tolist()[1:]] == wanted
    turned = arranged(tree, key, False, None, figures)
    assert tree.labels[int(turned.order[-1])] == "e"


def test_a_branch_is_sorted_by_its_merged_figure_once_all_of_it_is_read():
    names = [f"{name}.{each}" for name in "abc" for each in "xyzuvwrst"]
    tree = tree_of(names)
    values = [np.full(6, float("abc".index(name[0]))) for name in names]
    orders = []
    for known in (values, [*values[:-1], None]):
        figures = figures_now(tree, Known(known))
        found = arranged(tree, SortKey.MEAN, True, None, figures)
        orders.append("".join(tree.labels[node] for node in found.order.tolist() if tree.parent[node] == 0))
    assert orders == ["cba", "bac"]
