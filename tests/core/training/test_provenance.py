"""Versions where they are saved, a guess at the writer that is told as one, and when it was."""

import json
import os
from datetime import UTC, datetime

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ckptgui.core.training.provenance import Fact, ModuleVersion, provenance
from ckptgui.formats.registry import open_checkpoint
from tests.formats.dcp_files import save

SD = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).state_dict()


def opened(tmp_path, obj):
    torch.save(obj, tmp_path / "c.pt")
    os.utime(tmp_path / "c.pt", (1.7e9, 1.7e9))
    return open_checkpoint(str(tmp_path / "c.pt"))


@pytest.mark.parametrize(
    ("more", "writer", "fact"),
    [
        ({"pytorch-lightning_version": "2.6.6"}, "Lightning", ("Lightning", "2.6.6")),
        ({"ds_version": "0.16.4", "module": SD}, "DeepSpeed", ("DeepSpeed", "0.16.4")),
        ({"checkpoint_version": 3.0, "args": {}}, "Megatron-LM", ("Megatron checkpoint", "3.0")),
        ({"meta": {"mmcv_version": "1.7"}, "state_dict": SD}, "OpenMMLab's mmcv or mmengine", ("mmcv", "1.7")),
        ({"arch": "vit", "state_dict": SD, "version": 2}, "timm", ("model name", "vit")),
        ({"train_args": {}, "date": "d", "version": "8.3"}, "ultralytics", ("ultralytics", "8.3")),
        ({"torch_version": "2.4.0"}, "", ("torch", "2.4.0")),
        ({"a": 1}, "", ("torch", "2.7 or newer, by its records")),
    ],
)
def test_versions_and_the_writer_are_told(tmp_path, more, writer, fact):
    found = provenance(opened(tmp_path, {"model": SD, **more}))
    assert found.writer == writer
    assert fact in [(f.name, f.value) for f in found.facts]
    assert bool(writer) == found.sentence.startswith(f"Probably written by {writer} (")
    assert found.written == datetime.fromtimestamp(1.7e9, UTC)


def test_versions_of_modules_are_counted(tmp_path):
    found = provenance(opened(tmp_path, {"model": SD}))
    assert found.module_versions == (
        ModuleVersion(("model",), 1, 2, ""),
        ModuleVersion(("model",), 2, 1, "1"),
    )


def test_odd_values_are_no_versions(tmp_path):
    obj = {"torch_version": {"a": 1}, "ds_version": None, "version": 2, "arch": "\x1b[31m" + "x" * 500}
    found = provenance(opened(tmp_path, obj))
    assert [f for f in found.facts if f.name != "torch"] == [Fact("model name", found.facts[0].value, ("arch",))]
    assert "\x1b" not in found.sentence and len(found.facts[0].value) == 80


@pytest.mark.parametrize("file", ["config.json", "model_index.json"])
def test_a_folder_of_diffusers_is_told_from_one_of_transformers(tmp_path, file):
    save_file({"w": torch.ones(2)}, tmp_path / "diffusion_pytorch_model.safetensors")
    (tmp_path / file).write_text(json.dumps({"_class_name": "UNet", "_diffusers_version": "0.31.0"}))
    found = provenance(open_checkpoint(str(tmp_path)))
    assert (found.writer, found.because) == ("save_pretrained of diffusers", f"its {file} has _diffusers_version")
    assert Fact("diffusers", "0.31.0", (file, "_diffusers_version")) in found.facts


def test_a_folder_of_lightning_tells_its_version(tmp_path):
    save({"model": SD}, tmp_path)
    torch.save({"epoch": 3, "pytorch-lightning_version": "2.5.1"}, tmp_path / "meta.pt")
    found = provenance(open_checkpoint(str(tmp_path)))
    assert found.writer == "Lightning"
    assert Fact("Lightning", "2.5.1", ("meta.pt", "pytorch-lightning_version")) in found.facts
