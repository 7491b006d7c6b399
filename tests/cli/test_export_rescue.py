"""What is whole of a damaged checkpoint is written on request, and what is lost is said everywhere."""

import json
import os

import pytest
import safetensors.torch
import torch


@pytest.fixture
def model():
    torch.manual_seed(0)
    return {f"blocks.{n}.weight": torch.randn(16, 8) for n in range(6)}


def aged(path):
    """Not one that may still be written."""
    os.utime(path, (1, 1))
    return path


def save_zip(model, path):
    torch.save({"model": model, "epoch": 4}, path)


def save_legacy(model, path):
    torch.save({"model": model, "epoch": 4}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("out", ["a.pt", "a.safetensors"])
@pytest.mark.parametrize("save", [save_zip, save_legacy, safetensors.torch.save_file])
def test_of_a_file_that_is_cut_what_is_whole(ckptgui, model, tmp_path, save, out):
    source, out = tmp_path / "cut.bin", tmp_path / out
    save(model, source)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 6 // 10])
    aged(source)
    refused = ckptgui("export", source, out)
    assert refused.status == 2 and not out.exists()
    assert refused.err.count("\n") == 1 and " are whole (--rescue)." in refused.err
    answer = ckptgui("export", source, out, "--rescue", "--json")
    assert answer.status == 0 and answer.err == ""
    lost = answer.json["lost"]
    load = torch.load if out.suffix == ".pt" else safetensors.torch.load_file
    loaded = load(out)
    assert loaded and lost and loaded.keys() | lost.keys() == model.keys() and not loaded.keys() & lost.keys()
    assert all(torch.equal(tensor, model[name]) for name, tensor in loaded.items())
    assert all(reason.endswith(".") and reason.count("\n") == 0 for reason in lost.values())
    told = ckptgui("info", out, "--json").json
    assert told["warnings"][0].startswith(f"A rescue had to leave {len(lost)} tensor")
    assert (told["training"]["lost"] if "training" in told else json.loads(told["metadata"]["lost"])) == lost
    lines = ckptgui("export", source, out, "--rescue", "--force").out
    name, reason = next(iter(lost.items()))
    assert f"  lost: {len(lost)} tensor" in lines and f"    {name}: {reason}" in lines


def test_of_shards_of_which_one_is_missing_the_others(ckptgui, model, tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    names = list(model)
    places = {}
    for number, part in enumerate((names[:3], names[3:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        safetensors.torch.save_file({name: model[name] for name in part}, folder / file)
        places |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    aged(folder / "model-00001-of-00002.safetensors")
    (folder / "model-00002-of-00002.safetensors").unlink()
    out = tmp_path / "one.pt"
    assert "--rescue" in ckptgui("export", folder, out).err
    found = ckptgui("export", folder, out, "--rescue", "--json").json
    assert list(torch.load(out)) == names[:3] and list(found["lost"]) == names[3:]


def test_where_nothing_is_whole_no_rescue_is_promised(ckptgui, model, tmp_path):
    source = tmp_path / "cut.safetensors"
    safetensors.torch.save_file(model, source)
    source.write_bytes(source.read_bytes()[: -16 * 8 * 4 * len(model)])
    aged(source)
    refused = ckptgui("export", source, tmp_path / "a.pt")
    assert refused.status == 2 and "--rescue" not in refused.err
    answer = ckptgui("export", source, tmp_path / "a.pt", "--rescue")
    assert answer.status == 2 and "Nothing of it is whole" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["cut.safetensors"]


def test_of_a_whole_file_nothing_is_lost(ckptgui, model, tmp_path):
    source = tmp_path / "whole.pt"
    save_zip(model, source)
    answer = ckptgui("export", source, tmp_path / "a.pt", "--rescue", "--json")
    assert answer.status == 0 and "lost" not in answer.json
    assert ckptgui("info", tmp_path / "a.pt", "--json").json["warnings"] == []


def test_a_dry_run_of_a_rescue_says_what_would_be_lost(ckptgui, model, tmp_path):
    source = tmp_path / "cut.pt"
    save_zip(model, source)
    source.write_bytes(source.read_bytes()[:2000])
    aged(source)
    answer = ckptgui("export", source, tmp_path / "a.pt", "--rescue", "--dry-run", "--json", "--dtype", "float16")
    assert (
        answer.status == 0 and answer.json["lost"] and answer.json["tensor_count"] + len(answer.json["lost"]) == 6
    )
