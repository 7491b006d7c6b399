"""The image page: what a pixel shows, the mouse and the keys over it, its map, its limits, its marks."""

import os

import numpy as np
import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import ckptgui.analysis.block_kernels  # noqa: F401 - compiled before the clock of a test runs
from ckptgui.analysis.blocks import Shown
from ckptgui.gui.inspector.image.shading import Limits
from ckptgui.gui.palettes import STEPS, Palette, table
from ckptgui.gui.theme import apply_theme, theme


def tensors():
    torch.manual_seed(3)
    holes = torch.randn(900, 700)
    holes[400, 300] = float("nan")
    holes[410, 320] = float("inf")
    return {
        "wide": torch.randn(1500, 2000),
        "holes": holes,
        "small": torch.tensor([[1.0, float("nan"), 2.0], [-3.0, 0.5, float("-inf")]]),
        "conv": torch.randn(20, 12, 3, 3),
        "stack": torch.randn(4, 50, 60),
        "flipped": torch.randn(600, 500).t(),
        "vector": torch.randn(5000),
        "single": torch.tensor([1.5]),
        "pair": torch.tensor([1.0, -2.0]),
        "short": torch.randn(160),
        "gap": torch.tensor([1.0, float("nan"), float("inf"), 2.0, 3.0, float("nan"), 4.0]),
        "scalar": torch.tensor(2.5),
        "mask": torch.rand(300, 400) > 0.5,
        "positive": torch.rand(200, 300) + 0.5,
        "nothing": torch.zeros(0, 4),
        "lost": torch.full((40, 50), float("nan")),
    }


@pytest.fixture(scope="module")
def values():
    return {name: tensor.numpy() for name, tensor in tensors().items()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "net.pt"
    torch.save(tensors(), path)
    return path


@pytest.fixture
def look(open_bench, pictures, qtbot):
    """Selects a tensor and gives its page, painted."""
    bench = open_bench(pictures, page="image")

    def select(name):
        bench.select(name)
        page = bench.inspector.tensor.half.page("image")
        page.bench = bench
        settle(qtbot, page)
        return page

    return select


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
    page.matrix.view.repaint()


def wheel(qtbot, page, x, y, steps):
    view = page.matrix.view
    for _ in range(abs(steps)):
        way = QPoint(0, 120 if steps > 0 else -120)
        none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        place = QPointF(x, y)
        turn = QWheelEvent(
            place, view.mapToGlobal(place), QPoint(), way, none, Qt.KeyboardModifier.NoModifier, phase, False
        )
        QApplication.sendEvent(view, turn)
    settle(qtbot, page)


def drag(widget, start, stop, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, modifiers, start)
    for step in (0.3, 0.7, 1.0):
        way = QPointF(stop - start) * step
        QTest.mouseMove(widget, start + way.toPoint())
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, modifiers, stop)


def expected(value, limits, palette=Palette.DIFFERENCE, dark=False):
    """The colour of a value, worked out with numpy."""
    place = (np.float64(value) - limits.low) / (limits.high - limits.low) * (STEPS - 1)
    return int(table(palette, dark)[int(np.clip(place + 0.5, 0, STEPS - 1))]) & 0xFFFFFF


def pixels(page):
    """What is seen, without what is read of it, as 0xRRGGBB."""
    image = page.matrix.view.grabbed()
    flat = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return flat[:, : image.width()].copy() & 0xFFFFFF


def test_a_pixel_is_a_value_at_first(look, values):
    page = look("wide")
    matrix = page.matrix
    assert page.bench.inspector.tensor.half.current == "image"
    assert matrix.scale_caption.text() == "1 value per pixel, exact"
    height, width = matrix.view.room()
    assert matrix.part.text() == f"rows 0 to {height - 1}, columns 0 to {width - 1}"
    seen, limits = pixels(page), matrix.view.picture.limits
    assert limits.low == -limits.high
    for row, column in ((0, 0), (height - 1, width - 1), (17, 101), (60, 3)):
        assert seen[row, column] == expected(values["wide"][row, column], limits)


def test_limits_are_those_of_all_but_a_five_hundredth_of_the_values(look, values):
    page = look("wide")
    assert page.matrix.view.picture.limits.high == pytest.approx(
        np.quantile(np.abs(values["wide"]), 0.998), rel=0.02
    )
    assert page.matrix.colours.beyond.text().endswith("% beyond")


def test_the_wheel_zooms_about_the_mouse(look, values, qtbot):
    page = look("wide")
    view = page.matrix.view
    before = view.frame.value_at(40, 70)
    wheel(qtbot, page, 70, 40, 3)
    assert view.frame.down.pixels == 4 and view.frame.value_at(40, 70) == before
    assert page.matrix.scale_caption.text() == "4 × 4 pixels per value, exact"
    seen = pixels(page)
    rows, columns = view.frame.visible()
    corner = values["wide"][rows.start + 2, columns.start + 3]
    y, x = (int(place) for place in view.frame.pixel_of(rows.start + 2, columns.start + 3))
    assert (seen[y : y + 4, x : x + 4] == expected(corner, view.picture.limits)).all()


@pytest.mark.parametrize("number", list(Shown))
def test_farther_away_a_pixel_shows_one_number_of_its_block(look, values, qtbot, number):
    page = look("wide")
    page.matrix.choose_shown(number)
    wheel(qtbot, page, 0, 0, -3)
    view = page.matrix.view
    assert view.frame.block == (4, 4)
    assert page.matrix.scale_caption.text() == "4 × 4 values per pixel,"
    block = values["wide"][40:44, 80:84].astype(np.float64)
    largest = block.reshape(-1)[np.abs(block).argmax()]
    wanted = {Shown.MEAN: np.float32(block.mean()), Shown.LARGEST: largest}
    if number in wanted:  # the least and the greatest have colours of one sign
        assert pixels(page)[10, 20] == expected(wanted[number], view.picture.limits)
    assert len(np.unique(pixels(page)[:20, :20])) > 50
    assert page.matrix.shown_button.isVisible() and page.matrix.shown_button.shown is number


def test_numbers_stand_in_all_cells_or_in_none(look, qtbot):
    page = look("wide")
    view = page.matrix.view
    written = {}
    for _ in range(13):
        wheel(qtbot, page, 0, 0, 1)
        side, seen = view.frame.down.pixels, pixels(page)
        if side < 32:
            continue
        whole = [
            seen[row * side : (row + 1) * side, column * side : (column + 1) * side]
            for row in range(view.height() // side)
            for column in range(view.width() // side)
        ]
        written[side] = {len(np.unique(cell)) > 1 for cell in whole if cell.size}
    assert written[32] == {False} and written[96] == written[128] == {True}
    assert all(len(kinds) == 1 for kinds in written.values())


def test_dragging_moves_the_picture(look, qtbot):
    page = look("wide")
    view = page.matrix.view
    drag(view, QPoint(200, 100), QPoint(150, 80))
    settle(qtbot, page)
    assert (view.frame.top, view.frame.left) == (20, 50)
    assert page.matrix.part.text().startswith("rows 20 to ")
    assert view.chosen is None


def test_the_value_under_the_mouse_is_read(look, values):
    page = look("wide")
    QTest.mouseMove(page.matrix.view, QPoint(33, 21))
    card = page.matrix.card
    assert card.isVisible() and card.where.text() == "[21, 33]"
    assert float(card.what.text().replace("−", "-")) == pytest.approx(values["wide"][21, 33], rel=1e-3)
    QTest.mouseMove(page.matrix.overview.map, QPoint(5, 5))
    QApplication.sendEvent(page.matrix.view, QEvent(QEvent.Type.Leave))
    assert not card.isVisible()


def test_a_block_is_read_as_a_range(look, values, qtbot):
    page = look("wide")
    wheel(qtbot, page, 0, 0, -3)
    QTest.mouseMove(page.matrix.view, QPoint(20, 10))
    block = values["wide"][40:44, 80:84]
    assert page.matrix.card.where.text() == "[40 to 43, 80 to 83]"
    low = page.matrix.card.what.text().split(" to ")[0].replace("−", "-")
    assert float(low) == pytest.approx(block.min(), rel=1e-3)
    assert page.matrix.card.more.text().startswith("mean ")


def test_a_double_click_shows_all_and_the_next_one_values_again(look, qtbot):
    page = look("wide")
    view = page.matrix.view
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    settle(qtbot, page)
    assert view.frame.whole and page.matrix.part.text() == "all rows and columns"
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    settle(qtbot, page)
    assert view.frame.exact


def test_keys_zoom_and_move(look, qtbot):
    page = look("wide")
    view = page.matrix.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.frame.down.pixels == 2
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.frame.down.pixels == 1
    left = view.frame.left
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.frame.left > left
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.frame.whole
    settle(qtbot, page)


def test_a_chosen_value_is_walked_with_arrows_and_found_in_the_table(look, values, qtbot):
    page = look("wide")
    view = page.matrix.view
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 30))
    assert page.matrix.chosen_index() == (30, 50)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert page.matrix.chosen_index() == (31, 49) and page.matrix.card.where.text() == "[31, 49]"
    menu = page.menu()
    copy = next(action for action in menu.actions() if action.text() == "Copy index")
    copy.trigger()
    assert QGuiApplication.clipboard().text() == "[31, 49]"
    with qtbot.waitSignal(page.place_wanted) as told:
        next(action for action in menu.actions() if action.text() == "Show in values").trigger()
    assert told.args == [(31, 49)]
    assert page.bench.inspector.tensor.half.current == "values"


def test_the_map_moves_the_picture(look, qtbot):
    page = look("wide")
    whole = page.matrix.overview.map
    assert whole.isVisible()
    height, width = whole.room()
    qtbot.mouseClick(whole, Qt.MouseButton.LeftButton, pos=QPoint(width // 2, height // 2))
    settle(qtbot, page)
    rows, columns = page.matrix.view.frame.visible()
    assert abs((rows.start + rows.stop) / 2 - 750) < 30 and abs((columns.start + columns.stop) / 2 - 1000) < 30
    qtbot.keyClick(whole, Qt.Key.Key_Up)
    assert page.matrix.view.frame.visible()[0].start < rows.start
    settle(qtbot, page)


def test_a_matrix_that_is_seen_whole_has_no_map(look):
    page = look("small")
    assert not page.matrix.overview.isVisible() and page.matrix.view.frame.whole


def test_limits_are_dragged_and_come_back(look, qtbot):
    page = look("wide")
    bar, view = page.matrix.colours.bar, page.matrix.view
    usual = view.picture.limits
    grip = QPoint(20, bar.high_end.height() // 2)
    drag(bar.high_end, grip, grip + QPoint(0, 15))
    settle(qtbot, page)
    narrower = view.picture.limits
    assert narrower.high < usual.high and narrower.low == -narrower.high
    assert bar.scale.limits == narrower
    qtbot.mouseDClick(bar.high_end, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    assert view.picture.limits == usual


def test_limits_are_moved_with_keys_alone_with_shift(look, qtbot):
    page = look("wide")
    bar, view = page.matrix.colours.bar, page.matrix.view
    usual = view.picture.limits
    bar.low_end.setFocus()
    qtbot.keyClick(bar.low_end, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ShiftModifier)
    settle(qtbot, page)
    assert view.picture.limits.low > usual.low and view.picture.limits.high == usual.high
    qtbot.keyClick(bar.low_end, Qt.Key.Key_Home)
    settle(qtbot, page)
    assert view.picture.limits == usual


def test_another_epoch_keeps_the_part_and_the_limits(look, open_bench, pictures, tmp_path, qtbot):
    page = look("wide")
    wheel(qtbot, page, 100, 50, 6)
    drag(page.matrix.view, QPoint(200, 100), QPoint(100, 60))
    page.matrix.colours.bar.dragged.emit(Limits(-1.0, 1.0))
    settle(qtbot, page)
    frame = page.matrix.view.frame
    copy = tmp_path / "epoch_2.pt"
    copy.write_bytes(pictures.read_bytes())
    other, inspector = open_bench(copy), page.bench.inspector
    inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    page.bench.select("wide")
    settle(qtbot, page)
    assert page.matrix.view.frame == frame and page.matrix.view.picture.limits == Limits(-1.0, 1.0)
    look("holes")
    assert look("wide").matrix.view.frame.down.pixels == 1


def test_chosen_limits_stay_through_a_zoom(look, qtbot):
    page = look("wide")
    page.matrix.colours.bar.dragged.emit(Limits(-0.5, 0.5))
    wheel(qtbot, page, 10, 10, -2)
    assert page.matrix.view.picture.limits == Limits(-0.5, 0.5)


def test_nan_keeps_a_mark_at_every_zoom(look, values, qtbot):
    page = look("holes")
    view, nan = page.matrix.view, int(theme().nan.rgb()) & 0xFFFFFF
    view.turn(view.frame.around(400, 300))
    settle(qtbot, page)
    for steps in (0, 5, -8):
        wheel(qtbot, page, 0, 0, steps)
        view.turn(view.frame.around(400, 300))
        settle(qtbot, page)
        middle = view.cell_rect((400, 300)).center()
        y, x = int(middle.y()), int(middle.x())
        block = pixels(page)[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5]
        assert (block == nan).sum() >= 20
        assert (block == int(theme().panel.rgb()) & 0xFFFFFF).sum() >= 4
    assert view.frame.whole


def test_what_is_not_finite_is_said(look):
    page = look("small")
    view = page.matrix.view
    for place, text in (((0, 1), "NaN"), ((1, 2), "−∞"), ((1, 0), "−3.000")):
        QTest.mouseMove(view, view.cell_rect(place).center().toPoint())
        assert page.matrix.card.what.text() == text
    assert page.matrix.view.picture.limits == Limits(-3.0, 3.0)


def test_a_matrix_without_a_finite_value_is_marked_all_over(look):
    page = look("lost")
    seen = pixels(page)
    height, width = (axis.length(n) for axis, n in zip(page.matrix.view.frame.axes, (40, 50)))
    assert (seen[:height, :width] == int(theme().nan.rgb()) & 0xFFFFFF).mean() > 0.5


def test_the_palette_follows_the_signs_and_the_choice(look, values, qtbot):
    page = look("positive")
    assert not page.palette_button.signed
    limits = page.matrix.view.picture.limits
    assert 0.5 <= limits.low < limits.high <= 1.5
    value = values["positive"][20, 30]
    assert pixels(page)[20, 30] == expected(value, limits, Palette.MAGNITUDE)
    page.palette_button.chosen.emit(Palette.GREY)
    settle(qtbot, page)
    assert pixels(page)[20, 30] == expected(value, limits, Palette.GREY)


def test_the_theme_colours_the_picture(look, values, qtbot, qapp):
    page = look("wide")
    apply_theme(qapp, dark=True)
    settle(qtbot, page)
    assert pixels(page)[5, 6] == expected(values["wide"][5, 6], page.matrix.view.picture.limits, dark=True)
    apply_theme(qapp, dark=False)
    settle(qtbot, page)


def test_kernels_are_a_sheet(look, values, qtbot):
    page = look("conv")
    view = page.matrix.view
    assert view.frame.size == (60, 36) and page.matrix.plane.tile == (3, 3)
    assert page.matrix.part.text().startswith("outputs 0 to ")
    QTest.mouseMove(view, view.cell_rect((3 * 5 + 1, 3 * 7 + 2)).center().toPoint())
    assert page.matrix.card.where.text() == "[5, 7, 1, 2]"
    ground = int(theme().panel.rgb()) & 0xFFFFFF
    step = 3 * view.frame.down.pixels
    assert (pixels(page)[step, : step * 4] == ground).all()
    page.layouts.buttons["slice"].click()
    settle(qtbot, page)
    assert view.frame.size == (3, 3) and page.bar.isVisible()


def test_any_slice_is_a_picture(look, values, qtbot):
    page = look("stack")
    assert page.matrix.view.frame.size == (50, 60)
    page.bar.spins[0].setValue(2)
    settle(qtbot, page)
    assert np.array_equal(page.matrix.view.picture.view.values[:5, :7], values["stack"][2, :5, :7])
    page.bar.place.setText("3, 10, 20")
    qtbot.keyClick(page.bar.place, Qt.Key.Key_Return)
    settle(qtbot, page)
    assert page.matrix.chosen_index() == (3, 10, 20)
    page.turn_over()
    settle(qtbot, page)
    assert page.matrix.view.frame.size == (60, 50)


def test_strides_make_no_difference(look, values):
    page = look("flipped")
    assert pixels(page)[9, 8] == expected(values["flipped"][9, 8], page.matrix.view.picture.limits)


def test_booleans_are_two_colours(look, values):
    page = look("mask")
    seen = pixels(page)[:100, :100]
    assert len(np.unique(seen)) == 2
    assert np.array_equal(
        seen == seen[tuple(np.argwhere(values["mask"][:100, :100])[0])], values["mask"][:100, :100]
    )


def test_a_vector_is_a_line(look, values, qtbot):
    page = look("vector")
    view = page.matrix.view
    assert view is page.matrix.line and view.frame.whole
    assert page.matrix.part.text() == "values 0 to 4,999"
    assert "values per point, least to greatest and mean" in page.matrix.scale_caption.text()
    wheel(qtbot, page, 300, 60, 30)
    assert view.frame.exact and view.frame.across.pixels > 8
    place = view.frame.visible()[1].start + 2
    QTest.mouseMove(view, view.cell_rect((0, place)).center().toPoint())
    assert page.matrix.card.where.text() == f"[{place:,}]"
    assert float(page.matrix.card.what.text().replace("−", "-")) == pytest.approx(
        values["vector"][place], rel=1e-3
    )
    assert not page.palette_button.isVisible()


def inked(view, colour):
    """Columns of the area, in pixels, in which a colour stands."""
    image = view.grabbed()
    bits = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1) & 0xFFFFFF
    return np.flatnonzero((bits == colour.rgb() & 0xFFFFFF).any(axis=0)) - view.area().x()


@pytest.mark.parametrize(("name", "count"), [("single", 1), ("pair", 2), ("short", 160), ("vector", 5000)])
def test_a_line_goes_over_all_of_the_width(look, name, count):
    page = look(name)
    view = page.matrix.view
    width, step = view.area().width(), max(1, view.area().width() / count)
    colour = theme().role_pale(view.role) if name == "vector" else theme().role(view.role)
    columns = inked(view, colour)
    assert columns[0] <= step / 2 + 2 and columns[-1] >= width - step / 2 - 3
    if name == "vector":  # no column is left out between two blocks
        assert len(columns) > 0.97 * width
    middle = view.area().center().y()
    QTest.mouseMove(view, QPoint(view.area().right(), middle))
    assert page.matrix.card.where.text().endswith(f"{count - 1:,}]")
    QTest.mouseMove(view, QPoint(view.area().left(), middle))
    assert page.matrix.card.where.text().startswith("[0")


def test_a_line_that_is_stretched_can_be_looked_at_closely_and_left_again(look, qtbot):
    page = look("short")
    view = page.matrix.view
    filled = view.frame
    assert filled.exact and filled.across.pixels == view.area().width() / 160
    assert page.matrix.scale_caption.text() == f"{filled.across.pixels:.3g} pixels per value, exact"
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.frame.across.pixels in (4, 6) and not view.frame.whole
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.frame == filled
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert view.chosen == (0, 80)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert page.matrix.card.where.text() == "[81]"
    page.resize(page.width() - 77, page.height())
    settle(qtbot, page)
    assert view.frame.whole and view.frame.across.length(160) == view.area().width()


def test_neighbours_in_a_line_that_are_not_finite_each_have_a_mark(look):
    picture = look("gap").matrix.view.picture
    assert picture.marks[:, 1].tolist() == [1, 2, 5]


def test_a_number_stands_alone(look):
    page = look("scalar")
    assert page.number.isVisible() and page.number.text() == "2.5"


def test_nothing_has_no_picture(look):
    page = look("wide")
    page.bench.select("nothing")
    half = page.bench.inspector.tensor.half
    assert half.current == "values" and not half.strip.tab(0).isVisible()


def test_another_tensor_takes_over_at_once(look, values, qtbot):
    page = look("wide")
    for name in ("holes", "wide", "positive"):
        page.bench.select(name, wait=False)
    qtbot.waitUntil(lambda: not page.bench.inspector.settling, timeout=10_000)
    settle(qtbot, page)
    assert np.array_equal(page.matrix.view.picture.view.values[:3, :3], values["positive"][:3, :3])


def test_the_picture_is_saved_and_copied(look, qtbot, tmp_path):
    page = look("wide")
    target, size = tmp_path / "w.png", page.matrix.view.grabbed().size()
    page.save(str(target))
    qtbot.waitUntil(lambda: page.note.text() == "Saved w.png.", timeout=10_000)
    assert QImage(str(target)).size() == size
    assert os.listdir(tmp_path) == ["w.png"]
    page.copy_picture()
    assert QGuiApplication.clipboard().image().width() == page.matrix.view.grabbed().width()
    page.save(str(tmp_path))
    qtbot.waitUntil(lambda: "It is a folder" in page.note.text(), timeout=10_000)


def test_bytes_that_are_missing_are_said_in_place(open_bench, tmp_path, qtbot):
    from safetensors.torch import save_file

    path = tmp_path / "cut.safetensors"
    save_file({"whole": torch.randn(30, 40), "z.weight": torch.randn(300, 400)}, path)
    bench = open_bench(path, page="image")
    os.truncate(path, os.path.getsize(path) - 400 * 4 * 290)
    bench.select("z.weight", wait=False)
    page = bench.inspector.tensor.half.page("image")
    qtbot.waitUntil(lambda: page.note.isVisible(), timeout=10_000)
    assert page.note.text().startswith("The file ends at byte ") or "changed" in page.note.text()
    qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
