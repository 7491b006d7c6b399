"""Where the bytes of a file are said to go, and the bar that shows it."""

import torch
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import build_tree
from ckptgui.core.waste import waste
from ckptgui.formats.registry import open_checkpoint
from ckptgui.gui.inspector.overview.byte_bar import ByteBar, legend_words
from ckptgui.gui.inspector.overview.byte_parts import MAX_PARTS, byte_parts, children


def parts_of(value, tmp_path):
    torch.save(value, tmp_path / "a.pt")
    checkpoint = open_checkpoint(str(tmp_path / "a.pt"))
    return checkpoint, byte_parts(checkpoint, build_tree(checkpoint), waste(checkpoint))


def adam(*shapes):
    slots = {}
    for number, shape in enumerate(shapes):
        slots[number] = {"step": torch.ones(()), "exp_avg": torch.ones(shape), "exp_avg_sq": torch.ones(shape)}
    return {"state": slots, "param_groups": [{"params": list(range(len(shapes))), "lr": 0.1}]}


def test_the_bytes_are_parted_by_what_they_are_for(tmp_path):
    model = {"embed.weight": torch.ones(40, 40), "head.weight": torch.ones(30, 40)}
    value = {
        "net": model,
        "ema_state": dict(model),
        "optimizer": adam((40, 40), (30, 40)),
        "view": torch.ones(9000)[:16],
    }
    checkpoint, parts = parts_of(value, tmp_path)
    assert [part.role for part in parts] == [
        Role.MODEL, Role.EMA, Role.OPTIMIZER, Role.OTHER, None, Role.SCHEDULER,
    ]  # fmt: skip
    assert [inner.label for inner in parts[0].parts] == ["embed", "head"]
    assert [(inner.label, inner.nbytes) for inner in parts[2].parts] == [
        ("step", 8), ("exp_avg", 11200), ("exp_avg_sq", 11200),
    ]  # fmt: skip
    assert parts[2].note == "two slots per parameter" and parts[2].path == ("optimizer",)
    assert parts[4].nbytes == (9000 - 16) * 4 and parts[4].path == ("view",)
    assert parts[5].plain and 0 < parts[5].nbytes < checkpoint.nbytes


def test_several_models_are_one_part_and_told_apart_below(tmp_path):
    layers = {f"{n}.{name}": torch.ones(30) for n in range(2) for name in ("weight", "bias")}
    value = {"G": layers, "D": {name: weight + 1 for name, weight in layers.items()}, "epoch": 1}
    _, (model, plain) = parts_of(value, tmp_path)
    assert model.label == "Model" and [inner.label for inner in model.parts] == ["G", "D"] and plain.plain


def test_a_list_of_layers_stands_for_its_members(tmp_path):
    layers = {f"model.layers.{n}.{name}": torch.ones(50) for n in range(4) for name in ("a", "b", "c")}
    value = {"model.embed.weight": torch.ones(60), **layers, "lm_head.weight": torch.ones(70)}
    _, (model, _) = parts_of(value, tmp_path)
    assert [inner.label for inner in model.parts] == ["embed", "0", "1", "2", "3", "lm_head"]


def test_a_hundred_parts_that_nobody_could_see_are_one(tmp_path):
    value = {f"w{n}": torch.ones(10 + (n < 5)) for n in range(MAX_PARTS + 100)}
    checkpoint, parts = parts_of({"model": value, "epoch": 1}, tmp_path)
    inner = parts[0].parts
    assert len(inner) == MAX_PARTS + 1 and inner[-1].label == "100 more"
    assert sum(part.nbytes for part in inner) == parts[0].nbytes
    tree = build_tree(checkpoint)
    assert children(tree, 0).tolist() == tree.children(0)


def test_the_legend_says_counts_and_shares(tmp_path, qtbot):
    value = {"model": {"w": torch.ones(1000)}, "optimizer": adam((1000,)), "epoch": 3}
    _, parts = parts_of(value, tmp_path)
    total = sum(part.nbytes for part in parts)
    assert legend_words(parts[0], total)[0] == "1 tensor,"
    assert legend_words(parts[1], total)[0] == "3 tensors, two slots per parameter,"
    assert parts[2].plain and legend_words(parts[2], total)[1].endswith("KiB")
    bar = ByteBar()
    qtbot.addWidget(bar)
    bar.resize(600, 90)
    bar.show()
    bar.set_parts(parts)
    assert bar.legend[1].startswith("3 tensors, two slots per parameter,")
    assert "Optimizer" in bar.bar.accessibleName()


def test_a_part_under_the_mouse_is_told_in_full_and_a_click_leads_to_it(tmp_path, qtbot):
    value = {"model": {"a.weight": torch.ones(1000), "b.weight": torch.ones(600)}, "epoch": 3}
    _, parts = parts_of(value, tmp_path)
    bar = ByteBar()
    qtbot.addWidget(bar)
    bar.resize(600, 90)
    with qtbot.waitExposed(bar):
        bar.show()
    bar.set_parts(parts)
    rect = next(rect for rect, part in bar.bar.places() if part.label == "a")
    place = rect.center()
    move = QMouseEvent(
        QEvent.Type.MouseMove, place, QPointF(bar.bar.mapToGlobal(place.toPoint())),
        Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(bar.bar, move)
    assert bar.bar.hovered.label == "a" and bar.bar.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert bar.bar.tip(bar.bar.hovered).splitlines()[1].startswith("3.9 KiB, ")
    with qtbot.waitSignal(bar.link_activated) as caught:
        qtbot.mouseClick(bar.bar, Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), round(place.y())))
    assert caught.args == [("model", "a.weight")]


def test_the_keys_walk_through_the_parts_and_return_follows(tmp_path, qtbot):
    value = {"model": {"a.weight": torch.ones(1000), "b.weight": torch.ones(600)}, "optimizer": adam((1000,))}
    _, parts = parts_of({**value, "epoch": 3}, tmp_path)
    bar = ByteBar()
    qtbot.addWidget(bar)
    bar.resize(600, 90)
    with qtbot.waitExposed(bar):
        bar.show()
    bar.set_parts(parts)
    seen = []
    for key in ("Right", "Down", "Right", "Right", "Right", "Up", "Left", "Left"):
        qtbot.keyClick(bar.bar, getattr(Qt.Key, f"Key_{key}"))
        seen.append(bar.bar.hovered.label)
    assert seen == ["Model", "a", "b", "exp_avg", "exp_avg_sq", "Optimizer", "Model", "Model"]
    with qtbot.waitSignal(bar.link_activated) as caught:
        qtbot.keyClick(bar.bar, Qt.Key.Key_Return)
    assert caught.args == [("model",)]


def test_a_slot_leads_to_its_row_where_the_tree_has_one(tmp_path):
    value = {"model": {"w": torch.ones(10)}, "optimizer": adam((10,)), "epoch": 1}
    _, parts = parts_of(value, tmp_path)
    assert [inner.path for inner in parts[1].parts][1:] == [("optimizer", "exp_avg"), ("optimizer", "exp_avg_sq")]
