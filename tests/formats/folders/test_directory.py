"""Which folders are one checkpoint, what their files become, and what a damaged one costs."""

import argparse
import os
import shutil

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.core.checkpoint import Role
from ckptgui.core.training.summary import training
from ckptgui.errors import CheckpointError, UnknownFormatError
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from tests.formats.dcp_files import save
from tests.formats.folder_files import trained, weights, write_accelerate, write_json, write_shards, write_trainer

LONG_AGO = 1_000_000_000


def opened(folder):
    for file in folder.rglob("*"):
        os.utime(file, (LONG_AGO, LONG_AGO))
    return open_checkpoint(str(folder))


def sections(checkpoint):
    return {"/".join(section.path): section.role.value for section in checkpoint.sections}


def save_weights(path, value=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file({"w": torch.full((4,), value)}, path)
    else:
        torch.save({"w": torch.full((4,), value)}, path)


# one file of tensors is that file


def test_a_model_folder_with_one_file_is_that_file_with_the_json_beside_it(tmp_path):
    save_weights(tmp_path / "model.safetensors")
    write_json(tmp_path / "config.json", {"hidden_size": 4, "rope": {"theta": float("inf")}})
    write_json(tmp_path / "tokenizer.json", {"huge": 1})
    write_json(tmp_path / "vocab.json", {"a": 1})
    found = opened(tmp_path)
    assert (found.format, list(found)) == ("safetensors", [("w",)])
    assert found.path == str(tmp_path / "model.safetensors")
    assert found.metadata == {"config.json": {"hidden_size": 4, "rope": {"theta": "Infinity"}}}
    assert found.nbytes == sum(os.path.getsize(tmp_path / name) for name in ("model.safetensors", "config.json"))


def test_training_arguments_are_values_and_their_names_count(tmp_path):
    save_weights(tmp_path / "model.safetensors")
    made = b"\x80\x02ctransformers.training_args\nTrainingArguments\n)\x81"
    (tmp_path / "training_args.bin").write_bytes(made + b"}X\x02\x00\x00\x00lrG?PbM\xd2\xf1\xa9\xfcsb.")
    found = opened(tmp_path)
    assert (found.format, list(found), found.verdict) == ("safetensors", [("w",)], "classes")
    assert found.metadata["training_args.bin"]["lr"] == 0.001
    assert open_checkpoint(str(tmp_path / "model.safetensors")).verdict == "inert"


def test_any_one_checkpoint_in_a_folder_is_that_checkpoint(tmp_path):
    save_weights(tmp_path / "whatever.pth")
    (tmp_path / "notes.txt").write_text("hello")
    assert opened(tmp_path).path == str(tmp_path / "whatever.pth")


# several are sections


def test_a_trainers_folder_has_a_section_for_each_file(tmp_path):
    write_trainer(tmp_path / "checkpoint-8")
    found = opened(tmp_path / "checkpoint-8")
    assert sections(found) == {
        "model.safetensors": "model",
        "optimizer.pt": "optimizer",
        "rng_state.pth": "rng",
    }
    assert set(found.metadata) == {
        "model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "config.json", "trainer_state.json",
    }  # fmt: skip
    assert found.metadata["trainer_state.json"]["global_step"] == 8
    assert found.metadata["scheduler.pt"]["last_epoch"] == 1
    assert found.parameter_count == 4 * 3 + 4 + 4 + 1


def test_accelerates_state_has_its_objects_and_generators(tmp_path):
    write_accelerate(tmp_path / "state")
    save_weights(tmp_path / "state" / "model_1.safetensors")
    assert sections(opened(tmp_path / "state")) == {
        "model.safetensors": "model",
        "model_1.safetensors": "model",
        "optimizer.bin": "optimizer",
        "random_states_0.pkl": "rng",
        "custom_checkpoint_0.pkl": "other",
    }


def test_the_same_weights_in_a_second_format_are_no_second_model(tmp_path):
    save_weights(tmp_path / "pytorch_model.bin")
    save_weights(tmp_path / "model.safetensors")
    save_weights(tmp_path / "model.fp16.safetensors")
    found = opened(tmp_path)
    assert sections(found) == {
        "model.fp16.safetensors": "other",
        "model.safetensors": "model",
        "pytorch_model.bin": "other",
    }
    assert found.parameter_count == 4


def test_two_sets_of_shards_stand_below_their_names(tmp_path):
    write_shards(tmp_path)
    write_shards(tmp_path, {name: value.half() for name, value in weights().items()}, stem="model.fp16")
    found = opened(tmp_path)
    assert found.format == "directory"
    assert sections(found) == {"model.fp16.safetensors": "other", "model.safetensors": "model"}


def test_a_file_inside_opens_as_itself(tmp_path):
    write_trainer(tmp_path / "c")
    assert open_checkpoint(str(tmp_path / "c" / "optimizer.pt")).format == "torch-zip"


def test_a_damaged_member_is_named_and_the_rest_is_there(tmp_path):
    write_trainer(tmp_path / "c")
    (tmp_path / "c" / "optimizer.pt").write_bytes(b"no checkpoint")
    (tmp_path / "c" / "trainer_state.json").write_text("{")
    found = opened(tmp_path / "c")
    assert set(sections(found)) == {"model.safetensors", "rng_state.pth"}
    assert found.warnings[0].startswith("optimizer.pt: ")
    assert any(warning.startswith("trainer_state.json: It is not JSON") for warning in found.warnings)
    assert found.attributes["incomplete"]


def test_where_the_only_file_is_damaged_the_folder_is(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"^model\.safetensors: "):
        opened(tmp_path)


BAD_JSON = {
    "a name twice": '{"a": 1, "a": 2}',
    "very many lists": f"[{'[],' * 1_100_000}0]",
    "very deep": "[" * 2000 + "]" * 2000,
    "a number too long": '{"a": ' + "9" * 5000 + "}",
    "no text": "\xff",
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=list(BAD_JSON))
def test_json_that_readers_disagree_about_is_left_out_and_said(tmp_path, text):
    save_weights(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    found = opened(tmp_path)
    assert len(found) == 1
    assert found.warnings[0].startswith("config.json: It ")


# folders within


def test_a_pipeline_has_its_models_in_folders(tmp_path):
    write_json(tmp_path / "model_index.json", {"unet": ["diffusers", "UNet"]})
    save_weights(tmp_path / "unet" / "diffusion_pytorch_model.safetensors")
    write_json(tmp_path / "unet" / "config.json", {"sample_size": 8})
    write_shards(tmp_path / "text_encoder")
    (tmp_path / "scheduler").mkdir()
    write_json(tmp_path / "scheduler" / "scheduler_config.json", {})
    found = opened(tmp_path)
    assert sections(found) == {"text_encoder": "model", "unet": "model"}
    assert found.metadata["unet"]["config.json"] == {"sample_size": 8}


def test_deepspeeds_folder_is_a_piece_of_the_trainers(tmp_path):
    write_trainer(tmp_path / "checkpoint-8")
    zero = tmp_path / "checkpoint-8" / "global_step8"
    zero.mkdir()
    model, *_ = trained()
    torch.save({"module": model.state_dict(), "global_steps": 8}, zero / "mp_rank_00_model_states.pt")
    state = {"optimizer_state_dict": {"zero_stage": 1, "flat": torch.zeros(4)}}
    torch.save(state, zero / "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt")
    found = opened(tmp_path / "checkpoint-8")
    parts = sections(found)
    assert parts["global_step8/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"] == "optimizer"
    assert parts["global_step8/mp_rank_00_model_states.pt/module"] == "model"
    assert found.metadata["global_step8"]["mp_rank_00_model_states.pt"]["global_steps"] == 8


def test_accelerates_fsdp_has_model_and_optimizer_in_folders(tmp_path):
    write_accelerate(tmp_path / "c")
    for name in ("model.safetensors", "optimizer.bin"):
        (tmp_path / "c" / name).unlink()
    model, *_ = trained()
    save({"model": model.state_dict()}, tmp_path / "c" / "pytorch_model_fsdp_0")
    save({"optimizer": {"state": {"0.weight": {"exp_avg": torch.ones(4, 3)}}}}, tmp_path / "c" / "optimizer_0")
    assert list(sections(opened(tmp_path / "c")).items()) == [
        ("pytorch_model_fsdp_0/model", "model"),
        ("optimizer_0/optimizer", "optimizer"),
        ("random_states_0.pkl", "rng"),
        ("custom_checkpoint_0.pkl", "other"),
    ]


def test_models_in_folders_beside_a_trainings_state_are_pieces_of_it(tmp_path):
    write_accelerate(tmp_path / "c")
    (tmp_path / "c" / "model.safetensors").unlink()
    save_weights(tmp_path / "c" / "unet" / "diffusion_pytorch_model.safetensors")
    save_weights(tmp_path / "c" / "unet_ema" / "diffusion_pytorch_model.safetensors")
    (tmp_path / "c" / "logs").mkdir()
    save_weights(tmp_path / "c" / "data" / "images.pt")
    found = sections(opened(tmp_path / "c"))
    assert (found["unet"], found["unet_ema"], found["optimizer.bin"]) == ("model", "ema", "optimizer")


def test_what_lightning_keeps_beside_the_distributed_part_tells_of_the_training(tmp_path):
    model, *_ = trained()
    save({"model": model.state_dict()}, tmp_path)
    callbacks = {
        "ModelCheckpoint{'monitor': 'val'}": {"monitor": "val", "best_model_score": 0.5, "current_score": 1.0}
    }
    rest = {"epoch": 3, "global_step": 9, "hyper_parameters": {"lr": 0.1}, "callbacks": callbacks}
    torch.save(
        rest | {"lr_schedulers": [{"last_epoch": 9}], "pytorch-lightning_version": "2.5"}, tmp_path / "meta.pt"
    )
    for name in ("", ".metadata", "__0_0.distcp"):
        found = open_checkpoint(str(tmp_path / name))
        assert (found.format, next(iter(found))) == ("directory", ("model", "0.weight"))
    known = training(found)
    assert (known.epoch.value, known.step.value, known.best[1].value) == (3, 9, 0.5)
    assert known.hyper_parameters.path == ("meta.pt", "hyper_parameters")
    assert known.schedulers[0].path == ("meta.pt", "lr_schedulers", "0")
    assert open_checkpoint(str(tmp_path / "meta.pt")).format == "torch-zip"


def test_what_megatron_keeps_beside_the_distributed_part_tells_of_the_training(tmp_path):
    save({"model": trained()[0].state_dict()}, tmp_path)
    torch.save({"iteration": 1000, "args": argparse.Namespace(lr=0.1)}, tmp_path / "common.pt")
    write_json(tmp_path / "metadata.json", {"sharded_backend": "torch_dist"})
    found = opened(tmp_path)
    assert training(found).step.value == 1000
    assert found.metadata["metadata.json"] == {"sharded_backend": "torch_dist"}


def test_folders_that_lead_in_a_circle_are_read_once(tmp_path):
    write_trainer(tmp_path / "c")
    for name in ("global_step1", "global_step2", "up"):
        (tmp_path / "c" / name).symlink_to(tmp_path / "c")
    assert len(opened(tmp_path / "c").sections) == 3


def test_weights_in_one_file_and_in_shards_are_told_apart(tmp_path):
    write_shards(tmp_path)
    save_weights(tmp_path / "model.safetensors")
    assert sections(opened(tmp_path)) == {
        "model.safetensors in shards": "other",
        "model.safetensors": "model",
    }


# what is no one checkpoint


@pytest.mark.parametrize(
    "names",
    [
        ["epoch_1.pt", "epoch_2.pt"],
        ["best.pt", "last.pt"],
        ["model_1.pt", "model_2.pt"],
        ["model.pt", "epoch_1.pt"],
        ["ema.pt", "best.pt", "last.pt"],
        ["run/checkpoint-1/model.safetensors", "run/checkpoint-2/model.safetensors", "model.safetensors"],
    ],
)
def test_checkpoints_side_by_side_are_not_one(tmp_path, names):
    for name in names:
        save_weights(tmp_path / name.removeprefix("run/"))
    assert not is_checkpoint(str(tmp_path))
    with pytest.raises(UnknownFormatError, match="It is a folder, but no checkpoint of several files"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("names", "format"),
    [
        (["model.pt", "optimizer.pt"], "directory"),
        (["weights.pt", "optimizer.pt"], "directory"),
        (["model.safetensors", "value_head.pt"], "directory"),
        (["mp_rank_00/model_optim_rng.pt", "mp_rank_01/model_optim_rng.pt"], "directory"),
        (["adapter_model.safetensors"], "safetensors"),
    ],
)
def test_files_that_belong_together_are_one(tmp_path, names, format):
    for name in names:
        save_weights(tmp_path / name)
    assert opened(tmp_path).format == format


def test_a_bin_file_of_another_program_is_not_looked_for_tensors(tmp_path):
    save_weights(tmp_path / "model.safetensors")
    (tmp_path / "openvino_model.bin").write_bytes(bytes(64))
    found = opened(tmp_path)
    assert (found.format, found.warnings) == ("safetensors", ())


def test_an_empty_folder_and_one_that_is_gone_are_sentences(tmp_path):
    with pytest.raises(UnknownFormatError):
        open_checkpoint(str(tmp_path))
    write_trainer(tmp_path / "c")
    found = opened(tmp_path / "c")
    shutil.rmtree(tmp_path / "c")
    assert len(found) > 0
    with pytest.raises(CheckpointError, match="no such file or folder"):
        open_checkpoint(str(tmp_path / "c"))


def test_roles_by_names_take_precedence_over_what_a_state_looks_like(tmp_path):
    save_weights(tmp_path / "model.pt")
    save_weights(tmp_path / "ema.pt")
    save_weights(tmp_path / "scaler.pt")
    roles = {section.role for section in opened(tmp_path).sections}
    assert roles == {Role.MODEL, Role.EMA, Role.SCALER}
