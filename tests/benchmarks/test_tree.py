"""The tree at size: building, folding, searching, sorting and painting it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from ckptgui.analysis.profile import FIGURES, Profile
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.facet_rows import FacetRows
from ckptgui.core.tree.facets import terms_of
from ckptgui.core.tree.figures import figures_of
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


@pytest.fixture(scope="module")
def profile(tree):
    """Figures of every tensor, made up; a few have NaN."""
    table = tree.checkpoint.tensors
    random = np.random.default_rng(0)
    profile = Profile(len(table), table.shape)
    records = profile.records
    records["known"], records["mean"], records["std"] = (
        FIGURES,
        random.normal(size=TENSORS),
        random.random(TENSORS),
    )
    records["nan"][::1000] = 1
    records["zeros"] = random.integers(0, 6, TENSORS)
    records["min"] = -random.random(TENSORS).view(np.int64)
    records["max"] = random.random(TENSORS).view(np.int64)
    return profile


@pytest.fixture(scope="module")
def figures(tree, profile):
    return figures_of(tree, profile, np.zeros(TENSORS, bool))


def test_figures_of_all_branches_are_summed_up_in_a_twentieth_of_a_second(benchmark, tree, profile):
    benchmark(figures_of, tree, profile, np.zeros(TENSORS, bool))
    assert benchmark.stats["min"] < 0.05


@pytest.mark.parametrize("key", list(SortKey))
def test_siblings_are_sorted_in_a_tenth_of_a_second(benchmark, tree, key, figures):
    benchmark(arranged, tree, key, True, None, figures)
    assert benchmark.stats["min"] < 0.1


@pytest.mark.parametrize(
    "text",
    ["dtype:float32 ndim:2 size:<1kB", "nan:>0", "std:<1e-4 zeros:>50%", "-absmax:>0.5 shape:2x*", "role:weight"],
)
def test_tensors_are_found_by_their_properties_in_a_tenth_of_a_second(benchmark, tree, profile, text):
    search = TreeSearch(tree)
    benchmark(lambda: search.find(text, figures=profile))
    assert benchmark.stats["min"] < 0.1


@pytest.mark.parametrize("text", ["dtype:float32 ndim:2 size:<1kB", "nan:>0", "std:<1e-4", "zeros:>50%"])
def test_a_million_rows_are_compared_with_a_property_in_a_tenth_of_a_second(benchmark, tree, profile, text):
    """Ten times the table, in which the rows' properties lie end to end."""
    many = _ten_times(tree.checkpoint.tensors)
    records = Profile(0, many.shape)
    records.records = np.tile(profile.records, 10)
    rows = FacetRows(replace(tree.checkpoint, tensors=many), records, np.zeros(len(many.dtype), bool), None)
    terms = list(terms_of(text))
    benchmark(lambda: [rows.fit(term) for term in terms])
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


def _ten_times(table):
    columns = (
        "dtype",
        "device",
        "layout",
        "storage",
        "storage_offset",
        "numel",
        "nbytes",
        "kind",
        "flags",
        "dims",
    )
    starts = (table.dim_start[:-1] + len(table.dims) * np.arange(10)[:, None]).ravel()
    more = {name: np.tile(getattr(table, name), 10) for name in columns}
    return replace(table, dim_start=np.append(starts, 10 * len(table.dims)), **more)
