"""The whole file is read in the background: shown as it goes, stopped, taken up again, known the next time."""

import os
import threading

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.core.tree.build import build_tree
from ckptgui.formats.registry import open_checkpoint
from ckptgui.gui import figures, warm
from ckptgui.gui.jobs import Background
from ckptgui.gui.pass_progress import PassProgress, Phase
from ckptgui.gui.pass_words import activity_of, outcome_of
from ckptgui.gui.summaries import Summaries
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace import fingerprint
from ckptgui.workspace.results import Results

LARGE = 1_100_000
"""Elements of a tensor whose distribution is kept."""


@pytest.fixture
def path(tmp_path):
    """Three layers; one value is NaN, one tensor is large."""
    generator = torch.Generator().manual_seed(5)
    state = {f"layers.{n}.{name}": torch.randn(64, generator=generator) for n in range(3) for name in ("w", "b")}
    state["layers.1.w"][7] = float("nan")
    state["large"] = torch.randn(LARGE, generator=generator)
    save_file(state, tmp_path / "three.safetensors")
    return tmp_path / "three.safetensors"


@pytest.fixture
def reading(qtbot, path, tmp_path, monkeypatch):
    """Makes readers of the file, one after the other or at once, with one cache; ends them all."""
    monkeypatch.setattr(fingerprint, "FINE_NS", 0)  # a file may have been written just now
    backgrounds, readers = [], []

    def make(cache=True, of=path):
        background = Background(results=Results(tmp_path / "cache") if cache else None)
        checkpoint, pool = open_checkpoint(str(of)), SourcePool()
        summaries = Summaries(checkpoint, pool, background, None, build_tree(checkpoint))
        backgrounds.append((background, pool))
        readers.append(summaries)
        return summaries

    yield make
    for summaries in readers:
        summaries.stop()
    for background, pool in backgrounds:
        assert background.shutdown(10)
        pool.close()


def read_whole(qtbot, summaries):
    with qtbot.waitSignal(summaries.finished, timeout=60_000):
        summaries.begin()
    return summaries


def row_of(summaries, name):
    return list(summaries._checkpoint.tensors.names).index(name)


def never_read(*_):
    raise AssertionError("something was read again")


def test_every_tensor_becomes_known_and_says_so_once(qtbot, reading, path):
    summaries, rows = reading(), []
    summaries.arrived.connect(lambda some: rows.extend(some.tolist()))
    read_whole(qtbot, summaries)
    assert sorted(rows) == list(range(7))
    assert summaries.progress.phase is Phase.FINISHED
    assert summaries.progress.done == summaries.progress.total == (6 * 64 + LARGE) * 4
    row = row_of(summaries, "layers.1.w")
    assert summaries.profile.statistics(row).nan == 1
    assert summaries.profile.column("nan").sum() == 1


def test_a_large_tensor_is_at_hand_whole_after_the_pass(qtbot, reading):
    summaries = read_whole(qtbot, reading())
    known = summaries.get(row_of(summaries, "large"))
    assert known.distribution.total == LARGE
    assert known.statistics.count == LARGE
    assert summaries.get(row_of(summaries, "layers.0.w")) is None  # read again in a blink when it is looked at
    with qtbot.waitSignal(summaries.ready, timeout=10_000):
        summaries.want_first(row_of(summaries, "layers.0.w"))
    assert summaries.get(row_of(summaries, "layers.0.w")).distribution.total == 64


def test_what_was_read_before_is_known_at_once(qtbot, reading, monkeypatch):
    first = read_whole(qtbot, reading())
    qtbot.waitUntil(lambda: not first._pass._lane.busy)  # it has written what it found
    monkeypatch.setattr(figures, "profile", never_read)
    again = read_whole(qtbot, reading())
    assert again.progress.remembered == again.progress.total
    assert (again.profile.records == first.profile.records).all()
    assert outcome_of(again.progress, 0) == "Figures from an earlier reading of this file"
    for node in range(2):
        found, wanted = again.spread(node), first.spread(node)
        assert (found.counts == wanted.counts).all() and (found.places == wanted.places).all()
    with qtbot.waitSignal(again.ready, timeout=10_000):
        again.want_first(row_of(again, "large"))
    assert again.get(row_of(again, "large")).distribution.total == LARGE


def test_a_pass_that_is_stopped_goes_on_where_it_was(qtbot, reading, monkeypatch):
    summaries, asked = reading(cache=False), []
    real = figures.profile

    def once(checkpoint, rows, pool, take, cancel, report):
        asked.append(tuple(rows))
        if len(asked) == 1:
            real(checkpoint, rows[:3], pool, take, cancel, report)
            while True:
                cancel.check()
        real(checkpoint, rows, pool, take, cancel, report)

    monkeypatch.setattr(figures, "profile", once)
    summaries.begin()
    qtbot.waitUntil(lambda: summaries.profile.known.sum() == 3, timeout=60_000)
    summaries.stop_pass()
    assert summaries.progress.phase is Phase.STOPPED
    assert outcome_of(summaries.progress, 0).startswith("Reading stopped at ")
    read_whole(qtbot, summaries)
    assert set(asked[0][:3]).isdisjoint(asked[1])
    assert summaries.profile.known.all()


def test_a_change_of_the_file_ends_the_pass_and_nothing_of_the_new_one_is_kept(qtbot, reading, path, monkeypatch):
    summaries = reading()
    real = figures.profile

    def meanwhile(checkpoint, rows, *rest):
        os.utime(path, (1, 1))
        real(checkpoint, rows, *rest)

    monkeypatch.setattr(figures, "profile", meanwhile)
    summaries.begin()
    qtbot.waitUntil(lambda: summaries.progress.changed, timeout=60_000)
    assert summaries.progress.phase is Phase.STOPPED
    assert not summaries.profile.known.any()
    assert outcome_of(summaries.progress, 0) == "The file changed after 0 B of 4.2 MiB were read"
    monkeypatch.undo()
    assert read_whole(qtbot, reading()).progress.remembered == 0


def test_a_tensor_that_cannot_be_read_does_not_end_the_pass_and_is_counted(qtbot, reading, tmp_path):
    torch.save({"first": torch.ones(5000), "last": torch.ones(5000)}, tmp_path / "cut.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "cut.pt").read_bytes()[:21_500])
    summaries = read_whole(qtbot, reading(of=tmp_path / "cut.pt"))
    assert summaries.profile.known.sum() == 1
    assert summaries.failures == 1
    assert outcome_of(summaries.progress, summaries.failures).endswith("; 1 tensor could not be read")


def test_a_branch_is_spread_as_its_tensors_are_together(qtbot, reading, path):
    summaries = read_whole(qtbot, reading(cache=False))
    from safetensors.numpy import load_file

    values = np.concatenate([each.ravel() for each in load_file(path).values()])
    whole = summaries.spread(0)
    assert whole.total == np.isfinite(values).sum()
    assert (whole.low, whole.high) == (np.nanmin(values), np.nanmax(values))
    assert whole.distribution().quantiles([0.5])[0] == pytest.approx(np.nanmedian(values), abs=1e-3)


def test_a_reading_of_a_moment_is_not_told_of():
    quick = PassProgress(Phase.READING, 10, 100, seconds=0.1)
    assert activity_of(quick, lambda: None) is None
    assert outcome_of(PassProgress(Phase.FINISHED, 100, 100, seconds=0.1), 0) == ""


def test_what_has_to_be_compiled_first_is_told_of_at_once():
    activity = activity_of(PassProgress(Phase.READING, 0, 100, preparing=True), lambda: None)
    assert (activity.text, activity.detail) == ("Preparing to read values", "takes a while the first time")


def test_a_reading_that_waits_for_its_loops_says_so_until_it_goes_on(qtbot, reading, monkeypatch):
    class State:
        begun = True
        ready = threading.Event()
        pictures = threading.Event()
        compiling = threading.Event()

    monkeypatch.setattr(warm, "_State", State)
    summaries = reading()
    State.compiling.set()
    summaries.begin()
    qtbot.waitUntil(lambda: summaries.progress.preparing, timeout=5_000)
    with qtbot.waitSignal(summaries.finished, timeout=10_000):
        State.ready.set()
        State.pictures.set()
    assert not summaries.progress.preparing


def test_a_long_reading_says_how_far_and_how_fast_it_is():
    gib = 2**30
    progress = PassProgress(Phase.READING, round(1.02 * gib), round(1.46 * gib), seconds=0.2671)
    assert activity_of(progress, lambda: None) is None
    progress = PassProgress(Phase.READING, round(1.02 * gib), round(1.46 * gib), seconds=0.5)
    activity = activity_of(progress, lambda: None)
    assert activity.text == "Reading values"
    assert activity.detail == "1.02 of 1.46 GiB, 2.2 GB/s"
    done = PassProgress(Phase.FINISHED, round(1.46 * gib), round(1.46 * gib), seconds=0.42)
    assert outcome_of(done, 0) == "All 1.46 GiB read in 420 ms"
    assert outcome_of(done, 2) == "1.46 GiB read in 420 ms; 2 tensors could not be read"
