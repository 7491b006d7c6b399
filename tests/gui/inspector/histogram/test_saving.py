"""The plot and its numbers are saved and copied, whole or not at all."""

import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from ckptgui.core.tree.build import NodeKind
from ckptgui.gui.inspector.histogram.buttons import MenuButton
from ckptgui.gui.inspector.histogram.files import svg
from ckptgui.gui.selection import Selection
from tests.gui.conftest import answer
from tests.gui.inspector.histogram.conftest import Hand, tensors


def choose(hand, text):
    """Open the menu by its button and choose an entry."""
    button = hand.bench.inspector.tensor.head.findChild(MenuButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    hand.bench.qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    action = next(action for action in menu.actions() if action.text().partition("\t")[0] == text)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def save(hand, text, path):
    choose(hand, text)
    answer(hand.bench.qtbot, path)
    told = hand.histogram.saving.told
    hand.bench.qtbot.waitUntil(told.isVisible, timeout=10_000)
    return told.text()


@pytest.fixture
def compared(hand):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    hand.look_at("normal")
    return hand


def rows(text, delimiter=","):
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def test_the_table_has_every_bar_and_digit(compared, tmp_path):
    assert save(compared, "Save data as CSV…", tmp_path / "bars.csv") == "Saved as bars.csv."
    head, *lines = rows((tmp_path / "bars.csv").read_text("utf-8"))
    assert head == ["bin_low", "bin_high", "count", "wider"]
    picture = compared.histogram.picture()
    table = np.array(lines, float)
    assert np.array_equal(table[:, 0], picture.edges[:-1]) and np.array_equal(table[:, 1], picture.edges[1:])
    assert table[:, 2].tolist() == np.histogram(tensors()["normal"].double().numpy(), picture.edges)[0].tolist()
    assert np.array_equal(table[:, 3], picture.outlines[0].counts)


def test_the_drawing_is_made_of_vectors_and_words(compared, tmp_path):
    save(compared, "Save plot as SVG…", tmp_path / "plot.svg")
    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "image" not in kinds and {"rect", "path", "text", "title"} <= kinds
    words = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
    for part in ("normal", "wider", "kinds.pt", "99.9 %", "Share of the values", "Quantiles:"):
        assert part in words
    rects = [element for element in root.iter() if element.tag.endswith("rect")]
    assert len(rects) > np.count_nonzero(compared.histogram.picture().counts)


def test_the_picture_is_sharp_and_on_white_paper(compared, tmp_path):
    save(compared, "Save plot as PNG…", tmp_path / "plot.png")
    picture = QImage(str(tmp_path / "plot.png"))
    assert (picture.width(), picture.height()) == (1760, 960)
    assert picture.pixelColor(3, 3) == Qt.GlobalColor.white
    assert picture.text("Title") == "normal"


def test_the_picture_and_the_numbers_are_copied(compared):
    choose(compared, "Copy data")
    assert rows(QGuiApplication.clipboard().text(), "\t")[0] == ["bin_low", "bin_high", "count", "wider"]
    choose(compared, "Copy picture")
    assert QGuiApplication.clipboard().image().width() == 1760


def test_a_folder_that_is_not_there_is_said_in_place_and_leaves_nothing(compared, tmp_path):
    target = tmp_path / "no" / "such" / "plot.png"
    compared.histogram.saving.write(str(target), lambda: b"x")
    told = compared.histogram.saving.told
    compared.bench.qtbot.waitUntil(told.isVisible, timeout=10_000)
    assert told.text().startswith("plot.png could not be written. ")
    compared.look_at("w1")
    assert told.isHidden() and not list(tmp_path.iterdir())


def test_markup_in_a_name_is_text(open_bench, tmp_path):
    torch.save({"<b>&x</b>": torch.randn(50)}, tmp_path / "odd.pt")
    hand = Hand(open_bench(tmp_path / "odd.pt"))
    node = hand.bench.tree.node_of_row(0)
    hand.bench.inspector.show_selection(Selection(NodeKind.TENSOR, ("<b>&x</b>",), node, 0))
    hand.bench.qtbot.waitUntil(lambda: hand.settled(), timeout=10_000)
    root = ElementTree.fromstring(svg(hand.histogram.saving.sheet()))
    assert root.find("{http://www.w3.org/2000/svg}title").text == "<b>&x</b>"


def test_the_right_button_opens_the_menu_over_the_plot(compared, qtbot):
    place = compared.at(0.5)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, compared.plot.mapToGlobal(place))
    QApplication.sendEvent(compared.plot, event)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert [action.text().partition("\t")[0] for action in menu.actions() if action.text()] == [
        "Save plot as PNG…",
        "Save plot as SVG…",
        "Save data as CSV…",
        "Copy picture",
        "Copy data",
        "Pin",
        "Remove all pins",
        "Show all",
    ]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
