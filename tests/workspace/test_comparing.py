"""What is known of a pair is not read again: by digest, by place, from before, and after a stop half-way."""

import numpy as np
import pytest
import torch

from ckptgui.analysis.difference import DIFFERENCE, plausible
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace import comparing as comparing_module
from ckptgui.workspace import fingerprint, kept_pairs
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing, PairTask, ProfileTask
from ckptgui.workspace.results import Results
from tests.engine.differences import agrees, oracle

EVERYTHING = [ProfileTask(0), ProfileTask(1), PairTask(0, 1)]


@pytest.fixture(autouse=True)
def files_are_never_fresh(monkeypatch):
    monkeypatch.setattr(fingerprint, "FINE_NS", 0)
    monkeypatch.setattr(fingerprint, "COARSE_NS", 0)


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "cache")


@pytest.fixture
def pairs_read(monkeypatch):
    """How many pairs each call of the engine was given."""
    calls = []
    plain = comparing_module.compare

    def counted(a, b, rows, *more):
        calls.append(len(rows))
        return plain(a, b, rows, *more)

    monkeypatch.setattr(comparing_module, "compare", counted)
    return calls


def states():
    generator = torch.Generator().manual_seed(7)
    before = {f"w{n}": torch.randn(30, 40, generator=generator) for n in range(6)}
    before["none"], before["zero"] = torch.zeros(0), torch.zeros(5)
    before["broken"] = torch.tensor([1.0, np.nan, np.inf, -np.inf])
    after = dict(before)
    after["w1"], after["w4"] = before["w1"] + 1, before["w4"] * 2
    return before, after


@pytest.fixture
def series(tmp_path):
    for name, state in zip("ab", states()):
        torch.save(state, tmp_path / f"{name}.pt")
    return opened(tmp_path)


def opened(folder):
    paths = [str(folder / f"{name}.pt") for name in "ab"]
    return series_of([RunMember(path, 0, checkpoint=open_checkpoint(path)) for path in paths])


def read(series, pool, results=None, tasks=EVERYTHING, comparing=None):
    known = Compared(series)
    (comparing or Comparing(series, pool, results)).carry_out(tasks, known.take, Cancel())
    assert not known.failures and known.done == set(tasks)
    return known


def check(known):
    before, after = states()
    pair = known.pair(0, 1)
    assert pair.known.all()
    for name, record in zip(known.matching.names, pair.records):
        agrees(record, oracle(before[name].numpy(), after[name].numpy()))


def test_equal_tensors_are_known_by_their_digest(series, pool, pairs_read):
    check(read(series, pool))
    assert pairs_read == [3]  # the two that moved, and the one that has no bytes to tell by


def test_without_profiles_all_are_read(series, pool, pairs_read):
    check(read(series, pool, tasks=[PairTask(0, 1)]))
    assert pairs_read == [9]


def test_one_place_in_one_file_is_known_by_one_profile(series, pool, pairs_read):
    same = series_of([series.members[0], series.members[0]])
    known = read(same, pool, tasks=[ProfileTask(0), PairTask(0, 1)])
    assert pairs_read == [1]
    before = states()[0]
    for name, record in zip(known.matching.names, known.pair(0, 1).records):
        agrees(record, oracle(before[name].numpy(), before[name].numpy()))


def test_a_second_opening_reads_nothing(series, pool, results, tmp_path, pairs_read, monkeypatch):
    first = read(series, pool, results)
    monkeypatch.setattr(comparing_module, "profile", None)
    again = read(opened(tmp_path), pool, results)
    assert pairs_read == [3]
    assert again.pair(0, 1).records.tobytes() == first.pair(0, 1).records.tobytes()
    only = read(opened(tmp_path), pool, results, [PairTask(0, 1)])
    assert pairs_read == [3]
    assert only.pair(0, 1).records.tobytes() == first.pair(0, 1).records.tobytes()


def test_kept_profiles_spare_the_reading_of_equal_pairs(series, pool, results, tmp_path, pairs_read):
    read(series, pool, results, EVERYTHING[:2])
    check(read(opened(tmp_path), pool, results, [PairTask(0, 1)]))
    assert pairs_read == [3]


def test_another_file_of_the_same_name_is_another_pair(series, pool, results, tmp_path, pairs_read):
    read(series, pool, results)
    before = states()[0]
    torch.save({name: tensor + 3 for name, tensor in before.items()}, tmp_path / "a.pt")
    known = read(opened(tmp_path), pool, results)
    assert len(pairs_read) == 2
    place = known.matching.names.index("w0")
    agrees(known.pair(0, 1).records[place], oracle(before["w0"].numpy() + 3, before["w0"].numpy()))


def test_what_is_kept_is_looked_at_before_it_is_believed(series, pool, results, tmp_path, pairs_read):
    read(series, pool, results)
    a, b = (results.of(member.checkpoint) for member in series.members)
    kept = kept_pairs.KeptPair(a, b, *(member.checkpoint for member in series.members))
    rows = series.matching.rows
    wrong = np.zeros(len(rows), DIFFERENCE)
    wrong["known"], wrong["count"] = 1, -5
    kept.keep(rows, wrong)
    assert not list(kept.records(rows)) or not any(len(places) for places, _ in kept.records(rows))
    check(read(opened(tmp_path), pool, results))


def test_a_stop_half_way_loses_nothing(series, pool, pairs_read, monkeypatch):
    comparing, heard = Comparing(series, pool, None), []
    cancel = Cancel()

    def take(news):
        heard.append(news)
        if isinstance(news.task, PairTask):
            cancel.cancel()

    plain = comparing_module.compare

    def first_two(a, b, rows, pool, take, cancel, report):
        plain(a, b, rows[:2], pool, take, Cancel(), report)
        raise Cancelled

    monkeypatch.setattr(comparing_module, "compare", first_two)
    with pytest.raises(Cancelled):
        comparing.carry_out(EVERYTHING, take, cancel)
    monkeypatch.setattr(comparing_module, "compare", plain)
    seen = []
    monkeypatch.setattr(
        comparing_module, "compare", lambda a, b, rows, *more: (seen.append(len(rows)), plain(a, b, rows, *more))
    )
    check(read(series, pool, comparing=comparing))  # nothing of the first time was heard
    assert seen == [1]


def test_what_others_know_already_is_not_read(series, pool, pairs_read):
    known = read(series, pool)
    known.pair(0, 1).records[:2] = 0
    Comparing(series, pool, None, known.profiles, known.pairs).carry_out([PairTask(0, 1)], known.take, Cancel())
    check(known)
    assert pairs_read[1:] == [1]  # w1; that w0 is equal is known


def test_what_was_forgotten_is_told_again(series, pool, results):
    known = read(series, pool)
    pairs = dict(known.pairs)
    comparing = Comparing(series, pool, results, known.profiles, pairs)
    comparing.carry_out([PairTask(1, 0)], known.take, Cancel())
    pairs.clear()
    check(read(series, pool, tasks=[PairTask(0, 1)], comparing=comparing))


def test_too_many_tensors_are_not_kept(series, pool, results, tmp_path, pairs_read, monkeypatch):
    monkeypatch.setattr(kept_pairs, "MOST", 3)
    read(series, pool, results)
    read(opened(tmp_path), pool, results)
    assert pairs_read == [3, 3]


def test_a_file_that_changed_fails_its_tasks_alone(series, pool, tmp_path):
    torch.save({"w0": torch.zeros(3)}, tmp_path / "a.pt")
    known = Compared(series)
    Comparing(series, pool, None).carry_out(EVERYTHING, known.take, Cancel())
    assert set(known.failures) == {ProfileTask(0), PairTask(0, 1)} and known.done == set(EVERYTHING)


def test_what_no_pair_can_be_is_not_plausible():
    records = np.zeros(4, DIFFERENCE)
    records["known"], records["count"] = 1, 10
    records["changed"][0], records["argmax"][1], records["l2_a"][2] = 11, 10, np.nan
    assert plausible(records, np.full(4, 10)).tolist() == [False, False, False, True]
