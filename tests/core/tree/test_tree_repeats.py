"""Equal layers are found as runs; what differs in a name, a shape or a dtype breaks them."""

import numpy as np

from ckptgui.core.checkpoint import Module, Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.repeats import find_repeats
from tests.core.trees import BLOCK, CheckpointMaker, flat, gpt


def runs(tree):
    found = find_repeats(tree)
    names = [found.name(run) for run in range(len(found.head))]
    return list(zip(names, found.count.tolist()))


def model(layers, shape=lambda layer, part: (4, 4), dtype=lambda layer, part: "float32", **more):
    make = CheckpointMaker()
    for layer in range(layers):
        for part in BLOCK:
            make.tensor((f"layers.{layer}.{part}",), shape(layer, part), dtype=dtype(layer, part), **more)
    return make.make()


def test_equal_layers_are_one_run():
    tree = build_tree(gpt(48))
    assert runs(tree)[:1] == [("0 … 47", 48)]


def test_a_layer_of_another_shape_breaks_the_run():
    tree = build_tree(model(48, shape=lambda layer, part: (4, 5) if layer == 24 and part == "ln.bias" else (4, 4)))
    assert runs(tree) == [("0 … 23", 24), ("25 … 47", 23)]


def test_a_layer_of_another_dtype_breaks_the_run():
    tree = build_tree(model(5, dtype=lambda layer, part: "float16" if layer == 1 else "float32"))
    assert runs(tree) == [("2 … 4", 3)]


def test_a_layer_with_a_broken_tensor_stands_alone():
    make = CheckpointMaker()
    for layer in range(6):
        for part in BLOCK:
            cut = layer == 3 and part == "ln.bias"
            make.tensor((f"layers.{layer}.{part}",), (2, 3), storage=make.storage(24, here=8 if cut else 24))
    assert runs(build_tree(make.make())) == [("0 … 2", 3), ("4 … 5", 2)]


def test_a_list_of_equal_tensors_is_a_run():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["other", *(f"table.{row}" for row in range(20))])
    assert runs(build_tree(make.make())) == [("0 … 19", 20)]


def test_joined_names_keep_what_follows_the_number():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"heads.{row}.weight" for row in range(12)] + ["heads.12.bias"])
    assert runs(build_tree(make.make())) == [("0 … 11.weight", 12)]


def test_experts_within_layers_are_runs_within_a_run():
    make = CheckpointMaker()
    names = [f"l.{i}.experts.{e}.{w}" for i in range(4) for e in range(8) for w in ("up", "down")]
    make.section((), Role.MODEL, ["head", *names])
    tree = build_tree(make.make())
    found = find_repeats(tree)
    assert runs(tree)[:2] == [("0 … 3.experts", 4), ("0 … 7", 8)]
    node = tree.node_of_row(1)
    folded = np.ones(len(found.head), bool)
    members = found.members(node, folded)
    assert len(members) == 32
    assert {tree.labels[each] for each in members.tolist()} == {"up"}
    visible = ~found.hidden(folded)
    assert [tree.labels[each] for each in np.flatnonzero(visible).tolist()][1:] == [
        "head", "l", "0.experts", "0", "up", "down",
    ]  # fmt: skip


def test_a_node_in_any_member_finds_its_run():
    tree = build_tree(model(4))
    found = find_repeats(tree)
    for row in range(len(tree.checkpoint.tensors)):
        assert 0 in list(found.around(tree.node_of_row(row)))
    assert list(found.around(0)) == []


def test_gaps_in_the_numbers_break_a_run():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"l.{i}.{w}" for i in (0, 1, 3, 4) for w in ("a", "b", "c")])
    assert runs(build_tree(make.make())) == [("0 … 1", 2), ("3 … 4", 2)]


def test_modules_of_two_classes_differ():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"{i}.{w}" for i in range(4) for w in ("weight", "bias")])
    classes = ["Linear", "Linear", "Norm", "Norm"]
    tree = build_tree(make.make(None, [Module((str(i),), f"m.{name}") for i, name in enumerate(classes)]))
    assert runs(tree) == [("0 … 1", 2), ("2 … 3", 2)]


def test_values_differ_where_what_they_say_does():
    make = CheckpointMaker()
    make.section(("opt",), Role.OPTIMIZER, [])
    for number in range(4):
        for slot in ("exp_avg", "exp_avg_sq"):
            make.tensor(("opt", "state", str(number), slot))
    steps = {str(number): {"step": 7 if number < 2 else 9} for number in range(4)}
    assert runs(build_tree(make.make({"opt": {"state": steps}}))) == [("0 … 1", 2), ("2 … 3", 2)]


def slow_runs(tree):
    """Each pair of neighbours compared whole."""

    def picture(node, top):
        info = None
        if tree.row[node] >= 0:
            info = tree.checkpoint.info(int(tree.row[node]))
            info = (info.shape, info.dtype)
        label = tree.labels[node].partition(".")[2] if top else tree.labels[node]
        return (label, int(tree.kind[node]), info, tuple(picture(child, False) for child in tree.children(node)))

    found = {}
    for node in range(len(tree)):
        last = None
        for child in tree.children(node):
            number = tree.labels[child].partition(".")[0]
            if not (number.isascii() and number.isdigit()):
                last = None
                continue
            this = (picture(child, True), int(number))
            if last is not None and last[1] == this[0] and last[2] + 1 == this[1]:
                found[last[0]] = found.get(last[0], 1) + 1
                last = (last[0], this[0], this[1])
            else:
                last = (child, this[0], this[1])
    return sorted(found.items())


def test_runs_are_those_that_a_slow_comparison_finds():
    rng = np.random.default_rng(3)
    for _ in range(30):
        make = CheckpointMaker()
        for number in range(int(rng.integers(1, 30))):
            for part in ("a", "b.0.w", "b.1.w", "c")[: int(rng.choice([1, 4, 4, 4]))]:
                make.tensor((f"m.{number}.{part}",), (2,) * int(rng.choice([1, 1, 1, 1, 1, 2])))
        tree = build_tree(make.make())
        found = find_repeats(tree)
        assert list(zip(found.head.tolist(), found.count.tolist())) == slow_runs(tree)


def test_a_flat_model_has_a_run_for_its_layers():
    assert runs(build_tree(flat(200)))[0] == ("0 … 19", 20)


def test_a_fold_says_what_hides_a_node_and_what_a_row_stands_for():
    tree = build_tree(model(6))
    folds = Folds(find_repeats(tree))
    first, last = tree.node_of_row(0), tree.node_of_row(len(tree.checkpoint.tensors) - 1)
    assert folds.over(first) == [] and folds.over(last) == [0]
    assert folds.hidden()[last] and not folds.hidden()[first]
    head = int(folds.repeats.head[0])
    assert (folds.label(head), folds.equal(head)) == ("0 … 5", 6)
    assert tree.nbytes[folds.members(head)].sum() == tree.nbytes[0]
    folds.folded[0] = False
    assert (folds.label(head), folds.equal(head), folds.over(last)) == ("0", 0, [])
    assert folds.members(first).tolist() == [first]
