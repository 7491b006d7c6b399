"""What a tensor's page says of others: slots, parameters, components, pieces, and values that are not there."""

import warnings

import pytest
import torch
from PySide6.QtCore import Qt

from ckptgui.core.extents import Assembly, Block, Extent, Segment, SourceIdentity
from ckptgui.gui.inspector.facts import pieces_text, quantisation_words

from ..conftest import opened


@pytest.fixture
def trained(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 2))
    matrices, biases = [model[0].weight, model[1].weight], [model[0].bias, model[1].bias]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0}]
    )
    model(torch.ones(3, 4)).sum().backward()
    optimizer.step()
    path = tmp_path / "trained.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, path)
    return path


def facts(line):
    return [" ".join(filter(None, (w.fact.lead, w.fact.text, w.fact.tail))) for w in line.widgets]


def known(bench):
    bench.qtbot.waitUntil(lambda: bench.inspector.finder.judgement is not None, timeout=10_000)


def test_a_parameter_leads_to_its_slots_and_a_slot_back_to_it(open_bench, trained, qtbot):
    bench = open_bench(trained)
    bench.select("model/0.weight")
    known(bench)
    panel = bench.inspector.tensor
    assert facts(panel.relations) == [
        "optimizer exp_avg",
        "exp_avg_sq",
        "step",
        "196 B, group 0, weight decay 0.1",
    ]
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(panel.relations.links()[0], Qt.MouseButton.LeftButton)
    assert bench.checkpoint.tensors.path(caught.args[0]) == ("optimizer", "state", "0", "exp_avg")
    bench.select("optimizer/state/0/exp_avg")
    assert facts(panel.relations) == ["exp_avg of model › 0.weight"]
    assert panel.matched.text() == "Matched with “model” by order: all 4 shapes agree."
    titles = [panel.details.table.item(row, 0).text() for row in range(panel.details.table.rowCount())]
    assert {"Slot of", "Matched"} <= set(titles)


def test_the_largest_of_an_optimizer_are_named_by_their_parameters(open_bench, trained):
    bench = open_bench(trained)
    bench.select("optimizer")
    listed = bench.inspector.module.largest
    bench.qtbot.waitUntil(lambda: listed.rows[0].text() == "exp_avg of 0.weight", timeout=10_000)


def test_slots_that_are_left_unnamed_say_why(open_bench, tmp_path):
    state = {0: {"exp_avg": torch.ones(3), "exp_avg_sq": torch.ones(3)}}
    groups = [{"lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-8, "params": [0]}]
    value = {"model": {"w": torch.ones(9)}, "optimizer": {"state": state, "param_groups": groups}}
    torch.save(value, tmp_path / "misfit.pt")
    bench = open_bench(tmp_path / "misfit.pt")
    bench.select("optimizer/state/0/exp_avg")
    known(bench)
    panel = bench.inspector.tensor
    assert not panel.relations.isVisible() and "unnamed" in panel.matched.text()
    bench.select("model/w")
    assert not panel.matched.isVisible()


def test_a_sparse_tensor_leads_to_its_components_and_they_to_it(open_bench, tmp_path, qtbot):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of these kinds once a process
        csr = torch.eye(4).to_sparse_csr()
    torch.save({"a": csr, "b": torch.ones(2)}, tmp_path / "sparse.pt")
    bench = open_bench(tmp_path / "sparse.pt")
    bench.select("a/values")
    known(bench)
    panel = bench.inspector.tensor
    assert facts(panel.relations) == ["component of a sparse_csr"]
    (link,) = panel.relations.links()
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    whole = caught.args[0]
    assert bench.checkpoint.info(whole).layout == "sparse_csr"
    bench.inspector.tensor.show_tensor(whole)
    assert facts(panel.relations) == ["consists of crow_indices", "col_indices", "values"]
    assert bench.tree.nbytes[0] == bench.checkpoint.info(whole).nbytes + 8  # not twice


def test_a_tensor_on_the_meta_device_has_no_data(open_bench, tmp_path):
    torch.save({"m": {"w": torch.ones(3, device="meta"), "v": torch.ones(2)}, "epoch": 1}, tmp_path / "meta.pt")
    bench = open_bench(tmp_path / "meta.pt")
    bench.select("m/w")
    assert "no data" in facts(bench.inspector.tensor.facts)


def test_a_tensor_in_pieces_says_in_how_many_of_how_many_files():
    files = [SourceIdentity(f"f{n}", 0, n, 100, 0) for n in range(2)]
    segments = tuple(Segment(file, 0, 8, 8 * n) for n, file in enumerate(files))
    assert pieces_text(Extent(16, segments)) == "in 2 pieces of 2 files"
    blocks = tuple(
        Block((n, 0), (1, 2), Extent(8, (Segment(files[n // 2], 8 * n, 8),)), strides=None) for n in range(4)
    )
    whole = Extent(32, assembly=Assembly((4, 2), 4, blocks))
    assert pieces_text(whole) == "in 4 pieces of 2 files"
    assert pieces_text(Extent(8, segments[:1])) == "" == pieces_text(None)


def test_quantised_tensors_tell_their_rule(open_bench, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of these kinds once a process
        one = torch.quantize_per_tensor(torch.ones(4), 0.5, 3, torch.qint8)
        many = torch.quantize_per_channel(torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.qint8)
        torch.save({"one": one, "many": many}, tmp_path / "q.pt")
    checkpoint = open_bench(tmp_path / "q.pt").checkpoint
    assert quantisation_words(checkpoint[("one",)]) == "per tensor, scale 0.5000, zero point 3"
    assert quantisation_words(checkpoint[("many",)]) == "per channel, 2 scales on dimension 0"


def test_a_module_of_a_whole_model_is_told_as_it_was_made(open_bench, tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.Dropout(0.25)).eval()
    torch.save(model, tmp_path / "whole.pt")
    bench = open_bench(tmp_path / "whole.pt")
    bench.select("0")
    panel = bench.inspector.module
    assert panel.line.text() == "Conv2d(3, 4, kernel_size=(3, 3), stride=(2, 2))"
    assert "saved in evaluation mode" in facts(panel.kind)
    assert {"in_channels", "stride"} <= set(panel.made.names)
    bench.select("1")
    assert panel.isVisible() and panel.line.text() == "Dropout(p=0.25)"
    assert not panel.largest_head.isVisible()


def test_a_module_of_a_state_dict_has_no_line_of_its_own(bench):
    bench.select("model_state_dict")
    assert not bench.inspector.module.line.isVisible() and not bench.inspector.module.made_head.isVisible()


def test_a_link_to_a_slot_selects_it_in_the_tree_and_back_returns(window, trained, qtbot):
    page = opened(qtbot, window, trained)
    view = page.document()
    view.select(("model", "0.weight"))
    qtbot.waitUntil(lambda: view.inspector.finder.judgement is not None, timeout=10_000)
    inspector = view.inspector
    qtbot.waitUntil(lambda: inspector.tensor is not None and bool(inspector.tensor.relations.links()))
    links = view.inspector.tensor.relations.links()
    qtbot.mouseClick(links[0], Qt.MouseButton.LeftButton)
    assert view.selection().path == ("optimizer", "state", "0", "exp_avg")
    qtbot.waitUntil(lambda: len(view.inspector.tensor.relations.links()) == 1, timeout=5_000)
    (link,) = view.inspector.tensor.relations.links()
    link.setFocus()
    qtbot.keyClick(link, Qt.Key.Key_Return)
    assert view.selection().path == ("model", "0.weight")
    view.step(-1)
    assert view.selection().path == ("optimizer", "state", "0", "exp_avg")
