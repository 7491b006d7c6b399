"""The tree as lines: equal layers are one row with all their bytes."""

from ckptgui.cli.reading import listed
from ckptgui.cli.tree_text import tree_lines
from ckptgui.core.checkpoint import Role
from ckptgui.core.plain_numbers import shape, size
from ckptgui.core.tree.build import build_tree
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


def test_a_row_says_what_is_known_of_its_tensor():
    make = CheckpointMaker()
    first = make.storage(24)
    make.tensor(("whole",), (2, 3), storage=first, dtype="float32")
    make.tensor(("tied",), (2, 3), storage=first)
    make.tensor(("number",), (), dtype="int64", persistent=False)
    make.tensor(("bad",), (1234, 5), dtype="bfloat16", error="It is not there.")
    checkpoint = make.make()
    tree = build_tree(checkpoint)
    for readings in ({}, {0: listed(checkpoint.info(0))}):
        lines = list(tree_lines(tree, None, readings))[1:]
        for line, info in zip(lines, checkpoint.tensors, strict=True):
            notes = ["tied"] if info.name in ("whole", "tied") else []
            notes += ([] if info.persistent else ["not persistent"]) + ([info.error] if info.error else [])
            told = (info.name, shape(info.shape), info.dtype.name, size(info.nbytes), ", ".join(notes))
            assert line.split() == " ".join(told).split()


def test_rows_beside_a_fold_are_told_as_without_one():
    odd = CheckpointMaker()
    for number in range(9):
        odd.tensor((f"odd.{number}.a",), (number + 1, 2))
    alone = list(tree_lines(build_tree(odd.make()), None, {}))
    for layer in range(9):
        for name in ("a", "b"):
            odd.tensor((f"same.{layer}.{name}",), (3, 3))
    beside = list(tree_lines(build_tree(odd.make()), None, {}))
    assert any("× equal" in line for line in beside) and not any("× equal" in line for line in alone)
    assert [line.split() for line in alone] == [line.split() for line in beside[: len(alone)]]
