"""The tree at size: building, folding, searching, sorting and painting it."""

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.repeats import find_repeats
from ckptgui.core.tree.search import TreeSearch
from ckptgui.core.tree.sort import SortKey, arranged
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.rows import Rows
from ckptgui.gui.tree.view import TreeView
from tests.core.trees import flat

TENSORS = 100_000


@pytest.fixture(scope="module")
def tree():
    return build_tree(flat(TENSORS))


def test_building_a_tree_of_100_000_tensors_takes_under_a_second(benchmark):
    checkpoint = flat(TENSORS)
    benchmark.pedantic(build_tree, (checkpoint,), rounds=3)
    assert benchmark.stats["min"] < 1.0


def test_the_visible_rows_are_known_in_ten_milliseconds(benchmark, tree):
    expanded = np.random.default_rng(0).random(len(tree)) < 0.5
    expanded[0] = True
    benchmark(tree.visible, expanded)
    assert benchmark.stats["min"] < 0.010


@pytest.mark.parametrize(
    "text", ["part7", "*7.weight", "*1*2*", r"/layers\.(1|2)\d+\.part[0-3]/", "/(a*)*(b|r)+t7/"]
)
def test_names_are_found_in_a_tenth_of_a_second(benchmark, tree, text):
    search = TreeSearch(tree)
    benchmark(search.find, text)
    assert benchmark.stats["min"] < 0.1


@pytest.mark.parametrize("key", list(SortKey))
def test_siblings_are_sorted_in_a_tenth_of_a_second(benchmark, tree, key):
    benchmark(arranged, tree, key, True)
    assert benchmark.stats["min"] < 0.1


def test_equal_layers_are_found_in_a_tenth_of_a_second(benchmark, tree):
    benchmark(find_repeats, tree)
    assert benchmark.stats["min"] < 0.1


def test_a_million_visible_rows_are_shown_and_painted_in_a_few_frames(benchmark, tree):
    app = QApplication.instance() or QApplication([])
    many = np.sort(np.random.default_rng(0).integers(0, len(tree), 1_000_000)).astype(np.int32)
    model = TreeModel()
    view = TreeView(model)
    view.resize(800, 900)
    view.show()

    def show():
        model.show_tree(Rows(tree), many, np.ones(len(tree), bool))
        view.grab()

    benchmark.pedantic(show, rounds=5)
    view.close()
    assert app is not None
    assert benchmark.stats["min"] < 0.1
