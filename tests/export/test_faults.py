"""Sources that change under an export."""

import os
import shutil

import pytest
import torch

from ckptgui.errors import ChangedOnDiskError, CheckpointError
from ckptgui.export.atomic_folder import look_at_folder
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint

SAVED = {f"t{number}": torch.full((200_000,), float(number)) for number in range(8)}

REQUESTS = {
    "out.pt": ExportRequest(),
    "out.safetensors": ExportRequest(format="safetensors"),
    "out": ExportRequest(format="safetensors", max_shard_bytes=2_000_000),
}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.pt"
    torch.save(SAVED, path)
    return path


def rewritten(path):
    with path.open("r+b") as file:
        file.write(b"\0")


def cut(path):
    os.truncate(path, 1_000_000)


def replaced(path):
    shutil.copy(path, path.with_suffix(".new"))
    with path.with_suffix(".new").open("ab") as file:
        file.write(b"\0")
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("change", [rewritten, cut])
@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_source_that_changes_is_told_and_leaves_nothing(source, tmp_path, pool, name, change):
    plan = plan_export(open_checkpoint(str(source)), str(tmp_path / name), REQUESTS[name])
    changed = []

    def report(step):
        if not changed:
            changed.append(True)
            change(source)

    with pytest.raises(ChangedOnDiskError):
        export(plan, pool, report=report)
    assert os.listdir(tmp_path) == ["source.pt"]


@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_source_that_is_replaced_in_the_middle_is_exported_as_it_was_opened(source, tmp_path, pool, name):
    """Its handle is open: what it leads to is still what was opened, whole."""
    plan = plan_export(open_checkpoint(str(source)), str(tmp_path / name), REQUESTS[name])
    changed = []

    def report(step):
        if not changed:
            changed.append(True)
            replaced(source)

    try:
        export(plan, pool, report=report)
    except ChangedOnDiskError:
        assert os.listdir(tmp_path) == ["source.pt"]
    else:
        assert sorted(os.listdir(tmp_path)) == sorted(["source.pt", name])


def test_a_folder_under_a_file_is_one_sentence(source):
    with pytest.raises(CheckpointError) as caught:
        look_at_folder(str(source / "out"))
    assert str(caught.value).endswith(".")
