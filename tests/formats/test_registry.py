"""From a path to a checkpoint, or to one sentence."""

import os

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.errors import CheckpointError, DamagedFileError, UnknownFormatError, UnreadableFileError
from ckptgui.formats.registry import READERS, is_checkpoint, open_checkpoint


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "c.pt"
    torch.save({"w": torch.arange(1000.0)}, path)
    return path


def aged(path):
    """As if it had been written a minute ago."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 60 * 10**9))
    return path


def test_the_content_chooses_the_reader_not_the_name(tmp_path, saved):
    save_file({"w": torch.ones(1)}, tmp_path / "m.pt")
    assert open_checkpoint(str(tmp_path / "m.pt")).format == "safetensors"
    saved.rename(tmp_path / "c.safetensors")
    assert open_checkpoint(str(tmp_path / "c.safetensors")).format == "torch-zip"
    assert len({reader.name for reader in READERS}) == len(READERS)


def test_every_file_is_closed_again(saved, tmp_path):
    (tmp_path / "t.txt").write_text("text")
    before = len(os.listdir("/proc/self/fd"))
    open_checkpoint(str(saved))
    is_checkpoint(str(saved))
    with pytest.raises(UnknownFormatError):
        open_checkpoint(str(tmp_path / "t.txt"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_damaged_file_that_just_changed_may_be_unfinished(tmp_path, saved):
    cut = tmp_path / "cut.pt"
    cut.write_bytes(saved.read_bytes()[:2000])
    assert "still being written" in open_checkpoint(str(cut)).warnings[-1]
    assert not any("still being written" in warning for warning in open_checkpoint(str(aged(cut))).warnings)
    cut.write_bytes(saved.read_bytes()[:40])
    with pytest.raises(CheckpointError, match="still being written"):
        open_checkpoint(str(cut))


def test_an_old_damaged_file_is_only_damaged(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"\xff" + bytes(7) + b"{}")
    with pytest.raises(DamagedFileError) as caught:
        open_checkpoint(str(aged(path)))
    assert "being written" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no such file"),
        (lambda path: os.mkfifo(path), "a pipe"),
        (lambda path: path.symlink_to(path), "circle"),
    ],
    ids=["missing", "pipe", "circular link"],
)
def test_what_is_no_file_is_a_sentence(tmp_path, make, words):
    path = tmp_path / "x\n\x1b[2J.pt"
    make(path)
    with pytest.raises(UnreadableFileError, match=words):
        open_checkpoint(str(path))
    assert not is_checkpoint(str(path))


def test_a_folder_of_no_known_kind_is_a_sentence(tmp_path):
    with pytest.raises(UnknownFormatError, match="a folder, but no checkpoint"):
        open_checkpoint(str(tmp_path))
    assert not is_checkpoint(str(tmp_path))


def test_a_path_with_a_nul_is_a_sentence():
    with pytest.raises(UnreadableFileError, match="character"):
        open_checkpoint("a\0b")


def test_a_listing_tells_checkpoints_from_other_files(tmp_path, saved):
    (tmp_path / "t.txt").write_text("text")
    (tmp_path / "empty").write_bytes(b"")
    assert is_checkpoint(str(saved))
    assert not is_checkpoint(str(tmp_path / "t.txt"))
    assert not is_checkpoint(str(tmp_path / "empty"))


def test_a_torch_file_cut_at_any_byte_is_listed_or_a_sentence(tmp_path, saved):
    whole, cut = saved.read_bytes(), tmp_path / "cut.pt"
    for length in [*range(0, 700, 13), *range(700, len(whole), 97)]:
        cut.write_bytes(whole[:length])
        try:
            found = open_checkpoint(str(aged(cut)))
        except CheckpointError as error:
            assert "\n" not in str(error)
            assert length < 400
        else:
            assert found.warnings
            assert ("w",) in found or length < 400
