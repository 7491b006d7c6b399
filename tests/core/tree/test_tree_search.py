"""Filtering: words, globs, types, and what is kept around what fits."""

import fnmatch
import re

import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.facets import filter_words
from ckptgui.core.tree.search import PatternError, TreeSearch
from tests.core.trees import CheckpointMaker, gpt


@pytest.fixture(scope="module")
def tree():
    return build_tree(gpt())


def found(tree, text):
    answer = TreeSearch(tree).find(text)
    rows = tree.row[answer.kept]
    return {".".join(tree.path(tree.node_of_row(row))) for row in rows[rows >= 0].tolist()}, answer


def names(tree):
    return {".".join(tree.path(node)) for node in range(len(tree)) if tree.row[node] >= 0}


def test_a_word_is_part_of_a_name_in_any_case(tree):
    rows, answer = found(tree, "QKV")
    assert rows == {name for name in names(tree) if "qkv" in name}
    assert answer.tensors == len(rows) == 6


def test_all_words_must_fit(tree):
    rows, _ = found(tree, "blocks.1 bias")
    assert rows == {name for name in names(tree) if "blocks.1" in name and "bias" in name}


@pytest.mark.parametrize("glob", ["*.bias", "ln.*", "blocks.[02].ln.weight", "head.weigh?", "q*"])
def test_a_glob_fits_from_any_dot_to_the_end(tree, glob):
    def fits(name):
        parts = name.split(".")
        return any(fnmatch.fnmatchcase(".".join(parts[i:]), glob) for i in range(len(parts)))

    assert found(tree, glob)[0] == {name for name in names(tree) if fits(name)}


def test_a_module_that_fits_keeps_what_hangs_below_and_what_leads_to_it(tree):
    rows, answer = found(tree, "*.ln")
    assert len(rows) == 6
    for node in range(len(tree)):
        if answer.kept[node]:
            assert all(answer.kept[above] for above in tree.ancestors(node))


def test_the_name_of_a_type_finds_its_tensors():
    make = CheckpointMaker()
    make.tensor(("a", "w"), dtype="bfloat16")
    make.tensor(("a", "v"), dtype="float32")
    tree = build_tree(make.make())
    for text in ("bfloat16", "bf16", "dtype:bf16", "BF16"):
        assert found(tree, text)[0] == {"a.w"}


def test_nothing_fits_and_nothing_is_kept(tree):
    rows, answer = found(tree, "no such name")
    assert not rows and not answer.matched.any() and not answer.kept.any()


def test_values_are_found_by_name(tree):
    answer = TreeSearch(tree).find("lr")
    assert [tree.labels[n] for n in answer.matched.nonzero()[0].tolist()] == ["lr"]


def test_names_with_line_breaks_do_not_shift_the_rest():
    make = CheckpointMaker()
    for name in ("a\nb", "İstanbul", "c"):
        make.tensor(("m", name))
    tree = build_tree(make.make())
    assert found(tree, "c")[0] == {"m.c"}


@pytest.mark.parametrize(
    "text", [r"/blocks\.[02]\.ln/", r"/(qkv|proj)\.bias$", r"/^tok/", r"/MODEL\.blocks/", r"/attn.*\d/ bias"]
)
def test_a_regular_expression_between_slashes_fits_anywhere(tree, text):
    pattern = text.partition("/ ")[0].strip("/")
    shown = {name: name.replace("module._orig_mod.", "") for name in names(tree)}
    wanted = {name for name, short in shown.items() if re.search(pattern, short, re.IGNORECASE)}
    if text.endswith(" bias"):
        wanted = {name for name in wanted if "bias" in name}
    assert found(tree, text)[0] == wanted


@pytest.mark.parametrize("text", ["/(", "/[a", "/a**/", "x /)/"])
def test_a_broken_regular_expression_is_told(tree, text):
    with pytest.raises(PatternError):
        TreeSearch(tree).find(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ["a", "b"]),
        ("/a b/ c", ["/a b/", "c"]),
        ("/a b", ["/a", "b"]),
        ("  /a/b/  ", ["/a/b/"]),
        ("", []),
        ("a/b /", ["a/b", "/"]),
    ],
)
def test_a_filter_is_divided_at_spaces_but_not_within_slashes(text, words):
    assert list(filter_words(text)) == words


def test_many_different_labels_are_found_as_few_are():
    names = [f"row{number * 7919 % 10007:05d}.é" for number in range(3000)] + ["日本.w"]
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"table.{name}" for name in names])
    tree = build_tree(make.make())
    for text, fits in (
        ("row0001", lambda name: "row0001" in name),
        ("*3?.é", lambda name: fnmatch.fnmatchcase(name, "*3?.é")),
        ("日", lambda name: "日" in name),
    ):
        assert found(tree, text)[0] == {f"table.{name}" for name in names if fits(name)}


def test_a_tree_of_one_row_and_names_of_strange_characters_are_searched():
    empty = TreeSearch(build_tree(CheckpointMaker().make())).find("x")
    assert empty.tensors == 0 and not empty.kept.any()
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["m.\udc80", "m.\0a", "m.İx", "M.🙂.w", "n." + "y" * 5000])
    tree = build_tree(make.make())
    for text, count in (("\udc80", 1), ("\0", 1), ("x", 1), ("🙂", 1), ("m.*", 4), ("/y{9}/", 1), ("/^[mn]/", 5)):
        assert TreeSearch(tree).find(text).tensors == count, text
