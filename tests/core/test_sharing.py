"""Which names share bytes and which bytes nobody names."""

import numpy as np

from ckptgui.core.checkpoint import Role
from ckptgui.core.sharing import first_of_same, sharing, unreached_bytes
from tests.core.trees import CheckpointMaker


def test_bytes_that_no_tensor_reaches_are_counted():
    make = CheckpointMaker()
    whole, part, unseen = make.storage(400), make.storage(400), make.storage(80)
    make.tensor(("w",), (10, 10), storage=whole)
    make.tensor(("a",), (10,), storage=part, storage_offset=20)
    make.tensor(("b",), (10,), storage=part, storage_offset=25)
    assert unreached_bytes(make.make().tensors)[[whole, part, unseen]].tolist() == [0, 400 - 60, 80]


def test_a_name_is_repeated_only_within_its_section():
    make = CheckpointMaker()
    storage = make.storage(24)
    for section in ("model", "best"):
        make.section((section,), Role.MODEL, ["w"], storage=storage)
    found = sharing(make.make())
    assert found.tied.tolist() == [True, True]
    assert found.repeated.tolist() == [False, False]


def test_an_expanded_view_takes_no_more_than_its_storage():
    make = CheckpointMaker()
    make.tensor(("w",), (1000, 4), storage=make.storage(16), strides=(0, 1))
    assert sharing(make.make()).shown.tolist() == [16]


def test_one_tensor_under_two_names_is_found_among_views_of_its_storage():
    make = CheckpointMaker()
    storage = make.storage(96)
    make.tensor(("embed",), (4, 6), storage=storage)
    make.tensor(("turned",), (4, 6), storage=storage, strides=(1, 4))
    make.tensor(("part",), (2, 6), storage=storage)
    make.tensor(("head",), (4, 6), storage=storage)
    make.tensor(("alone",), (2,))
    assert first_of_same(make.make().tensors, np.array([1, 2, 0, 3, 4])).tolist() == [1, 2, 0, 0, 4]
