"""The tree: where rows stand, what they add up to, which of them are visible."""

import numpy as np
import pytest

from ckptgui.core.checkpoint import Module, Role
from ckptgui.core.tree.build import NodeKind, Remainder, build_tree
from ckptgui.core.tree.growth import MAX_LEVELS
from ckptgui.core.tree.values import MAX_VALUES_EACH
from tests.core.trees import CheckpointMaker, flat, gpt


def labels(tree, node=0):
    return [tree.labels[child] for child in tree.children(node)]


def at(tree, *path):
    node = tree.node_of_path(path)
    assert node is not None, path
    return node


def test_sections_and_values_stand_in_saved_order():
    tree = build_tree(gpt())
    assert labels(tree) == ["epoch", "model", "optimizer", "loss"]
    assert [NodeKind(tree.kind[n]) for n in tree.children(0)] == [
        NodeKind.VALUE,
        NodeKind.SECTION,
        NodeKind.SECTION,
        NodeKind.VALUE,
    ]


def test_values_saved_before_and_after_keep_their_side_when_sections_are_not_among_them():
    make = CheckpointMaker()
    make.section(("net",), Role.MODEL, ["a.w", "b.w"])
    make.section(("opt",), Role.OPTIMIZER, ["m", "v"])
    tree = build_tree(make.make({"epoch": 1, "opt": {"lr": 0.1}, "loss": 2}))
    assert labels(tree) == ["epoch", "net", "opt", "loss"]


def test_a_wrapper_prefix_is_a_badge_and_no_level():
    tree = build_tree(gpt())
    model = at(tree, "model")
    assert tree.prefixes[model] == "module._orig_mod."
    assert labels(tree, model) == ["tok.weight", "blocks", "head.weight"]


def test_a_prefix_that_one_name_lacks_stays_a_level():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["module.a", "module.b", "c"])
    tree = build_tree(make.make({}))
    assert not tree.prefixes
    assert labels(tree) == ["module", "c"]


def test_a_module_with_one_child_is_joined_and_a_small_one_of_modules_is_shown_as_its_tensors():
    tree = build_tree(gpt())
    block = at(tree, "model", "module._orig_mod.blocks.1")
    assert labels(tree, block) == ["ln", "attn.qkv.weight", "attn.qkv.bias", "attn.proj.weight", "attn.proj.bias"]


def test_numbers_stand_in_natural_order():
    make = CheckpointMaker()
    names = sorted(f"layers.{i}.{part}" for i in range(12) for part in ("w", "b"))
    make.section((), Role.MODEL, names)
    tree = build_tree(make.make({}))
    assert labels(tree, tree.children(0)[0]) == [str(i) for i in range(12)]


def test_a_name_can_be_a_tensor_and_a_module():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["w", "w.g", "w.v"])
    tree = build_tree(make.make({}))
    assert labels(tree) == ["w", "w"]
    assert tree.row[at(tree, "w")] == 0
    assert tree.row[at(tree, "w.v")] == 2


@pytest.mark.parametrize("checkpoint", [gpt(), flat(57)], ids=["gpt", "flat"])
def test_every_row_is_found_by_its_own_path(checkpoint):
    tree = build_tree(checkpoint)
    for node in range(len(tree)):
        assert tree.node_of_path(tree.path(node)) == node
    for row in range(len(checkpoint.tensors)):
        assert tree.path(tree.node_of_row(row)) == checkpoint.tensors.path(row)


def test_a_path_from_an_unwrapped_epoch_finds_the_same_row():
    wrapped, plain = build_tree(gpt()), build_tree(gpt(prefix=""))
    path = plain.path(plain.node_of_row(5))
    assert wrapped.row[at(wrapped, *path)] == 5
    assert plain.row[at(plain, *wrapped.path(wrapped.node_of_row(5)))] == 5


def test_a_tied_weight_adds_its_bytes_once():
    checkpoint = gpt()
    tree = build_tree(checkpoint)
    head, first = at(tree, "model", "module._orig_mod.head.weight"), tree.node_of_row(0)
    assert tree.nbytes[head] == 0
    assert tree.nbytes[first] == 64 * 32 * 4
    assert tree.tied[0] and tree.tied[tree.row[head]] and not tree.repeated[0] and tree.repeated[tree.row[head]]
    model = at(tree, "model")
    assert tree.tensors[model] == 20
    assert tree.nbytes[model] == 19 * 64 * 32 * 4
    assert tree.numel[model] == 19 * 64 * 32


def test_a_branch_tells_the_dtype_with_most_bytes_and_how_many_there_are():
    make = CheckpointMaker()
    make.tensor(("a", "w"), (8, 8), dtype="bfloat16")
    make.tensor(("a", "n"), (), dtype="int64")
    checkpoint = make.make({})
    tree = build_tree(checkpoint)
    assert checkpoint.tensors.dtypes[tree.dtype[0]].name == "bfloat16"
    assert tree.dtypes[0] == 2


def test_classes_keep_their_rows_and_modules_without_tensors_stand_in_order():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["conv.weight", "fc.weight", "fc.bias"])
    names = [("", "Net"), ("conv", "Conv2d"), ("act", "ReLU"), ("fc", "Linear")]
    tree = build_tree(make.make({"training": True}, [Module((n,) if n else (), f"m.{c}") for n, c in names]))
    assert labels(tree) == ["conv.weight", "act", "fc"]
    assert tree.classes == {0: "m.Net", 1: "m.Conv2d", 2: "m.ReLU", 3: "m.Linear"}


def test_nested_values_hang_below_their_keys_and_lists_of_plain_values_are_one_row():
    tree = build_tree(gpt())
    group = at(tree, "optimizer", "param_groups", "0")
    assert labels(tree, group) == ["lr", "params"]
    assert tree.values[at(tree, "optimizer", "param_groups", "0", "lr")] == 0.1
    assert not tree.is_branch(at(tree, "optimizer", "param_groups", "0", "params"))


def test_endless_values_and_levels_are_bounded():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [".".join("x" * 5000), "y"])
    deep = value = {}
    for _ in range(3000):
        value["k"] = value = {}
    tree = build_tree(make.make({"many": {str(i): i for i in range(50_000)}, "deep": deep}))
    many = at(tree, "many")
    assert len(tree.children(many)) == MAX_VALUES_EACH + 1
    last = tree.children(many)[-1]
    assert tree.values[last] == Remainder(50_000 - MAX_VALUES_EACH)
    assert tree.depth.max() <= MAX_LEVELS + 2


def test_visible_rows_are_those_whose_ancestors_are_open():
    tree = build_tree(gpt())
    rng = np.random.default_rng(0)
    for _ in range(50):
        expanded = rng.random(len(tree)) < 0.7
        slow = [n for n in range(len(tree)) if all(expanded[a] for a in tree.ancestors(n))]
        assert tree.visible(expanded).tolist() == slow
    assert tree.visible(np.ones(len(tree), bool)).tolist() == list(range(len(tree)))


def test_an_empty_checkpoint_is_a_root_alone():
    tree = build_tree(CheckpointMaker().make())
    assert len(tree) == 1
    assert tree.visible(np.zeros(1, bool)).tolist() == [0]


def test_a_tensor_that_is_the_whole_file_has_a_row():
    make = CheckpointMaker()
    make.section((), Role.OTHER, [])
    make.tensor((), (4,))
    tree = build_tree(make.make())
    assert tree.tensors[0] == 1
    assert tree.path(tree.node_of_row(0)) == ()


def test_a_path_is_found_among_very_many_children():
    make = CheckpointMaker()
    names = [f"table.{row}" for row in range(3000)] + ["table.2.w.a", "table.2.w.b", "table.17.5", "table.17.5.x"]
    make.section(("model",), Role.MODEL, names)
    tree = build_tree(make.make())
    for row in [*range(0, 3000, 97), *range(3000, len(names))]:
        assert tree.node_of_path(("model", names[row])) == tree.node_of_row(row)
        assert tree.node_of_path(("model", *names[row].split("."))) == tree.node_of_row(row)
    assert tree.node_of_path(("model", "table.3000")) is None
    assert tree.labels[at(tree, "model", "table.2.w")].endswith("2.w")


@pytest.mark.parametrize("label", ["aa", "a", "", "row", "5"])
def test_a_label_is_found_where_it_stands_alone(label):
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["m.aa", "m.a", "m.", *(f"m.{'a' * n}" for n in range(3, 40)), "m.row"])
    make.section(("s",), Role.OTHER, [f"t.{n:04d}" for n in range(2000)])
    labels = build_tree(make.make()).labels
    assert labels.find(label) == [number for number, each in enumerate(labels.pool) if each == label]
