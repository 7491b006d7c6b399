"""Texts within a file are read bounded and never fail to be shown."""

import zlib

import pytest

from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.engine.texts import read_text
from ckptgui.errors import CheckpointError
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool


def in_file(tmp_path, data, nbytes, codec=Codec.STORED):
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    source = LocalSource(str(path))
    identity = source.identity
    source.close()
    return Extent(nbytes, (Segment(identity, 0, len(data)),), codec)


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


def test_a_text_is_read_whole(tmp_path, pool):
    text = read_text(in_file(tmp_path, "grün".encode(), 5), pool)
    assert (text.text, text.nbytes, text.whole) == ("grün", 5, True)


def test_a_deflated_one_is_inflated_as_far_as_asked(tmp_path, pool):
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress("ü".encode() * 5000) + packer.flush()
    text = read_text(in_file(tmp_path, data, 10_000, Codec.DEFLATE), pool, limit=101)
    assert text.text == "ü" * 50 and not text.whole and text.nbytes == 10_000


def test_what_is_no_text_is_shown_as_such(tmp_path, pool):
    assert read_text(in_file(tmp_path, b"a\xffb", 3), pool).text == "a\ufffdb"


def test_one_that_came_with_the_header_needs_no_file(pool):
    text = read_text("x" * 10, pool, limit=4)
    assert text.text == "xxxx" and not text.whole and text.nbytes == 10


def test_bytes_that_are_not_there_are_a_plain_failure(tmp_path, pool):
    with pytest.raises(CheckpointError):
        read_text(in_file(tmp_path, b"abc", 9), pool)
