"""Every figure is held against a float64 oracle in NumPy over all values."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

FIGURES = ("delta_l2", "relative", "cosine", "max_abs", "changed_fraction")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def spelled(value):
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity"


def oracle(a, b):
    """What IEEE arithmetic says of all values; None where a norm of zero divides."""
    x, y = (
        np.asarray(t.detach().to(torch.complex128 if t.is_complex() else torch.float64)).ravel() for t in (a, b)
    )
    with np.errstate(all="ignore"):
        norm_a, norm_b, delta = (np.sqrt((np.abs(v) ** 2).sum()) for v in (x, y, y - x))
        unequal = (x != y) & ~(np.isnan(x) & np.isnan(y))
        return {
            "l2": [norm_a, norm_b],
            "delta_l2": delta,
            "relative": None if norm_a == 0 else delta / norm_a,
            "cosine": None if 0 in (norm_a, norm_b) else np.vdot(x, y).real / (norm_a * norm_b),
            "max_abs": np.abs(y - x).max(),
            "changed_fraction": unequal.mean(),
        }


def assert_figures(entry, a, b):
    expected = oracle(a, b)
    for name in FIGURES:
        assert_equal(entry[name], expected[name])
    for told, value in zip(entry["l2"], expected["l2"]):
        assert_equal(told, value)


def assert_equal(told, value):
    value = spelled(value)
    assert told == (pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value)


def tensors(answer):
    return {entry["name"]: entry for entry in answer.json["tensors"]}


@pytest.fixture
def pair(ckptgui, save):
    """Compares two objects that torch saved."""

    def call(a, b, *words):
        return ckptgui("compare", save(a, "a.pt"), save(b, "b.pt"), "--json", *words)

    return call


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_equal_checkpoints_are_status_0(pair):
    state = {"w": random(3, 4), "n": torch.tensor([math.nan, -0.0])}
    answer = pair(state, {"w": state["w"].clone(), "n": torch.tensor([math.nan, 0.0])})
    assert (answer.status, answer.err, answer.json["identical"]) == (0, "", True)
    assert {entry["status"] for entry in answer.json["tensors"]} == {"same"}
    summary = {"matched": 2, "changed": 0, "added": 0, "removed": 0, "reshaped": 0, "retyped": 0}
    assert answer.json["summary"] == summary


CASES = {
    "ordinary": (random(5, 7), random(5, 7, seed=1)),
    "half": (random(9).half(), random(9, seed=1).half()),
    "bfloat16": (random(9).bfloat16(), random(9, seed=1).bfloat16()),
    "integers": (torch.arange(6), torch.arange(6) * 2),
    "a NaN in one": (random(4), torch.tensor([1.0, math.nan, 2.0, 3.0])),
    "an infinity in one": (random(4), torch.tensor([1.0, math.inf, 2.0, 3.0])),
    "an infinity in the first": (torch.tensor([1.0, -math.inf, 2.0]), random(3)),
    "the same infinity": (torch.tensor([1.0, math.inf]), torch.tensor([2.0, math.inf])),
    "opposite infinities": (torch.tensor([1.0, math.inf]), torch.tensor([2.0, -math.inf])),
    "from zero": (torch.zeros(3), random(3)),
    "to zero": (random(3), torch.zeros(3)),
    "complex": (random(5, 2).cfloat() * 1j, random(5, 2, seed=1).cfloat()),
    "booleans": (torch.tensor([True, False, True]), torch.tensor([True, True, True])),
    "float8": (random(9).to(torch.float8_e4m3fn), random(9, seed=1).to(torch.float8_e4m3fn)),
    "0-d": (torch.tensor(2.0), torch.tensor(3.0)),
    "permuted in memory": (random(4, 3).t().contiguous().t(), random(4, 3, seed=1)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_figure_is_that_of_an_oracle_over_all_values(pair, case):
    a, b = CASES[case]
    answer = pair({"w": a}, {"w": b})
    (entry,) = answer.json["tensors"]
    assert answer.status == 1 and entry["status"] == "changed"
    assert_figures(entry, a, b)


def test_a_tensor_that_came_went_or_took_another_form_has_its_own_norms(pair):
    a = {"gone": random(3), "shape": random(2, 3), "type": random(4), "both": random(2)}
    b = {"new": random(5), "shape": random(3, 2), "type": a["type"].half().float().half(), "both": a["both"]}
    answer = pair(a, b)
    found = tensors(answer)
    assert {name: entry["status"] for name, entry in found.items()} == {
        "gone": "removed", "new": "added", "shape": "reshaped", "type": "retyped", "both": "same",
    }  # fmt: skip
    assert answer.json["summary"] == {
        "matched": 3, "changed": 0, "added": 1, "removed": 1, "reshaped": 1, "retyped": 1,
    }  # fmt: skip
    assert found["gone"]["l2"] == [pytest.approx(a["gone"].double().norm().item()), None]
    assert found["new"]["l2"] == [None, pytest.approx(b["new"].double().norm().item())]
    assert None not in found["shape"]["l2"]
    assert all(found[name][figure] is None for name in ("gone", "new", "shape") for figure in FIGURES)
    assert_figures(found["type"], a["type"], b["type"])


@pytest.mark.filterwarnings("ignore")  # torch's own about quantization
def test_quantized_tensors_are_compared_by_the_values_that_they_stand_for(pair):
    a, b = (torch.quantize_per_tensor(random(5, 4, seed=n), 0.1 * n, 3, torch.quint8) for n in (1, 2))
    found = tensors(pair({"w": a}, {"w": b}))["w"]
    assert_figures(found, *((q.int_repr().double() - q.q_zero_point()) * q.q_scale() for q in (a, b)))


def test_tied_tensors_have_an_entry_a_name(pair):
    tied, other = random(3, 2), random(3, 2, seed=1)
    found = tensors(pair({"a": tied, "b": tied}, {"a": other, "b": other}))
    assert_figures(found["a"], tied, other)
    assert found["b"] == {**found["a"], "name": "b"}


def test_a_retyped_tensor_differs_even_where_its_values_are_equal(pair):
    answer = pair({"w": torch.ones(3)}, {"w": torch.ones(3).half()})
    assert answer.status == 1 and answer.json["tensors"][0]["changed_fraction"] == 0


def test_metadata_is_told_and_decides_nothing(pair):
    model = {"w": random(3)}
    answer = pair({"model": model, "epoch": 1, "lr": None}, {"model": model, "epoch": 8})
    assert answer.status == 0
    assert answer.json["metadata"] == [
        {"path": ["epoch"], "values": [1, 8]},
        {"path": ["lr"], "values": [None, None], "absent": [1]},
    ]


def test_wrapped_names_match_and_it_is_said_what_was_taken_off(pair):
    answer = pair({"w": random(3), "b": random(2)}, {"module.w": random(3), "module.b": random(2)})
    assert answer.status == 0 and answer.json["members"][1]["stripped"] == ["module."]


def test_checkpoints_with_nothing_in_common_are_said_to_have_none(pair):
    answer = pair({"a": random(3)}, {"b": random(3), "c": random(3)})
    assert answer.status == 1 and answer.json["summary"]["matched"] == 0
    assert any("in common" in warning for warning in answer.json["warnings"])


def test_tensors_that_seem_to_be_renamed_are_proposed_and_count_as_gone_and_new(pair, ckptgui, tmp_path):
    state = {"fc.weight": random(5, 6), "fc.bias": random(5, seed=1), "kept": random(2)}
    answer = pair(state, {name.replace("fc", "head"): tensor for name, tensor in state.items()})
    assert answer.json["summary"]["added"] == answer.json["summary"]["removed"] == 2
    assert [(each["from"], each["to"]) for each in answer.json["renamed"]] == [
        ("fc.weight", "head.weight"),
        ("fc.bias", "head.bias"),
    ]
    text = ckptgui("compare", tmp_path / "a.pt", tmp_path / "b.pt").out
    assert "fc.weight → head.weight  all values are equal" in text


def test_sections_are_compared_within_one_file(ckptgui, save):
    path = save({"model": {"w": torch.ones(2)}, "ema": {"w": torch.full((2,), 3.0)}})
    for words in ([path], [path, path]):
        answer = ckptgui("compare", *words, "--section", "model", "--section", "ema", "--json")
        assert answer.json["checkpoints"] == [str(path)] * 2
        assert answer.json["tensors"][0]["relative"] == 2.0
    assert ckptgui("compare", path, path, "--section", "ema").status == 0
    refused = ckptgui("compare", path, path, "--section", "none")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == f"ckptgui: {path}: There is no section none in it. It has: model, ema.\n"


@pytest.fixture
def run(tmp_path):
    """Five epochs of three tensors: one moves, one is frozen, one comes at epoch 4; saved out of order."""
    folder = tmp_path / "run"
    folder.mkdir()
    for epoch in (10, 2, 3, 1, 4):
        model = {"w": random(4, seed=epoch), "frozen": torch.ones(2)}
        if epoch >= 4:
            model["late"] = torch.full((3,), float(epoch))
        torch.save({"epoch": epoch, "model": model, "loss": 1 / epoch}, folder / f"epoch_{epoch}.pt")
    return folder


def test_a_folder_is_a_series_in_the_order_of_epochs_with_lists(ckptgui, run):
    answer = ckptgui("compare", run, "--json")
    assert answer.status == 1
    assert answer.json["checkpoints"] == [str(run / f"epoch_{n}.pt") for n in (1, 2, 3, 4, 10)]
    assert answer.json["identical"] == [False] * 4
    assert [each["added"] for each in answer.json["summary"]] == [0, 0, 1, 0]
    found = tensors(answer)
    assert found["frozen"]["status"] == ["same"] * 4
    assert found["late"]["status"] == [None, None, "added", "changed"]
    assert found["late"]["l2"] == [None, None, None, pytest.approx(4 * 3**0.5), pytest.approx(10 * 3**0.5)]
    assert found["late"]["relative"] == [None, None, None, pytest.approx(1.5)]
    for step, (a, b) in enumerate([(1, 2), (2, 3), (3, 4), (4, 10)]):
        expected = oracle(random(4, seed=a), random(4, seed=b))
        for name in FIGURES:
            assert_equal(found["w"][name][step], expected[name])
    assert answer.json["metadata"][0] == {"path": ["epoch"], "values": [1, 2, 3, 4, 10]}


def test_more_than_two_paths_are_put_in_order_and_two_are_not(ckptgui, run):
    paths = [run / f"epoch_{n}.pt" for n in (4, 1, 2)]
    series = ckptgui("compare", *paths, "--json").json
    assert series["checkpoints"] == [str(paths[1]), str(paths[2]), str(paths[0])]
    two = ckptgui("compare", *paths[:2], "--json").json
    assert two["checkpoints"] == [str(paths[0]), str(paths[1])] and two["summary"]["removed"] == 1


def test_a_broken_member_is_named_in_its_place_and_the_rest_goes_on(ckptgui, run):
    (run / "epoch_3.pt").write_bytes(b"PK\x03\x04 but not a checkpoint")
    answer = ckptgui("compare", run, "--json")
    assert answer.status == 2
    assert answer.err.startswith(f"ckptgui: {run / 'epoch_3.pt'}: ") and answer.err.count("\n") == 1
    assert answer.json["members"][2]["error"]
    assert any(warning.startswith(str(run / "epoch_3.pt")) for warning in answer.json["warnings"])
    assert tensors(answer)["w"]["status"] == ["changed", None, "changed", "changed"]
    assert "epoch_3.pt" in ckptgui("compare", run).out


def test_a_tensor_that_cannot_be_read_has_an_error_and_no_figures(ckptgui, save, tmp_path):
    state = {"a": random(1000), "b": random(1000)}
    whole = save(state, "whole.pt")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(whole.read_bytes()[:-3000])
    answer = ckptgui("compare", whole, cut, "--json")
    assert answer.status == 2
    assert answer.err.startswith(f"ckptgui: {cut}: ")
    lost = [entry for entry in answer.json["tensors"] if "error" in entry]
    assert lost and all(entry["status"] is None and entry["delta_l2"] is None for entry in lost)
    assert answer.json["identical"] is None


def test_sparse_tensors_stand_as_their_components_do_and_meta_ones_have_nothing_to_differ_in(pair):
    a = {"s": torch.eye(3).to_sparse(), "m": torch.ones(2, device="meta"), "t": torch.eye(3).to_sparse()}
    b = {"s": torch.eye(3).to_sparse(), "m": torch.ones(2, device="meta"), "t": (2 * torch.eye(3)).to_sparse()}
    answer = pair(a, b)
    found = tensors(answer)
    assert (found["s"]["status"], found["t"]["status"], found["m"]["status"]) == ("same", "changed", "same")
    assert answer.status == 1


def test_the_answer_of_an_empty_tensor_is_json(pair):
    (entry,) = pair({"w": torch.ones(0, 3)}, {"w": torch.ones(0, 3)}).json["tensors"]
    assert entry["status"] == "same" and entry["changed_fraction"] is None and entry["relative"] is None


@pytest.mark.parametrize(
    "words",
    [
        ["{0}"],
        ["{0}", "missing.pt"],
        ["{0}", "{0}", "--section", "a", "--section", "b", "--section", "c"],
        ["{0}", "{0}", "--force"],
        ["{0}", "{0}", "--report", "no-such-folder/out.html"],
        ["{0}", "{0}", "--report", "/"],
        [],
    ],
)
def test_trouble_is_one_line_and_status_2(ckptgui, checkpoint, words):
    answer = ckptgui("compare", *(word.format(checkpoint) for word in words))
    assert answer.status == 2 and answer.out == "" and answer.err.count("\n") == 1


def test_a_report_is_written_beside_the_answer_and_replaces_nothing_unasked(ckptgui, run, tmp_path):
    page = tmp_path / "report.html"
    answer = ckptgui("compare", run, "--report", page, "--json")
    assert answer.status == 1 and answer.json["checkpoints"]
    assert "<html" in page.read_text() and "frozen" in page.read_text()
    again = ckptgui("compare", run, "--report", page)
    assert (again.status, again.out) == (2, "")
    assert again.err == f"ckptgui: {page}: There is such a file already; --force replaces it.\n"
    page.write_text("old")
    two = [run / f"epoch_{n}.pt" for n in (1, 2)]
    assert ckptgui("compare", *two, "--report", page, "--force").status == 1
    assert "<html" in page.read_text()


def test_no_cache_writes_nothing(ckptgui, run, tmp_path):
    assert ckptgui("compare", run, "--no-cache").status == 1
    assert not (tmp_path / "cache" / "ckptgui" / "results").exists()


def test_the_text_of_two_tells_what_moved_most_and_what_came_and_went(ckptgui, save):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    a = {k: v.clone() for k, v in model.state_dict().items()}
    b = {**a, "0.weight": a["0.weight"] * 2, "1.bias": a["1.bias"] * math.nan, "new": torch.ones(2, 3)}
    del b["1.weight"]
    one, other = save({"model": a, "epoch": 1, "loss": 0.5}, "a.pt"), save({"model": b, "epoch": 2}, "b.pt")
    text = ckptgui("compare", one, other).out
    lines = text.splitlines()
    assert lines[0] == "a.pt → b.pt"
    assert lines[1].split() == ["A", "epoch", "1", "·", "loss", "0.5", str(one)]
    assert lines[3].strip() == "2 of 3 tensors changed · 1 added · 1 removed"
    moved = [line.split()[0] for line in lines[lines.index("Changed most") + 2 :][:2]]
    assert moved == ["1.bias", "0.weight"]  # what broke stands first
    assert "100 %" in text and "NaN" in text
    assert lines[lines.index("Added") + 1].split() == ["new", "2", "×", "3", "float32"]
    assert lines[lines.index("Removed") + 1].split()[0] == "1.weight"
    assert lines[lines.index("Metadata") + 1].split() == ["epoch", "1", "→", "2"]


def test_the_text_of_a_run_has_a_line_an_epoch(ckptgui, run):
    text = ckptgui("compare", run).out
    assert text.startswith("5 checkpoints, epoch_1.pt to epoch_10.pt\n")
    epochs = [line.split()[1] for line in text.splitlines() if line.startswith("  epoch ")]
    assert epochs[:5] == ["1", "2", "3", "4", "10"]
    assert "1 changed, 1 added" in text


def test_a_run_is_told_as_a_folder(ckptgui, run):
    found = ckptgui("compare", run, "--json").json["run"]
    assert found["bytes"] == sum(file.stat().st_size for file in run.iterdir())
    assert (found["counter"], found["every"], found["missing"]) == ("epoch", 1, [5, 6, 7, 8, 9])
    assert found["best"][0] == {"metric": "loss", "lower_is_better": True, "checkpoint": 4, "value": 0.1}
    assert (found["unchanging"], found["unchanging_bytes"]) == (["frozen"], 4 * 8)
    assert found["keep"]["checkpoints"] == [2, 3, 4]
    text = ckptgui("compare", run).out
    assert "epoch 10 has the lowest loss, 0.1" in text and "epoch 5, 6, 7, 8, 9" in text


def test_what_broke_a_run_is_said_in_a_sentence(ckptgui, run):
    model = torch.load(run / "epoch_10.pt")["model"]
    model["w"][1] = math.nan
    torch.save({"epoch": 10, "model": model}, run / "epoch_10.pt")
    answer = ckptgui("compare", run, "--json")
    worst = answer.json["breakages"][0]
    assert (worst["kind"], worst["checkpoint"], worst["tensors"]) == ("nan", 4, ["w"])
    text = ckptgui("compare", run).out
    assert f"What broke\n  {worst['text']}\n" in text
    assert "NaN or infinity in 1 tensor" in text


def test_a_hostile_name_is_escaped(ckptgui, save):
    a, b = {"a\x1b[31m\nb": random(2)}, {"a\x1b[31m\nb": random(2, seed=1)}
    text = ckptgui("compare", save(a, "a.pt"), save(b, "b.pt")).out
    assert "\x1b" not in text and "a\\x1b[31m\\nb" in text


def test_a_hundred_tensors_are_listed_in_part(ckptgui, save):
    a, b = ({f"layer.{n}.w": random(2, seed=n + x) for n in range(100)} for x in (0, 1000))
    text = ckptgui("compare", save(a, "a.pt"), save(b, "b.pt")).out
    assert "… and 80 more, all of them with --json." in text


def test_the_json_is_strict(pair):
    answer = pair({"w": torch.tensor([math.nan])}, {"w": torch.tensor([math.inf])})
    assert json.loads(answer.out, parse_constant=lambda name: pytest.fail(name))
