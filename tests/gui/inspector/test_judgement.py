"""What the overview says of a checkpoint: what it lacks to go on, where it comes from, what it wastes."""

from dataclasses import replace

import pytest
import torch
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from safetensors.torch import save_file

from ckptgui.core.training.readiness import Presence
from ckptgui.core.waste import waste
from ckptgui.gui.inspector.overview.curve import SmallCurve
from ckptgui.gui.inspector.overview.overview import METADATA, NAMES
from ckptgui.gui.inspector.values_grid import ValuesGrid, telling_items
from ckptgui.gui.labels import ElidedLabel, PlainLabel

from ..conftest import opened


def overview_of(open_bench, value, tmp_path, size=(646, 760)):
    torch.save(value, tmp_path / "a.pt")
    bench = open_bench(tmp_path / "a.pt", size)
    bench.select("")
    return bench, bench.inspector.overview


def test_each_need_is_marked_and_leads_to_where_it_stands(bench, qtbot):
    bench.select("")
    rows = {row.item.need.value: row for row in bench.inspector.overview.summary.readiness.rows}
    assert rows["model"].item.presence is Presence.PRESENT
    assert rows["scheduler"].item.presence is Presence.ABSENT
    assert rows["scheduler"].text.text() == rows["scheduler"].item.cost
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(rows["model"].title, Qt.MouseButton.LeftButton)
    assert caught.args == [("model_state_dict",)]


def test_texts_stand_below_their_titles_where_there_is_no_room_beside(bench, qtbot):
    bench.select("")
    row = bench.inspector.overview.summary.readiness.rows[0]
    assert row.text.y() < row.title.y() + row.title.height()
    bench.inspector.resize(360, 760)
    qtbot.waitUntil(lambda: row.text.y() >= row.title.y() + row.title.height())
    texts = [each.text for each in bench.inspector.overview.summary.readiness.rows]
    qtbot.waitUntil(lambda: all(text.heightForWidth(text.width()) <= text.height() + 1 for text in texts))


def test_weights_alone_are_one_calm_sentence(open_bench, tmp_path):
    _, overview = overview_of(open_bench, {"a.weight": torch.ones(3)}, tmp_path)
    assert overview.summary.readiness.sentence.text().startswith("Weights only:")
    assert not overview.summary.readiness.rows and not overview.summary.readiness.reminder.isVisible()


def test_a_model_in_train_mode_gets_the_reminder(open_bench, tmp_path):
    _, overview = overview_of(open_bench, torch.nn.Sequential(torch.nn.BatchNorm1d(3)), tmp_path)
    assert (
        overview.summary.readiness.reminder.isVisible() and "eval()" in overview.summary.readiness.reminder.text()
    )


def test_it_is_said_where_the_file_comes_from(open_bench, tmp_path):
    value = {"pytorch-lightning_version": "2.5.1", "state_dict": torch.nn.BatchNorm1d(3).state_dict(), "epoch": 1}
    _, overview = overview_of(open_bench, value, tmp_path)
    rows = dict(overview.summary.origin.rows)
    assert rows["Probably written by"].startswith("Lightning") and "2.5.1" in rows["Versions"]
    assert "2 of 1 module" in rows["Module versions"] and "Changed last" in rows


def test_the_largest_waster_is_named_and_led_to(bench, qtbot):
    bench.select("")
    line = bench.inspector.overview.summary.waste
    assert line.isVisible() and line.link.text() == "view"
    assert line.text.text() == "A view of 80 B keeps a storage of 78.1 KiB in the file."
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(line.link, Qt.MouseButton.LeftButton)
    assert caught.args == [("view",)]


def test_a_storage_that_nothing_names_is_told_beside_the_sign(bench):
    bench.select("")
    line, found = bench.inspector.overview.summary.waste, waste(bench.checkpoint)
    found = replace(found, unreached=found.unreached * 0, nbytes=0, unnamed=(0,), unnamed_bytes=4)
    line.set_waste(bench.checkpoint, found)
    bench.qtbot.waitUntil(lambda: line.text.y() < 6)
    assert not line.link.isVisible() and line.text.text() == "4 B are of a storage that nothing names."


def test_a_safetensors_file_says_which_library_it_was_made_for(open_bench, tmp_path):
    save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors", {"format": "pt"})
    bench = open_bench(tmp_path / "a.safetensors")
    bench.select("")
    rows = dict(bench.inspector.overview.summary.origin.rows)
    assert rows["Made for"] == "PyTorch (pt)" and "Versions" not in rows


def test_where_no_device_was_saved_none_is_told(open_bench, tmp_path):
    save_file({"m.w": torch.ones(2), "m.b": torch.ones(2)}, tmp_path / "a.safetensors")
    bench = open_bench(tmp_path / "a.safetensors")
    for place in ("", "m", "m.w"):
        bench.select(place)
        shown = [each.text() for each in bench.inspector.findChildren(PlainLabel) if each.isVisible()]
        assert not any("aved on" in text for text in shown)
    assert "saved on" not in [each.fact.lead for each in bench.inspector.tensor.facts.widgets]


def test_where_nothing_is_wasted_nothing_is_said(open_bench, tmp_path):
    _, overview = overview_of(open_bench, {"a.weight": torch.ones(3)}, tmp_path)
    assert not overview.summary.waste.isVisible()


def test_a_best_score_that_was_saved_as_a_tensor_is_read(open_bench, tmp_path):
    callback = {"monitor": "val_loss", "best_model_score": torch.tensor(0.25), "best_model_path": "x.ckpt"}
    value = {
        "pytorch-lightning_version": "2.5.1",
        "epoch": 3,
        "global_step": 9,
        "state_dict": {"w": torch.ones(3)},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": callback},
    }
    _, overview = overview_of(open_bench, value, tmp_path)
    figures = {f.title.text(): (f.number.text(), f.note.text()) for f in overview.summary.training.figures}
    assert figures["Best val loss"] == ("0.25", "from its callback")
    rows = {row.item.need.value: row for row in overview.summary.readiness.rows}
    assert rows["best metric"].text.text() == "val_loss: 0.2500."


def test_the_history_of_a_training_is_drawn_and_told_under_the_mouse(open_bench, tmp_path, qtbot):
    log = [{"step": step, "loss": 1.0 / step, "learning_rate": 0.1} for step in range(1, 9)]
    value = {"model": {"w": torch.ones(3)}, "log_history": log, "epoch": 1}
    _, overview = overview_of(open_bench, value, tmp_path)
    loss, rate = overview.summary.training.curves
    assert isinstance(loss, SmallCurve) and loss.caption.text() == "Loss, 8 steps"
    QApplication.sendEvent(loss.line, moved(loss.line.width() - 12))
    assert loss.caption.text() == "0.1250 at step 8"
    assert rate.caption.text() == "Learning rate, 8 steps"


def moved(x):
    none = Qt.MouseButton.NoButton
    return QMouseEvent(QEvent.Type.MouseMove, QPointF(x, 9), QPointF(x, 9), none, none, Qt.KeyboardModifier(0))


def test_settings_that_say_nothing_are_left_to_the_metadata(open_bench, tmp_path, qtbot):
    settings = {f"n{n}": n for n in range(20)} | {"none": None, "empty": {}}
    value = {"model": {"w": torch.ones(3)}, "epoch": 1, "hyper_parameters": settings}
    _, overview = overview_of(open_bench, value, tmp_path)
    link = next(
        w
        for w in overview.summary.training.findChildren(type(overview.summary.training.all))
        if w.text() == "All 22 of them"
    )
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert overview.tabs.current() == METADATA
    assert overview.metadata.tree.current().path == ("hyper_parameters",)


def test_members_of_enumerations_are_told_by_their_value():
    kind = {"__class__": "transformers.trainer_utils.SchedulerType", "__args__": ["linear"]}
    told, count = telling_items({"__class__": "x.Args", "kind": kind, "seed": 42, "run": None})
    assert told == [("kind", "linear"), ("seed", 42)] and count == 3


def test_the_tabs_leave_their_counts_away_where_they_have_no_room(bench, qtbot):
    bench.select("")
    tabs = bench.inspector.overview.tabs
    count = len(bench.checkpoint.globals)
    assert tabs.tab(NAMES).text() == f"Names  {count}"
    bench.inspector.resize(346, 760)
    qtbot.waitUntil(lambda: tabs.tab(NAMES).text() == "Names")
    last = tabs.tab(NAMES)
    assert last.geometry().right() < tabs.width() and last.width() >= last.sizeHint().width()


def test_another_document_replaces_what_was_found(bench, open_bench, tmp_path):
    torch.save({"only.weight": torch.ones(2, 3)}, tmp_path / "other.pt")
    other = open_bench(tmp_path / "other.pt")
    bench.select("")
    overview = bench.inspector.overview
    assert overview.summary.readiness.rows
    bench.inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    assert overview.filling
    bench.tree = other.tree
    bench.select("")
    assert not overview.summary.readiness.rows and not overview.summary.waste.isVisible()
    assert overview.bytes.legend[0].startswith("1 tensor")


@pytest.mark.parametrize("width", [346, 420, 700])
def test_the_summary_is_never_wider_than_the_page_nor_longer_than_its_text(bench, qtbot, width):
    bench.select("")
    bench.inspector.resize(width, 760)
    summary = bench.inspector.overview.pages.currentWidget()
    qtbot.waitUntil(lambda: summary.width() == width)
    qtbot.waitUntil(lambda: summary.horizontalScrollBar().maximum() == 0)
    content, origin = summary.widget(), bench.inspector.overview.summary.origin
    qtbot.waitUntil(lambda: content.height() - origin.geometry().bottom() < 40)


def test_a_slot_among_the_largest_is_named_by_its_parameter(open_bench, tmp_path):
    slots = {0: {"exp_avg": torch.ones(60, 5), "exp_avg_sq": torch.ones(60, 5)}}
    groups = [{"lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-8, "params": [0]}]
    model, optimizer = {"module.fc.weight": torch.ones(60, 5)}, {"state": slots, "param_groups": groups}
    value = {"model": model, "optimizer": optimizer}
    _, overview = overview_of(open_bench, value, tmp_path)
    assert [row.text() for row in overview.summary.largest.rows] == [
        "fc.weight", "exp_avg of fc.weight", "exp_avg_sq of fc.weight",
    ]  # fmt: skip


def test_a_link_to_a_value_without_a_row_opens_the_metadata(window, qtbot, tmp_path):
    deep = {f"k{n}": {"x": n} for n in range(5)}
    torch.save({"model": {"w": torch.ones(3)}, "epoch": 1, "args": deep}, tmp_path / "a.pt")
    view = opened(qtbot, window, tmp_path / "a.pt").document()
    view.select(())
    view.inspector.link_activated.emit(("args", "k3", "x", "nowhere"))
    qtbot.waitUntil(lambda: view.inspector.overview is not None)
    assert view.inspector.overview.tabs.current() == METADATA


def test_settings_stand_in_one_column_where_two_would_cut_their_names(qtbot):
    grid = ValuesGrid("", {f"a_long_name_of_a_setting_{n}": n for n in range(4)}, None)
    qtbot.addWidget(grid)
    grid.resize(600, 100)
    grid.show()
    labels = [label for label in grid.findChildren(ElidedLabel) if label.text().startswith("a_long")]
    qtbot.waitUntil(lambda: len({label.x() for label in labels}) == 2)
    grid.resize(300, 100)
    qtbot.waitUntil(lambda: len({label.x() for label in labels}) == 1)
    qtbot.waitUntil(lambda: all(label.shown() == label.text() for label in labels))
