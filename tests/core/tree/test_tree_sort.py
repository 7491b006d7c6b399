"""Siblings in another order, subtrees kept whole."""

import numpy as np
import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.repeats import find_repeats
from ckptgui.core.tree.sort import SortKey, arranged
from tests.core.trees import CheckpointMaker, gpt


def names(tree, arrangement, parent):
    return [tree.labels[node] for node in arrangement.order.tolist() if tree.parent[node] == parent]


@pytest.mark.parametrize(
    ("key", "descending", "wanted"),
    [
        (SortKey.SIZE, True, ["2", "a", "10", "B"]),
        (SortKey.SIZE, False, ["B", "10", "a", "2"]),
        (SortKey.ELEMENTS, True, ["2", "a", "10", "B"]),
        (SortKey.NAME, False, ["2", "10", "a", "B"]),
        (SortKey.NAME, True, ["B", "a", "10", "2"]),
        (SortKey.TYPE, True, ["B", "a", "2", "10"]),
    ],
)
def test_siblings_are_ordered_by(key, descending, wanted):
    make = CheckpointMaker()
    make.section((), Role.MODEL, [])
    for name, size, dtype in [
        ("B", 4, "int8"),
        ("a.x", 9, "float32"),
        ("a.y", 9, "float32"),
        ("10", 16, "float32"),
    ]:
        make.tensor((name,), (size,), dtype=dtype)
    for number in range(5):
        for part in ("u", "v"):
            make.tensor((f"2.{number}.{part}",), (5,), dtype="float32")
    tree = build_tree(make.make())
    found = arranged(tree, key, descending)
    assert names(tree, found, 0) == wanted


def test_rows_without_tensors_come_last_and_the_file_stays_first():
    tree = build_tree(gpt())
    for descending in (False, True):
        found = arranged(tree, SortKey.SIZE, descending)
        assert found.order[0] == 0
        assert names(tree, found, 0)[2:] == ["epoch", "loss"]


@pytest.mark.parametrize("key", list(SortKey))
def test_every_subtree_stays_whole(key):
    tree = build_tree(gpt(12))
    found = arranged(tree, key, True)
    assert np.array_equal(np.sort(found.order), np.arange(len(tree)))
    assert np.array_equal(found.order[found.place], np.arange(len(tree)))
    for node in range(len(tree)):
        places = found.place[node : tree.end[node]]
        assert places.min() == found.place[node]
        assert places.max() - places.min() == len(places) - 1


def test_equal_siblings_stay_as_they_were_saved():
    tree = build_tree(gpt(12))
    blocks = tree.node_of_path(("model", "module._orig_mod.blocks"))
    assert names(tree, arranged(tree, SortKey.SIZE, True), blocks) == [str(n) for n in range(12)]


def test_a_folded_run_weighs_what_all_its_layers_do():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [])
    for number in range(6):
        make.tensor((f"l.{number}.w",), (10,))
        make.tensor((f"l.{number}.b",), (10,))
    make.tensor(("l.x.w",), (50,))
    tree = build_tree(make.make())
    parent = tree.node_of_path(("l",))
    folds = Folds(find_repeats(tree))
    assert names(tree, arranged(tree, SortKey.SIZE, True), parent)[0] == "x.w"
    assert names(tree, arranged(tree, SortKey.SIZE, True, folds), parent)[0] == "0"


def test_names_of_other_scripts_are_ordered_too():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["Éa.w", "zz.w", "éb.w", "Ab.w", "日.w", "9.w", "İ.w"])
    tree = build_tree(make.make())
    assert names(tree, arranged(tree, SortKey.NAME, False), 0) == [
        "9.w", "Ab.w", "İ.w", "zz.w", "Éa.w", "éb.w", "日.w",
    ]  # fmt: skip
