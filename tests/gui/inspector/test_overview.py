"""What the file's own page says, and the metadata behind it."""

import json

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QMenu

from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.gui.inspector.overview.metadata import detail_text
from ckptgui.gui.inspector.overview.metadata_model import BATCH, MetadataModel, count_values, value_at, walk


def copied() -> str:
    return QGuiApplication.clipboard().text()


@pytest.fixture
def overview(bench):
    bench.select("")
    return bench.inspector.overview


def test_the_title_says_what_the_file_is(bench, overview):
    assert overview.title.text() == "epoch_3.pt"
    facts = overview.facts.text().split("\u00a0· ")
    assert facts[0] == "PyTorch zip" and facts[-1] == "saved on cpu"
    assert f"{len(bench.checkpoint.tensors)} tensors" in facts


def test_training_figures_say_where_they_came_from(overview):
    figures = {f.title.text(): (f.number.text(), f.note.text()) for f in overview.summary.training.figures}
    assert figures["Epoch"] == ("3", "saved as epoch")
    assert figures["Loss"] == ("0.125", "saved as loss")
    assert figures["Learning rate"] == ("0.1", "from the optimizer")
    assert figures["Val accuracy"] == ("0.75", "saved as val_accuracy")


def test_a_click_on_the_bytes_leads_to_the_section(overview, bench, qtbot):
    bar = overview.bytes.bar
    rect = next(rect for rect, part in bar.places() if part.label == "Optimizer")
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert caught.args == [("optimizer_state_dict",)]


def test_a_large_tensor_leads_to_itself(overview, bench, qtbot):
    row = overview.summary.largest.rows[0]
    row.setFocus()
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.keyClick(row, Qt.Key.Key_Space)
    assert caught.args == [row.path]
    assert bench.checkpoint[row.path].nbytes == max(info.nbytes for info in bench.checkpoint.values())


def test_the_code_that_loads_the_file_is_copied_whole(overview, bench, qtbot):
    qtbot.mouseClick(overview.summary.load.copy, Qt.MouseButton.LeftButton)
    assert copied() == load_snippet(bench.checkpoint)
    assert overview.summary.load.copy.text() == "Copied"
    qtbot.waitUntil(lambda: overview.summary.load.copy.text() == "Copy", timeout=5000)


@pytest.mark.parametrize("width", [346, 500, 646, 1200])
def test_the_code_is_as_high_as_its_lines_at_any_width(overview, bench, qtbot, width):
    bench.inspector.resize(width, 760)
    qtbot.wait(20)
    code = overview.summary.load.code
    assert code.verticalScrollBar().maximum() == 0
    last = code.blockBoundingGeometry(code.document().lastBlock()).translated(code.contentOffset())
    assert 0 <= code.viewport().height() - last.bottom() <= 4


def test_where_there_is_no_code_there_is_nothing_to_copy(open_bench, file, tmp_path):
    (tmp_path / "cut.pt").write_bytes(file.read_bytes()[:200_000])
    bench = open_bench(tmp_path / "cut.pt")
    bench.select("")
    load = bench.inspector.overview.summary.load
    assert load.why.isVisible() and not load.copy.isVisible() and not load.code.isVisible()


def test_tensors_of_several_models_go_by_their_section(open_bench, tmp_path):
    shared = torch.ones(8, 8)
    value = {"G": {"0.weight": shared}, "D": {"module.0.weight": shared, "module.0.bias": torch.ones(4)}}
    torch.save({**value, "epoch": 2}, tmp_path / "gan.pt")
    bench = open_bench(tmp_path / "gan.pt")
    bench.select("")
    names = [row.text() for row in bench.inspector.overview.summary.largest.rows]
    assert names == ["G › 0.weight", "D › 0.weight", "D › 0.bias"]
    bench.select("G/0.weight")
    (link,) = bench.inspector.tensor.sharing.links()
    assert link.text() == "D › module.0.weight"


def test_a_tensor_at_the_top_does_not_hang_below_itself(bench):
    bench.select("view")
    head = bench.inspector.tensor.head
    assert head.title.text() == "view" and not head.crumbs.isVisible()


def test_a_file_without_tensors_has_no_bar_of_bytes(open_bench, tmp_path):
    torch.save({"epoch": 3, "history": [0.5, 0.25]}, tmp_path / "notes.pt")
    bench = open_bench(tmp_path / "notes.pt")
    bench.select("")
    overview = bench.inspector.overview
    assert not overview.bytes.isVisible() and overview.summary.training.isVisible()
    assert "0 tensors" in overview.facts.text()


def test_the_foot_says_that_nothing_was_run_and_leads_to_the_names(overview, bench, qtbot):
    assert overview.foot.sentence.text().endswith("nothing was run.")
    qtbot.mouseClick(overview.foot.more, Qt.MouseButton.LeftButton)
    assert overview.pages.currentWidget() is overview.names
    listed = {overview.names.model.name(row).name for row in range(overview.names.model.rowCount())}
    assert listed == {name.name for name in bench.checkpoint.globals}


def test_in_a_low_window_the_line_about_names_gives_its_room_away(overview, bench):
    assert overview.foot.isVisible()
    bench.inspector.resize(600, 520)
    bench.qtbot.waitUntil(lambda: not overview.foot.isVisible())


def test_all_values_lead_to_the_metadata(overview, qtbot):
    qtbot.mouseClick(overview.summary.training.all, Qt.MouseButton.LeftButton)
    assert overview.pages.currentWidget() is overview.metadata
    names = [overview.metadata.model.data(overview.metadata.model.index(row, 0)) for row in range(3)]
    assert names == ["epoch", "loss", "val_accuracy"]


def test_a_search_finds_names_and_values(overview, qtbot):
    overview.show_metadata()
    browser = overview.metadata
    with qtbot.waitSignal(browser.searched, timeout=5000) as caught:
        qtbot.keyClicks(browser.box, "param lr")
    assert caught.args == [1]
    node = browser.tree.current()
    assert (
        node.path == ("optimizer_state_dict", "param_groups", "0", "lr") and browser.detail.toPlainText() == "0.1"
    )
    browser.box.clear()
    with qtbot.waitSignal(browser.searched, timeout=5000) as caught:
        qtbot.keyClicks(browser.box, "NET<b")
    assert caught.args == [1] and browser.tree.current().value == "net<b>"
    browser.box.clear()
    qtbot.waitUntil(lambda: browser.model.data(browser.model.index(0, 0)) == "epoch")


def test_a_value_is_copied_as_text_path_python_and_json(overview, qtbot):
    overview.show_metadata(("config",))
    tree = overview.metadata.tree
    menu = QMenu()
    qtbot.addWidget(menu)
    tree.add_copies(menu)
    found = {}
    for action in menu.actions():
        action.trigger()
        found[action.text()] = copied()
    config = {"layers": 6, "name": "net<b>", "note": "one\ntwo", "rates": [0.1, 0.2]}
    assert json.loads(found["Copy as JSON"]) == config == json.loads(found["Copy value"])
    assert found["Copy as Python"] == repr(config) and found["Copy path"] == "config"
    overview.show_metadata(("config", "note"))
    qtbot.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert copied() == "one\ntwo"


def test_the_metadata_model_keeps_qts_rules(qtbot):
    model = MetadataModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_root({"a": list(range(1000)), "b": {"c": {"d": 1}}, "e": {}, "f": []})
    first = model.index(0, 0)
    assert model.rowCount(first) == 0 and model.canFetchMore(first)
    model.fetchMore(first)
    assert model.rowCount(first) == BATCH
    deep = model.index_of(("a", "900"))
    assert model.data(deep) == "900" and deep.parent() == first
    assert model.node(model.index_of(("b", "c", "d"))).value == 1
    model.set_found([(("a", "3"), 3), (("b", "c"), {"d": 1})])
    assert [model.data(model.index(row, 0)) for row in range(2)] == ["a › 3", "b › c"]
    model.set_found(None)
    assert model.rowCount() == 4


def test_walking_metadata_needs_no_stack(qtbot):
    deep = value = {}
    for _ in range(5000):
        value["in"] = {}
        value = value["in"]
    value["end"] = 1
    assert count_values(deep) == 1
    assert sum(1 for _ in walk(deep)) == 5001


def test_values_are_found_by_their_path():
    metadata = {"a": [{"b": 5}], "1": 2}
    assert value_at(metadata, ("a", "0", "b")) == 5 and value_at(metadata, ("1",)) == 2
    for path in (("a", "1"), ("a", "x"), ("1", "2"), ("z",)):
        with pytest.raises(KeyError):
            value_at(metadata, path)


def test_long_and_deceiving_text_is_shown_cut_and_escaped():
    shown = detail_text("a\u202eb\nsecond" + "x" * 200_000)
    assert shown.startswith("a\\u202eb\nsecond") and shown.endswith("…") and len(shown) < 70_000


def test_a_plain_value_stands_large_and_a_container_is_browsed(bench, qtbot):
    bench.select("loss")
    panel = bench.inspector.value
    assert panel.number.isVisible() and panel.number.text() == "0.125" and not panel.browser.isVisible()
    bench.select("config")
    assert panel.browser.isVisible() and not panel.number.isVisible()
    assert panel.browser.model.rowCount() == 4


def test_a_module_says_its_totals_types_and_largest(bench, qtbot):
    bench.select("model_state_dict")
    panel = bench.inspector.module
    assert panel.head.title.text() == "model_state_dict"
    assert panel.largest.rows[0].text() == "big"
    assert "float32" in panel.types._bar.accessibleName() and "complex64" in panel.types._bar.accessibleName()
    assert panel.devices.text() == "Saved on cpu."
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(panel.largest.rows[1], Qt.MouseButton.LeftButton, pos=QPoint(40, 10))
    assert caught.args == [panel.largest.rows[1].path]


def test_another_document_replaces_all_panels(bench, open_bench, tmp_path, qtbot):
    path = tmp_path / "other.pt"
    torch.save({"only.weight": torch.ones(2, 3)}, path)
    other = open_bench(path)
    bench.select("model_state_dict/big")
    bench.select("")
    bench.inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    bench.tree = other.tree
    bench.select("")
    assert bench.inspector.overview.title.text() == "other.pt"
    bench.select("only.weight")
    assert bench.inspector.tensor.statistics.figures["mean"].text() == "1.000"


def test_a_file_with_nothing_in_it_is_a_file_too(open_bench, tmp_path, qtbot):
    torch.save({}, tmp_path / "empty.pt")
    bench = open_bench(tmp_path / "empty.pt")
    bench.select("")
    assert "0 tensors" in bench.inspector.overview.facts.text()
    qtbot.waitUntil(lambda: bench.inspector.tensor is not None)  # made ahead, for the next file
