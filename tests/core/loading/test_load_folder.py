"""Snippets for checkpoints of several files, run with the real libraries."""

import argparse

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.core.loading.how_to_load import load_snippet
from ckptgui.formats.registry import open_checkpoint
from tests.core.loading.test_loading import run, same
from tests.formats.dcp_files import quiet, save
from tests.formats.folder_files import trained, weights, write_accelerate, write_json, write_shards, write_trainer


def code_of(path):
    return load_snippet(open_checkpoint(str(path)))


class Bag(torch.nn.Module):
    """Takes any state dict, so that a test can see what came."""

    def load_state_dict(self, state, strict=True):
        self.state = dict(state)


@pytest.mark.parametrize(
    ("per", "suffix"), [(2, "safetensors"), (1, "safetensors"), (2, "bin"), (1, "bin"), (9, "bin")]
)
def test_shards_are_put_together(tmp_path, per, suffix):
    state = weights(layers=4)
    write_shards(tmp_path / "m", state, per=per, suffix=suffix, stem="model")
    loaded = run(code_of(tmp_path / "m"), model=Bag()).model.state
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_many_shards_are_a_loop_over_their_numbers(tmp_path):
    write_shards(tmp_path / "m", per=1, state=weights(layers=4))
    code = code_of(tmp_path / "m")
    assert "for number in range(1, 10):" in code
    assert 'shard = f"model-{number:05d}-of-00009.safetensors"' in code


def test_prefixes_of_wrappers_come_off_sharded_weights(tmp_path):
    write_shards(tmp_path / "m", {f"module.{name}": value for name, value in weights().items()})
    assert run(code_of(tmp_path / "m"), model=Bag()).model.state.keys() == weights().keys()


def test_a_trainers_folder_restores_model_optimizer_and_scheduler(tmp_path):
    model, optimizer, _ = write_trainer(tmp_path / "checkpoint-8", seed=3)
    fresh, fresh_optimizer, fresh_scheduler = trained(seed=9, steps=0)
    code = code_of(tmp_path / "checkpoint-8")
    found = run(code, model=fresh, optimizer=fresh_optimizer, scheduler=fresh_scheduler)
    assert same(found.model, model)
    assert not found.model.training
    assert fresh_scheduler.last_epoch == 1
    assert torch.equal(
        fresh_optimizer.state_dict()["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"]
    )
    assert torch.equal(found.rng_state["cpu"].new_tensor(1), torch.tensor(1, dtype=torch.uint8))


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_accelerates_state_is_restored(tmp_path, suffix):
    write_accelerate(tmp_path / "state", suffix)
    model, optimizer, scheduler = trained(seed=9, steps=0)
    found = run(code_of(tmp_path / "state"), model=model, optimizer=optimizer, scheduler=scheduler)
    assert same(model, trained(1)[0])
    assert found.custom_checkpoint_0["n"] == 3


def test_an_adapter_is_left_to_its_own_library(tmp_path):
    save_file({"base_model.lora_A.weight": torch.ones(2)}, tmp_path / "adapter_model.safetensors")
    torch.save(trained()[1].state_dict(), tmp_path / "optimizer.pt")
    code = code_of(tmp_path)
    assert "peft.set_peft_model_state_dict(model, adapter_model)" in code
    assert list(run(code, optimizer=trained()[1]).adapter_model) == ["base_model.lora_A.weight"]


def test_values_beside_a_file_are_not_taken_for_what_it_holds(tmp_path):
    model, *_ = trained()
    torch.save({"model": model.state_dict()}, tmp_path / "model.pt")
    write_json(tmp_path / "trainer_state.json", {"epoch": 3, "global_step": 9})
    fresh, *_ = trained(seed=9)
    assert same(run(code_of(tmp_path / "model.pt"), model=fresh).model, model)
    assert "trainer_state" not in code_of(tmp_path)


def test_what_is_not_whole_has_no_snippet(tmp_path):
    files = write_shards(tmp_path / "m")
    (tmp_path / "m" / files[0]).unlink()
    assert code_of(tmp_path / "m") is None


def test_lightnings_folder_loads_what_is_distributed_and_what_is_not(tmp_path, monkeypatch):
    model, *_ = trained(seed=3)
    folder = tmp_path / "epoch=1.ckpt"
    save({"model": model.state_dict(), "kind": "fsdp"}, folder)
    torch.save({"epoch": 1, "global_step": 7, "hyper_parameters": {"lr": 0.1}}, folder / "meta.pt")
    monkeypatch.chdir(tmp_path)
    fresh, *_ = trained(seed=9)
    with quiet():
        found = run(code_of(folder), model=fresh)
    assert same(found.model, model)
    assert found.meta["global_step"] == 7


def test_a_pipelines_models_are_loaded_from_their_folders(tmp_path):
    write_json(tmp_path / "model_index.json", {})
    write_shards(tmp_path / "unet")
    (tmp_path / "vae").mkdir()
    save_file(weights(seed=4), tmp_path / "vae" / "diffusion_pytorch_model.safetensors")
    found = run(code_of(tmp_path), model=Bag(), model_2=Bag())
    assert torch.equal(found.model.state["embed.weight"], weights()["embed.weight"])
    assert torch.equal(found.model_2.state["embed.weight"], weights(seed=4)["embed.weight"])


def test_shards_that_a_restricted_load_refuses_are_said_to_run_code(tmp_path):
    write_shards(
        tmp_path / "m", {"w": torch.ones(1), "n": 3, "odd": torch.ones(1)}, per=1, suffix="bin", index=False
    )
    torch.save(
        {"odd": torch.ones(1), "extra": argparse.Namespace(a=1)}, tmp_path / "m" / "model-00003-of-00003.bin"
    )
    code = code_of(tmp_path / "m")
    assert "weights_only=False" in code
    assert "argparse.Namespace" in code
