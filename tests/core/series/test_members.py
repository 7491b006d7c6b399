"""The order of a run."""

from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.series.members import RunMember, natural_key, order, told_twice


def names(*members: RunMember) -> list[str]:
    return [member.name for member in order(members)]


def test_the_epoch_inside_counts_not_the_name():
    assert names(RunMember("/r/a", 1, epoch=10), RunMember("/r/b", 1, epoch=9)) == ["b", "a"]


def test_steps_order_within_an_epoch_and_without_epochs():
    assert names(RunMember("a", 1, 1, 20), RunMember("b", 1, 1, 10), RunMember("c", 1, 0, 30)) == ["c", "b", "a"]
    assert names(RunMember("a", 1, step=2), RunMember("b", 1, step=1)) == ["b", "a"]


def test_names_are_ordered_as_people_count():
    assert names(RunMember("e10.pt", 1), RunMember("e9.pt", 1), RunMember("E1.pt", 1)) == [
        "E1.pt",
        "e9.pt",
        "e10.pt",
    ]
    assert natural_key("x" + "9" * 9999) < natural_key("x1" + "0" * 9999)


def test_a_broken_member_keeps_its_place_by_name():
    members = [RunMember(f"e{i}", 1, epoch=i) for i in (1, 2, 10)] + [RunMember("e3", 1, error="cut")]
    assert names(*members) == ["e1", "e2", "e3", "e10"]
    assert names(RunMember("e0", 1, error="cut"), RunMember("e1", 1, epoch=1)) == ["e0", "e1"]


def test_what_tells_nothing_comes_last():
    assert names(RunMember("best", 1), RunMember("e1", 1, epoch=1), RunMember("e2", 1, epoch=2)) == [
        "e1",
        "e2",
        "best",
    ]


def test_epochs_told_twice_are_said_unless_a_step_tells_them_apart():
    members = [RunMember("a", 1, 3), RunMember("b", 1, 3), RunMember("c", 1, 4, 10), RunMember("d", 1, 4, 20)]
    assert told_twice(members) == ("a and b both say epoch 3.",)
    steps = [RunMember(f"f{i}", 1, step=1000) for i in range(4)]
    assert told_twice(steps) == ("f0, f1, f2 and 1 more all say step 1,000.",)
    assert told_twice([RunMember("m", 1, 3, section="ema"), RunMember("m", 1, 3, section="model")]) == ()


@given(st.lists(st.builds(RunMember, st.text(max_size=4), st.just(1), st.none() | st.integers(0, 3),
                          st.none() | st.integers(0, 3))))  # fmt: skip
def test_nobody_is_lost_and_epochs_never_fall(members):
    ordered = order(members)
    assert sorted(map(repr, ordered)) == sorted(map(repr, members))
    epochs = [member.epoch for member in ordered if member.epoch is not None]
    assert epochs == sorted(epochs)
