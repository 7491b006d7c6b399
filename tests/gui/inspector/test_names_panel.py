"""The list of names that a full load would reach for: sorted, filtered, copied, and nothing that would load."""

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.core.names_used import UsedName
from ckptgui.gui.inspector.overview.names_model import Column, NamesModel
from ckptgui.gui.inspector.overview.names_panel import NamesPanel
from ckptgui.gui.theme import apply_theme

NAMES = (
    UsedName(
        "os.system", GlobalClass.CALLABLE, "archive/data.pkl, byte 1,000", "Imports os and calls os.system.", False
    ),
    UsedName(
        "my.Net", GlobalClass.CLASS, "archive/data.pkl, byte 9", "Imports my and makes objects of it.", False
    ),
    UsedName("collections.OrderedDict", GlobalClass.KNOWN, "archive/data.pkl, byte 44", "Known.", True),
    UsedName("torch.FloatStorage", GlobalClass.KNOWN, "archive/data.pkl, byte 51", "Known.", True),
)


@pytest.fixture
def panel(qtbot, qapp):
    apply_theme(qapp, dark=False)
    panel = NamesPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 500)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.set_names(NAMES, "A full load would call os.system; weights_only=True refuses 2 of its 4 names.")
    return panel


def listed(panel):
    return [panel.model.name(row).name for row in range(panel.model.rowCount())]


def click_header(qtbot, panel, column):
    header = panel.table.horizontalHeader()
    x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, header.height() // 2))


def test_what_is_able_to_run_code_stands_first_and_is_told_in_full(panel):
    assert listed(panel)[0] == "os.system" and "os.system" in panel.verdict.text()
    assert panel.effect.text() == "Imports os and calls os.system."
    assert panel.place.text() == ("weights_only=True refuses it. Stands first in archive/data.pkl, byte 1,000.")
    assert panel.count.text() == "4 names"


def test_a_click_on_a_heading_sorts_and_bytes_sort_as_numbers(panel, qtbot):
    click_header(qtbot, panel, Column.WHERE)
    assert listed(panel)[0] == "my.Net" and listed(panel)[-1] == "os.system"
    click_header(qtbot, panel, Column.WHERE)
    assert listed(panel)[0] == "os.system"
    click_header(qtbot, panel, Column.NAME)
    assert listed(panel) == sorted((name.name for name in NAMES), key=str.lower)


def test_typing_filters_by_name_and_by_class(panel, qtbot):
    qtbot.keyClicks(panel.box, "known torch")
    qtbot.waitUntil(lambda: listed(panel) == ["torch.FloatStorage"])
    assert panel.count.text() == "1 of 4 names" and panel.name.text() == "torch.FloatStorage"
    qtbot.keyClicks(panel.box, "x")
    qtbot.waitUntil(lambda: not listed(panel))
    assert not panel.detail.isVisible()
    panel.box.clear()
    qtbot.waitUntil(lambda: len(listed(panel)) == 4)


def test_rows_are_copied_with_every_column(panel, qtbot):
    panel.table.selectRow(1)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t") == [
        "my.Net", "class", "refuses it", "archive/data.pkl, byte 9", "Imports my and makes objects of it.",
    ]  # fmt: skip
    qtbot.mouseClick(panel.copy, Qt.MouseButton.LeftButton)
    assert len(QGuiApplication.clipboard().text().splitlines()) == 4


def test_the_arrows_walk_through_the_names(panel, qtbot):
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert panel.name.text() == "my.Net"


@pytest.mark.parametrize("width", [340, 600, 1000])
def test_the_name_is_shown_at_any_width_and_nothing_is_cut_off(panel, qtbot, width):
    panel.resize(width, 500)
    qtbot.waitUntil(lambda: panel.width() == width)
    table = panel.table
    shown = [column for column in Column if not table.isColumnHidden(column)]
    assert Column.NAME in shown and Column.USE in shown
    assert sum(table.columnWidth(column) for column in shown) == table.viewport().width()
    assert table.columnWidth(Column.NAME) >= 120


def test_ten_thousand_names_do_not_hold_the_window_up(panel, qtbot):
    many = [UsedName(f"pkg{n % 97}.Class{n}", GlobalClass.CLASS, f"a, byte {n}", "", False) for n in range(10_000)]
    start = time.process_time()
    panel.set_names(many, "")
    panel.model.set_filter("pkg7")
    panel.model.sort(Column.WHERE, Qt.SortOrder.DescendingOrder)
    assert time.process_time() - start < 0.8
    assert panel.model.name(0).name.startswith("pkg7")


def test_the_model_keeps_qts_rules(qtbot):
    model = NamesModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_names(NAMES)
    model.set_filter("os")
    model.sort(Column.EFFECT)
    assert model.rowCount() == 1


def test_nothing_in_it_loads_and_nothing_is_called_safe(panel):
    words = [button.text() + button.accessibleName() for button in panel.findChildren(QAbstractButton)]
    assert not [word for word in words if "run" in word.lower() or "trust" in word.lower()]
    texts = " ".join(str(panel.model.data(panel.model.index(r, c))) for r in range(4) for c in range(len(Column)))
    assert "safe" not in (texts + panel.verdict.text() + panel.place.text()).lower()
