"""The page of the last update: what it says, its plot and table, and where there is none."""

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from torch import nn

from ckptgui.gui.inspector.overview.overview import UPDATES
from ckptgui.gui.inspector.updates.model import Column


def train(path, make):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = make(list(model.parameters()))
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(5, 6)).square().mean().backward()
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    after = model.state_dict()
    return {name: float((after[name] - before[name]).norm() / after[name].norm()) for name in after}


def open_page(bench, qtbot):
    bench.select("")
    overview = bench.inspector.overview
    tab = overview.tabs.tab(UPDATES)
    qtbot.waitUntil(lambda: bench.inspector.finder.judgement is not None and tab.isVisible(), timeout=10_000)
    qtbot.mouseClick(tab, Qt.MouseButton.LeftButton)
    return overview.updates


@pytest.fixture
def adam(open_bench, qtbot, tmp_path):
    def make(parameters):
        return torch.optim.Adam([{"params": parameters[:1], "lr": 1e-10}, {"params": parameters[1:], "lr": 1e-2}])

    ratios = train(tmp_path / "adam.pt", make)
    bench = open_bench(tmp_path / "adam.pt")
    page = open_page(bench, qtbot)
    qtbot.waitUntil(lambda: page.model.rowCount() == 4, timeout=10_000)
    return bench, page, ratios


def test_the_update_of_every_parameter_is_the_one_that_was_taken(adam):
    _, page, ratios = adam
    for number, (name, ratio) in enumerate(ratios.items()):
        assert page.model.at(number).name == name
        assert page.model.at(number).ratio == pytest.approx(ratio, rel=1e-2 if ratio > 1e-6 else 1.0, abs=1e-7)
    assert page.sentence.text().startswith("The last step moved 4 parameters by")
    assert page.sentence.text().endswith("1 stands still.")
    assert "learning rate 1.0e−10, 0.01" in page.warning.text() and "scheduler" in page.warning.text()


def test_the_table_sorts_and_a_row_leads_to_its_parameter(adam, qtbot):
    bench, page, ratios = adam
    header = page.table.horizontalHeader()
    x = header.sectionPosition(3) + header.sectionSize(3) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 8))
    assert page.model.at(0).name == min(ratios, key=ratios.get)
    page.table.selectRow(0)
    with qtbot.waitSignal(bench.inspector.link_activated) as followed:
        QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert followed.args == [bench.checkpoint.row(("model", "0.weight"))]


def test_names_have_room_before_norms_and_verdicts_only_where_there_is_one(adam):
    _, page, _ = adam
    table = page.table
    hidden = {}
    for width in (700, 420, 300):
        table.resize(width, 200)
        hidden[width] = {column for column in Column if table.isColumnHidden(column)}
    assert hidden[700] == set()
    assert Column.WEIGHT in hidden[420] and hidden[300] == {Column.WEIGHT, Column.UPDATE}
    table.make_room(has_verdicts=False)
    assert table.isColumnHidden(Column.VERDICT)


def test_the_plot_tells_and_leads_to_a_parameter(adam, qtbot):
    bench, page, _ = adam
    area = page.plot._area()
    spot = QPoint(int(area.right()) - 3, 40)
    QTest.mouseMove(page.plot, spot)
    qtbot.waitUntil(lambda: page.reading.text().startswith("2.bias: ratio"), timeout=2_000)
    with qtbot.waitSignal(bench.inspector.link_activated) as followed:
        qtbot.mouseClick(page.plot, Qt.MouseButton.LeftButton, pos=spot)
    assert followed.args == [bench.checkpoint.row(("model", "2.bias"))]


def test_an_optimizer_that_needs_the_gradient_says_so(open_bench, qtbot, tmp_path):
    train(tmp_path / "nadam.pt", lambda parameters: torch.optim.NAdam(parameters))
    page = open_page(open_bench(tmp_path / "nadam.pt"), qtbot)
    assert page.sentence.text() == "NAdam mixes the gradient in again, which is not saved."
    assert not page.table.isVisible()


def test_weights_alone_have_no_such_page(open_bench, qtbot, tmp_path):
    torch.save({"w": torch.randn(3, 3)}, tmp_path / "w.pt")
    bench = open_bench(tmp_path / "w.pt")
    bench.select("")
    qtbot.waitUntil(lambda: bench.inspector.finder.judgement is not None, timeout=10_000)
    assert not bench.inspector.overview.tabs.tab(UPDATES).isVisible()
