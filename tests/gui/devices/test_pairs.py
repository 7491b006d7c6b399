"""Pairs that lie on one device are compared there, to the same figures; the others from their files."""

from functools import partial

import numpy as np
import pytest

from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.pairs import compare_there
from ckptgui.gui.jobs import Background
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.comparing import Comparing, PairTask
from ckptgui.workspace.run import read_run

from .fake import GPU, FakeService


@pytest.fixture
def series(run_folder):
    return series_of(read_run(str(run_folder)).members[:2])


def records(series, elsewhere=None):
    """What comparing the two comes to, by tensor."""
    pool, found = SourcePool(), {}

    def take(news):
        if news.records is not None:
            found.update(zip(news.numbers.tolist(), news.records))

    Comparing(series, pool, None, elsewhere=elsewhere).carry_out([PairTask(0, 1)], take, Cancel())
    pool.close()
    return [found[number] for number in sorted(found)]


def test_what_lies_on_one_device_is_compared_there(qtbot, series):
    background, service = Background(), FakeService(GPU)
    devices = Devices(background, lambda: service)
    devices.service()
    for member in series.members:
        checkpoint = member.checkpoint
        rows = range(len(checkpoint))[:2]  # the third stays in its file
        moved = service.move([checkpoint.info(row) for row in rows], "cuda:0", Cancel())
        devices.hold(checkpoint, "epoch.pt", dict(zip(rows, moved)))
    there = records(series, partial(compare_there, devices))
    assert service.compared == 2
    assert np.array_equal(np.array(there), np.array(records(series)))
    assert background.shutdown(5)
