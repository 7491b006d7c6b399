"""What is taken off names before they are matched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.series.prefixes import bare, matched_better


@pytest.mark.parametrize(
    ("names", "expected", "stripped"),
    [
        (["module.a", "module.b"], ["a", "b"], ("module.",)),
        (["_orig_mod.module.a", "_orig_mod.module.b.c"], ["a", "b.c"], ("_orig_mod.", "module.")),
        (["module._orig_mod.a"], ["a"], ("module.", "_orig_mod.")),
        (["enc._orig_mod.a", "dec.b"], ["enc.a", "dec.b"], ("_orig_mod.",)),
        (["enc.module._orig_mod.a", "dec.b"], ["enc.a", "dec.b"], ("module.", "_orig_mod.")),
        (["module.a", "n_averaged"], ["a", "n_averaged"], ("module.",)),
        (["enc.module.a", "dec.b"], ["enc.module.a", "dec.b"], ()),
        (["model.a", "model.b"], ["a", "b"], ("model.",)),
        (["model.a", "head"], ["model.a", "head"], ()),
        (["net.model.module.a"], ["a"], ("net.", "model.", "module.")),
        (["a\nmodule.b", "module.c"], ["a\nb", "c"], ("module.",)),
        (["mymodule.a", "x.model.b"], ["mymodule.a", "x.model.b"], ()),
        (["module.", "model."], ["module.", "model."], ()),
        ([], [], ()),
    ],
)
def test_wrappers_go_and_what_every_name_has(names, expected, stripped):
    found = bare(tuple(names))
    assert (list(found.names), found.stripped) == (expected, stripped)


def test_a_prefix_stays_that_tells_two_names_apart():
    assert bare(("module.a", "a", "module.b")).names == ("module.a", "a", "module.b")
    assert bare(("x._orig_mod.a", "x.a")).names == ("x._orig_mod.a", "x.a")


def test_names_that_go_on_and_on_take_no_time():
    for word in ("module.", "model.", "_orig_mod.", "a.module."):
        name = word * 20_000 + "w"
        assert bare((name,)).names[0].endswith("w")
        assert matched_better([bare((name,)), bare(("w",))])


def stripped(*sides):
    return [each.names for each in matched_better([bare(tuple(side)) for side in sides])]


def test_a_holder_goes_that_some_names_have_where_the_other_side_has_it_not():
    assert stripped(["model.a", "model.b", "head"], ["a", "b"])[0] == ("a", "b", "head")
    assert stripped(["a", "b"], ["model.a", "model.b", "head"])[1] == ("a", "b", "head")
    assert stripped(["model.a", "head"], ["net.a", "head"]) == [("a", "head"), ("a", "head")]


def test_a_holder_stays_that_both_sides_have():
    sides = [["model.a", "head"], ["model.a", "head", "more"]]
    assert stripped(*sides) == [tuple(side) for side in sides]


def test_a_holder_stays_that_tells_two_names_apart():
    assert stripped(["model.a", "a", "head"], ["a", "head"])[0] == ("model.a", "a", "head")


def test_parallel_parts_within_are_found_by_the_other_side():
    assert stripped(["enc.module.a", "b"], ["enc.a", "b"])[0] == ("enc.a", "b")


_SEGMENT = st.sampled_from(["module", "_orig_mod", "model", "net", "a", "b", "0"])


@given(st.lists(st.lists(_SEGMENT, min_size=1, max_size=5).map(".".join), unique=True, max_size=12))
def test_names_are_never_fewer_and_never_empty(names):
    found = bare(tuple(names))
    assert len(set(found.names)) == len(names)
    assert all(found.names)
    assert bare(found.names).names == found.names
