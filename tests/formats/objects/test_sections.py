"""What the parts of a checkpoint are for, in the layouts that common programs write."""

import argparse
import random
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from ckptgui.core.checkpoint import Role, SavedShape
from tests.formats.torch_files import save

torch.manual_seed(0)
NET = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
ADAM = torch.optim.Adam(NET.parameters())
NET(torch.ones(4, 2)).sum().backward()
ADAM.step()
SD, OPT = NET.state_dict(), ADAM.state_dict()
SCHED = torch.optim.lr_scheduler.StepLR(ADAM, 2).state_dict()
SCALER = {
    "scale": 65536.0,
    "growth_factor": 2.0,
    "backoff_factor": 0.5,
    "growth_interval": 2000,
    "_growth_tracker": 0,
}
AVERAGED = torch.optim.swa_utils.AveragedModel(NET)
RNG = torch.get_rng_state()[:8]
NUMPY = np.random.RandomState(0).get_state()
ARGS = argparse.Namespace(lr=0.1)
T = torch.ones(2)


def prefixed(prefix, state=SD):
    return OrderedDict((prefix + name, value) for name, value in state.items())


LAYOUTS = {
    "the tutorial": (
        {"epoch": 1, "model_state_dict": SD, "optimizer_state_dict": OPT, "loss": T.sum()},
        "model_state_dict=model optimizer_state_dict=optimizer loss=other",
    ),
    "timm": (
        {"epoch": 1, "arch": "net", "state_dict": SD, "optimizer": OPT, "version": 2, "args": ARGS,
         "amp_scaler": SCALER, "state_dict_ema": SD, "metric": 0.5},
        "state_dict=model optimizer=optimizer state_dict_ema=ema",
    ),
    "torchvision": (
        {"model": SD, "optimizer": OPT, "lr_scheduler": SCHED, "epoch": 1, "args": ARGS,
         "model_ema": AVERAGED.state_dict(), "scaler": SCALER},
        "model=model optimizer=optimizer model_ema=ema",
    ),
    "Lightning": (
        {"epoch": 1, "global_step": 2, "pytorch-lightning_version": "2.6", "state_dict": prefixed("net."),
         "loops": {}, "callbacks": {"ModelCheckpoint": {"best_model_score": T.sum()}}, "optimizer_states": [OPT],
         "lr_schedulers": [SCHED], "MixedPrecision": SCALER, "hyper_parameters": {"lr": 0.1}},
        "state_dict=model callbacks=other optimizer_states=optimizer",
    ),
    "fairseq": (
        {"args": ARGS, "model": SD, "criterion": None, "optimizer_history": [{"num_updates": 3}],
         "extra_state": {"epoch": 1}, "last_optimizer_state": OPT},
        "model=model last_optimizer_state=optimizer",
    ),
    "YOLOv5": (
        {"epoch": 1, "best_fitness": 0.5, "model": NET, "ema": NET, "updates": 7, "optimizer": OPT,
         "opt": {"lr": 1}},
        "model=model ema=ema optimizer=optimizer",
    ),
    "a GAN": (
        {"netG": SD, "netD": SD, "optimizerG": OPT, "optimizerD": OPT, "fixed_noise": T},
        "netG=model netD=model optimizerG=optimizer optimizerD=optimizer fixed_noise=other",
    ),
    "a GAN in tables": (
        {"models": {"g": SD, "d": SD}, "optimizers": {"g": OPT, "d": OPT}, "step": 1},
        "models/g=model models/d=model optimizers/g=optimizer optimizers/d=optimizer",
    ),
    "BasicSR": ({"params": SD, "params_ema": SD}, "params=model params_ema=ema"),
    "DeepSpeed": (
        {"module": SD, "buffer_names": [], "optimizer": None, "param_shapes": [OrderedDict(w=torch.Size([2, 2]))],
         "lr_scheduler": SCHED, "ds_config": {}, "ds_version": "0.16", "global_steps": 5},
        "module=model",
    ),
    "DeepSpeed's optimizer": (
        {"optimizer_state_dict": {"zero_stage": 2, "single_partition_of_fp32_groups": [T],
                                  "base_optimizer_state": [OPT["state"]]}, "ds_version": "0.16"},
        "optimizer_state_dict=optimizer",
    ),
    "Megatron": (
        {"args": ARGS, "checkpoint_version": 3.0, "iteration": 5,
         "model": {"language_model": {"embedding": {"word_embeddings": {"weight": T}}, "encoder": SD}},
         "optimizer": {"optimizer": OPT, "fp32_from_fp16_params": [[T]]},
         "rng_state": [{"random_rng_state": random.getstate(), "torch_rng_state": RNG}]},
        "model=model optimizer=optimizer rng_state=rng",
    ),
    "nanoGPT": (
        {"model": prefixed("_orig_mod."), "optimizer": OPT, "model_args": {}, "iter_num": 4, "config": {}},
        "model=model optimizer=optimizer",
    ),
    "mmcv": ({"meta": {"epoch": 1}, "state_dict": SD, "optimizer": OPT}, "state_dict=model optimizer=optimizer"),
    "detectron2": (
        {"model": SD, "optimizer": OPT, "scheduler": SCHED, "iteration": 3}, "model=model optimizer=optimizer"
    ),
    "reinforcement learning": (
        {"q_network": SD, "target_network": SD, "optimizer": OPT, "replay_buffer": [(T, 1, T)], "log_alpha": T},
        "q_network=model target_network=model optimizer=optimizer replay_buffer=other log_alpha=other",
    ),
    "parts with names of their own": (
        {"text_tower": SD, "image_tower": SD, "optimizer": OPT, "thresholds": {"low": T}},
        "text_tower=model image_tower=model optimizer=optimizer thresholds=other",
    ),
    "a checkpoint in a checkpoint": (
        {"checkpoint": {"model": SD, "optimizer": OPT}, "rng": {"torch": RNG}},
        "checkpoint/model=model checkpoint/optimizer=optimizer rng=rng",
    ),
    "a list": ([SD, OPT], "0=model 1=optimizer"),
    "numbered parts": ({0: SD, 1: SD}, "0=model 1=model"),
    "an average by its structure": ({"net": SD, "average": AVERAGED.state_dict()}, "net=model average=ema"),
    "a model loose among the parts": ({**SD, "optimizer": OPT, "ema": SD}, "=model optimizer=optimizer ema=ema"),
    "torch-ema": (
        {"model": SD, "ema": {"decay": 0.9, "num_updates": 1, "shadow_params": [T, T]}}, "model=model ema=ema"
    ),
    "random states of transformers": (
        {"python": random.getstate(), "numpy": NUMPY, "cpu": RNG, "cuda": [RNG]}, "=rng"
    ),
    "random states of accelerate": (
        {"step": 0, "random_state": random.getstate(), "numpy_random_seed": NUMPY, "torch_manual_seed": RNG},
        "=rng",
    ),
    "an optimizer": (OPT, "=optimizer"),
    "nested parameters": ({"params": {"dense": {"kernel": T}, "out": {"kernel": T}}}, "params=model"),
    "a list beside a tensor": ({"x": [1, 2], "w": T}, "w=other"),
    "losses beside a number": ({"epoch": 3, "loss": T.sum(), "accuracy": T.sum()}, "loss=other accuracy=other"),
    "noise beside a number": ({"seed": 3, "noise": T}, "noise=other"),
    "a loss beside a number": ({"epoch": 3, "loss": T.sum()}, "loss=other"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_parts_of_a_layout_have_their_roles(tmp_path, layout):
    obj, expected = LAYOUTS[layout]
    found = save(obj, tmp_path / "c.pt").sections
    assert " ".join(f"{'/'.join(s.path)}={s.role.value}" for s in found) == expected


BARE = {
    "plain": SD,
    "with extra state": {**SD, "0._extra_state": b"x"},
    "quantised": {"fc.scale": T.sum(), "fc.zero_point": T.sum(), "fc._packed_params.dtype": torch.qint8,
                  "fc._packed_params._packed_params": (T, None)},
    "with a number put in": {**SD, "epoch": 3},
    "of short names with a number": {"w": T, "b": T, "count": 5},
    "of one parameter": {"weight": T},
    "with int keys": {0: T, 1: T},
    "with a prefix for averages": {**prefixed("model."), **prefixed("model_ema.")},
}  # fmt: skip


@pytest.mark.parametrize("case", BARE)
def test_a_bare_state_dict_is_one_model(tmp_path, case):
    checkpoint = save(BARE[case], tmp_path / "c.pt")
    assert [(s.path, s.role) for s in checkpoint.sections] == [((), Role.MODEL)]
    assert checkpoint.saved_shape is SavedShape.STATE_DICT


def test_many_parts_of_one_kind_are_one_section(tmp_path):
    checkpoint = save({"models": {str(i): SD for i in range(40)}}, tmp_path / "c.pt")
    assert [(s.path, s.role) for s in checkpoint.sections] == [(("models",), Role.MODEL)]
