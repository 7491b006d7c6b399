"""The proposed name says what the file holds, once."""

import dataclasses

import pytest
import torch

from ckptgui.export.naming import proposed_name
from ckptgui.export.request import ExportRequest
from ckptgui.formats.registry import open_checkpoint

STATE = {"w": torch.ones(1)}
FULL = {"model_state_dict": STATE, "epoch": 3, "loss": 0.1}


@pytest.mark.parametrize(
    ("stem", "saved", "wishes", "expected"),
    [
        ("epoch_3", FULL, {}, "model-epoch3-loss0.100-state-dict.pt"),
        ("checkpoint", FULL, {}, "model-epoch3-loss0.100-state-dict.pt"),
        ("checkpoint-1200", FULL, {}, "model-epoch3-loss0.100-state-dict.pt"),
        ("epoch=3-step=1200", FULL, {}, "model-epoch3-loss0.100-state-dict.pt"),
        ("resnet18_epoch3", FULL, {}, "resnet18-epoch3-loss0.100-state-dict.pt"),
        ("resnet_50", STATE, {}, "resnet-50-state-dict.pt"),
        ("best", STATE, {"format": "safetensors"}, "best-state-dict.safetensors"),
        ("epoch_3", FULL, {"only": "all"}, "model-epoch3-loss0.100-all.pt"),
        ("x", FULL | {"loss": 1.5e-6}, {}, "x-epoch3-loss1.50e-06-state-dict.pt"),
        ("x", FULL | {"loss": float("nan")}, {}, "x-epoch3-state-dict.pt"),
        ("x", FULL | {"ema": STATE}, {"section": ("ema",)}, "x-ema-epoch3-loss0.100-state-dict.pt"),
        ("a b\n<i>", STATE, {}, "a-b-i-state-dict.pt"),
        ("ü" * 100, STATE, {}, "ü" * 80 + "-state-dict.pt"),
    ],
)
def test_names(tmp_path, stem, saved, wishes, expected):
    path = tmp_path / f"{stem}.pt"
    torch.save(saved, path)
    assert proposed_name(open_checkpoint(str(path)), ExportRequest(**wishes)) == expected


def test_a_folders_name_keeps_its_numbers(tmp_path):
    torch.save(STATE, tmp_path / "x.pt")
    checkpoint = open_checkpoint(str(tmp_path / "x.pt"))
    for name, expected in (("Llama-3.1-8B", "Llama-3.1-8B"), ("v1.5", "v1.5"), ("checkpoint-500", "model")):
        folder = dataclasses.replace(checkpoint, path=str(tmp_path / name))
        assert proposed_name(folder, ExportRequest()) == f"{expected}-state-dict.pt"
