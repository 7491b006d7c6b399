"""The tree as lines: equal layers are one row with all their bytes."""

from ckptgui.cli.tree_text import tree_lines
from ckptgui.core.checkpoint import Role
from ckptgui.core.tree import build_tree
from tests.core.trees import CheckpointMaker, gpt


def test_equal_layers_are_one_row_with_all_their_bytes():
    lines = list(tree_lines(build_tree(gpt(12)), None, {}))
    row = next(line for line in lines if "0 … 11" in line)
    assert row.split() == ["0", "…", "11", "72", "tensors", "float32", "576.0", "KiB", "12", "×", "equal"]
    weight = next(line for line in lines if "attn.qkv.weight" in line)
    assert weight.split() == ["attn.qkv.weight", "64", "×", "32", "float32", "96.0", "KiB", "×", "12"]


def test_a_layer_that_differs_keeps_its_row():
    make = CheckpointMaker()
    for layer in range(9):
        for name in ("a", "b"):
            make.tensor((f"l.{layer}.{name}",), (2, 2) if layer == 4 else (3, 3))
    lines = [line.split("  ")[0] for line in map(str.strip, tree_lines(build_tree(make.make()), 2, {}))]
    assert lines == ["Name", "l", "0 … 3", "4", "5 … 8"]


def test_without_equal_layers_every_row_is_there():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["a.w", "b.w"])
    assert len(list(tree_lines(build_tree(make.make()), None, {}))) == 3
