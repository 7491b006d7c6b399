"""A pool has the files that were used last open, however many there are."""

import os

from ckptgui.sources import locate
from ckptgui.sources.base import read_exactly
from ckptgui.sources.local import identify
from ckptgui.sources.locate import PooledSource, SourcePool
from ckptgui.sources.memory import MemorySource


def files(folder, count):
    for number in range(count):
        (folder / str(number)).write_bytes(b"%03d" % number)
    return [identify(str(folder / str(number))) for number in range(count)]


def handles():
    return len(os.listdir("/proc/self/fd"))


def test_only_so_many_files_are_open_and_all_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "MOST_OPEN", 4)
    pool = SourcePool()
    before = handles()
    identities = files(tmp_path, 12)
    first = PooledSource(pool, identities[0])
    for number, identity in enumerate(identities):
        assert read_exactly(pool.get(identity), 0, 3) == b"%03d" % number
        assert handles() <= before + 4
    assert read_exactly(first, 0, 3) == b"000"  # it was closed meanwhile
    pool.close()
    assert handles() == before


def test_what_was_used_last_stays_open(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "MOST_OPEN", 2)
    pool = SourcePool()
    one, two, three = files(tmp_path, 3)
    kept = pool.get(one)
    pool.get(two)
    assert pool.get(one) is kept
    pool.get(three)
    assert pool.get(one) is kept
    pool.close()


def test_what_is_no_file_is_never_closed_before_the_pool(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "MOST_OPEN", 1)
    pool = SourcePool()
    memory = MemorySource(b"abc")
    pool.add(memory)
    for identity in files(tmp_path, 3):
        pool.get(identity)
    assert pool.get(memory.identity) is memory
    pool.close()
