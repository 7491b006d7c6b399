"""What a table makes of claims that no honest file makes."""

import numpy as np

from ckptgui.core.builder import MAX_DEVICES, OTHER_DEVICE, TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import amount
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent

FLOAT = BY_NAME["float32"]


def test_devices_beyond_any_machine_share_a_name():
    builder = TableBuilder()
    for number in range(MAX_DEVICES + 70_000):
        builder.add((f"w{number}",), (), FLOAT, device=f"cuda:{number}")
    table = builder.build()
    assert table.info(7).device == "cuda:7"
    assert table.info(len(table) - 1).device == OTHER_DEVICE
    assert len(table.devices) == MAX_DEVICES + 1


def test_a_storage_that_claims_more_than_any_file_keeps_a_number_that_fits():
    builder = TableBuilder()
    row = builder.add_storage("0", Extent(1 << 100))
    builder.add(("w",), (1,), FLOAT, storage=row)
    table = builder.build()
    assert table.extents[0].nbytes == np.iinfo(np.int64).max
    assert table.errors[0]


def test_very_many_dimensions_of_great_size_cost_nothing():
    builder = TableBuilder()
    builder.add(("w",), (1 << 62,) * 100_000, FLOAT)
    assert builder.build().errors[0] == "It claims 100,000 dimensions; at most 64 are possible."


def test_a_section_is_found_among_a_hundred_thousand():
    builder = TableBuilder()
    for number in range(100_000):
        builder.add((str(number), "w"), (), FLOAT)
    sections = tuple(Section((str(number),), Role.OTHER, number, number + 1, 4) for number in range(0, 100_000, 2))
    checkpoint = Checkpoint("x.pt", "torch-zip", 0, (), builder.build(), sections)
    assert [checkpoint.info(row).name for row in (0, 1, 99_998)] == ["w", "1.w", "w"]
    assert sum(checkpoint.section_of(row) is not None for row in range(100_000)) == 50_000


def test_an_amount_that_nothing_real_has_is_told_by_its_length():
    assert amount(1_234_567) == "1,234,567"
    assert amount(10**5000) == "about 10^5000"


def test_an_empty_view_may_begin_behind_an_empty_storage():
    builder = TableBuilder()
    row = builder.add_storage("0", Extent(0))
    builder.add(("w",), (3, 0), FLOAT, storage=row, storage_offset=1, strides=(1, 1))  # torch.empty(4, 0)[1:]
    builder.add(("far",), (0,), FLOAT, storage=row, storage_offset=1 << 60)
    assert list(builder.build().errors) == [1]
