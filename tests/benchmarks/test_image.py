"""The picture of a 16,384 x 16,384 matrix of a gigabyte: all of it, a part of it, and a step of the wheel."""

import os
import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from ckptgui.analysis import block_kernels  # noqa: F401 - compiled before anything is measured
from ckptgui.analysis.blocks import Shown
from ckptgui.core.builder import TableBuilder
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.engine.plane import Plane, PlaneReader
from ckptgui.engine.pyramid import Pyramid, offers, overview_block
from ckptgui.errors import Cancelled
from ckptgui.gui.inspector.image.frame import Axis, Frame
from ckptgui.gui.inspector.image.shading import Look, look_at, overview_image
from ckptgui.gui.palettes import Palette
from ckptgui.gui.theme import LIGHT
from ckptgui.sources.local import identify
from ckptgui.sources.locate import SourcePool

SIDE = 16_384
ROOM = 600, 900
"""Pixels of a large inspector's picture."""


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "matrix.bin"
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(0, SIDE, 512):
            file.write((random.standard_normal((512, SIDE), dtype=np.float32) * 0.02).tobytes())
    table = TableBuilder()
    nbytes = SIDE * SIDE * 4
    extent = Extent(nbytes, (Segment(identify(str(path)), 0, nbytes, 0),), Codec.STORED, "little")
    table.add(("w",), (SIDE, SIDE), BY_NAME["float32"], storage=table.add_storage("0", extent))
    pool = SourcePool()
    yield table.build().info(0), pool
    pool.close()
    shutdown_executors()
    os.unlink(path)


def pyramid(matrix, *, lying=False):
    info, pool = matrix
    plane = Plane(info.shape, (0,), (1,), (0, 0))
    return Pyramid(PlaneReader(info, plane.flipped if lying else plane, pool))


LOOK = Look(Shown.LARGEST, None, Palette.BY_SIGN, LIGHT)


@pytest.fixture(scope="module")
def whole(matrix):
    return pyramid(matrix).build(Cancel())


@pytest.mark.benchmark(group="16,384 x 16,384: first paint")
def test_the_beginning_with_a_value_a_pixel(benchmark, matrix):
    def first():
        return look_at(pyramid(matrix), range(ROOM[0]), range(ROOM[1]), (1, 1), LOOK, Cancel())

    assert benchmark(first).image.width() == ROOM[1]
    assert benchmark.stats["min"] < 0.5


@pytest.mark.benchmark(group="16,384 x 16,384: first paint")
@pytest.mark.parametrize("lying", [False, True], ids=["rows", "transposed"])
def test_all_of_it(benchmark, matrix, lying):
    def all_of_it():
        made = pyramid(matrix, lying=lying).build(Cancel())
        return overview_image(made.cells, (240, 60), Shown.LARGEST, LIGHT)

    benchmark.pedantic(all_of_it, rounds=5, warmup_rounds=1)
    assert benchmark.stats["min"] < 0.5


@pytest.mark.benchmark(group="16,384 x 16,384: a zoom step")
@pytest.mark.parametrize("step", range(12))
def test_a_zoom_step(benchmark, matrix, whole, step):
    block = overview_block(matrix[0], whole.reader.plane)
    frame = Frame((SIDE, SIDE), ROOM, Axis(2), Axis(2))
    for _ in range(step):
        frame = frame.farther(ROOM[0] / 2, ROOM[1] / 2, lambda values, axis: offers(block, values, axis))
    benchmark.extra_info["values a pixel"] = frame.block

    def zoom():
        return look_at(whole, *frame.visible(), frame.block, LOOK, Cancel())

    benchmark(zoom)
    assert benchmark.stats["min"] < 0.060


def test_a_cancel_is_felt(matrix):
    from concurrent.futures import ThreadPoolExecutor

    cancel, made = Cancel(), pyramid(matrix)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(made.build, cancel)
        time.sleep(0.03)
        started = time.perf_counter()
        cancel.cancel()
        with pytest.raises(Cancelled):
            running.result()
    assert time.perf_counter() - started < 0.2


def test_the_window_shows_it(matrix, qtbot, qapp):
    """From the selection to the first paint, and from a turn of the wheel to the picture that it asked for."""
    from ckptgui.core.checkpoint import Role
    from ckptgui.gui.inspector.image.tab import ImageTab
    from ckptgui.gui.inspector.lower_tab import LookedAt
    from ckptgui.gui.jobs import Background
    from ckptgui.gui.theme import apply_theme

    apply_theme(qapp, dark=False)
    background = Background()
    page = ImageTab(background)
    qtbot.addWidget(page)
    page.resize(900, 500)
    page.show()
    view = page.matrix.view
    started = time.perf_counter()
    page.set_tensor(LookedAt(matrix[0], matrix[1], None, Role.MODEL))
    qtbot.waitUntil(lambda: view.picture is not None)
    view.repaint()
    first = time.perf_counter() - started
    page.matrix.feed.read_overview()
    qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
    all_of_it = time.perf_counter() - started
    steps = []
    for closer in [False] * 10 + [True] * 10:
        before, frame, started = view.picture, view.frame, time.perf_counter()
        view.zoom(closer, QPointF(300, 200))
        if view.frame == frame:  # nothing is farther away
            continue
        qtbot.waitUntil(lambda before=before: view.picture is not before)
        view.repaint()
        steps.append(time.perf_counter() - started)
        qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
    print(
        f"\nfirst paint {first * 1e3:.0f} ms, all {all_of_it * 1e3:.0f} ms, zoom {np.median(steps) * 1e3:.0f} ms "
        f"(longest {max(steps) * 1e3:.0f} ms)"
    )
    assert background.shutdown(5)
    assert first < 0.5 and all_of_it < 1.0 and np.median(steps) < 0.060
