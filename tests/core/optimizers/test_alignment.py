"""Order and marks: what is told is what every reading has in common."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.optimizers.alignment import ANY, UNSURE, align, align_by_class, align_groups, align_in_turn

MARKS = st.lists(st.integers(1, 3), max_size=7)


@given(st.lists(st.integers(0, 3), max_size=5), MARKS)
def test_a_place_is_told_exactly_when_every_fit_has_it(wanted, offered):
    fits = [
        places
        for places in combinations(range(len(offered)), len(wanted))
        if all(mark in (ANY, offered[place]) for mark, place in zip(wanted, places))
    ]
    if not fits:
        assert align(wanted, offered) is None
        return
    told = [{fit[i] for fit in fits} for i in range(len(wanted))]
    assert align(wanted, offered) == [next(iter(t)) if len(t) == 1 else UNSURE for t in told]


@given(MARKS, st.data())
def test_groups_that_are_told_apart_are_those_that_were_made(offered, data):
    owner = data.draw(st.lists(st.integers(0, 2), min_size=len(offered), max_size=len(offered)))
    made = [[place for place, o in enumerate(owner) if o == number] for number in range(3)]
    found = align_groups([[offered[place] for place in group] for group in made], offered)
    assert found is None or found == made


def test_groups_that_could_change_places_are_not_told():
    assert align_in_turn([[1, 2], [1, 2]], [1, 2, 1, 2]) is None
    assert align_in_turn([[1, 2], [1]], [1, 2, 1]) == [[0, 1], [2]]
    assert align_groups([[1], [1]], [1, 1]) is None


def test_classes_are_told_when_one_way_fits():
    offered, classes = [1, 2, 2, 1, 2], [0, 1, 2, 0, 2]
    assert align_by_class([[2, 2], [1, 1], [2]], offered, classes) == [[2, 4], [0, 3], [1]]
    assert align_by_class([[2], [2]], [2, 2], [0, 1]) is None  # either way
    assert align_by_class([[3], [2]], [2, 2], [0, 1]) is None
    assert align_by_class([[1]] * 20, [1] * 20, list(range(20))) is None
