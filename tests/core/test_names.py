"""A pool of names answers as the list of them would."""

from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.names import NamePool

SLICES = st.slices(12)


@given(st.lists(st.text(max_size=3), max_size=12), SLICES)
def test_a_slice_of_a_pool_is_that_of_its_list(names, where):
    pool = NamePool(names)
    assert pool[where] == names[where]
    assert list(pool) == names
