"""Statistics arrive for what is on the screen, small tensors first, the selected one before all."""

import numpy as np
import pytest

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment
from ckptgui.gui.jobs import Background
from ckptgui.gui.summaries import Summaries
from ckptgui.sources.local import identify
from ckptgui.sources.locate import SourcePool

HUGE = 64 * 2**30


@pytest.fixture
def checkpoint(tmp_path):
    """A sparse file: one tensor of 64 GiB, which takes far longer than any test, and three small ones."""
    path = tmp_path / "sparse"
    values = np.arange(12, dtype=np.float32)
    with path.open("wb") as file:
        file.write(values.tobytes())
        file.truncate(48 + HUGE)
    identity = identify(str(path))
    table = TableBuilder()
    for name, offset, count in (("huge", 48, HUGE // 4), ("a", 0, 4), ("b", 16, 4), ("c", 32, 4)):
        storage = table.add_storage(name, Extent(count * 4, (Segment(identity, offset, count * 4),)))
        table.add((name,), (count,), BY_NAME["float32"], storage=storage)
    built = table.build()
    return Checkpoint(
        str(path), "torch-zip", 48 + HUGE, (identity,), built, (Section((), Role.MODEL, 0, 4, 48 + HUGE),)
    )


@pytest.fixture
def summaries(qtbot, checkpoint):
    background, pool = Background(), SourcePool()
    summaries = Summaries(checkpoint, pool, background)
    yield summaries
    summaries.stop()
    assert background.shutdown(5)
    pool.close()


def test_small_rows_are_filled_although_a_huge_one_stands_above_them(qtbot, summaries):
    summaries.want([0, 1, 2, 3])
    qtbot.waitUntil(lambda: summaries.profile.known[1:].all(), timeout=10_000)
    assert not summaries.profile.known[0]
    assert summaries.profile.statistics(2).mean == pytest.approx(5.5)


def test_a_huge_row_that_is_being_read_gives_way_to_a_small_one_that_comes_into_view(qtbot, summaries):
    summaries.want([0])
    qtbot.wait(50)
    summaries.want([0, 1])
    qtbot.waitUntil(lambda: summaries.profile.known[1], timeout=10_000)


def test_the_selected_row_does_not_wait_for_the_visible_ones(qtbot, summaries):
    summaries.want([0])
    qtbot.wait(50)
    summaries.want_first(3)
    qtbot.waitUntil(lambda: summaries.get(3) is not None, timeout=10_000)


def test_a_row_that_cannot_be_read_says_why(qtbot, summaries, checkpoint, tmp_path):
    (tmp_path / "sparse").unlink()
    with qtbot.waitSignal(summaries.failed, timeout=10_000):
        summaries.want([1])
    assert summaries.error(1) == "There is no such file or folder."


def test_a_long_reading_says_how_far_it_is_and_can_be_stopped(qtbot, summaries):
    summaries.want_first(0)
    qtbot.waitUntil(lambda: summaries.reading is not None and summaries.reading.done > 0, timeout=10_000)
    assert summaries.reading.total == HUGE
    assert summaries.reading.note == "huge"
    summaries.stop()
    assert summaries.reading is None
    qtbot.wait(100)
    assert summaries.reading is None and summaries.get(0) is None
