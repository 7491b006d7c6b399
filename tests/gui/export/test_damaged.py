"""A source that is cut, shards, a run's epoch: what is not one whole file in a tab of its own."""

import json
import pathlib

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from ckptgui.gui.export.dialog import ExportDialog
from ckptgui.gui.export.name_pieces import pieces, taken_off

from ..conftest import dialog_of, opened
from .conftest import LEFT, notice, planned, write


@pytest.fixture
def cut(tmp_path):
    """Of four tensors the last ones are not there any more."""
    path = tmp_path / "cut.pt"
    torch.save({"model": {f"layer.{number}": torch.full((64, 64), float(number)) for number in range(4)}}, path)
    path.write_bytes(path.read_bytes()[:40_000])
    return str(path)


def test_what_is_whole_of_a_damaged_source_is_written_when_that_is_asked_for(
    qtbot, window, dialogue, cut, tmp_path
):
    dialog = dialogue(cut)
    assert not dialog.foot.export.isEnabled()
    assert dialog.preview.findings.shown[0].badge == "Damaged"
    assert dialog.options.page.rescue_note.text() == "2 of 4 tensors are whole; what is lost is listed."
    qtbot.mouseClick(dialog.options.page.rescue, LEFT)
    qtbot.mouseClick(dialog.options.page.format.buttons["safetensors"], LEFT)
    write(qtbot, planned(qtbot, dialog), tmp_path / "out.safetensors")
    qtbot.mouseClick(dialog.foot.export, LEFT)
    assert "2 tensors are lost: layer.2, layer.3." in notice(qtbot, window.current).notice.text
    assert sorted(load_file(tmp_path / "out.safetensors")) == ["layer.0", "layer.1"]
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        assert set(json.loads(file.metadata()["lost"])) == {"layer.2", "layer.3"}


def test_one_click_on_a_damaged_source_offers_what_is_whole(qtbot, window, cut):
    page = opened(qtbot, window, cut)
    window.actions_by_key["export_half"].trigger()
    banner = notice(qtbot, page)
    assert banner.link.text() == "Export what is whole…"
    qtbot.mouseClick(banner.link, LEFT)
    dialog = planned(qtbot, dialog_of(qtbot, ExportDialog))
    assert dialog.presets.current() == "half"
    assert not dialog.options.page.rescue.isHidden()


def test_shards_go_into_a_folder_of_the_size_that_is_typed(qtbot, window, dialogue, checkpoint, tmp_path):
    dialog = dialogue(checkpoint)
    dialog.options.page.files._take("other")
    assert not dialog.foot.export.isEnabled()
    qtbot.keyClicks(dialog.options.page.shard, "0.001 MB")
    planned(qtbot, dialog)
    assert pathlib.PurePath(dialog.foot.path()).suffix != ".pt"
    write(qtbot, dialog, tmp_path / "shards")
    nbytes = dialog._planned.outlook.plan.nbytes
    qtbot.mouseClick(dialog.foot.export, LEFT)
    notice(qtbot, window.current)
    files = list((tmp_path / "shards").iterdir())
    assert len(files) > 2
    assert sum(file.stat().st_size for file in files) == nbytes


def test_an_epoch_in_a_runs_tab_is_exported_like_any_file(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    page = window.current
    page.halves.show_epoch()
    qtbot.waitUntil(lambda: page.halves.document is not None and page.halves.document.ready, timeout=10_000)
    window.actions_by_key["export_safetensors"].trigger()
    notice(qtbot, page.halves.document)
    (out,) = run_folder.glob("*.safetensors")
    assert "epoch10" in out.name


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("module._orig_mod.fc.weight", "fc.weight", [("module._orig_mod.", True), ("fc.weight", False)]),
        ("a._orig_mod.fc.weight", "a.fc.weight", [("a.", False), ("_orig_mod.", True), ("fc.weight", False)]),
        ("fc.weight", "fc.weight", [("fc.weight", False)]),
        ("encoder.fc", "decoder.fc", [("encoder.fc", False)]),
        ("fc.weight", "", [("fc.weight", False)]),
    ],
)
def test_a_name_is_taken_apart_where_parts_of_it_go(old, new, found):
    assert pieces(old, new) == found
    assert taken_off(old, new) == "".join(text for text, gone in found if gone)
