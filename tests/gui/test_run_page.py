"""A folder of epochs: in epoch order, stepped by keys and clicks, the selection kept."""

from PySide6.QtCore import Qt

from ckptgui.gui.pass_progress import Phase

from .conftest import drop, opened

LEFT = Qt.MouseButton.LeftButton
WEIGHT = ("model_state_dict", "fc.weight")


def epoch_shown(page):
    shown = page.document().opened.checkpoint.metadata["epoch"]
    return shown if not page.document_page._lane.busy else None


def test_a_folder_lists_its_epochs_in_their_order_and_shows_the_last(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    assert [member.epoch for member in page.run.members] == [1, 2, 10]
    assert epoch_shown(page) == 10
    assert page.summary.text().startswith("3 checkpoints, ")
    assert window.windowTitle() == "run – ckptgui"


def test_keys_step_through_the_epochs_and_the_selected_tensor_stays(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    page.document().select(WEIGHT)
    for expected in (2, 1):
        qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
        qtbot.waitUntil(lambda expected=expected: epoch_shown(page) == expected)
        assert page.document().selection().path == WEIGHT
    assert "first epoch" in window.actions_by_key["previous_epoch"].toolTip()
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    qtbot.waitUntil(lambda: epoch_shown(page) == 2)
    assert page.document().selection().path == WEIGHT


def test_a_click_on_the_strip_goes_to_an_epoch(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    qtbot.mouseClick(page.strip, LEFT, pos=page.strip.place(0).toPoint())
    qtbot.waitUntil(lambda: epoch_shown(page) == 1)
    qtbot.mouseClick(page.after, LEFT)
    qtbot.waitUntil(lambda: epoch_shown(page) == 2)


def test_a_broken_epoch_keeps_its_place_and_says_why(qtbot, window, run_folder):
    whole = (run_folder / "epoch_10.pt").read_bytes()
    (run_folder / "epoch_10.pt").write_bytes(whole[: len(whole) // 3])
    page = opened(qtbot, window, run_folder)
    broken = next(i for i, member in enumerate(page.run.members) if member.path.endswith("epoch_10.pt"))
    assert page.run.members[broken].error
    assert page.current != broken
    page.document().select(WEIGHT)
    page.show_member(broken)
    qtbot.waitUntil(lambda: not page.document_page._lane.busy)
    before = next(i for i in range(len(page.run.members)) if i != broken)
    page.show_member(before)
    qtbot.waitUntil(lambda: page.document() is not None and not page.document_page._lane.busy)
    assert page.document().selection().path == WEIGHT


def test_an_empty_folder_says_so(qtbot, window, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    drop(window, folder)
    page = window.current
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    assert page.failed_view.reason.text().endswith(".")


def test_a_low_window_leaves_the_losses_out_and_the_epochs_in(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    tall = page.strip.height()
    window.resize(900, 600)
    qtbot.waitUntil(lambda: page.strip.height() < tall)
    assert page.summary.isVisible()
    assert page.position.text() == "3 of 3"
    qtbot.mouseClick(page.strip, LEFT, pos=page.strip.place(1).toPoint())
    qtbot.waitUntil(lambda: epoch_shown(page) == 2)
    assert page.position.text() == "2 of 3"


def test_every_epoch_that_is_stepped_to_is_read(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    for expected, key in ((2, Qt.Key.Key_BracketLeft), (1, Qt.Key.Key_BracketLeft), (2, Qt.Key.Key_BracketRight)):
        qtbot.keyClick(window, key)
        qtbot.waitUntil(lambda expected=expected: epoch_shown(page) == expected)
        qtbot.waitUntil(lambda: page.document().summaries.progress.phase is Phase.FINISHED, timeout=10_000)
