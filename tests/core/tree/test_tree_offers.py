"""What a filter offers to go on with."""

import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.tree.offers import Vocabulary, offers
from ckptgui.core.tree.search import TreeSearch
from tests.core.trees import CheckpointMaker


@pytest.fixture(scope="module")
def vocabulary():
    make = CheckpointMaker()
    make.section(("model",), Role.MODEL, ["a.weight", "a.bias"])
    make.section(("optimizer",), Role.OPTIMIZER, ["x"], dtype="bfloat16")
    return Vocabulary(make.make())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dt", ["dtype:"]),
        ("qkv -si", ["size:"]),
        ("ma", ["max:"]),
        ("DTYPE:", ["float32", "bfloat16"]),
        ("dtype:b", ["bfloat16"]),
        ("dtype:float32,b", ["bfloat16"]),
        ("dtype:bfloat16", None),
        ("section:", ["model", "optimizer"]),
        ("role:b", ["bias"]),
        ("role:o", ["optimizer"]),
        ("size:>10", ["kB", "MB", "GB", "KiB", "MiB", "GiB"]),
        ("size:>10m", ["MB", "MiB"]),
        ("size:>10MB", None),
        ("size:1MB..2", ["kB", "MB", "GB", "KiB", "MiB", "GiB"]),
        ("nan:>0", None),
        ("numel:>=5", ["k", "M", "B"]),
        ("nan:>", None),
        ("std:<1", None),
        ("d", None),
        ("", None),
        ("layers", None),
        ("kernel:0", None),
        ("/dty", None),
        ("/a dt/ x", None),
    ],
)
def test_a_filter_offers(vocabulary, text, wanted):
    found = offers(text, len(text), vocabulary)
    assert (found and [offer.text for offer in found.some]) == wanted


def test_values_say_how_many_have_them_and_names_what_they_mean(vocabulary):
    assert offers("dtype:", 6, vocabulary).some[0] == ("float32", "2 tensors")
    assert offers("nd", 2, vocabulary).some[0] == ("ndim:", "Number of dimensions")


def test_an_offer_takes_the_place_of_what_is_typed_of_it(vocabulary):
    for text, wanted in (("qkv -dty", "qkv -dtype:"), ("dtype:float32,bf", "dtype:float32,bfloat16")):
        found = offers(text, len(text), vocabulary)
        assert text[: found.start] + found.some[0].text + text[found.stop :] == wanted
    found = offers("size:>10m", 9, vocabulary)
    assert "size:>10m"[: found.start] + found.some[1].text == "size:>10MiB"


def test_a_section_with_spaces_in_its_name_is_offered_so_that_it_can_be_found():
    make = CheckpointMaker()
    make.section(("my model, old",), Role.MODEL, ["a"])
    make.section(("b",), Role.MODEL, ["c"])
    checkpoint = make.make()
    offer = offers("section:", 8, Vocabulary(checkpoint)).some[0].text
    assert offer == "my?model??old"
    assert TreeSearch(build_tree(checkpoint)).find(f"section:{offer}").tensors == 1


def test_in_the_middle_of_a_word_nothing_is_offered_and_on_request_everything(vocabulary):
    assert offers("dtype:", 3, vocabulary) is None
    everything = offers("qkv ", 4, vocabulary, asked=True)
    assert [offer.text for offer in everything.some][:3] == ["dtype:", "shape:", "size:"]
    assert (everything.start, everything.stop) == (4, 4)
