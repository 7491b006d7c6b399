"""The tree in columns has the rows of the tree that is built one node after the other."""

import random

import numpy as np
import pytest

from ckptgui.core.checkpoint import Module, Role
from ckptgui.core.tree.build import build_tree
from tests.core.slow_tree import slow_tree
from tests.core.trees import CheckpointMaker, flat, gpt

WORDS = (
    "a",
    "b",
    "layers",
    "0",
    "1",
    "2",
    "10",
    "weight",
    "bias",
    "é",
    "mlp_of_many_letters",
    "",
    "日本",
    "\udc80",
)
PREFIXES = ("", "", "", "module.", "module._orig_mod.")


def assert_same(checkpoint):
    tree, slow = build_tree(checkpoint), slow_tree(checkpoint)
    columns = ("parent", "depth", "end", "kind", "row", "role")
    assert list(tree.labels) == slow["label"]
    for name in columns:
        assert getattr(tree, name).tolist() == slow[name], name
    for name in ("classes", "prefixes", "values", "value_paths"):
        assert getattr(tree, name) == slow[name], name
    return tree


def random_names(rng, most=5):
    names = {".".join(rng.choices(WORDS, k=rng.randint(1, most))) for _ in range(rng.randint(1, 40))}
    names = sorted(names) if rng.random() < 0.5 else rng.sample(sorted(names), len(names))
    prefix = rng.choice(PREFIXES)
    return [prefix + name for name in names]


def random_value(rng, depth=0):
    kind = rng.random()
    if depth > 3 or kind < 0.5:
        return rng.choice([1, 0.5, "text", None, True])
    if kind < 0.6:
        return [random_value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    keys = rng.sample((*WORDS, "epoch", "a.b", "layers.0", "opt"), rng.randint(0, 6))
    return {key: random_value(rng, depth + 1) for key in keys}


def random_checkpoint(rng):
    make = CheckpointMaker()
    paths = rng.sample([(), ("model",), ("opt",), ("model", "ema"), ("rng", "cpu"), ("a",)], rng.randint(0, 4))
    for path in paths:
        if rng.random() < 0.2:  # rows that belong to no section
            for name in random_names(rng, 2):
                make.tensor((*rng.choice([(), ("a", "b"), ("model", "a")]), name))
        if rng.random() < 0.15:
            make.section(path, Role.OTHER, [])
            continue
        start = len(make.builder)
        make.section(path, rng.choice(list(Role)), [])
        one = rng.random() < 0.15 and path
        if one:
            make.tensor(path)
        for name in [] if one else random_names(rng):
            make.tensor((*path, *rng.choice([(), (), ("state", "0"), ("state", "1")]), name))
        section = make.sections.pop()
        make.sections.append(type(section)(path, section.role, start, len(make.builder), 0))
    modules = []
    if rng.random() < 0.3:
        for name in dict.fromkeys(rng.choices(["", "a", "a.b", "layers", "layers.0", "layers.1", "act"], k=6)):
            base = rng.choice(paths) if paths else ()
            modules.append(Module((*base, name) if name else base, f"m.{name}"))
    metadata = {key: random_value(rng) for key in rng.sample(("epoch", "model", "opt", "a", "rng", "a.b"), 4)}
    return make.make(metadata if rng.random() < 0.7 else None, modules)


@pytest.mark.parametrize("seed", range(120))
def test_any_checkpoint_gets_the_same_rows(seed):
    assert_same(random_checkpoint(random.Random(seed)))


@pytest.mark.parametrize("checkpoint", [gpt(12), gpt(3, prefix=""), flat(200)], ids=["gpt", "plain", "flat"])
def test_models_get_the_same_rows(checkpoint):
    tree = assert_same(checkpoint)
    assert np.array_equal(tree.nodes[tree.row[tree.row >= 0]], np.flatnonzero(tree.row >= 0))


def test_rows_of_one_module_may_stand_anywhere():
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"{module}.{part}.{i}" for part in "xy" for i in range(9) for module in "ab"])
    assert_same(make.make())


def test_names_of_very_many_dots_and_of_none():
    make = CheckpointMaker()
    deep = ".".join("x" * 60)
    make.section((), Role.MODEL, [deep, deep + ".y", "." * 100, "", ".", "x", deep.replace(".x", ".z")])
    assert_same(make.make())
