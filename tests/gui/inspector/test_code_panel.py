"""The code that comes with a model: read as text, bounded, and never taken for markup."""

import warnings

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from ckptgui.formats.registry import open_checkpoint
from ckptgui.gui.inspector.overview.code_panel import CUT, MAX_LINE, MAX_LINES, CodePanel, in_lines, shown_text
from ckptgui.gui.inspector.overview.overview import CODE, SUMMARY
from ckptgui.gui.jobs import Background
from ckptgui.sources.locate import SourcePool


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)

    def forward(self, x):
        return torch.relu(self.fc(x))


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    path = tmp_path_factory.mktemp("code") / "scripted.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit is, its files are not
        torch.jit.save(torch.jit.script(Small()), path)
    return path


@pytest.fixture
def panel(qtbot):
    background, pool = Background(), SourcePool()
    panel = CodePanel(background)
    qtbot.addWidget(panel)
    panel.resize(600, 500)
    panel.show()
    panel.pool = pool
    yield panel
    assert background.shutdown(5)
    pool.close()


def test_the_code_of_a_scripted_model_has_a_tab_and_is_read_as_text(open_bench, scripted, qtbot):
    bench = open_bench(scripted)
    bench.select("")
    overview = bench.inspector.overview
    tab = overview.tabs.tab(CODE)
    assert tab.isVisible() and tab.text().startswith("Code")
    qtbot.mouseClick(tab, Qt.MouseButton.LeftButton)
    panel = overview.code
    assert "None of it was run here." in panel.note.text()
    qtbot.waitUntil(lambda: "class Small(Module):" in panel.text.toPlainText())
    assert panel.text.isReadOnly()
    assert panel.model.rowCount() == len(bench.checkpoint.attributes["code"])
    row = panel.list.visualRect(panel.model.index(1)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, row.y()))
    qtbot.waitUntil(lambda: "class Linear(Module):" in panel.text.toPlainText())
    qtbot.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    assert "def forward" in QGuiApplication.clipboard().text()


def test_a_file_without_code_has_no_tab_for_it(bench):
    bench.select("")
    assert not bench.inspector.overview.tabs.tab(CODE).isVisible()


def test_the_tab_closes_with_the_file_that_had_code(open_bench, scripted, bench):
    other = open_bench(scripted)
    other.select("")
    overview = other.inspector.overview
    overview.tabs.open(CODE)
    other.inspector.set_document(bench.checkpoint, bench.tree, bench.pool, bench.summaries)
    assert overview.tabs.current() == SUMMARY and overview.pages.currentWidget() is overview.summary


def test_sources_that_came_with_the_header_are_shown_and_copied_exactly(panel, qtbot):
    source = "class <b>Net</b>:\n\tx = 'a\u202eb'\n"
    with qtbot.waitSignal(panel.shown):
        panel.set_code((("my.Net", source),), panel.pool)
    assert panel.text.toPlainText() == "class <b>Net</b>:\n    x = 'a\\u202eb'\n"
    qtbot.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == source


def test_endless_text_is_cut_and_long_lines_go_on_below():
    assert shown_text("\n".join("x" * 3 for _ in range(MAX_LINES + 9))).endswith(CUT)
    lines = shown_text("y" * (2 * MAX_LINE + 5)).split("\n")
    assert list(map(len, lines)) == [MAX_LINE, MAX_LINE, 5]


def test_json_in_one_line_is_laid_out_and_copied_as_it_is(panel, qtbot):
    with qtbot.waitSignal(panel.shown):
        panel.set_code((("models/model.json", '{"a":[1]}'),), panel.pool)
    assert panel.text.toPlainText() == '{\n  "a": [\n    1\n  ]\n}'
    qtbot.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == '{"a":[1]}'
    assert in_lines("[" * 100_000) == "[" * 100_000 and in_lines("{'x'") == "{'x'"


def test_code_that_is_gone_from_the_disk_says_so(panel, qtbot, scripted, tmp_path):
    copy = tmp_path / "gone.pt"
    copy.write_bytes(scripted.read_bytes())
    code = open_checkpoint(str(copy)).attributes["code"]
    copy.unlink()
    with qtbot.waitSignal(panel.shown):
        panel.set_code(code, panel.pool)
    assert panel.text.toPlainText().startswith("There is no such file") and not panel.copy.isEnabled()
