"""``ckptgui info`` on folders: one checkpoint answers, a run is refused, a piece opens the whole."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.formats.folder_files import weights, write_json, write_shards, write_trainer


@pytest.fixture
def output(tmp_path):
    """What a Trainer leaves: checkpoints, and the model at the end beside them."""
    folder = tmp_path / "output"
    for step in (4, 8, 12):
        write_trainer(folder / f"checkpoint-{step}", step, step / 4)
    shutil.copy(folder / "checkpoint-12" / "model.safetensors", folder)
    shutil.copy(folder / "checkpoint-12" / "trainer_state.json", folder)
    (folder / "training_args.bin").write_bytes((folder / "checkpoint-4" / "scheduler.pt").read_bytes())
    return folder


def test_a_trainers_folder_answers_with_sections_and_where_the_training_was(ckptgui, output):
    answer = ckptgui("info", output / "checkpoint-8", "--json", "--digest")
    assert answer.status == 0
    found = answer.json
    assert found["format"] == "directory"
    assert found["path"] == str(output / "checkpoint-8")
    assert [(section["path"], section["role"]) for section in found["sections"]] == [
        (["model.safetensors"], "model"),
        (["optimizer.pt"], "optimizer"),
        (["rng_state.pth"], "rng"),
    ]
    first = found["tensors"][0]
    assert (first["path"], first["name"], first["file"]) == (
        ["model.safetensors", "0.bias"],
        "0.bias",
        "model.safetensors",
    )
    assert found["metadata"]["trainer_state.json"]["global_step"] == 8
    assert "epoch 2 · step 8" in ckptgui("info", output / "checkpoint-8").out


def test_a_folder_of_such_folders_is_a_run(ckptgui, output):
    answer = ckptgui("info", output)
    assert answer.status == 2
    words = "It is a folder of 4 checkpoints, checkpoint-4 to model.safetensors; name one of them."
    assert answer.err == f"ckptgui: {output}: {words}\n"


def test_a_folder_with_one_checkpoint_in_a_folder_is_that_checkpoint(ckptgui, tmp_path):
    write_trainer(tmp_path / "output" / "checkpoint-8")
    (tmp_path / "output" / "runs").mkdir()
    assert ckptgui("info", tmp_path / "output", "--json").json["format"] == "directory"


def test_one_shard_opens_the_whole(ckptgui, tmp_path):
    files = write_shards(tmp_path)
    for name in (files[1], "model.safetensors.index.json", ""):
        answer = ckptgui("info", tmp_path / name, "--json").json
        assert (answer["format"], answer["tensor_count"]) == ("sharded", 5)
        assert answer["bytes"] == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_a_missing_shard_lists_its_tensors_with_the_reason_and_status_2(ckptgui, tmp_path):
    files = write_shards(tmp_path)
    (tmp_path / files[1]).unlink()
    for file in tmp_path.iterdir():
        os.utime(file, (1e9, 1e9))
    answer = ckptgui("info", tmp_path, "--json", "--digest", "--stats")
    assert answer.status == 2
    lost = [tensor for tensor in answer.json["tensors"] if "error" in tensor]
    assert [tensor["name"] for tensor in lost] == ["layers.0.bias", "layers.1.weight"]
    assert all(tensor["sha256"] is None and tensor["stats"] is None for tensor in lost)
    assert f"layers.0.bias: Its shard {files[1]} is missing." in answer.json["warnings"]
    assert answer.err == f"ckptgui: {tmp_path}: layers.0.bias: Its shard {files[1]} is missing. (1 more)\n"


def test_a_lone_shard_of_several_ends_with_status_2_and_says_which_are_missing(ckptgui, tmp_path):
    files = write_shards(tmp_path, index=False)
    for file in files[1:]:
        (tmp_path / file).unlink()
    os.utime(tmp_path / files[0], (1e9, 1e9))
    answer = ckptgui("info", tmp_path / files[0], "--json")
    assert (answer.status, answer.json["tensor_count"]) == (2, 2)
    assert answer.err.endswith(f": 2 of 3 shards are missing: {files[1]}, {files[2]}.\n")


def test_a_damaged_member_costs_status_2_and_nothing_else(ckptgui, output):
    (output / "checkpoint-8" / "optimizer.pt").write_bytes(b"nothing")
    os.utime(output / "checkpoint-8" / "optimizer.pt", (1e9, 1e9))
    answer = ckptgui("info", output / "checkpoint-8", "--json")
    assert answer.status == 2
    assert [section["path"] for section in answer.json["sections"]] == [["model.safetensors"], ["rng_state.pth"]]
    assert answer.err.startswith(f"ckptgui: {output / 'checkpoint-8'}: optimizer.pt: ")


def test_an_array_within_a_pickle_is_in_that_pickles_file(ckptgui, tmp_path):
    save_file(weights(), tmp_path / "model.safetensors")
    torch.save({"numpy": np.arange(4)}, tmp_path / "rng_state.pth")
    tensors = ckptgui("info", tmp_path, "--json").json["tensors"]
    assert {tensor["file"] for tensor in tensors} == {"model.safetensors", "rng_state.pth"}


def test_figures_that_json_lacks_are_words_in_the_answer(ckptgui, tmp_path):
    save_file(weights(), tmp_path / "model.safetensors")
    (tmp_path / "trainer_state.json").write_text('{"loss": NaN, "best": -Infinity, "far": 1e999}')
    write_json(tmp_path / "config.json", {"a": [1, 2]})
    metadata = ckptgui("info", tmp_path, "--json").json["metadata"]
    assert metadata["trainer_state.json"] == {"loss": "NaN", "best": "-Infinity", "far": "Infinity"}
    assert json.dumps(metadata, allow_nan=False)


def test_export_takes_the_model_of_a_folder(ckptgui, output, tmp_path):
    assert ckptgui("export", output / "checkpoint-8", tmp_path / "out.pt").status == 0
    exported = torch.load(tmp_path / "out.pt")
    assert list(exported) == ["0.bias", "0.weight", "1.bias", "1.weight"]
