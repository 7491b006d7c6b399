"""The module tree over names."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.series.outline import MAX_DEPTH, outline_of

_NAME = st.lists(st.sampled_from(["", "a", "b", "0"]), min_size=1, max_size=4).map(".".join)
_NAMES = st.lists(_NAME, unique=True)


@given(_NAMES)
def test_every_module_is_a_range_of_the_names_below_it(names):
    outline, order = outline_of(names)
    assert [names[place] for place in order.tolist()] == list(outline.names)
    assert sorted(outline.names) == sorted(names)
    for node in range(len(outline)):
        parents = np.flatnonzero(outline.parent == node)
        assert (outline.depth[parents] == outline.depth[node] + 1).all()
        own = outline.names[outline.start[node] : outline.stop[node]]
        if outline.tensor[node] >= 0:
            assert own == (outline.names[outline.tensor[node]],) and own[0].endswith(outline.labels[node])
        elif parents.size:
            assert outline.start[node] == outline.start[parents].min()
            assert outline.stop[node] == outline.stop[parents].max()
    assert np.array_equal(outline.tensor[outline.node_of], np.arange(len(names)))


def test_modules_in_modules_end_somewhere():
    deep = ".".join(["m"] * 500)
    outline, _ = outline_of([deep, f"{deep}x"])
    assert outline.depth.max() == MAX_DEPTH + 1
    assert outline.names == (deep, f"{deep}x")
    assert outline.find(deep) is not None


def test_of_equal_names_the_first_counts():
    outline, order = outline_of(["a.b", "a.c", "a.b"])
    assert outline.names == ("a.b", "a.c") and order.tolist() == [0, 1]
