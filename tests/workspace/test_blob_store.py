"""The store of bytes: what was put is there, what goes wrong costs the bytes and nothing else."""

import logging
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from ckptgui.workspace import blob_store
from ckptgui.workspace.blob_store import BlobStore

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def store(path, version=7, limit=2**20, share=2**19):
    return BlobStore(path, version, limit, share)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "results.sqlite3"


@pytest.fixture
def log(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("ckptgui"), "propagate", True)
    caplog.set_level(logging.INFO, "ckptgui")
    return caplog


def test_what_was_put_is_there_next_time(path):
    assert store(path).put(A, "x", {0: b"zero", 5: b"", 2**40: b"far"})
    assert store(path).put(B, "x", {0: b"another's"})
    assert store(path).get(A, "x", 0, 6) == {0: b"zero", 5: b""}
    assert store(path).get(A, "x", 2**40, 1) == {2**40: b"far"}
    assert store(path).get(A, "y", 0, 6) == {} == store(path).get(C, "x", 0, 6)


def test_a_newer_blob_takes_the_place_of_the_elder(path):
    store(path).put(A, "x", {1: b"old", 2: b"stays"})
    store(path).put(A, "x", {1: b"new"})
    assert store(path).get(A, "x", 0, 9) == {1: b"new", 2: b"stays"}


def test_to_look_makes_no_file(path):
    assert store(path).get(A, "x", 0, 9) == {}
    store(path).touch(A)
    assert not path.parent.exists()


def test_names_are_never_sql(path):
    kind = "x'); DROP TABLE blob; --"
    store(path).put(b"'\x00\"; DROP TABLE owner", kind, {1: b"data"})
    assert store(path).get(b"'\x00\"; DROP TABLE owner", kind, 1, 1) == {1: b"data"}


def test_what_was_used_longest_ago_goes_when_the_file_is_full(path):
    kept = store(path, limit=200_000, share=100_000)
    for owner in (A, B):
        assert kept.put(owner, "x", {0: random.Random(1).randbytes(70_000)})
    kept.touch(A)
    assert kept.put(C, "x", {0: random.Random(2).randbytes(70_000)})
    assert [bool(kept.get(owner, "x", 0, 1)) for owner in (A, B, C)] == [True, False, True]
    assert path.stat().st_size < 220_000


def test_one_owner_gets_no_more_than_its_share(path):
    kept = store(path, share=50_000)
    assert kept.put(A, "x", {0: bytes(30_000)})
    assert not kept.put(A, "x", {1: bytes(30_000)})
    assert not kept.put(B, "x", {1: bytes(60_000)})
    assert kept.get(A, "x", 0, 9).keys() == {0}
    assert kept.put(A, "x", {0: bytes(40_000)})


def test_the_file_shrinks_when_large_things_go(path):
    kept = store(path, limit=400_000, share=400_000)
    kept.put(A, "x", {0: bytes(350_000)})
    kept.put(B, "x", {0: bytes(100_000)})
    assert path.stat().st_size < 150_000


def test_another_version_is_made_anew(path, log):
    store(path, version=7).put(A, "x", {0: b"old"})
    assert store(path, version=8).get(A, "x", 0, 1) == {}
    store(path, version=8).put(A, "x", {0: b"new"})
    assert store(path, version=8).get(A, "x", 0, 1) == {0: b"new"}
    assert len(log.records) == 1 and "another version" in log.text


@pytest.mark.parametrize("rubbish", [b"", b"rubbish" * 1000, b"SQLite format 3\0" + bytes(5000), bytes(100)])
def test_rubbish_is_made_anew(path, rubbish):
    path.parent.mkdir()
    path.write_bytes(rubbish)
    kept = store(path)
    assert kept.get(A, "x", 0, 1) == {}
    assert kept.put(A, "x", {0: b"data"})
    assert kept.get(A, "x", 0, 1) == {0: b"data"}


def test_somebody_elses_database_is_not_taken_for_ours(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    assert store(path).put(A, "x", {0: b"data"})
    assert store(path).get(A, "x", 0, 1) == {0: b"data"}


def test_a_trigger_that_somebody_added_never_runs(path):
    kept = store(path)
    kept.put(A, "x", {0: b"data"})
    with sqlite3.connect(path) as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON blob BEGIN DELETE FROM blob; END")
    db.close()
    assert kept.put(A, "x", {1: b"more"})
    assert kept.get(A, "x", 0, 2) == {1: b"more"}


def test_bytes_that_were_changed_or_moved_are_not_there(path):
    kept = store(path)
    kept.put(A, "x", {0: b"some data", 1: b"other data", 2: b"good"})
    with sqlite3.connect(path) as db:
        (first,) = db.execute("SELECT data FROM blob WHERE number = 0").fetchone()
        db.execute("UPDATE blob SET data = ? WHERE number = 1", (first,))
        db.execute("UPDATE blob SET data = ? WHERE number = 0", (first[:-1] + b"!",))
        db.execute("INSERT INTO blob SELECT owner, kind, 3, 'text' FROM blob WHERE number = 0")
        db.execute("INSERT INTO blob SELECT owner, kind, 4, x'00' FROM blob WHERE number = 0")
    db.close()
    assert kept.get(A, "x", 0, 9) == {2: b"good"}


def test_a_file_cut_anywhere_never_lies(path):
    chance = random.Random(5)
    blobs = {number: chance.randbytes(chance.randrange(9000)) for number in range(40)}
    store(path).put(A, "x", blobs)
    whole = path.read_bytes()
    for _ in range(30):
        path.write_bytes(whole[: chance.randrange(len(whole))])
        found = store(path).get(A, "x", 0, 40)
        assert found.items() <= blobs.items()
        assert store(path).put(B, "x", {0: b"works"})
        assert store(path).get(B, "x", 0, 1) == {0: b"works"}


def test_a_file_with_changed_bytes_never_lies(path):
    chance = random.Random(6)
    blobs = {number: chance.randbytes(chance.randrange(3000)) for number in range(40)}
    store(path).put(A, "x", blobs)
    whole = path.read_bytes()
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 200)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        assert store(path).get(A, "x", 0, 40).items() <= blobs.items()
        store(path).put(B, "x", {0: b"works"})
        assert store(path).get(B, "x", 0, 1) in ({}, {0: b"works"})


def test_a_file_that_is_far_too_large_is_made_anew(path):
    store(path).put(A, "x", {0: b"data"})
    with open(path, "r+b") as file:
        file.truncate(2**30)
    assert store(path).get(A, "x", 0, 1) == {}
    assert store(path).put(A, "x", {0: b"data"})
    assert path.stat().st_size < 2**20


def test_a_lock_of_another_program_is_not_waited_for(path, log):
    kept = store(path)
    kept.put(A, "x", {0: b"data"})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    assert kept.get(A, "x", 0, 1) == {}
    assert not kept.put(A, "x", {1: b"more"})
    assert time.monotonic() - begun < 4 * blob_store.PATIENCE
    other.execute("ROLLBACK")
    other.close()
    assert kept.get(A, "x", 0, 1) == {0: b"data"}
    assert len(log.records) == 1 and "locked" in log.text


def test_a_folder_in_its_place_is_left_alone(path):
    path.mkdir(parents=True)
    assert not store(path).put(A, "x", {0: b"data"})
    assert store(path).get(A, "x", 0, 1) == {}
    assert path.is_dir()


def test_a_link_in_its_place_is_not_followed(path, tmp_path):
    target = tmp_path / "precious"
    target.write_bytes(b"mine")
    path.parent.mkdir()
    path.symlink_to(target)
    assert not store(path).put(A, "x", {0: b"data"})
    assert target.read_bytes() == b"mine" and path.is_symlink()


def test_a_folder_that_cannot_be_made_costs_the_cache_only(tmp_path, log):
    (tmp_path / "file").write_bytes(b"")
    kept = store(tmp_path / "file" / "results.sqlite3")
    for _ in range(3):
        assert not kept.put(A, "x", {0: b"data"})
        assert kept.get(A, "x", 0, 1) == {}
    assert len(log.records) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_without_permission_costs_the_cache_only(path, mode):
    path.parent.mkdir()
    path.parent.chmod(mode)
    try:
        store(path).touch(A)
        assert store(path).get(A, "x", 0, 1) == {}
        assert not store(path).put(A, "x", {0: b"data"})
    finally:
        path.parent.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_read_only_file_can_still_be_read(path):
    store(path).put(A, "x", {0: b"data"})
    path.chmod(0o400)
    kept = store(path)
    kept.touch(A)
    assert not kept.put(A, "x", {1: b"more"})
    assert kept.get(A, "x", 0, 2) == {0: b"data"}


def test_a_full_disk_costs_the_cache_only(path):
    store(path).put(A, "x", {0: b"data"})
    resource_limit = path.stat().st_size + 8192
    code = f"""
import resource, sys
from pathlib import Path
from ckptgui.workspace.blob_store import BlobStore
resource.setrlimit(resource.RLIMIT_FSIZE, ({resource_limit}, {resource_limit}))
kept = BlobStore(Path(sys.argv[1]), 7, 2**20, 2**19)
assert not kept.put(b"a" * 32, "x", {{1: bytes(200_000)}})
assert kept.get(b"a" * 32, "x", 0, 2) == {{0: b"data"}}
"""
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource_limit
    assert store(path).get(A, "x", 0, 2) == {0: b"data"}


def test_threads_and_instances_share_one_file(path):
    def work(owner):
        kept = store(path)
        for number in range(10):
            kept.put(owner, "x", {number: owner * number})
            kept.get(owner, "x", 0, 10)

    owners = [bytes([number]) * 32 for number in range(4)]
    threads = [threading.Thread(target=work, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for owner in owners:
        found = store(path).get(owner, "x", 0, 10)
        assert found.items() <= {number: owner * number for number in range(10)}.items()
        assert found


def test_a_process_that_is_killed_while_it_writes_leaves_what_was_there(path):
    store(path, limit=2**27, share=2**26).put(A, "x", {0: b"data"})
    code = """
import sys
from pathlib import Path
from ckptgui.workspace.blob_store import BlobStore
kept = BlobStore(Path(sys.argv[1]), 7, 2**27, 2**26)
print("go", flush=True)
for number in range(100_000):
    kept.put(b"b" * 32, "x", {number % 50: bytes([number % 256]) * 500_000})
"""
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    time.sleep(0.2)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    kept = store(path, limit=2**27, share=2**26)
    assert kept.get(A, "x", 0, 1) == {0: b"data"}
    for data in kept.get(B, "x", 0, 50).values():
        assert data == data[:1] * 500_000
    assert kept.put(A, "x", {1: b"more"})
