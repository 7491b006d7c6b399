"""Sharded checkpoints and folders that are one, before the suite that every reader passes."""

import torch
from safetensors.torch import save_file

from tests.formats.conformance import ReaderConformance
from tests.formats.folder_files import in_order, tensors_in, write_accelerate, write_shards, write_trainer


def shards(folder, opened=None, suffix="safetensors", **options):
    files = write_shards(folder / "whole", suffix=suffix, **options)
    expected = {}
    for file in files:
        path = folder / "whole" / file
        loaded = in_order(path) if suffix == "safetensors" else torch.load(path)
        expected |= {(name,): value for name, value in loaded.items()}
    return (folder / "whole" / opened if opened else folder / "whole"), expected


def files_as_loaded(folder, names):
    expected = {}
    for name in names:
        path = folder / name
        loaded = in_order(path) if name.endswith(".safetensors") else torch.load(path, weights_only=False)
        expected |= {(name, *below): value for below, value in tensors_in(loaded).items()}
    return expected


class TestSharded(ReaderConformance):
    format = "sharded"
    cuts = 4
    flips = 8

    @classmethod
    def cases(cls):
        return {
            "indexed": shards,
            "the index opened": lambda folder: shards(folder, "model.safetensors.index.json"),
            "one shard opened": lambda folder: shards(folder, "model-00002-of-00003.safetensors"),
            "without an index": lambda folder: shards(folder, index=False),
            "pickled": lambda folder: shards(folder, suffix="bin", stem="pytorch_model"),
            "a variant": lambda folder: shards(folder, stem="diffusion_pytorch_model.fp16"),
        }

    @classmethod
    def large(cls, folder):
        write_shards(folder / "whole", {f"w{i}": torch.zeros(1 << 17) for i in range(4)}, per=1)
        return folder / "whole"


def trainer(folder):
    write_trainer(folder / "checkpoint-8")
    names = ("model.safetensors", "optimizer.pt", "rng_state.pth")
    return folder / "checkpoint-8", files_as_loaded(folder / "checkpoint-8", names)


def accelerate(folder):
    write_accelerate(folder / "state", "bin")
    names = ("pytorch_model.bin", "optimizer.bin", "random_states_0.pkl", "custom_checkpoint_0.pkl")
    return folder / "state", files_as_loaded(folder / "state", names)


def sharded_trainer(folder):
    write_trainer(folder / "checkpoint-8")
    (folder / "checkpoint-8" / "model.safetensors").unlink()
    files = write_shards(folder / "checkpoint-8")
    expected = {}
    for file in files:
        loaded = in_order(folder / "checkpoint-8" / file)
        expected |= {("model.safetensors", name): value for name, value in loaded.items()}
    rest = files_as_loaded(folder / "checkpoint-8", ("optimizer.pt", "rng_state.pth"))
    return folder / "checkpoint-8", expected | rest


class TestDirectory(ReaderConformance):
    format = "directory"
    cuts = 2
    flips = 6

    @classmethod
    def cases(cls):
        return {"trainer": trainer, "accelerate": accelerate, "sharded model": sharded_trainer}

    @classmethod
    def large(cls, folder):
        folder = folder / "checkpoint-1"
        write_trainer(folder)
        save_file({"w": torch.zeros(1 << 19)}, folder / "model.safetensors")
        torch.save({"state": {0: {"exp_avg": torch.zeros(1 << 19)}}, "param_groups": []}, folder / "optimizer.pt")
        return folder
