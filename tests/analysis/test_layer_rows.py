"""Which rows a map of layers has, how they are grouped, and what is folded by itself."""

import numpy as np
import pytest

from ckptgui.analysis.layer_rows import blocks_of, folded_to_fit, rows_of
from ckptgui.core.series.outline import outline_of


def outline(*names):
    return outline_of(names)[0]


def gpt(layers, inside=("attn.w", "attn.b", "mlp.w")):
    return outline("tok.w", *(f"blocks.{n}.{name}" for n in range(layers) for name in inside), "ln.w")


def nothing(tree):
    return np.zeros(len(tree), bool)


def told(tree, folded=None):
    rows = rows_of(tree, nothing(tree) if folded is None else folded)
    blocks = blocks_of(tree)
    found = []
    for node in rows.nodes.tolist():
        block = int(blocks.of[node])
        found.append((blocks.label(block) if block >= 0 else "", blocks.name(node)))
    return found


def test_rows_stand_in_network_order_under_their_block():
    assert told(gpt(2)) == [
        ("", "tok.w"),
        ("0", "attn.w"),
        ("0", "attn.b"),
        ("0", "mlp.w"),
        ("1", "attn.w"),
        ("1", "attn.b"),
        ("1", "mlp.w"),
        ("", "ln.w"),
    ]


def test_what_all_names_begin_with_is_left_away():
    assert told(outline("model.layers.0.w", "model.layers.1.w", "model.norm.w")) == [
        ("0", "w"),
        ("1", "w"),
        ("", "norm.w"),
    ]


def test_numbers_that_occur_twice_are_told_with_what_is_around_them():
    assert told(outline("layer1.0.w", "layer2.0.w", "fc.w", "fc.b")) == [
        ("layer1.0", "w"),
        ("layer2.0", "w"),
        ("fc", "w"),
        ("fc", "b"),
    ]


def test_numbers_within_a_block_are_part_of_the_name():
    assert told(outline("blocks.0.experts.0.w", "blocks.0.experts.1.w")) == [
        ("0", "experts.0.w"),
        ("0", "experts.1.w"),
    ]


def test_a_sequential_is_grouped_by_its_numbers():
    assert told(outline("0.weight", "0.bias", "2.weight")) == [("0", "weight"), ("0", "bias"), ("2", "weight")]


def test_a_folded_module_stands_in_the_place_of_its_tensors():
    tree = gpt(3)
    folded = nothing(tree)
    folded[[tree.find("blocks.1"), tree.find("blocks.2.attn")]] = True
    assert told(tree, folded)[4:7] == [("1", ""), ("2", "attn"), ("2", "mlp.w")]
    rows = rows_of(tree, folded)
    sizes = np.diff(np.append(rows.heads, len(tree.names)))
    assert sizes.tolist() == [1, 1, 1, 1, 3, 2, 1, 1]
    assert rows.folded.tolist() == [False] * 4 + [True, True, False, False]


def test_what_is_below_a_folded_module_may_be_folded_too():
    tree = gpt(1)
    folded = nothing(tree)
    folded[[tree.find("blocks.0"), tree.find("blocks.0.attn")]] = True
    assert told(tree, folded) == [("", "tok.w"), ("0", ""), ("", "ln.w")]


def test_a_node_is_found_in_its_row_and_a_module_in_all_of_its():
    tree = gpt(3)
    folded = nothing(tree)
    folded[tree.find("blocks.1")] = True
    rows = rows_of(tree, folded)
    assert rows.of(tree.find("tok.w")) == range(1)
    assert rows.of(tree.find("blocks.0")) == range(1, 4)
    assert rows.of(tree.find("blocks.1.mlp.w")) == range(4, 5)  # folded away: the module's row
    assert rows.of(tree.find("blocks")) == range(1, 8)


@pytest.mark.parametrize(
    ("layers", "rows", "deepest"),
    [(20, 62, 4), (80, 162, 3), (150, 152, 2), (900, 902, 2), (30_000, 3, 1)],
)
def test_the_deepest_level_that_fits_is_shown(layers, rows, deepest):
    tree = gpt(layers)
    folded = folded_to_fit(tree)
    assert len(rows_of(tree, folded)) == rows
    assert set(tree.depth[folded].tolist()) in (set(), {deepest})


def test_where_everything_fits_nothing_is_folded():
    assert not folded_to_fit(gpt(10)).any()


def test_very_many_tensors_without_modules_are_all_rows():
    tree = outline(*(f"w{n}" for n in range(500)))
    assert len(rows_of(tree, folded_to_fit(tree))) == 500


def test_nothing_has_no_rows():
    tree = outline()
    assert len(rows_of(tree, folded_to_fit(tree))) == 0
    assert len(blocks_of(tree).of) == 1
