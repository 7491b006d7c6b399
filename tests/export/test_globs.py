"""Globs choose tensors by their names in the source."""

import pytest

from ckptgui.errors import ExportError
from ckptgui.export.globs import MAX_LENGTH, chosen, fitting, idle

NAMES = ["module.blocks.0.ln.weight", "module.blocks.0.ln.bias", "module.blocks.1.fc.weight", "head[0]"]


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("*", [0, 1, 2, 3]),
        ("*.ln.*", [0, 1]),
        ("*blocks*weight", [0, 2]),
        ("module.blocks.?.ln.weight", [0]),
        ("module.blocks.[!0].*", [2]),
        ("module.blocks.0", [0, 1]),  # a module with all that is in it
        ("module.blocks.0.", [0, 1]),
        ("module.blocks.0.ln.bias", [1]),
        ("module.blocks.0.l", []),
        ("MODULE*", []),
        ("head[[]0]", [3]),
        ("[z-a]*", []),
    ],
)
def test_a_star_crosses_dots_and_a_plain_name_takes_its_module(pattern, places):
    assert fitting(pattern, NAMES).nonzero()[0].tolist() == places


def test_what_fits_an_include_and_no_exclude_is_chosen():
    assert chosen(NAMES, (), ()).tolist() == [True] * 4
    assert chosen(NAMES, ("*.ln.*", "*.fc.*"), ("*.bias",)).tolist() == [True, False, True, False]
    assert chosen(NAMES, (), ("*.bias", "nothing")).tolist() == [True, False, True, True]
    assert idle(NAMES, ("*.bias", "nothing")) == ("nothing",)


@pytest.mark.parametrize(
    ("include", "exclude", "named"),
    [
        (("*.ln.*", "*.lm.*"), (), "No tensor is called *.lm.*"),
        ((), ("*.bias", "*"), "Without * no tensor is left"),
        (("",), (), "1 to 1,000 characters, not 0"),
        (("x" * (MAX_LENGTH + 1),), (), "not 1,001"),
    ],
)
def test_a_pattern_that_selects_nothing_is_named(include, exclude, named):
    with pytest.raises(ExportError) as caught:
        chosen(NAMES, include, exclude)
    assert named in str(caught.value)


def test_many_stars_do_not_go_back_and_forth():
    assert not fitting("*a" * 400 + "b", ["a" * 5_000]).any()
