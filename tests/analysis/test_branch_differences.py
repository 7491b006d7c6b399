"""A module's figures equal those of its tensors' values, put behind one another."""

import math

import numpy as np
import pytest

from ckptgui.analysis.branch_differences import Branches, module_figures, module_relative, tensor_figures
from ckptgui.analysis.difference import FIGURES, NO_FIGURES, Differences
from ckptgui.core.series.outline import outline_of
from ckptgui.core.series.status import Status

NAMES = ["emb.weight", "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.1.fc.weight", "blocks.1.fc.bias", "scale"]


def record_of(a, b):
    """What is known of a pair, by numpy alone."""
    both = np.isfinite(a) & np.isfinite(b)
    p, q = a[both], b[both]
    na, nb = math.hypot(*p), math.hypot(*q)
    return {
        "known": FIGURES,
        "count": a.size,
        "changed": int(((a != b) & ~(np.isnan(a) & np.isnan(b))).sum()),
        "nan_a": int(np.isnan(a).sum()),
        "nan_b": int(np.isnan(b).sum()),
        "inf_b": int(np.isinf(b).sum()),
        "l2_a": math.hypot(*a[np.isfinite(a)]),
        "l2_b": math.hypot(*b[np.isfinite(b)]),
        "delta_l2": math.hypot(*q - p),
        "relative": math.hypot(*q - p) / na if na else math.nan,
        "cosine": float((p / na) @ (q / nb)) if na and nb else math.nan,
        "max_abs": np.abs(q - p).max(initial=0.0),
    }


def compared(names, pairs):
    """An outline of names, and what is known of their values; a pair of None was not read."""
    outline, order = outline_of(names)
    differences = Differences.unread(np.full(len(names), Status.MATCHED, np.uint8))
    for tensor, place in enumerate(order.tolist()):
        if pairs[place] is not None:
            for field, value in record_of(*pairs[place]).items():
                differences.records[field][tensor] = value
    return outline, differences


@pytest.fixture
def moved():
    rng = np.random.default_rng(6)
    sizes = (1000, 64, 8, 64, 8, 1)
    pairs = [(a, a + rng.normal(0, 0.1, a.size)) for a in (rng.normal(0, 1 + n, s) for n, s in enumerate(sizes))]
    pairs[2] = (pairs[2][0], pairs[2][0].copy())  # nothing moved
    pairs[4] = (np.zeros(8), pairs[4][1])  # began at zero
    return pairs


def whole(names, pairs, module):
    """All values below a module, one behind the other."""
    inside = [pair for name, pair in zip(names, pairs) if not module or name.startswith(f"{module}.")]
    return tuple(np.concatenate(values) for values in zip(*inside))


@pytest.mark.parametrize("module", ["", "emb", "blocks", "blocks.0", "blocks.0.fc", "blocks.1"])
def test_the_figures_of_a_module_are_those_of_its_values_together(moved, module):
    outline, differences = compared(NAMES, moved)
    branches = Branches(outline)
    at = branches.modules.tolist().index(outline.find(module))
    figures = module_figures(branches, differences)
    a, b = whole(NAMES, moved, module)
    delta = math.sqrt(math.fsum((b - a) ** 2))
    norm_a, norm_b = math.sqrt(math.fsum(a**2)), math.sqrt(math.fsum(b**2))
    assert figures.relative[at] == pytest.approx(delta / norm_a, rel=1e-12)
    assert module_relative(branches, differences)[at] == figures.relative[at]
    assert figures.delta_l2[at] == pytest.approx(delta, rel=1e-12)
    assert figures.cosine[at] == pytest.approx(math.fsum(a * b) / norm_a / norm_b, rel=1e-12)
    assert figures.max_abs[at] == np.abs(b - a).max()
    assert figures.changed_fraction[at] == np.mean(a != b)
    assert figures.elements[at] == a.size
    assert figures.counts[at].sum() == sum(1 for name in NAMES if not module or name.startswith(f"{module}."))


def test_a_module_with_a_nan_below_it_has_a_count_and_no_relative_change(moved):
    moved[3][1][5] = np.nan
    outline, differences = compared(NAMES, moved)
    branches = Branches(outline)
    figures = module_figures(branches, differences)
    by_name = {outline.path(node): at for at, node in enumerate(branches.modules.tolist())}
    for module in ("", "blocks", "blocks.1", "blocks.1.fc"):
        assert figures.nan[by_name[module]] == 1
        assert math.isnan(figures.relative[by_name[module]])
        assert math.isnan(figures.cosine[by_name[module]])
        assert figures.max_abs[by_name[module]] > 0
    assert figures.nan[by_name["blocks.0"]] == 0
    assert figures.relative[by_name["blocks.0"]] > 0


def test_what_is_not_read_yet_is_counted_and_leaves_the_rest_as_it_is(moved):
    pairs = [*moved[:1], None, *moved[2:]]
    outline, differences = compared(NAMES, pairs)
    branches = Branches(outline)
    figures = module_figures(branches, differences)
    root = branches.modules.tolist().index(0)
    assert figures.unread[root] == 1
    assert figures.elements[root] == 1000 + 8 + 64 + 8 + 1
    untouched = module_figures(branches, Differences.unread(differences.structure))
    assert untouched.unread[root] == len(NAMES)
    assert math.isnan(untouched.relative[root]) and math.isnan(untouched.delta_l2[root])


def test_statuses_are_counted_below_each_module(moved):
    outline, differences = compared(NAMES, moved)
    structure = differences.structure.copy()
    structure[outline.names.index("scale")] = Status.ADDED
    branches = Branches(outline)
    counts = module_figures(branches, Differences(structure, differences.records)).counts
    root = branches.modules.tolist().index(0)
    assert [int(counts[root, s]) for s in (Status.CHANGED, Status.SAME, Status.ADDED)] == [4, 1, 1]


def test_a_module_has_the_status_of_its_tensors_where_they_agree(moved):
    outline, differences = compared(NAMES, moved)
    structure = differences.structure.copy()
    structure[outline.names.index("scale")] = Status.ADDED
    structure[outline.names.index("emb.weight")] = Status.ABSENT
    branches = Branches(outline)
    status = module_figures(branches, Differences(structure, differences.records)).status
    said = {outline.path(node): str(Status(s)) for node, s in zip(branches.modules.tolist(), status.tolist())}
    assert said["blocks.1"] == "changed"
    assert said["blocks.0.fc"] == "changed"  # one of two is the same
    assert said["emb"] == "absent"
    unread = module_figures(branches, Differences.unread(np.full(len(NAMES), Status.MATCHED, np.uint8)))
    assert set(unread.status.tolist()) == {Status.MATCHED}


def test_huge_and_tiny_values_neither_overflow_nor_vanish():
    names = ["m.a", "m.b", "n.a", "n.b"]
    pairs = [(np.array([3e200]), np.array([6e200])), (np.array([4e200]), np.array([8e200]))]
    pairs += [(np.array([3e-170]), np.array([6e-170])), (np.array([4e-170]), np.array([8e-170]))]
    outline, differences = compared(names, pairs)
    for field, value in (("l2_a", 4e-170), ("l2_a", 3e-170)):
        assert value in differences.records[field]
    branches = Branches(outline)
    figures = module_figures(branches, differences)
    by_name = {outline.path(node): at for at, node in enumerate(branches.modules.tolist())}
    assert figures.delta_l2[by_name["m"]] == pytest.approx(5e200, rel=1e-12)
    assert figures.relative[by_name["n"]] == pytest.approx(1.0, rel=1e-12)


def test_a_tensor_without_figures_counts_as_read():
    differences = Differences.unread(np.full(2, Status.MATCHED, np.uint8))
    differences.records["known"][0] = NO_FIGURES
    figures = tensor_figures(differences)
    assert figures.unread.tolist() == [0, 1]
    assert np.isnan(figures.relative).all()


def test_nothing_at_all_has_no_figures():
    outline, _ = outline_of([])
    branches = Branches(outline)
    figures = module_figures(branches, Differences.unread(np.zeros(0, np.uint8)))
    assert figures.elements.tolist() == [0] and math.isnan(figures.relative[0])
