"""The map of layers × epochs, as a person clicks, types and copies."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.job import Cancel
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.layers.geometry import HEAD, ROW, TALL
from ckptgui.gui.compare.layers.panel import LayersPanel
from ckptgui.gui.compare.signs import status_colour
from ckptgui.gui.compare.words import map_title
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import significant
from ckptgui.gui.theme import apply_theme, theme
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing
from ckptgui.workspace.run import read_run
from tests.gui.compare.conftest import save_run, weights

NAMES = [f"blocks.{block}.{name}" for block in range(2) for name in ("attn.weight", "attn.bias", "norm.weight")]


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A function from a run's name and states to what is known of it, read without a window, once each."""
    pool, kept = SourcePool(), {}

    def once(name, states, cut=-1):
        if name not in kept:
            folder = save_run(tmp_path_factory.mktemp(name) / "run", states)
            if cut >= 0:
                file = Path(folder) / f"epoch_{cut}.pt"
                file.write_bytes(file.read_bytes()[:300])
            known = Compared(series_of(read_run(folder).members))
            Comparing(known.series, pool, None, known.profiles).carry_out(known.tasks(), known.take, Cancel())
            kept[name] = known
        return kept[name]

    yield once
    pool.close()


@pytest.fixture
def show_known(qtbot, qapp):
    """A function from what is known of a run to its comparison."""
    apply_theme(qapp, dark=False)
    background = Background()
    made = []

    def show(known):
        comparison = Comparison(background)
        made.append(comparison)
        comparison.show_known(known)
        return comparison

    yield show
    for comparison in made:
        comparison.release()
    assert background.shutdown(5)
    shutdown_executors()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def comparison(show_known, read):
    return show_known(read("whole", [weights(epoch) for epoch in range(4)]))


@pytest.fixture
def shown(qtbot):
    """A function from a comparison to its panel, with everything in it."""

    def show(comparison, width=380, height=420):
        panel = LayersPanel(comparison)
        qtbot.addWidget(panel)
        panel.resize(width, height)
        panel.show()
        qtbot.waitExposed(panel)
        settle(qtbot, panel)
        return panel

    return show


@pytest.fixture
def panel(comparison, shown):
    return shown(comparison)


@pytest.fixture
def broken_panel(show_known, read, shown):
    """A bias of the last epoch of four has three NaN."""
    states = [weights(epoch) for epoch in range(4)]
    states[3]["blocks.1.attn.bias"][:3] = float("nan")
    return shown(show_known(read("broken", states)))


def settle(qtbot, panel):
    source, lane = panel.source, panel.saving._lane
    qtbot.waitUntil(lambda: not source._tick.isActive() and source.complete and not lane.busy)


def place_of(panel, row, column):
    """The middle of a cell; column -1 is the row's name, -2 its block."""
    scene = panel.map.scene()
    if column >= 0:
        return scene.cell(row, column).center().toPoint()
    size = scene.geometry
    x = size.labels - 20 if column == -1 else size.block_left + 3
    return QPoint(x, scene.cell(row, 0).center().toPoint().y())


def click(qtbot, panel, row, column, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(panel.map.viewport(), Qt.MouseButton.LeftButton, modifier, place_of(panel, row, column))


def click_head(qtbot, panel, column, modifier=Qt.KeyboardModifier.NoModifier):
    place = QPoint(place_of(panel, 0, column).x(), 8)
    qtbot.mouseClick(panel.map.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def hover(panel, row, column):
    QTest.mouseMove(panel.map.viewport(), place_of(panel, row, column))


def rows(panel):
    source = panel.source
    return [source.outline.path(node) for node in source.rows.nodes.tolist()]


def press(qtbot, panel, *keys):
    panel.map.setFocus()
    for key in keys:
        qtbot.keyClick(panel.map, key)


def colour_at(panel, point):
    image = panel.map.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(round(point.x() * ratio), round(point.y() * ratio))


def test_rows_are_tensors_in_network_order_and_columns_are_epochs(panel):
    assert rows(panel) == NAMES
    assert panel.map._numbers == ["0", "1", "2", "3"]
    assert panel.source.layers.values.shape == (6, 4)


def test_a_larger_change_is_a_stronger_colour(panel):
    early, late = (colour_at(panel, place_of(panel, 0, column)).lightness() for column in (1, 3))
    assert early < late


def test_a_click_selects_the_tensor_and_its_row_is_framed(qtbot, panel, comparison):
    click(qtbot, panel, 4, 2)
    assert comparison.outline.path(comparison.selection) == NAMES[4]
    corner = panel.map.scene().cell(4, 0).topLeft().toPoint() + QPoint(5, -2)
    assert colour_at(panel, corner) == theme().text


def test_a_module_selected_elsewhere_is_framed_around_all_its_rows(panel, comparison):
    comparison.select(comparison.outline.find("blocks.1"))
    assert panel.map.marked() == range(3, 6)


def test_clicks_on_the_heads_set_a_and_b(qtbot, panel, comparison):
    assert (comparison.a, comparison.b) == (2, 3)
    click_head(qtbot, panel, 1)
    assert (comparison.a, comparison.b) == (0, 1)
    click_head(qtbot, panel, 0, Qt.KeyboardModifier.ShiftModifier)
    assert (comparison.a, comparison.b) == (0, 1)
    click_head(qtbot, panel, 0)  # what was A becomes B: they change places
    assert (comparison.a, comparison.b) == (1, 0)


def test_the_mouse_reads_a_cell_and_tells_the_others(panel, comparison):
    hover(panel, 0, 2)
    card = panel.map.card
    assert card.isVisible() and card.where.text() == NAMES[0]
    assert card.what.text().startswith("Relative change 0.")
    assert card.more.text() == "epoch 1 → epoch 2"
    assert comparison.outline.path(comparison.hovered) == NAMES[0]
    hover(panel, 0, 0)
    assert card.what.text() == "nothing to compare it with"


def test_what_is_hovered_elsewhere_is_lit_here(panel, comparison):
    comparison.hover(comparison.outline.find(NAMES[3]))
    assert panel.map._hovered_row() == 3


def test_a_click_on_a_block_folds_and_unfolds_it(qtbot, panel):
    hover(panel, 0, -2)
    assert (panel.map.card.where.text(), panel.map.card.what.text()) == ("blocks.0", "Click to fold")
    click(qtbot, panel, 0, -2)
    assert rows(panel) == ["blocks.0", *NAMES[3:]]
    click(qtbot, panel, 0, -2)
    assert rows(panel) == NAMES


def test_keys_walk_fold_and_select(qtbot, panel, comparison):
    press(qtbot, panel, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert panel.map.cursor_place == (1, 1) and panel.map.card.isVisible()
    press(qtbot, panel, Qt.Key.Key_Return)
    assert comparison.outline.path(comparison.selection) == NAMES[1]
    press(qtbot, panel, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left)
    assert rows(panel) == ["blocks.0.attn", *NAMES[2:]] and panel.map.cursor_place == (0, -1)
    press(qtbot, panel, Qt.Key.Key_Minus)
    assert rows(panel) == ["blocks.0", *NAMES[3:]]
    press(qtbot, panel, Qt.Key.Key_Right)
    assert rows(panel) == ["blocks.0.attn", *NAMES[2:]]
    press(qtbot, panel, Qt.Key.Key_Plus, Qt.Key.Key_End)
    assert rows(panel) == NAMES and panel.map.cursor_place == (5, -1)


def test_all_blocks_fold_and_unfold_by_the_menu(qtbot, panel):
    acts = {action.text(): action for action in panel.saving.menu().actions()}
    acts["Fold all blocks"].trigger()
    assert rows(panel) == ["blocks.0", "blocks.1"]
    hover(panel, 1, 1)
    assert "3 tensors together" in panel.map.card.more.text()
    acts["Unfold all"].trigger()
    assert rows(panel) == NAMES


def test_folds_stay_when_an_epoch_joins(qtbot, panel, comparison, read):
    click(qtbot, panel, 0, -2)
    more = read("more", [weights(epoch) for epoch in range(5)])
    comparison.show_known(more)
    settle(qtbot, panel)
    assert rows(panel) == ["blocks.0", *NAMES[3:]]
    assert panel.source.layers.values.shape == (4, 5)
    assert (panel.source.layers.cells[:, 4] == 1).all()


def test_another_figure_is_chosen_in_the_menu_or_by_keys(qtbot, panel, comparison):
    menu = panel.chooser.menu()
    next(action for action in menu.actions() if action.text() == "Std").trigger()
    assert panel.chooser.figure == panel.source.figure.key == "std"
    hover(panel, 0, 0)
    found = float(comparison.figures("std")[0, 0])
    assert panel.map.card.what.text() == f"Std {significant(found)}" and panel.map.card.more.text() == "epoch 0"
    panel.chooser.setFocus()
    qtbot.keyClick(panel.chooser, Qt.Key.Key_Down)
    assert panel.source.figure.key == "l2"


def test_the_cosine_to_the_first_is_read_when_it_is_asked_for(qtbot, panel, comparison):
    with qtbot.waitSignal(comparison.finished, timeout=20_000):
        panel.choose("cosine")
    settle(qtbot, panel)
    assert (panel.source.layers.cells[:, 1:] == 1).all()
    hover(panel, 0, 3)
    assert panel.map.card.more.text() == "epoch 0 → epoch 3"


def test_a_broken_cell_is_larger_than_its_place_under_every_figure(qtbot, broken_panel):
    panel, nan = broken_panel, theme().nan
    for key in ("relative", "std", "nan", "cosine"):
        panel.choose(key)
        settle(qtbot, panel)
        cell = panel.map.scene().cell(4, 3)
        for outside in (cell.topLeft().toPoint() - QPoint(2, 2), cell.bottomRight().toPoint() + QPoint(1, 1)):
            assert colour_at(panel, outside) == nan
        picture = panel.map.viewport().grab().toImage()
        x, ratio = round(cell.center().x()) - 1, picture.devicePixelRatio()
        line = [picture.pixelColor(round(x * ratio), round(y * ratio)) for y in range(HEAD, int(cell.top()) - 6)]
        assert line.count(nan) > len(line) // 3  # dashes up to the epoch


def test_a_broken_tensor_is_told_by_its_count(broken_panel):
    hover(broken_panel, 4, 3)
    card = broken_panel.map.card
    assert card.what.text() == "3 NaN" and card.more.text().startswith("epoch 2 → epoch 3")


def test_a_folded_module_shows_that_something_in_it_is_broken(qtbot, broken_panel):
    click(qtbot, broken_panel, 3, -2)
    assert rows(broken_panel) == [*NAMES[:3], "blocks.1"]
    assert broken_panel.source.layers.broken[3].tolist() == [False, False, False, True]
    hover(broken_panel, 3, 3)
    assert broken_panel.map.card.what.text() == "3 NaN"


def test_what_is_broken_further_down_is_told_at_the_edge_and_a_click_leads_there(qtbot, show_known, read, shown):
    tall = [{f"{part}.{name}": w for part in range(8) for name, w in weights(epoch).items()} for epoch in (0, 1)]
    tall[1]["7.blocks.1.attn.bias"] = tall[1]["7.blocks.1.attn.bias"] * float("inf")
    panel = shown(show_known(read("tall", tall)), height=300)
    panel.map.viewport().grab()
    ((rect, beyond),) = panel.map._beyond
    assert beyond.text == "1 NaN below"
    qtbot.mouseClick(panel.map.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    panel.map.viewport().grab()
    assert panel.map._beyond == []


def test_the_epochs_scroll_where_there_is_little_room(qtbot, show_known, read, shown):
    panel = shown(show_known(read("long", [weights(epoch % 5) for epoch in range(60)])), width=340)
    across = panel.map.horizontalScrollBar()
    assert across.maximum() > 0 and across.value() == across.maximum()  # B is seen
    size = panel.map.geometry_now
    assert size.pitch == 6 and 59 in size.columns_seen(across.value())
    press(qtbot, panel, Qt.Key.Key_Right)
    assert across.value() == 0 and panel.map.cursor_place == (0, 0)


def test_the_map_is_copied_as_a_table(qtbot, panel, comparison):
    QGuiApplication.clipboard().clear()
    press(qtbot, panel, Qt.Key.Key_Down)
    qtbot.keyClick(panel.map, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() != "")
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert lines[0] == ["name", "epoch 0", "epoch 1", "epoch 2", "epoch 3"]
    assert [line[0] for line in lines[1:]] == NAMES
    assert lines[1][1] == "" and float(lines[1][2]) == comparison.pairwise("relative")[0, 1]


@pytest.mark.parametrize("suffix", ["png", "svg", "csv"])
def test_the_whole_map_is_saved(qtbot, broken_panel, tmp_path, suffix):
    from ckptgui.gui.compare.layers.files import image, svg, table
    from ckptgui.gui.paper import png

    made = {"png": lambda s: png(image(s)), "svg": svg, "csv": lambda s: table(s).encode()}[suffix]
    target, sheet = tmp_path / f"map.{suffix}", broken_panel.saving.sheet()
    broken_panel.saving.write(str(target), lambda: made(sheet))
    qtbot.waitUntil(lambda: broken_panel.saving.told.isVisible())
    assert broken_panel.saving.told.text() == f"Saved as map.{suffix}."
    if suffix == "png":
        picture = QImage(str(target))
        found = {picture.pixelColor(x, y).rgb() for x in range(picture.width()) for y in range(0, 300, 7)}
        assert QColor("#E0106F").rgb() in found
    else:
        text = target.read_text()
        assert "NaN" in text and ("<svg" in text or text.count("\n") == 7)


def test_a_map_that_cannot_be_written_says_so(qtbot, panel, tmp_path):
    panel.saving.write(str(tmp_path / "none" / "map.csv"), lambda: b"")
    qtbot.waitUntil(lambda: panel.saving.told.isVisible())
    assert panel.saving.told.text().startswith("map.csv could not be written.")


def test_the_legend_says_the_ends_in_round_numbers(panel):
    scale = panel.source.scale
    assert scale.low <= panel.comparison.pairwise("relative")[:, 1:].min() and scale.log
    assert panel.legend._scale == scale


def test_a_member_that_cannot_be_read_is_marked_in_its_place(show_known, read, shown):
    panel = shown(show_known(read("cut", [weights(epoch) for epoch in range(4)], cut=2)))
    (lost,) = [m for m, member in enumerate(panel.comparison.series.members) if member.error]
    assert lost in panel.map.scene().unreadable
    assert "cut short" in panel.map.head_text(lost)
    assert (panel.source.layers.cells[:, -1] != 0).all()


def test_one_checkpoint_alone_has_figures_but_no_changes(show_known, read, shown):
    panel = shown(show_known(read("one", [weights(0)])))
    assert "takes two checkpoints" in panel.nothing.text() and panel.nothing.isVisible()
    panel.choose("std")
    assert panel.map.isVisible() and (panel.source.layers.cells == 1).all()


def test_without_a_series_the_map_says_so(qtbot, qapp):
    apply_theme(qapp, dark=False)
    background = Background()
    panel = LayersPanel(Comparison(background))
    qtbot.addWidget(panel)
    panel.resize(340, 300)
    panel.show()
    assert panel.nothing.text() == "There is no checkpoint to show yet."
    assert panel.saving.sheet() is None
    assert background.shutdown(5)


def test_colours_follow_the_mode(qapp, panel):
    light = colour_at(panel, QPoint(2, HEAD + 60))
    apply_theme(qapp, dark=True)
    assert colour_at(panel, QPoint(2, HEAD + 60)) == theme().panel != light
    apply_theme(qapp, dark=False)


def test_few_rows_are_tall_and_the_legend_stands_right_below_them(panel):
    size = panel.map.geometry_now
    assert size.row == TALL
    assert panel.map.verticalScrollBar().maximum() == 0
    below = panel.legend.y() - (panel.map.parentWidget().y() + HEAD + size.content_height)
    assert 0 <= below < 12


def test_many_rows_fill_the_height_before_they_scroll(comparison, shown):
    low = shown(comparison, height=200)
    size = low.map.geometry_now
    assert ROW < size.row < TALL
    assert low.map.verticalScrollBar().maximum() == 0


def test_what_came_went_or_has_another_shape_has_its_sign(qtbot, show_known, read, shown):
    states = [weights(epoch) for epoch in range(3)]
    del states[0]["blocks.0.attn.bias"], states[1]["blocks.1.attn.bias"]
    states[2]["blocks.0.norm.weight"] = torch.ones(9)
    panel = shown(show_known(read("signs", states)))
    places = {"blocks.0.attn.bias": (1, "ADDED"), "blocks.1.attn.bias": (1, "REMOVED")}
    places["blocks.0.norm.weight"] = 2, "RESHAPED"
    for name, (column, status) in places.items():
        row = NAMES.index(name)
        assert Status(int(panel.source.layers.status[row, column])).name == status
        wanted = status_colour(Status[status])
        cell = panel.map.scene().cell(row, column).toRect()
        image = panel.map.viewport().grab(cell).toImage()
        colours = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
        assert min(_apart(QColor(colour), wanted) for colour in colours) < 60


def _apart(one, other):
    return sum(abs(a - b) for a, b in zip(one.getRgb(), other.getRgb(), strict=True))


def test_the_title_says_what_the_columns_are(comparison, panel):
    assert panel.title.text() == "Layers × epochs"
    members = [replace(member, epoch=None) for member in comparison.series.members]
    assert map_title(series_of(members)) == "Layers × files"
    steps = [replace(member, step=10 * place) for place, member in enumerate(members)]
    assert map_title(series_of(steps)) == "Layers × steps"
