"""``info --stats`` says the same with kept results and without, and reads nothing twice."""

import os

import pytest
import torch

from ckptgui.cli import reading as reading_module
from ckptgui.engine.profile import profile
from ckptgui.errors import ChangedOnDiskError
from ckptgui.workspace import fingerprint
from ckptgui.workspace.results import results_folder


@pytest.fixture(autouse=True)
def files_are_never_fresh(monkeypatch):
    monkeypatch.setattr(fingerprint, "FINE_NS", 0)
    monkeypatch.setattr(fingerprint, "COARSE_NS", 0)


@pytest.fixture
def rows_read(monkeypatch):
    """The rows that the engine was asked for."""
    asked = []

    def watched(checkpoint, rows, *others):
        asked.extend(list(rows))
        profile(checkpoint, rows, *others)

    monkeypatch.setattr(reading_module, "profile", watched)
    return asked


@pytest.fixture
def everything(save):
    torch.manual_seed(3)
    shared = torch.randn(40, 40)
    odd = torch.randn(300)
    odd[[3, 7]] = torch.tensor([float("nan"), float("-inf")])
    return save(
        {
            "large": torch.randn(300, 301) * 0.02,
            "large64": torch.randn(70_000, dtype=torch.float64) * 1e200,
            "half": torch.randn(300, 300).half(),
            "brain": torch.randn(300, 300).bfloat16(),
            "odd": odd,
            "nan": torch.full((4,), float("nan")),
            "huge": torch.full((3,), 1.7e308, dtype=torch.float64),
            "unsigned": torch.tensor([0, 2**64 - 1], dtype=torch.uint64),
            "signed": torch.tensor([-(2**63), 2**63 - 1]),
            "many": torch.arange(-40_000, 40_000),
            "flags": torch.tensor([True, False]),
            "complex": torch.randn(5, 2, dtype=torch.complex64),
            "a": shared,
            "b": shared.T,
            "scalar": torch.tensor(2.5),
            "empty": torch.zeros(0, 3),
            "meta": torch.zeros(2, device="meta"),
            "sparse": torch.eye(3).to_sparse(),
            "expanded": torch.ones(3).expand(100, 3),
        }
    )


@pytest.mark.parametrize("flags", [(), ("--exact",), ("--digest",)])
def test_with_and_without_kept_results_the_answer_is_the_same_to_the_byte(ckptgui, everything, rows_read, flags):
    words = ("info", everything, "--json", "--stats", *flags)
    without = ckptgui(*words, "--no-cache")
    assert not results_folder().exists()
    cold = ckptgui(*words)
    some = len(rows_read)
    warm = ckptgui(*words)
    assert len(rows_read) == some > 0
    assert without == cold == warm and cold.status == 0


def test_exact_figures_of_before_do_not_leak_into_an_answer_without(ckptgui, everything):
    words = ("info", everything, "--json", "--stats")
    loose = ckptgui(*words)
    exact = ckptgui(*words, "--exact")
    assert exact != loose == ckptgui(*words)
    assert ckptgui(*words, "--exact") == exact


def test_the_text_is_the_same_too(ckptgui, everything):
    words = ("info", everything, "--stats")
    without = ckptgui(*words, "--no-cache")
    assert without == ckptgui(*words) == ckptgui(*words)


def test_no_cache_neither_reads_nor_writes(ckptgui, everything, rows_read):
    ckptgui("info", everything, "--json", "--stats")
    before = (results_folder() / "results.sqlite3").read_bytes()
    rows_read.clear()
    ckptgui("info", everything, "--json", "--stats", "--no-cache")
    assert rows_read
    assert (results_folder() / "results.sqlite3").read_bytes() == before


def test_without_stats_nothing_is_kept(ckptgui, everything):
    ckptgui("info", everything, "--json", "--digest")
    assert not results_folder().exists()


def test_tensors_that_failed_are_tried_again(ckptgui, save, rows_read):
    path = save({"first": torch.ones(1000), "second": torch.ones(50_000)})
    path.write_bytes(path.read_bytes()[:100_000])
    cold = ckptgui("info", path, "--json", "--stats")
    warm = ckptgui("info", path, "--json", "--stats")
    assert cold == warm and cold.status == 2
    assert [bool(t["stats"]) for t in warm.json["tensors"]] == [True, False]


def test_what_cannot_be_kept_costs_nothing_but_time(ckptgui, everything):
    without = ckptgui("info", everything, "--json", "--stats", "--no-cache")
    results_folder().parent.mkdir(parents=True)
    results_folder().write_text("not a folder")
    assert ckptgui("info", everything, "--json", "--stats") == without


def test_a_damaged_cache_is_made_anew(ckptgui, everything, rows_read):
    first = ckptgui("info", everything, "--json", "--stats")
    (results_folder() / "results.sqlite3").write_bytes(b"rubbish")
    assert ckptgui("info", everything, "--json", "--stats") == first
    rows_read.clear()
    assert ckptgui("info", everything, "--json", "--stats") == first and not rows_read


def test_what_was_read_before_an_interrupt_is_kept(ckptgui, everything, monkeypatch, rows_read):
    whole = ckptgui("info", everything, "--json", "--stats", "--no-cache")

    def interrupted(checkpoint, rows, *others):
        profile(checkpoint, rows[:5], *others)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reading_module, "profile", interrupted)
        assert ckptgui("info", everything, "--json", "--stats").status == 130
    rows_read.clear()
    assert ckptgui("info", everything, "--json", "--stats") == whole
    assert len(rows_read) == whole.json["tensor_count"] - 5


def test_a_file_that_changes_while_it_is_read_is_trouble_and_not_kept(ckptgui, save, monkeypatch):
    path = save({"a": torch.ones(5), "b": torch.ones(5)})

    def changing(checkpoint, rows, *others):
        profile(checkpoint, rows[:1], *others)
        os.utime(path)
        raise ChangedOnDiskError("The file changed on disk after it was opened.")

    monkeypatch.setattr(reading_module, "profile", changing)
    answer = ckptgui("info", path, "--json", "--stats")
    assert answer.status == 2 and answer.err.count("\n") == 1
    assert [t.get("error") for t in answer.json["tensors"]] == [
        None,
        "The file changed on disk after it was opened.",
    ]
    monkeypatch.undo()
    assert ckptgui("info", path, "--json", "--stats").status == 0


def test_figures_that_say_where_and_how_large(ckptgui, save):
    values = torch.tensor([[1.0, -2.0], [float("nan"), 4.0]])
    (told,) = ckptgui("info", save({"w": values}), "--json", "--stats").json["tensors"]
    stats = told["stats"]
    assert (stats["argmin"], stats["argmax"], stats["first_nan"]) == ([0, 1], [1, 1], [1, 0])
    assert stats["l1"] == pytest.approx(7.0, rel=1e-12)
    (told,) = ckptgui("info", save(torch.tensor(3)), "--json", "--stats").json["tensors"]
    assert (told["stats"]["argmin"], told["stats"]["first_nan"]) == ([], None)
