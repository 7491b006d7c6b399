"""The panel of the run: sentences that lead to tensors and epochs, the folder's facts, the line of a tensor."""

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.findings.line import FindingLine
from ckptgui.gui.compare.findings.panel import RunPanel
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import apply_theme
from tests.analysis.breakage.trained import read
from tests.gui.compare.conftest import save_run, weights


def sick(epoch):
    state = weights(epoch)
    if epoch >= 3:
        state["blocks.1.attn.weight"][2, 5] = float("nan")
    if epoch == 4:
        state["blocks.0.attn.bias"].zero_()
    state["mask"] = torch.ones(50, 50)
    return state


@pytest.fixture(scope="module")
def sick_run(tmp_path_factory):
    """Everything there is to know of a run with faults; it is read once."""
    return read(
        save_run(
            tmp_path_factory.mktemp("sick") / "run",
            [sick(epoch) for epoch in range(6)],
            loss=[3.0, 2.0, 1.5, 1.6, 1.7, 1.8],
            accuracy=[0.1, 0.2, 0.3, 0.4, 0.9, 0.8],
        )
    )


@pytest.fixture
def shown(qtbot, qapp):
    """A function from what is known of a run to its panel, once everything is found."""
    apply_theme(qapp, dark=False)
    background = Background()
    made = []

    def show(known):
        comparison = Comparison(background)
        made.append(comparison)
        panel = RunPanel(comparison)
        qtbot.addWidget(panel)
        panel.resize(440, 700)
        panel.show()
        comparison.show_known(known)
        qtbot.waitUntil(lambda: panel.watch.complete, timeout=10_000)
        return panel

    yield show
    for comparison in made:
        comparison.release()
    assert background.shutdown(5)


@pytest.fixture
def panel(sick_run, shown):
    return shown(sick_run)


def click_link(qtbot, sentence, number):
    """Click the middle of a link, found by what the mouse would say there."""
    seen = []
    sentence.linkHovered.connect(lambda link: seen.append(link))
    for y in range(6, sentence.height(), 8):
        for x in range(2, sentence.width(), 4):
            qtbot.mouseMove(sentence, QPoint(x, y))
            links = list(dict.fromkeys(link for link in seen if link))
            if len(links) > number:
                qtbot.mouseClick(sentence, Qt.MouseButton.LeftButton, pos=QPoint(x + 3, y))
                return
    raise AssertionError((seen, sentence.geometry(), sentence.isVisible()))


def test_what_broke_is_said_worst_first(panel):
    first, second = (row.sentence.plain() for row in panel.steps.rows)
    assert first == "blocks.1.attn.weight turned NaN in epoch 3: 1 of 96 values, at [2, 5]."
    assert second == "blocks.0.attn.bias became zero in epoch 4: all 12 values."
    assert [row.sign.badge.text for row in panel.steps.rows] == ["NaN", "Zero"]
    assert panel.steps.note.text() == "2 findings, worst first"


def test_the_names_in_a_sentence_lead_to_the_tensor_and_to_the_step(qtbot, panel):
    comparison = panel.comparison
    click_link(qtbot, panel.steps.rows[1].sentence, 0)
    assert comparison.outline.path(comparison.selection) == "blocks.0.attn.bias"
    assert (comparison.a, comparison.b) == (3, 4)
    click_link(qtbot, panel.steps.rows[0].sentence, 1)
    assert (comparison.a, comparison.b) == (2, 3)


def test_a_sentence_can_be_selected_and_copied(qtbot, panel):
    sentence = panel.steps.rows[1].sentence
    sentence.setSelection(0, len(sentence.plain()))
    sentence.setFocus()
    qtbot.keyClick(sentence, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "blocks.0.attn.bias became zero in epoch 4: all 12 values."


def test_next_finding_goes_round(panel):
    comparison, seen = panel.comparison, []
    for _ in range(3):
        assert panel.next_finding()
        seen.append((comparison.outline.path(comparison.selection), comparison.b))
    assert seen == [("blocks.1.attn.weight", 3), ("blocks.0.attn.bias", 4), ("blocks.1.attn.weight", 3)]


def test_a_healthy_run_says_what_was_looked_at(run_folder, shown):
    panel = shown(read(run_folder))
    assert not panel.steps.rows
    assert panel.steps.words.text().startswith("Nothing broke in these 4 epochs. 6 tensors were looked at")
    assert not panel.next_finding()


def test_the_best_checkpoint_follows_the_figure_that_is_chosen(qtbot, panel):
    assert panel.best.best.plain() == "Epoch 2 has the lowest loss, 1.500; the last, epoch 5, has 1.800."
    qtbot.keyClick(panel.best.choose, Qt.Key.Key_Space)
    menu = QApplication.activePopupWidget()
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    qtbot.keyClick(menu, Qt.Key.Key_Down)
    qtbot.keyClick(menu, Qt.Key.Key_Return)
    words = "Epoch 4 has the highest accuracy, 0.9000; the last, epoch 5, has 0.8000."
    assert panel.best.best.plain().startswith(words)


def test_a_best_checkpoint_that_is_broken_is_not_praised_alone(panel):
    panel.best.set_metric(next(each.curve.path for each in panel.best._account.metrics if not each.lower))
    assert panel.best.best.plain().endswith("has 0.8000. But 1 of its values is NaN or infinite.")


def test_keeping_more_frees_less_and_says_that_nothing_is_deleted(qtbot, panel):
    assert panel.best.kept.plain().startswith("Keeping the best and the last (epoch 2 and epoch 5) would free ")
    assert panel.best.kept.plain().endswith("of 4 checkpoints. Nothing is deleted here.")
    qtbot.mouseClick(panel.best.keep.buttons["3"], Qt.MouseButton.LeftButton)
    assert panel.best.kept.plain().endswith("of 2 checkpoints. Nothing is deleted here.")
    assert not panel.best.keep.buttons["10"].isEnabled()


def test_what_never_changed_is_named(qtbot, panel):
    lead, names = panel.unchanging.sentences
    assert lead.plain() == (
        "1 of 7 tensors are the same in all checkpoints and stored again in each: 48.8 KiB altogether."
    )
    click_link(qtbot, names, 0)
    assert panel.comparison.outline.path(panel.comparison.selection) == "mask"


def test_missing_epochs_and_what_cannot_be_read_are_said(tmp_path, shown):
    folder = save_run(tmp_path / "run", [weights(epoch) for epoch in range(7)])
    for epoch in (3, 4):
        (tmp_path / "run" / f"epoch_{epoch}.pt").unlink()
    (tmp_path / "run" / "epoch_6.pt").write_bytes(b"\x80\x02 broken")
    panel = shown(read(folder))
    assert "Epochs 3 and 4 are missing." in [sentence.plain() for sentence in panel.folder.sentences]
    assert panel.unread.sentences[0].plain().startswith("epoch_6.pt: ")
    assert panel.best.isHidden()
    assert panel.steps.words.text().startswith("Nothing broke in the 4 that could be read. 6 tensors were looked")


def test_the_line_of_a_tensor_says_what_broke_in_it_and_leads_on(qtbot, panel):
    line = FindingLine(panel.watch)
    qtbot.addWidget(line)
    line.resize(600, 26)
    assert line.isHidden()
    panel.next_finding()
    panel.hide()  # the mouse is moved on the screen, where it lies on top
    line.show()
    qtbot.waitExposed(line)
    assert line.sentence.plain() == "Turned NaN in epoch 3: 1 of 96 values, at [2, 5]."
    click_link(qtbot, line.sentence, 0)
    assert (panel.comparison.a, panel.comparison.b) == (2, 3)
    line.resize(380, 26)
    assert line.sentence.plain().endswith("…")
    qtbot.mouseClick(line.more, Qt.MouseButton.LeftButton)
    assert panel.comparison.selection == 0
    assert line.isHidden()


def test_the_line_of_a_module_says_the_worst_in_it(qtbot, panel):
    line = FindingLine(panel.watch)
    qtbot.addWidget(line)
    panel.comparison.select(panel.comparison.outline.find("blocks"))
    assert [each.kind for each in line.breakages] == ["nan", "zero"]
    assert line.more.text() == "+1 more"


def test_names_that_look_like_markup_stay_names(tmp_path, shown):
    states = [{"<b>w</b>&amp;": torch.full((8,), float(epoch))} for epoch in range(3)]
    states[2]["<b>w</b>&amp;"][1] = float("inf")
    panel = shown(read(save_run(tmp_path / "run", states)))
    assert panel.steps.rows[0].sentence.plain().startswith("<b>w</b>&amp; turned infinite in epoch 2")
    assert "&lt;b&gt;w&lt;/b&gt;&amp;amp;" in panel.steps.rows[0].sentence.text()
