"""Files are read where they were opened, and say so when they are no longer the same."""

import os
import threading

import pytest

from ckptgui.errors import ChangedOnDiskError, UnreadableFileError
from ckptgui.sources import local
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import LocalSource, identify
from ckptgui.sources.locate import SourcePool


@pytest.fixture
def digits(tmp_path):
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")
    return path


def test_any_range_can_be_read_and_the_end_of_the_file_cuts_it(digits):
    source = LocalSource(str(digits))
    assert read_exactly(source, 3, 4) == b"3456"
    assert read_exactly(source, 8, 100) == b"89"
    assert read_exactly(source, 50, 1) == b""
    source.close()


def test_a_file_that_grows_or_shrinks_after_opening_is_another_file(digits):
    source = LocalSource(str(digits))
    os.truncate(digits, 4)
    with pytest.raises(ChangedOnDiskError, match="changed on disk"):
        read_exactly(source, 0, 10)
    source.close()


def test_a_pool_refuses_a_path_that_now_leads_to_another_file(digits):
    pool = SourcePool()
    identity = identify(str(digits))
    replacement = digits.with_name("new")
    replacement.write_bytes(b"9876543210")
    replacement.replace(digits)
    with pytest.raises(ChangedOnDiskError):
        pool.get(identity)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "nul", "loop"])
def test_what_is_no_file_is_refused_in_one_sentence_without_waiting(tmp_path, kind):
    path = tmp_path / "thing"
    text = str(path)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "nul":
        text += "\0"
    with pytest.raises(UnreadableFileError) as caught:
        LocalSource(text)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_an_error_of_the_disk_names_the_byte(digits, monkeypatch):
    source = LocalSource(str(digits))

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(local.os, "preadv", fail)
    with pytest.raises(UnreadableFileError, match="The disk reported an error"):
        read_exactly(source, 7, 1)
    source.close()


def test_a_read_under_way_keeps_the_descriptor_until_it_ends(digits, monkeypatch):
    source = LocalSource(str(digits))
    reading, go_on = threading.Event(), threading.Event()
    preadv = os.preadv

    def slowly(*arguments):
        reading.set()
        assert go_on.wait(10)
        return preadv(*arguments)

    monkeypatch.setattr(local.os, "preadv", slowly)
    got = []
    thread = threading.Thread(target=lambda: got.append(read_exactly(source, 0, 4)))
    thread.start()
    assert reading.wait(10)
    source.close()
    go_on.set()
    thread.join(10)
    assert got == [b"0123"]
    with pytest.raises(UnreadableFileError, match="closed"):
        read_exactly(source, 0, 1)


def test_no_permission_is_said_as_such(digits, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(local.os, "open", refuse)
    with pytest.raises(UnreadableFileError, match=r"^There is no permission to read it\.$"):
        LocalSource(str(digits))
