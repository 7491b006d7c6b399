from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.core.series.metadata_difference import ABSENT, metadata_differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=12,
)


def told(*metadata, **limits):
    return [(list(each.path), list(each.values)) for each in metadata_differences(metadata, **limits).listed]


def test_values_that_differ_are_named_by_their_path():
    a = {"epoch": 1, "lr": {"groups": [{"lr": 0.1, "betas": [0.9, 0.99]}]}, "seed": 3}
    b = {"epoch": 8, "lr": {"groups": [{"lr": 0.1, "betas": [0.9, 0.95]}]}, "seed": 3}
    assert told(a, b) == [(["epoch"], [1, 8]), (["lr", "groups", "0", "betas", "1"], [0.99, 0.95])]


def test_a_key_that_one_does_not_have_is_absent_and_not_none():
    assert told({"a": None}, {}) == [(["a"], [None, ABSENT])]
    assert told({}, {"a": {"b": 1}}) == [(["a"], [ABSENT, {"b": 1}])]


def test_a_dictionary_that_held_nothing_but_tensors_is_no_value():
    assert told({"model": {}, "x": 1}, {"x": 1}) == []


def test_lists_of_unlike_length_and_values_of_unlike_kind_differ_as_a_whole():
    assert told({"loss": [1, 2]}, {"loss": [1, 2, 3]}) == [(["loss"], [[1, 2], [1, 2, 3]])]
    assert told({"x": {"y": 1}}, {"x": [1]}) == [(["x"], [{"y": 1}, [1]])]


def test_true_is_not_one_but_one_is_one_point_nought():
    assert told({"a": True, "b": 1}, {"a": 1, "b": 1.0}) == [(["a"], [True, 1])]


def test_equal_values_are_counted_and_told_where_they_are_asked_for():
    a, b = {"epoch": 1, "seed": 3, "lr": [0.1, 0.2]}, {"epoch": 8, "seed": 3, "lr": [0.1, 0.2]}
    assert metadata_differences((a, b)).looked_at == 4
    assert metadata_differences((a, b)).equal == ()
    found = metadata_differences((a, b), 2, with_equal=True)
    assert [each.path for each in found.equal] == [("seed",), ("lr", "0")]


def test_a_checkpoint_without_metadata_has_none_of_the_keys():
    assert told(None, {"epoch": 1}) == [(["epoch"], [ABSENT, 1])]
    assert told(None, ABSENT) == []


def test_of_many_checkpoints_every_value_is_told():
    assert told({"e": 1}, ABSENT, {"e": 2}) == [(["e"], [1, ABSENT, 2])]


def test_the_list_is_bounded_and_says_how_many_more_there_are():
    a, b = ({"h": [n + x for n in range(50)]} for x in (0, 1))
    found = metadata_differences((a, b), most=10)
    assert (len(found.listed), found.more, found.cut) == (10, 40, False)
    assert metadata_differences((a, b), visits=20).cut


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_a_value_does_not_differ_from_itself(value):
    assert told(value, value, value) == []


@given(JSON, JSON)
@settings(max_examples=120, deadline=None)
def test_putting_the_differences_into_one_makes_the_other(a, b):
    """Told are all differences: a copy of a with them is b."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        a, b = {"x": a}, {"x": b}
    copy = rebuilt(a)
    for each in metadata_differences((a, b)).listed:
        place = copy
        for key in each.path[:-1]:
            place = place[int(key) if isinstance(place, list) else key]
        last = int(each.path[-1]) if isinstance(place, list) else each.path[-1]
        if each.values[1] is ABSENT:
            del place[last]
        else:
            place[last] = each.values[1]
    assert without_empty(copy) == without_empty(b)


def rebuilt(value):
    if isinstance(value, dict):
        return {key: rebuilt(inner) for key, inner in value.items()}
    return [rebuilt(inner) for inner in value] if isinstance(value, list) else value


def without_empty(value):
    """Without the dictionaries that are as good as absent."""
    if isinstance(value, dict):
        pruned = {key: without_empty(inner) for key, inner in value.items()}
        return {key: inner for key, inner in pruned.items() if inner != {}}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value
