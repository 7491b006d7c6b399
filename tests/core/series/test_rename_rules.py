"""One change of names that explains many."""

import pytest

from ckptgui.core.series.rename_rules import Rules


@pytest.mark.parametrize(
    ("pair", "name", "expected", "rule"),
    [
        (("encoder.a", "a"), "encoder.b.c", "b.c", "encoder → nothing"),
        (("a", "encoder.a"), "b.c", "encoder.b.c", "nothing → encoder"),
        (("l.0.attn.q", "l.0.attention.q"), "l.7.attn.k", "l.7.attention.k", "attn → attention"),
        (("layers.0.wq", "blocks.0.q"), "layers.3.wq", "blocks.3.q", "layers → blocks, wq → q"),
        (("l.0.ffn.w1.x", "l.0.up.x"), "l.5.ffn.w1.y", "l.5.up.y", "ffn.w1 → up"),
    ],
)
def test_what_one_pair_changed_is_tried_on_others(pair, name, expected, rule):
    assert (expected, rule) in Rules([pair]).proposals(name)


def test_names_to_which_nothing_applies_have_no_proposals():
    assert Rules([("l.attn.q", "l.attention.q")]).proposals("l.mlp.w") == []
    assert Rules([]).proposals("w") == []


def test_a_name_never_becomes_empty():
    assert Rules([("encoder.a", "a")]).proposals("encoder") == []


def test_what_explains_too_few_is_left_out():
    rules = Rules([("x.a.b", "y.b"), ("x.a.c", "y.c"), ("p.q.b", "b")])
    assert [rule for _, rule in rules.proposals("x.a.d", 2)] == ["x.a → y"]
    assert rules.proposals("p.q.d", 2) == []
