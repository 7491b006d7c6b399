"""Filtering by properties: types, sizes, shapes, roles, and figures that become known late."""

import numpy as np
import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.facets import FACET
from ckptgui.core.tree.search import PatternError, TreeSearch
from tests.core.tree.known import Known
from tests.core.trees import CheckpointMaker, gpt


@pytest.fixture(scope="module")
def tree():
    make = CheckpointMaker()
    make.section(("model",), Role.MODEL, [])
    for name, shape, dtype in [
        ("emb.weight", (1000, 16), "float32"),
        ("h.0.ln_1.weight", (16,), "float32"),
        ("h.0.attn.qkv.weight", (48, 16), "bfloat16"),
        ("h.0.attn.qkv.bias", (48,), "bfloat16"),
        ("conv.weight", (8, 3, 3, 3), "float16"),
        ("bn.num_batches_tracked", (), "int64"),
    ]:
        make.tensor(("model", name), shape, dtype=dtype)
    make.sections[-1] = type(make.sections[-1])(("model",), Role.MODEL, 0, len(make.builder), 0)
    make.section(("ema",), Role.EMA, ["emb.weight"], shape=(1000, 16), device="cuda:0")
    return build_tree(make.make({"epoch": 3}))


def rows(tree, text, figures=None, waiting=None):
    found = TreeSearch(tree).find(text, figures=figures, waiting=waiting)
    kept = tree.row[found.kept]
    return sorted(kept[kept >= 0].tolist()), found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dtype:bf16", [2, 3]),
        ("dtype:bfloat16", [2, 3]),
        ("dtype:float", [0, 1, 4, 6]),
        ("dtype:bf16,int64", [2, 3, 5]),
        ("dtype:*16", [2, 3, 4]),
        ("type:half", [4]),
        ("-dtype:float32", [2, 3, 4, 5]),
        ("ndim:2", [0, 2, 6]),
        ("ndim:>=2", [0, 2, 4, 6]),
        ("ndim:0", [5]),
        ("size:>10kB", [0, 6]),
        ("size:62.5KiB", [0, 6]),
        ("size:64kB", [0, 6]),
        ("size:<100", [1, 3, 5]),
        ("size:64", [1]),
        ("size:90..100", [3]),
        ("numel:1", [5]),
        ("numel:>=16k", [0, 6]),
        ("count:10..50", [1, 3]),
        ("shape:48x*", [2]),
        ("shape:*x16", [0, 2, 6]),
        ("shape:8x...", [4]),
        ("shape:8×3×3×3", [4]),
        ("shape:scalar", [5]),
        ("shape:16", [1]),
        ("role:bias", [3]),
        ("role:norm", [1, 5]),
        ("role:embedding", [0, 6]),
        ("role:weight", [0, 1, 2, 4, 6]),
        ("role:ema", [6]),
        ("role:bias,ema", [3, 6]),
        ("section:model", [0, 1, 2, 3, 4, 5]),
        ("device:cuda", [6]),
        ("kind:tensor", [0, 1, 2, 3, 4, 5, 6]),
        ("layout:strided ndim:1", [1, 3]),
        ("qkv dtype:bf16 -bias", [2]),
        ("-weight role:model", [3, 5]),
        ("-/h\\.\\d/ -emb -conv", [5]),
        ("size:", [0, 1, 2, 3, 4, 5, 6]),
        ("size:> qkv", [2, 3]),
        ("SIZE:>10KB", [0, 6]),
        ("no:such", []),
    ],
)
def test_a_facet_finds(tree, text, wanted):
    assert rows(tree, text)[0] == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("size:>10XB", "size:>10XB: XB is no unit; kB, MB, GB, KiB, MiB, GiB are."),
        ("ndim:>two", "ndim:>two: two is no number."),
        ("std:<1kB", "std:<1kB: kB is no unit; this is a plain number."),
        ("size:3MB..1MB", "size:3MB..1MB: 3MB is more than 1MB."),
        ("size:>1..2", "size:>1..2: a range says both ends already; leave the > away."),
        ("dtype:complex", None),
        ("dtype:nonsense", "There is no type nonsense. There are float32, bfloat16, float16, int64."),
        ("section:x", "There is no section x. There are model, ema."),
        ("shape:3xq", "shape:3xq: q is no size; write 768x*, 64x... or scalar."),
        ("role:cook", "There is no role cook. There are weight, bias, norm, embedding, model, ema."),
    ],
)
def test_a_mistake_is_told_in_one_line(tree, text, says):
    if says is None:
        assert rows(tree, text)[0] == []
        return
    with pytest.raises(PatternError) as caught:
        rows(tree, text)
    assert str(caught.value) == says


VALUES = [[0.0, 1.0], [1.0], [np.nan, np.nan, 0.5, 0.5], [0.0, 0.0], None, [7.0], [np.inf, -3.0]]


@pytest.mark.parametrize(
    ("text", "wanted", "left"),
    [
        ("nan:>0", [2], 1),
        ("-nan:>0", [0, 1, 3, 5, 6], 1),
        ("inf:>0", [6], 1),
        ("std:0", [1, 2, 3, 5, 6], 1),
        ("std:<1e-4 -role:weight", [3, 5], 0),
        ("mean:>=1", [1, 5], 1),
        ("min:<0", [6], 1),
        ("max:1.0", [0, 1], 1),
        ("absmax:3", [6], 1),
        ("mean:-0.1..0.1", [3], 1),
        ("l2:>6", [5], 1),
        ("zeros:>0 ndim:1", [3], 0),
        ("conv nan:>0", [], 1),
        ("qkv nan:>0", [2], 0),
    ],
)
def test_figures_are_found_as_far_as_they_are_known(tree, text, wanted, left):
    known = Known(VALUES)
    found, answer = rows(tree, text, known, ~known.known)
    assert (found, answer.open) == (wanted, left)


PIECES = [
    *FACET,
    *":<>=.-+e[]*/?(,%x",
    "..",
    "10",
    "inf",
    "MB",
    " ",
    "…",
    "\u2212",
    "_",
    "1e999",
    "1e-9999999999",
    "😀",
]


def test_whatever_is_typed_is_answered_or_told_in_a_line(tree):
    random = np.random.default_rng(0)
    search, known = TreeSearch(tree), Known(VALUES)
    for _ in range(1500):
        text = f"{random.choice(list(FACET))}:" + "".join(random.choice(PIECES, random.integers(1, 6)))
        try:
            search.find(text, figures=known, waiting=~known.known)
        except PatternError as error:
            assert "\n" not in str(error)


def test_a_share_is_of_the_elements():
    make = CheckpointMaker()
    for name in "ab":
        make.tensor((name,), (4,))
    tree = build_tree(make.make())
    known = Known([[0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0]])
    for text, wanted in (("zeros:>50%", [0]), ("zeros:25%", [1]), ("zeros:>=25%", [0, 1]), ("zeros:3", [0])):
        assert rows(tree, text, known)[0] == wanted


def test_what_was_not_read_and_never_will_be_has_no_figure(tree):
    known = Known(VALUES)
    found, answer = rows(tree, "nan:>0 conv", known, np.zeros(7, bool))
    assert (found, answer.open) == ([], 0)


def test_names_with_colons_are_names():
    make = CheckpointMaker()
    for name in ("kernel:0", "bias:0"):
        make.tensor(("m", name))
    tree = build_tree(make.make())
    assert rows(tree, "kernel:0")[0] == [0]


def test_branches_hold_only_what_fits_a_facet():
    tree = build_tree(gpt())
    found, answer = rows(tree, "qkv ndim:2 role:model")
    assert all("qkv" in ".".join(tree.path(tree.node_of_row(row))) for row in found)
    assert answer.tensors == len(found) == 6
