"""Saved objects of classes that are not here: nothing of them is imported, all of them is told."""

import argparse
import datetime
import enum
import pathlib
import pickle
import sys
import types
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.formats.registry import open_checkpoint


@pytest.fixture
def transformers():
    """The trainer's settings as that library defines them, gone again before the file is read."""

    class IntervalStrategy(enum.Enum):
        STEPS = "steps"

    @dataclass
    class AcceleratorConfig:
        split_batches: bool = False

    @dataclass
    class TrainingArguments:
        output_dir: str = "out"
        learning_rate: float = 5e-5
        logging_strategy: IntervalStrategy = IntervalStrategy.STEPS
        label_names: list = field(default_factory=lambda: ["labels"])
        accelerator_config: AcceleratorConfig = field(default_factory=AcceleratorConfig)
        device: torch.device = field(default_factory=lambda: torch.device("cuda", 0))
        cache: pathlib.PurePosixPath = field(default_factory=lambda: pathlib.PurePosixPath("/data/cache"))
        begun: datetime.datetime = field(default_factory=lambda: datetime.datetime(2024, 5, 6, 7, 8))

    names = ("transformers", "transformers.training_args")
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    for made in (IntervalStrategy, AcceleratorConfig, TrainingArguments):
        made.__module__, made.__qualname__ = names[1], made.__name__
        setattr(sys.modules[names[1]], made.__name__, made)
    yield TrainingArguments
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_trainers_settings_open_as_what_they_say(transformers, zipped, tmp_path):
    path = tmp_path / "training_args.bin"
    torch.save(transformers(), path, _use_new_zipfile_serialization=zipped)
    for name in ("transformers", "transformers.training_args"):
        del sys.modules[name]
    checkpoint = open_checkpoint(str(path))
    assert len(checkpoint) == 0
    told = checkpoint.metadata
    assert told["__class__"] == "transformers.training_args.TrainingArguments"
    assert (told["output_dir"], told["learning_rate"], told["label_names"]) == ("out", 5e-5, ["labels"])
    assert told["logging_strategy"] == {
        "__class__": "transformers.training_args.IntervalStrategy", "__args__": ["steps"],
    }  # fmt: skip
    assert told["accelerator_config"]["split_batches"] is False
    assert told["device"] == "cuda:0"
    uses = {name.name: name.use for name in checkpoint.globals}
    assert uses["transformers.training_args.TrainingArguments"] is GlobalClass.CLASS
    assert "transformers" not in sys.modules


@pytest.mark.parametrize("protocol", range(6))
def test_a_namespace_is_told_by_its_attributes_in_every_protocol(protocol, tmp_path):
    values = argparse.Namespace(lr=0.1, sizes=(1, 2), name="run", deep=argparse.Namespace(x=None))
    (tmp_path / "args.pkl").write_bytes(pickle.dumps({"args": values, "step": np.int64(7)}, protocol))
    assert open_checkpoint(str(tmp_path / "args.pkl")).metadata == {
        "args": {
            "__class__": "argparse.Namespace", "lr": 0.1, "sizes": [1, 2], "name": "run",
            "deep": {"__class__": "argparse.Namespace", "x": None},
        },
        "step": 7,
    }  # fmt: skip


def test_tensors_in_the_attributes_of_foreign_objects_are_found(tmp_path):
    value = argparse.Namespace(weights=torch.arange(4.0), inner=argparse.Namespace(list=[np.arange(30)]))
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"args": value}))
    checkpoint = open_checkpoint(str(tmp_path / "x.pkl"))
    assert list(checkpoint) == [("args", "weights"), ("args", "inner", "list", "0")]
    assert all(info.file_offset is not None for info in checkpoint.tensors)


def test_an_accelerators_random_states_are_listed(tmp_path):
    import random

    states = {
        "step": 4, "random_state": random.getstate(), "numpy_random_seed": np.random.get_state(),
        "torch_manual_seed": torch.get_rng_state(), "torch_cuda_manual_seed": [],
    }  # fmt: skip
    torch.save(states, tmp_path / "random_states_0.pkl")
    checkpoint = open_checkpoint(str(tmp_path / "random_states_0.pkl"))
    assert list(checkpoint) == [("numpy_random_seed", "1"), ("torch_manual_seed",)]
    assert checkpoint.metadata["step"] == 4
