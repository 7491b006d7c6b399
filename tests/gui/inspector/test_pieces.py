"""A tensor that ranks hold in pieces is looked at as the whole that it is."""

import pytest

from tests.formats.dcp_files import ranks, whole


@pytest.fixture(params=["sharded", "zstd"])
def distributed(open_bench, request):
    return open_bench(ranks() / request.param)


@pytest.mark.parametrize("name", ["rows", "columns", "grid", "twice"])
def test_its_values_are_those_that_the_ranks_hold_together(distributed, qtbot, name):
    distributed.select(f"model/{name}")
    table = distributed.inspector.tensor.values.model
    values = whole("sharded")["model", name]
    rows, columns = values.shape
    qtbot.waitUntil(lambda: table.data(table.index(rows - 1, columns - 1)) != "–", timeout=10_000)
    for row in range(rows):
        for column in range(columns):
            assert float(table.value(row, column)) == float(values[row, column])


def test_its_figures_are_those_of_the_whole(distributed, qtbot):
    row = distributed.checkpoint.row(("model", "grid"))
    distributed.select("model/grid")
    qtbot.waitUntil(lambda: distributed.summaries.get(row) is not None, timeout=10_000)
    values = whole("sharded")["model", "grid"]
    found = distributed.summaries.get(row).statistics
    assert (found.count, found.min, found.max) == (60, float(values.min()), float(values.max()))
