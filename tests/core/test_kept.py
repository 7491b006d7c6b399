"""What went along with a state dict is told again when the file is opened."""

import json

import pytest
import safetensors.torch
import torch

from ckptgui.core.kept import kept_values, with_kept
from ckptgui.core.training.provenance import provenance
from ckptgui.core.training.summary import training
from ckptgui.formats.registry import open_checkpoint

VALUES = {"epoch": 3, "loss": 0.125, "version": 7, "config": {"width": [1, 2]}}
LOST = {f"head.{n}": "The file ends at byte 12." for n in range(5)}


def state_dict(notes):
    state = torch.nn.Linear(2, 2).state_dict()
    state._metadata["training"] = notes
    return state


@pytest.fixture
def kept_pt(tmp_path):
    path = tmp_path / "kept.pt"
    torch.save(state_dict({**VALUES, "lost": LOST}), path)
    return path


@pytest.fixture
def kept_safetensors(tmp_path):
    path = tmp_path / "kept.safetensors"
    texts = {key: json.dumps(value) for key, value in {**VALUES, "lost": LOST}.items()}
    safetensors.torch.save_file(dict(state_dict({})), path, metadata={"format": "pt", **texts})
    return path


def test_a_state_dict_that_has_them_is_a_state_dict_all_the_same(kept_pt):
    loaded = torch.load(kept_pt, weights_only=True)
    torch.nn.Linear(2, 2).load_state_dict(loaded, strict=True)
    checkpoint = open_checkpoint(str(kept_pt))
    assert checkpoint.metadata == {}  # as torch.load has no such key
    assert kept_values(checkpoint) == {**VALUES, "lost": LOST}


@pytest.mark.parametrize("file", ["kept_pt", "kept_safetensors"])
def test_the_training_is_summed_up_from_them(file, request):
    checkpoint = open_checkpoint(str(request.getfixturevalue(file)))
    told = training(checkpoint)
    assert (told.epoch.value, told.loss.value) == (3, 0.125)
    assert told.hyper_parameters.value == {"width": [1, 2]}
    for found in (told.epoch, told.loss, told.hyper_parameters):  # a path leads to each
        value = with_kept(checkpoint)
        for key in found.path:
            value = value[key]
        assert value in (found.value, json.dumps(found.value))


@pytest.mark.parametrize("file", ["kept_pt", "kept_safetensors"])
def test_what_a_rescue_left_out_is_a_warning(file, request):
    checkpoint = open_checkpoint(str(request.getfixturevalue(file)))
    (warning,) = checkpoint.warnings
    assert warning.startswith(
        "A rescue had to leave 5 tensors out of this file: head.0 (The file ends at byte 12), "
    )
    assert warning.endswith(" and 2 more.")


def test_they_are_no_notes_of_a_module(kept_pt):
    checkpoint = open_checkpoint(str(kept_pt))
    assert [(told.version, told.count) for told in provenance(checkpoint).module_versions] == [(1, 1)]


@pytest.mark.parametrize("text", ["1" * 5000, "[" * 100_000, "1e999", "NaN", "", '"3', "3 apples", "null", "true"])
def test_texts_that_are_no_figures_do_no_harm(tmp_path, text):
    path = tmp_path / "odd.safetensors"
    safetensors.torch.save_file({"w": torch.ones(1)}, path, metadata={"epoch": text, "loss": text, "lost": text})
    checkpoint = open_checkpoint(str(path))
    assert training(checkpoint).epoch is None and checkpoint.warnings == ()


def test_a_module_that_somebody_does_call_so_is_listed_as_before(tmp_path):
    path = tmp_path / "odd.pt"
    torch.save(state_dict("nothing"), path)
    assert kept_values(open_checkpoint(str(path))) == {}
