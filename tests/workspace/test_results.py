"""Results of checkpoints: there again for the same state of the same files, and for no other."""

import json
import os
import shutil
import time

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.analysis.profile import FIGURES, RECORD
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace import fingerprint
from ckptgui.workspace import results as results_module
from ckptgui.workspace.results import Results, results_folder


@pytest.fixture(autouse=True)
def files_are_never_fresh(monkeypatch):
    monkeypatch.setattr(fingerprint, "FINE_NS", 0)
    monkeypatch.setattr(fingerprint, "COARSE_NS", 0)


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "cache")


def weights(seed=0):
    torch.manual_seed(seed)
    return {"large": torch.randn(300, 300), "small": torch.randn(7), "none": torch.zeros(0)}


@pytest.fixture
def path(tmp_path):
    torch.save(weights(), tmp_path / "a.pt")
    return tmp_path / "a.pt"


def read(checkpoint):
    pool, found = SourcePool(), []
    profile(checkpoint, np.arange(len(checkpoint)), pool, found.append, Cancel())
    pool.close()
    rows, records = (np.concatenate([getattr(b, name) for b in found]) for name in ("rows", "records"))
    return rows, records, {row: s.distribution for batch in found for row, s in batch.summaries.items()}


def fill(results, path):
    checkpoint = open_checkpoint(str(path))
    kept = results.of(checkpoint)
    found = read(checkpoint)
    kept.keep(*found)
    return checkpoint, found


def rows_of(results, path):
    return [row for rows, _ in results.of(open_checkpoint(str(path))).records() for row in rows.tolist()]


def test_records_and_distributions_are_there_again(results, path, tmp_path):
    checkpoint, (rows, records, distributions) = fill(results, path)
    again = Results(tmp_path / "cache").of(open_checkpoint(str(path)))
    ((kept_rows, kept),) = again.records()
    assert kept_rows.tolist() == [0, 1, 2]
    assert kept.tobytes() == records[np.argsort(rows)].tobytes()
    large = checkpoint.row(("large",))
    found, told = again.distribution(large), distributions[large]
    for name in ("lows", "highs", "counts"):
        assert getattr(found, name).tobytes() == getattr(told, name).tobytes()
    assert again.distribution(checkpoint.row(("small",))) is None


def test_they_lie_in_the_users_cache_folder_beside_the_kernels(path, private_folders):
    fill(Results(), path)
    assert results_folder() == private_folders / "cache" / "ckptgui" / "results"
    assert (results_folder() / "results.sqlite3").is_file()


def test_what_was_read_of_a_pass_that_was_cancelled_is_kept(results, path):
    checkpoint = open_checkpoint(str(path))
    rows, records, _ = read(checkpoint)
    results.of(checkpoint).keep(rows[:1], records[:1])
    assert rows_of(results, path) == rows[:1].tolist()
    results.of(checkpoint).keep(rows[1:2], records[1:2])
    assert rows_of(results, path) == sorted(rows[:2].tolist())


def test_many_tensors_lie_in_blocks(results, tmp_path):
    save_file({f"w{i}": torch.full((1,), float(i)) for i in range(2500)}, tmp_path / "a.safetensors")
    checkpoint, (rows, records, _) = fill(results, tmp_path / "a.safetensors")
    blocks = list(results.of(checkpoint).records())
    assert [len(rows) for rows, _ in blocks] == [1024, 1024, 452]
    kept = np.concatenate([records for _, records in blocks])
    assert kept.tobytes() == records[np.argsort(rows)].tobytes()


def test_a_folder_that_was_moved_keeps_its_results(results, tmp_path):
    (tmp_path / "run").mkdir()
    torch.save(weights(), tmp_path / "run" / "a.pt")
    fill(results, tmp_path / "run" / "a.pt")
    (tmp_path / "run").rename(tmp_path / "renamed")
    assert rows_of(results, tmp_path / "renamed" / "a.pt") == [0, 1, 2]


def test_a_file_that_was_written_over_has_none(results, path):
    fill(results, path)
    torch.save(weights(1), path)
    assert rows_of(results, path) == []


def test_a_file_whose_times_were_set_back_has_none(results, path, tmp_path_factory):
    before = path.stat()
    fill(results, path)
    other = tmp_path_factory.mktemp("other") / path.name
    torch.save(weights(1), other)
    with open(path, "r+b") as file:
        file.write(other.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    now = path.stat()
    assert (now.st_ino, now.st_size, now.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert rows_of(results, path) == []


def test_a_copy_is_another_file(results, path):
    fill(results, path)
    shutil.copy2(path, path.with_name("copy.pt"))
    assert rows_of(results, path.with_name("copy.pt")) == []


def test_a_file_that_changes_while_it_is_read_is_not_kept(results, path):
    checkpoint = open_checkpoint(str(path))
    kept = results.of(checkpoint)
    found = read(checkpoint)
    os.utime(path)
    kept.keep(*found)
    kept.keep_blobs("word", {0: b"data"})
    assert rows_of(results, path) == []
    assert results.of(open_checkpoint(str(path))).blobs("word", 0) == {}


def test_a_file_that_changed_after_it_was_opened_has_none(results, path):
    checkpoint, _ = fill(results, path)
    os.utime(path)
    assert list(results.of(checkpoint).records()) == []
    path.unlink()
    assert list(results.of(checkpoint).records()) == []


def test_a_file_written_a_moment_ago_is_not_kept(results, path, monkeypatch):
    monkeypatch.setattr(fingerprint, "FINE_NS", 10**12)
    monkeypatch.setattr(fingerprint, "COARSE_NS", 10**12)
    fill(results, path)
    monkeypatch.setattr(fingerprint, "FINE_NS", 0)
    monkeypatch.setattr(fingerprint, "COARSE_NS", 0)
    assert rows_of(results, path) == []


def test_whole_seconds_are_trusted_later_than_fractions(path):
    def is_kept(stamp):
        return not fingerprint._is_fresh(stamp)

    fingerprint.FINE_NS, fingerprint.COARSE_NS = 10**8, 2 * 10**9
    second = 10**9
    now = time.time_ns()
    assert is_kept(now - second // 2 | 1) and not is_kept(now // second * second)


def test_all_shards_count(results, tmp_path):
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for number, name in enumerate(names):
        save_file({f"w{number}": torch.randn(9)}, tmp_path / name)
    index = {"metadata": {}, "weight_map": {f"w{number}": name for number, name in enumerate(names)}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    fill(results, tmp_path)
    assert rows_of(results, tmp_path) == [0, 1]
    save_file({"w1": torch.randn(9)}, tmp_path / names[1])
    assert rows_of(results, tmp_path) == []


def test_another_reader_of_the_same_file_does_not_mix(results, path, monkeypatch):
    fill(results, path)
    monkeypatch.setattr(fingerprint, "version", lambda: b"another")
    assert rows_of(results, path) == []


@pytest.mark.filterwarnings("ignore:torch.quantize:UserWarning")
def test_tables_that_differ_in_anything_differ_in_their_digest(tmp_path):
    base = {"a": torch.zeros(2, 3), "b": torch.zeros(6)}
    others = [
        {"a": torch.zeros(3, 2), "b": torch.zeros(6)},
        {"a": torch.zeros(2, 3), "c": torch.zeros(6)},
        {"b": torch.zeros(6), "a": torch.zeros(2, 3)},
        {"a": torch.zeros(2, 3), "b": torch.zeros(6, dtype=torch.int32)},
        {"a": torch.zeros(3, 2).T, "b": torch.zeros(6)},
        {"a": torch.zeros(2, 3), "b": torch.zeros(6), "meta": torch.zeros(1, device="meta")},
        {"a": torch.zeros(2, 3), "b": torch.quantize_per_tensor(torch.zeros(6), 0.1, 0, torch.quint8)},
        {"a": torch.zeros(2, 3), "b": torch.quantize_per_tensor(torch.zeros(6), 0.2, 0, torch.quint8)},
        {"x": base},
    ]
    digests = []
    for saved in (base, *others, base):
        torch.save(saved, tmp_path / "same")
        digests.append(fingerprint.table_digest(open_checkpoint(str(tmp_path / "same"))))
    assert digests[0] == digests[-1]
    assert len(set(digests)) == len(digests) - 1


def test_other_things_are_kept_by_word_and_number(results, path):
    kept = results.of(open_checkpoint(str(path)))
    kept.keep_blobs("word", {0: b"zero", 2: b"two"})
    again = results.of(open_checkpoint(str(path)))
    assert again.blobs("word", 0, 3) == {0: b"zero", 2: b"two"}
    assert again.blobs("other", 0, 3) == {}


def test_records_that_cannot_be_are_not_believed(results, path):
    checkpoint = open_checkpoint(str(path))
    kept = results.of(checkpoint)
    rows, records, _ = read(checkpoint)
    for name, value in (("argmax", 10**9), ("nan", -1), ("zeros", 10**9), ("known", 9), ("number", 9)):
        wrong = records.copy()
        wrong[name][rows == 0] = value
        kept.keep(rows, wrong)
        assert rows_of(results, path) == [1, 2]


def test_records_of_another_length_are_not_believed(results, path):
    kept = results.of(open_checkpoint(str(path)))
    kept.keep_blobs("records", {0: bytes(RECORD.itemsize * 2)})
    kept.keep_blobs("distribution", {0: b"nonsense"})
    assert rows_of(results, path) == []
    assert kept.distribution(0) is None


def test_one_checkpoint_that_is_too_much_keeps_what_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(results_module, "_BATCH", 300_000)
    save_file({f"w{i}": torch.full((1,), float(i)) for i in range(5000)}, tmp_path / "a.safetensors")
    results = Results(tmp_path / "cache", limit=2**20, share=800_000)
    checkpoint, (rows, records, _) = fill(results, tmp_path / "a.safetensors")
    kept = list(results.of(checkpoint).records())
    assert kept
    for some, told in kept:
        assert (told["known"] == FIGURES).all() and told.tobytes() == records[np.argsort(rows)][some].tobytes()
    assert (tmp_path / "cache" / "results.sqlite3").stat().st_size < 900_000
