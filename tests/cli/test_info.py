import hashlib
import json
import math
import os
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch

TENSOR_KEYS = {
    "path", "name", "shape", "dtype", "device", "strides", "requires_grad", "bytes", "storage", "storage_offset",
    "layout", "kind", "file", "file_offset",
}  # fmt: skip
TOP_KEYS = {
    "path", "format", "bytes", "tensor_count", "parameter_count", "sections", "tensors", "metadata", "safety",
    "load", "warnings",
}  # fmt: skip
STATS_KEYS = {
    "count", "min", "max", "argmin", "argmax", "mean", "std", "nan", "first_nan", "inf", "zeros", "l1", "l2",
    "quantiles", "approximate",
}  # fmt: skip


def test_the_answer_has_the_keys_of_the_contract(ckptgui, checkpoint):
    answer = ckptgui("info", checkpoint, "--json", "--stats", "--digest")
    assert answer.status == 0 and answer.err == ""
    found = answer.json
    assert found.keys() >= TOP_KEYS | {"health"}
    assert found["path"] == str(checkpoint)
    assert found["format"] == "torch-zip"
    assert found["bytes"] == checkpoint.stat().st_size
    assert found["safety"].keys() == {"verdict", "globals"}
    for tensor in found["tensors"]:
        assert tensor.keys() == TENSOR_KEYS | {"sha256", "stats"}
        assert tensor["stats"].keys() == STATS_KEYS


def test_values_are_read_only_when_they_are_asked_for(ckptgui, checkpoint):
    for tensor in ckptgui("info", checkpoint, "--json").json["tensors"]:
        assert tensor.keys() == TENSOR_KEYS


def test_tensors_are_those_that_torch_loads(ckptgui, checkpoint):
    loaded = torch.load(checkpoint, weights_only=True)
    found = ckptgui("info", checkpoint, "--json", "--stats", "--digest").json
    listed = {tuple(tensor["path"]): tensor for tensor in found["tensors"]}
    assert found["tensor_count"] == len(listed) == 9 + 18
    for name, tensor in loaded["model_state_dict"].items():
        told = listed["model_state_dict", name]
        assert told["name"] == name
        assert told["shape"] == list(tensor.shape)
        assert told["strides"] == list(tensor.stride())
        assert told["dtype"] == str(tensor.dtype).removeprefix("torch.")
        assert told["bytes"] == tensor.nbytes
        assert told["sha256"] == hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        assert told["stats"]["mean"] == pytest.approx(tensor.double().mean().item(), abs=1e-12)
        assert told["stats"]["std"] == pytest.approx(tensor.double().std(correction=0).item(), abs=1e-12)
        exact = np.quantile(tensor.numpy().astype(np.float64), 0.5)
        assert told["stats"]["quantiles"]["0.5"] == pytest.approx(exact, rel=1e-9)
        assert told["stats"]["approximate"] == []


def test_element_0_lies_where_file_offset_says(ckptgui, checkpoint):
    for tensor in ckptgui("info", checkpoint, "--json").json["tensors"]:
        with open(checkpoint, "rb") as file:
            file.seek(tensor["file_offset"])
            raw = file.read(tensor["bytes"])
        loaded = torch.load(checkpoint, weights_only=True)
        for key in tensor["path"] if tensor["path"][0] != "optimizer_state_dict" else ():
            loaded = loaded[key]
        if isinstance(loaded, torch.Tensor):
            assert loaded.numpy().tobytes() == raw


def test_metadata_is_json_with_words_for_what_json_lacks(ckptgui, checkpoint):
    metadata = ckptgui("info", checkpoint, "--json").json["metadata"]
    assert metadata["epoch"] == 3
    assert metadata["loss"] == 0.125
    assert metadata["best"] == "Infinity"
    assert metadata["optimizer_state_dict"]["param_groups"][0]["lr"] == 0.01


def test_the_load_snippet_runs(ckptgui, checkpoint):
    source = ckptgui("info", checkpoint, "--json").json["load"]
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    names = {"model": model, "optimizer": torch.optim.Adam(model.parameters())}
    exec(source, names)
    assert names["start_epoch"] == 4


def test_sections_say_what_they_are_for(ckptgui, checkpoint):
    sections = ckptgui("info", checkpoint, "--json").json["sections"]
    assert [(s["path"], s["role"], s["tensor_count"]) for s in sections] == [
        (["model_state_dict"], "model", 9),
        (["optimizer_state_dict"], "optimizer", 18),
    ]


def test_a_bare_state_dict_is_one_section_at_the_root(ckptgui, save):
    found = ckptgui("info", save({"w": torch.ones(3)}), "--json").json
    assert [(s["path"], s["role"]) for s in found["sections"]] == [([], "model")]
    assert found["tensors"][0]["path"] == ["w"]
    assert found["parameter_count"] == 3


def test_a_tensor_at_the_root_has_an_empty_path(ckptgui, save):
    found = ckptgui("info", save(torch.arange(4)), "--json", "--stats").json
    assert found["tensors"][0]["path"] == []
    assert found["tensors"][0]["stats"]["min"] == 0
    assert isinstance(found["tensors"][0]["stats"]["min"], int)


def test_nan_and_infinity_are_counted_and_told_as_health(ckptgui, save):
    bad = torch.tensor([1.0, float("nan"), float("inf"), float("-inf"), -0.0, 3.0])
    found = ckptgui("info", save({"bad": bad, "good": torch.ones(2)}), "--json", "--stats").json
    stats = found["tensors"][0]["stats"]
    assert (stats["count"], stats["nan"], stats["inf"], stats["zeros"]) == (6, 1, 2, 1)
    assert (stats["min"], stats["max"]) == (0.0, 3.0)
    assert [(f["kind"], f["path"]) for f in found["health"]] == [("nan", ["bad"]), ("inf", ["bad"])]
    assert found["health"][0]["text"] == "1 of 6 values is NaN, at [1]."


def test_only_nan_leaves_figures_without_meaning_null(ckptgui, save):
    found = ckptgui("info", save({"bad": torch.full((3,), float("nan"))}), "--json", "--stats").json
    stats = found["tensors"][0]["stats"]
    assert stats["nan"] == 3
    assert stats["min"] is stats["max"] is stats["mean"] is stats["std"] is None
    assert set(stats["quantiles"].values()) == {None}


def test_empty_and_meta_tensors_have_no_statistics(ckptgui, save):
    path = save({"empty": torch.empty(0, 3), "meta": torch.empty(2, device="meta")})
    answer = ckptgui("info", path, "--json", "--stats", "--digest")
    assert answer.status == 0
    empty, meta = answer.json["tensors"]
    assert empty["stats"] is None and meta["stats"] is None
    assert empty["sha256"] == hashlib.sha256(b"").hexdigest()
    assert meta["sha256"] is None


def test_a_terabyte_of_values_made_of_four_bytes_is_not_read_through(ckptgui, save):
    answer = ckptgui("info", save({"w": torch.ones(1).expand(10**12), "v": torch.ones(2)}), "--json", "--stats")
    assert answer.status == 2
    wide, other = answer.json["tensors"]
    assert wide["stats"] is None
    assert "repeat 4 in the file" in wide["error"]
    assert other["stats"]["mean"] == 1.0


def test_exact_makes_quantiles_exact(ckptgui, save):
    values = torch.randn(300, 300, generator=torch.Generator().manual_seed(1))
    path = save({"w": values})
    loose = ckptgui("info", path, "--json", "--stats").json["tensors"][0]["stats"]
    exact = ckptgui("info", path, "--json", "--stats", "--exact").json["tensors"][0]["stats"]
    oracle = np.quantile(values.numpy().astype(np.float64), 0.99)
    assert loose["approximate"] == ["quantiles"]
    assert loose["quantiles"]["0.99"] == pytest.approx(oracle, rel=2**-7)
    assert exact["approximate"] == []
    assert exact["quantiles"]["0.99"] == pytest.approx(oracle, rel=1e-12)


def test_safetensors_answer_in_the_same_shape(ckptgui, tmp_path):
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file({"x.w": torch.ones(2, 3, dtype=torch.bfloat16)}, path, {"format": "pt"})
    found = ckptgui("info", path, "--json", "--digest").json
    assert found["format"] == "safetensors"
    assert found["tensors"][0]["dtype"] == "bfloat16"
    assert found["tensors"][0].keys() == TENSOR_KEYS | {"sha256"}


def test_a_buffer_that_is_not_persistent_is_marked(ckptgui, save):
    model = torch.nn.Linear(2, 2)
    model.register_buffer("cache", torch.zeros(3), persistent=False)
    found = ckptgui("info", save(model), "--json").json
    assert {t["name"]: t.get("persistent", True) for t in found["tensors"]} == {
        "weight": True,
        "bias": True,
        "cache": False,
    }
    assert {tuple(m["path"]): m["class"] for m in found["modules"]}[()].endswith("Linear")


def test_a_pickle_that_would_run_code_is_listed_and_not_run(ckptgui, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    path = tmp_path / "evil.pt"
    torch.save({"w": torch.ones(2), "evil": Evil()}, path)
    answer = ckptgui("info", path, "--json")
    assert answer.status == 0
    assert answer.json["safety"]["verdict"] == "calls"
    named = {name["name"]: name for name in answer.json["safety"]["globals"]}["posix.system"]
    assert (named["class"], named["allowed"]) == ("callable", False)
    assert named["effect"].startswith("Imports posix and calls posix.system(")
    assert ", byte " in named["where"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "zip"])
def test_what_cannot_be_read_is_one_line(ckptgui, tmp_path, kind):
    path = tmp_path / "bad\n\x1b[31m.pt"
    if kind == "empty":
        path.write_bytes(b"")
    if kind == "text":
        path.write_text("hello")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "hello")
    answer = ckptgui("info", path, "--json")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"ckptgui: {tmp_path}/bad\\n\\x1b[31m.pt: ")
    assert answer.err.count("\n") == 1 and "\x1b" not in answer.err


def test_a_cut_file_is_listed_with_a_reason_per_tensor_and_status_2(ckptgui, save, tmp_path):
    whole = save({"first": torch.ones(1000), "second": torch.ones(50_000), "third": torch.ones(9)})
    path = tmp_path / "cut.pt"
    path.write_bytes(whole.read_bytes()[:100_000])
    answer = ckptgui("info", path, "--json", "--stats", "--digest")
    assert answer.status == 2
    first, second, third = answer.json["tensors"]
    assert "error" not in first and first["stats"]["mean"] == 1.0
    for broken in (second, third):
        assert broken["error"] and broken["stats"] is None and broken["sha256"] is None
        assert any(broken["error"] in warning for warning in answer.json["warnings"])
    assert answer.err.count("\n") == 1
    assert answer.err.startswith(f"ckptgui: {path}: ") and "1 more" in answer.err


@pytest.mark.parametrize("flags", [[], ["--stats", "--digest"]])
def test_a_cut_file_as_text_says_the_same(ckptgui, save, tmp_path, flags):
    whole = save({"first": torch.ones(1000), "second": torch.ones(50_000)})
    path = tmp_path / "cut.pt"
    path.write_bytes(whole.read_bytes()[:100_000])
    answer = ckptgui("info", path, *flags)
    assert answer.status == 2
    assert "Warnings" in answer.out and "first" in answer.out
    assert answer.err.count("\n") == 1


def test_a_file_cut_within_its_list_of_tensors_is_trouble_too(ckptgui, save, tmp_path):
    whole = save({f"layer{number}.weight": torch.zeros(2) for number in range(50)})
    cut = tmp_path / "cut.pt"
    cut.write_bytes(whole.read_bytes()[:2000])
    answer = ckptgui("info", cut, "--json")
    assert answer.status == 2
    assert answer.json["warnings"]
    assert answer.err.startswith(f"ckptgui: {cut}: The file is cut short. It has 2,000 bytes")
    assert answer.err.count("\n") == 1


def test_a_run_is_refused_with_its_size_and_ends(ckptgui, tmp_path):
    for epoch in (1, 2, 10):
        torch.save({"epoch": epoch, "w": torch.ones(1)}, tmp_path / f"epoch_{epoch}.pt")
    answer = ckptgui("info", tmp_path, "--json")
    assert (answer.status, answer.out) == (2, "")
    assert "3 checkpoints" in answer.err and "epoch_1.pt to epoch_10.pt" in answer.err


def test_a_folder_of_one_checkpoint_is_that_checkpoint(ckptgui, tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "only.pt")
    assert ckptgui("info", tmp_path, "--json").json["tensor_count"] == 1


def test_an_empty_folder_is_refused(ckptgui, tmp_path):
    answer = ckptgui("info", tmp_path)
    assert answer.status == 2
    assert answer.err == f"ckptgui: {tmp_path}: The folder holds no checkpoint. It is empty.\n"


def test_the_text_has_heading_tree_training_and_how_to_load(ckptgui, checkpoint):
    text = ckptgui("info", checkpoint).out
    assert text.startswith("epoch_3.pt\n  PyTorch zip · ")
    assert "epoch 3 · loss 0.125" in text
    for title in ("Sections", "Tensors and values", "Training", "To go on with it", "Names", "How to load"):
        assert f"\n{title}\n" in text
    assert "4 × 6" in text and "float32" in text
    assert 'model.load_state_dict(checkpoint["model_state_dict"])' in text
    assert "\x1b" not in text


def test_depth_limits_the_tree(ckptgui, checkpoint):
    text = ckptgui("info", checkpoint, "--depth", "1").out
    assert "optimizer_state_dict" in text and "exp_avg" not in text


def test_names_from_the_file_are_shown_literally(ckptgui, save):
    name = "a\n\x1b[31m<b>\u202ebold"
    answer = ckptgui("info", save({name: torch.ones(1)}))
    assert "a\\n\\x1b[31m<b>\\u202ebold" in answer.out
    assert "\x1b" not in answer.out and "\u202e" not in answer.out
    assert json.loads(ckptgui("info", save({name: torch.ones(1)}), "--json").out)["tensors"][0]["name"] == name


def test_no_cache_is_accepted(ckptgui, checkpoint):
    assert ckptgui("info", checkpoint, "--no-cache").status == 0


def test_statistics_in_text_are_those_of_json(ckptgui, save):
    path = save({"w": torch.tensor([1.0, 2.0, math.nan])})
    text = ckptgui("info", path, "--stats").out
    row = next(line for line in text.splitlines() if line.split()[:1] == ["w"])
    assert row.split()[1:] == ["3", "float32", "12", "B", "1.5", "0.5", "1", "2", "1", "NaN"]
    assert "1 of 3 values is NaN, at [2]." in text


@pytest.mark.filterwarnings("ignore:torch.quantize")
@pytest.mark.parametrize("scale", [0.0, -0.5, float("nan"), float("inf"), 1e308])
def test_any_scale_of_a_quantised_tensor_is_told(ckptgui, save, scale):
    stored = torch.arange(-10, 10, dtype=torch.int8)
    path = save({"w": torch._make_per_tensor_quantized_tensor(stored, scale, 3)})
    answer = ckptgui("info", path, "--json", "--stats")
    (told,) = answer.json["tensors"]
    assert answer.status == 0
    assert told["quantization"]["scale"] == {"nan": "NaN", "inf": "Infinity"}.get(str(scale), scale)
