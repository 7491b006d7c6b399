"""However many readers look at a zip, its directory is parsed once."""

import zipfile

import pytest
import torch
from torch import nn

from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.formats.zips import probe as zip_probe
from tests.formats import package_files
from tests.formats.export_files import program, save
from tests.formats.script_files import script


def state_dict(folder):
    torch.save(nn.Linear(2, 2).state_dict(), folder / "file")


def scripted(folder):
    script(nn.Linear(2, 2)).save(str(folder / "file"))


def exported(folder):
    save(program(), folder / "file.pt2").rename(folder / "file")


def packaged(folder):
    with package_files.package(folder / "file") as exporter:
        exporter.save_pickle("w", "w.pkl", {"w": torch.ones(2)})


def none_of_ours(folder):
    with zipfile.ZipFile(folder / "file", "w") as archive:
        archive.writestr("a.txt", "x")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("make", [state_dict, scripted, exported, packaged, none_of_ours])
def test_the_directory_is_parsed_once(make, tmp_path, monkeypatch):
    make(tmp_path)
    size = (tmp_path / "file").stat().st_size
    parsed = []
    plain = zip_probe.read_directory

    def counted(source, check):
        parsed.append(source.size)
        return plain(source, check)

    monkeypatch.setattr(zip_probe, "read_directory", counted)
    try:
        open_checkpoint(str(tmp_path / "file"))
    except CheckpointError:
        assert make is none_of_ours
    assert parsed.count(size) == 1
