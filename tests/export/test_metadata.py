"""The training's plain values go along when asked for, as they are or changed, and nothing else does."""

import argparse
import collections
import json
import math

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ckptgui.errors import ExportError
from ckptgui.export import metadata
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint

KEPT = {
    "epoch": 3,
    "loss": 0.125,
    "nan": "NaN",
    "lr": [0.1, None],
    "note": 'é "quoted"',
    "best": True,
    "hyper_parameters": {"width": 4, "deep": {"er": [1]}},
    "args": {"batch": 8},
}


class Own:
    def __init__(self):
        self.secret = 1


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "in.pt"
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    values = KEPT | {
        "nan": math.nan,
        "args": argparse.Namespace(batch=8),
        "hyper_parameters": {**KEPT["hyper_parameters"], "own": Own()},
    }
    left = {"optimizer": optimizer.state_dict(), "lr_scheduler": {"last_epoch": 3, "_last_lr": [0.1]}}
    left |= {"own": Own(), "rng": {"python": [1, 2]}, "blob": b"x" * 100}
    left["scaler"] = {"scale": 1.0, "growth_factor": 2.0, "backoff_factor": 0.5}
    torch.save({"model": model.state_dict(), **values, **left}, path)
    return open_checkpoint(str(path))


def plan(checkpoint, out="out", **wishes):
    return plan_export(checkpoint, str(out), ExportRequest(**wishes))


def test_by_default_a_state_dict_goes_alone(saved):
    assert plan(saved).metadata == {} and "loss" in plan(saved).dropped


def test_kept_are_plain_values_and_not_what_training_goes_on_from(saved):
    found = plan(saved, keep_metadata=True)
    assert found.metadata == KEPT
    assert "loss" not in found.dropped and {"optimizer", "own", "rng", "scaler", "lr_scheduler"} <= set(
        found.dropped
    )


def test_values_are_left_out_set_and_read_as_json(saved):
    edits = (
        ("loss", ""),
        ("epoch", "4"),
        ("who", "me"),
        ("tags", '["a", {"b": null}]'),
        ("odd", "NaN"),
        ("vast", "1e999"),
        ("cut", "{"),
    )
    found = plan(saved, keep_metadata=True, metadata=edits).metadata
    assert "loss" not in found
    assert {key: found[key] for key in ("epoch", "who", "tags", "odd", "vast", "cut")} == {
        "epoch": 4, "who": "me", "tags": ["a", {"b": None}], "odd": "NaN", "vast": "1e999", "cut": "{",
    }  # fmt: skip
    assert plan(saved, metadata=(("who", "me"),)).metadata == {"who": "me"}
    deep = "[" * 900 + "]" * 900
    assert plan(saved, metadata=(("deep", deep),)).metadata == {"deep": deep}
    with pytest.raises(ExportError, match="needs a name"):
        plan(saved, metadata=(("", "x"),))


def test_far_too_much_is_refused_with_its_name(saved, monkeypatch):
    monkeypatch.setattr(metadata, "MAX_TEXT", 100)
    with pytest.raises(
        ExportError, match=r"take \d+ bytes as text, 100 may go along; hyper_parameters alone takes"
    ):
        plan(saved, keep_metadata=True)


def test_in_safetensors_they_are_text(saved, tmp_path, pool):
    out = tmp_path / "out.safetensors"
    export(plan(saved, out, format="safetensors", keep_metadata=True), pool)
    with safe_open(out, "pt") as file:
        told = file.metadata()
    assert told.pop("format") == "pt" and told["note"] == KEPT["note"] and told["epoch"] == "3"
    assert {key: value if key in ("note", "nan") else json.loads(value) for key, value in told.items()} == KEPT


def test_in_a_pt_they_are_beside_the_modules_versions(saved, tmp_path, pool):
    out = tmp_path / "out.pt"
    export(plan(saved, out, keep_metadata=True, metadata=(("huge", str(2**3000)),)), pool)
    loaded = torch.load(out, weights_only=True)
    assert type(loaded) is collections.OrderedDict and list(loaded) == ["weight", "bias"]
    assert loaded._metadata["training"] == KEPT | {"huge": hex(2**3000)}
    assert loaded._metadata[""] == {"version": 1}
    torch.nn.Linear(2, 2).load_state_dict(loaded, strict=True)
    again = plan(open_checkpoint(str(out)), tmp_path / "again.pt", keep_metadata=True)
    assert again.metadata == KEPT | {"huge": hex(2**3000)}


def test_those_of_a_safetensors_file_are_kept_too(tmp_path):
    path = tmp_path / "in.safetensors"
    save_file({"w": torch.ones(1)}, path, {"format": "pt", "epoch": "3"})
    assert plan(open_checkpoint(str(path)), format="safetensors", keep_metadata=True).metadata["epoch"] == 3


def test_everything_keeps_its_values_unless_they_are_to_stay(saved, tmp_path, pool):
    def loaded(**wishes):
        result = export(plan(saved, tmp_path / "all.pt", only="all", force=True, **wishes), pool)
        return torch.load(tmp_path / "all.pt", weights_only=True), result

    value, _ = loaded()
    assert value["epoch"] == 3 and value["lr_scheduler"]["last_epoch"] == 3 and "own" not in value
    value, result = loaded(metadata=(("loss", ""), ("epoch", "4"), ("who", "me")))
    assert "loss" not in value and value["epoch"] == 4 and value["who"] == "me" and "loss" in result.dropped
    value, _ = loaded(keep_metadata=False)
    assert not value.keys() & KEPT.keys() and {"model", "optimizer", "lr_scheduler"} <= value.keys()
    with pytest.raises(ExportError, match="model holds tensors and is no plain value"):
        loaded(metadata=(("model", ""),))
