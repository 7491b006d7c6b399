"""What a watch notices of files that somebody else writes."""

import os

import pytest

from ckptgui.errors import Cancelled
from ckptgui.formats.registry import open_checkpoint
from ckptgui.workspace.watch import Change, News, Watch
from tests.formats.folder_files import write_shards, write_trainer


def quietly():
    """Nobody wants to stop."""


def test_what_stays_as_it_was_is_no_news(tmp_path):
    write_trainer(tmp_path / "c")
    watch = Watch(open_checkpoint(str(tmp_path / "c")))
    (tmp_path / "c" / "another.txt").write_text("x")
    assert watch.look(quietly) is None


def test_a_change_and_a_loss_name_the_file_where_there_are_several(tmp_path):
    write_trainer(tmp_path / "c")
    folder, alone = open_checkpoint(str(tmp_path / "c")), open_checkpoint(str(tmp_path / "c" / "optimizer.pt"))
    os.utime(tmp_path / "c" / "optimizer.pt", (1, 1))
    assert Watch(folder).look(quietly) == News(Change.CHANGED, "optimizer.pt")
    assert Watch(alone).look(quietly) == News(Change.CHANGED)
    (tmp_path / "c" / "optimizer.pt").unlink()
    assert Watch(folder).look(quietly) == News(Change.GONE, "optimizer.pt")


def test_new_files_are_news_where_some_were_missing(tmp_path):
    files = write_shards(tmp_path / "m")
    late = (tmp_path / "m" / files[0]).rename(tmp_path / "late")
    watch = Watch(open_checkpoint(str(tmp_path / "m")))
    assert watch.look(quietly) is None
    late.rename(tmp_path / "m" / files[0])
    assert watch.look(quietly) == watch.look(quietly) == News(Change.NEW, files[0])


def test_a_look_can_be_stopped(tmp_path):
    write_trainer(tmp_path / "c")

    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        Watch(open_checkpoint(str(tmp_path / "c"))).look(stop)
