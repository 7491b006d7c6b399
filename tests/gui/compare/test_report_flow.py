"""Ctrl+S writes a page, a table and the answer for scripts beside each other."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from ckptgui.gui.dialogs import Dialog
from tests.gui.conftest import answer, dialog_of


@pytest.fixture
def page(qtbot, window, run_folder):
    window.open_path(run_folder)
    qtbot.waitUntil(lambda: getattr(window.current, "ready", False), timeout=20_000)
    page = window.current
    qtbot.waitUntil(lambda: page.able("report") == "", timeout=20_000)
    return page


def banner(page):
    return {notice.key: notice for notice in page.halves.compare.notices.notices()}.get("report")


def test_one_key_and_a_name_save_all_three(qtbot, window, page, tmp_path):
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    answer(qtbot, tmp_path / "told.html")
    qtbot.waitUntil(lambda: banner(page) is not None, timeout=20_000)
    assert banner(page).title == "Saved the report."
    told = json.loads((tmp_path / "told.json").read_text())
    assert len(told["checkpoints"]) == 4 and len(told["summary"]) == 3
    assert (tmp_path / "told.csv").read_text().count("\n") == 1 + 6 * 3
    assert "Layers × epochs" in (tmp_path / "told.html").read_text()
    opened = []
    page.report.open_file = opened.append
    banner(page).act()
    assert opened == [str(tmp_path / "told.html")]


def test_a_table_that_is_there_is_asked_about(qtbot, window, page, tmp_path):
    (tmp_path / "told.csv").write_text("mine")
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    answer(qtbot, tmp_path / "told.html")
    dialog = dialog_of(qtbot, Dialog)
    assert (tmp_path / "told.csv").read_text() == "mine"
    buttons = {button.text(): button for button in dialog.findChildren(QAbstractButton)}
    qtbot.mouseClick(buttons["Replace"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: banner(page) is not None, timeout=20_000)
    assert (tmp_path / "told.csv").read_text() != "mine"


def test_a_folder_that_is_gone_is_said(qtbot, window, page, tmp_path):
    page.report.write("run", str(tmp_path / "nowhere" / "told.html"))
    qtbot.waitUntil(lambda: banner(page) is not None, timeout=20_000)
    assert banner(page).title == "The report is not saved."
