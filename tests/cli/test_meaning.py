"""``info`` says what a checkpoint is good for, where it comes from, and what its modules and names are."""

import os

import pytest
import torch
from torch import nn


@pytest.fixture
def training(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "spare": torch.ones(9)[:3]},
        tmp_path / "c.pt",
    )
    os.utime(tmp_path / "c.pt", (1.7e9, 1.7e9))
    return tmp_path / "c.pt"


def part(text, title):
    lines = text.split(f"\n{title}\n")[1].split("\n\n")[0].split("\n")
    return [line.strip() for line in lines]


def test_sections_have_shares_and_what_is_wasted_stands_below(ckptgui, training):
    lines = part(ckptgui("info", training).out, "Sections")
    assert lines[0].split() == ["model", "model", "2", "tensors", "32", "B", "22.9%"]
    assert lines[-1] == "24 bytes of 1 storage are reached by no tensor."


def test_readiness_is_a_verdict_and_a_row_for_each_need(ckptgui, training):
    lines = part(ckptgui("info", training).out, "To go on with it")
    assert lines[0].startswith("Training can go on, without a scheduler, RNG states, ")
    assert lines[2].startswith("Optimizer         yes  AdamW, 2 parameters.")
    assert lines[3].startswith(
        "Scheduler         no   No learning rate schedule was saved. The learning rate starts"
    )
    assert len(lines) == 9


def test_origin_tells_versions_and_time(ckptgui, training):
    lines = part(ckptgui("info", training).out, "Origin")
    assert lines == [
        "torch 2.7 or newer, by its records",
        "Last written 2023-11-14 22:13 UTC",
        "1 module of model of version 1",
    ]


def test_a_whole_model_lists_its_modules(ckptgui, tmp_path):
    torch.save(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), tmp_path / "m.pt")
    text = ckptgui("info", tmp_path / "m.pt").out
    assert part(text, "Modules")[1] == "0                   Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"
    assert "call eval() before inference." in part(text, "To go on with it")[-1]
    assert "makes objects of BatchNorm2d" in text
    module = ckptgui("info", tmp_path / "m.pt", "--json").json["modules"][1]
    assert (module["class"], module["training"]) == ("torch.nn.modules.conv.Conv2d", True)
    assert module["attributes"]["kernel_size"] == [3, 3]


def test_scores_of_lightning_are_read(ckptgui, tmp_path):
    key = "ModelCheckpoint{'monitor': 'val_loss', 'mode': 'min'}"
    saving = {"monitor": "val_loss", "best_model_score": torch.tensor(0.125), "best_model_path": "/runs/a.ckpt"}
    progress = {"total": {"ready": 3, "completed": 3}}
    torch.save(
        {"pytorch-lightning_version": "2.6.6", "epoch": 2, "state_dict": nn.Linear(2, 2).state_dict(),
         "callbacks": {key: saving}, "loops": {"fit_loop": {"epoch_progress": progress}}},
        tmp_path / "l.ckpt",
    )  # fmt: skip
    text = ckptgui("info", tmp_path / "l.ckpt").out
    assert "loops  3 epochs completed" in text
    assert "ModelCheckpoint  val_loss  best 0.125    /runs/a.ckpt" in text
    assert "val_loss: 0.125." in text


def test_the_json_has_readiness_and_provenance(ckptgui, training):
    found = ckptgui("info", training, "--json").json
    items = {item["need"]: item for item in found["readiness"]["items"]}
    assert items["optimizer"]["presence"] == "present" and items["optimizer"]["path"] == ["optimizer"]
    assert items["rng"]["presence"] == "absent" and items["rng"]["path"] is None and items["rng"]["cost"]
    assert found["readiness"]["reminder"] is None
    assert found["provenance"]["written"] == "2023-11-14T22:13:20+00:00"
    assert found["provenance"]["facts"] == {"torch": "2.7 or newer, by its records"}
    assert found["provenance"]["module_versions"] == [{"section": ["model"], "version": 1, "count": 1}]
    assert all(name["allowed"] for name in found["safety"]["globals"])
