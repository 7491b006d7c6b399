"""The byte ribbon: every record at its place, pale until read, marked when broken, clickable."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ckptgui.core.checkpoint import Role
from ckptgui.core.records import Record
from ckptgui.core.tree.build import ROLES, build_tree
from ckptgui.gui.ribbon import Ribbon
from ckptgui.gui.ribbon_map import RibbonMap
from ckptgui.gui.theme import theme
from tests.core.trees import CheckpointMaker, flat


def two_sections():
    make = CheckpointMaker()
    make.section(("model",), Role.MODEL, ["a", "b"], shape=(100,))
    make.section(("opt",), Role.OPTIMIZER, ["m", "v"], shape=(100,))
    return make


@pytest.fixture
def ribbon(qtbot):
    widget = Ribbon()
    qtbot.addWidget(widget)
    widget.resize(824, 48)
    return widget


def roles(pixels):
    return [ROLES[number] for number in pixels.role]


def test_records_lie_at_their_places_in_their_sections_roles():
    pixels = RibbonMap(two_sections().make()).pixels(80)
    assert roles(pixels) == [Role.MODEL] * 40 + [Role.OPTIMIZER] * 40
    assert np.flatnonzero(pixels.gap).tolist() == [20, 40, 60]


def test_records_are_pale_until_they_are_read():
    places = RibbonMap(two_sections().make())
    assert not places.pixels(80).read.any()
    assert places.mark_read(np.array([1]))
    assert not places.mark_read(np.array([1]))
    assert np.flatnonzero(places.pixels(80).read).tolist() == list(range(20, 40))


def test_below_a_pixel_one_unread_record_keeps_it_pale():
    make = CheckpointMaker()
    make.section(("m",), Role.MODEL, [f"w{i}" for i in range(100)], shape=(10,))
    places = RibbonMap(make.make())
    for row in range(99):
        places.mark_read(np.array([row]))
    assert places.pixels(10).read.tolist() == [True] * 9 + [False]


def test_broken_tensors_are_marked_from_the_start():
    make = two_sections()
    make.tensor(("cut",), (100,), storage=make.storage(400, here=8))
    places = RibbonMap(make.make())
    assert places.pixels(100).errors.tolist() == [90]
    places.mark_errors(np.array([0]))
    assert places.pixels(100).errors.tolist() == [10, 90]


def test_bytes_that_no_tensor_reaches_are_hatched():
    make = CheckpointMaker()
    make.tensor(("part",), (25,), storage=make.storage(400), storage_offset=50)
    wasted = RibbonMap(make.make()).pixels(100).wasted
    assert np.flatnonzero(~wasted).tolist() == list(range(50, 75))


def test_records_that_are_no_storage_count_as_read():
    make = CheckpointMaker()
    make.records.append(Record("data.pkl", 0, 0, 400))
    make.place = 400
    make.tensor(("w",), (100,))
    pixels = RibbonMap(make.make()).pixels(10)
    assert pixels.read.tolist() == [True] * 5 + [False] * 5


def test_all_pieces_of_a_tensor_are_marked_and_outlined(ribbon, qtbot):
    make = CheckpointMaker()
    make.section(("m",), Role.MODEL, ["in pieces", "whole"], shape=(100,))
    first, second = make.records
    make.records[:] = [
        Record("piece", 0, 0, 200, first.storage),
        Record("whole", 0, 200, 400, second.storage),
        Record("piece", 0, 600, 200, first.storage),
    ]
    checkpoint = make.make()
    places = RibbonMap(checkpoint)
    assert places.spans(0, 80) == [(0, 20), (60, 80)]
    assert places.mark_read(np.array([0]))
    assert not places.mark_read(np.array([0]))
    assert np.flatnonzero(places.pixels(80).read).tolist() == [*range(20), *range(60, 80)]
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    ribbon.select_row(0)
    ribbon.grab()
    with qtbot.waitSignal(ribbon.row_clicked) as clicked:
        qtbot.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=QPoint(12 + 700, 32))
    assert clicked.args == [0]


def test_an_empty_file_has_a_ribbon_too(ribbon):
    checkpoint = CheckpointMaker().make()
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    ribbon.grab()


def test_a_click_asks_for_the_tensor_at_its_byte(ribbon, qtbot):
    checkpoint = two_sections().make()
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    for row in range(4):
        with qtbot.waitSignal(ribbon.row_clicked) as clicked:
            qtbot.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=QPoint(12 + 200 * row + 100, 32))
        assert clicked.args == [row]


def test_tensors_that_share_a_storage_are_told_apart_by_their_bytes(ribbon, qtbot):
    checkpoint = flat(8)
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    with qtbot.waitSignal(ribbon.row_clicked) as clicked:
        qtbot.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=QPoint(12 + 350, 32))
    assert clicked.args == [3]


def test_the_tooltip_names_the_tensor_its_place_and_its_share(ribbon):
    checkpoint = two_sections().make()
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    assert ribbon.words(1, 1).splitlines() == [
        "b",
        "at byte 400",
        "400 B, 25.0 % of the file",
        "Click to select it in the tree",
    ]


def test_read_records_take_their_full_colour(ribbon):
    checkpoint = two_sections().make()
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    place = QPoint(12 + 100, 32)
    assert ribbon.grab().toImage().pixelColor(place) == theme().role_pale(Role.MODEL)
    ribbon.mark_read(np.array([0]))
    assert ribbon.grab().toImage().pixelColor(place) == theme().role(Role.MODEL)


def test_captions_keep_file_order_and_the_smallest_go_first(ribbon):
    make = CheckpointMaker()
    make.section(("model",), Role.MODEL, ["w"], shape=(100,))
    make.section(("optimizer",), Role.OPTIMIZER, ["m", "v"], shape=(100,))
    checkpoint = make.make()
    ribbon.set_document(checkpoint, build_tree(checkpoint), RibbonMap(checkpoint))
    metrics = ribbon.fontMetrics()
    assert [c.name for c, _left, _room in ribbon._placed(metrics, metrics)] == ["model", "optimizer"]
    ribbon.resize(200, 48)
    assert [c.name for c, _left, _room in ribbon._placed(metrics, metrics)] == ["optimizer"]


def test_an_offset_that_no_file_has_is_no_trouble(ribbon):
    make = CheckpointMaker()
    storage = make.storage(400)
    make.tensor(("far",), (100,), storage=storage, storage_offset=(1 << 63) - 1)
    make.tensor(("near",), (100,), storage=storage)
    places = RibbonMap(make.make())
    assert places.spans(0, 80) == [(80.0, 80.0)]
    assert places.spans(1, 80) == [(0.0, 80.0)]
    assert places.row_at(0, 100) == 1
    assert not places.pixels(80).wasted.any()
