"""Which names are those of one run."""

import pytest

from ckptgui.core.series.patterns import groups, likeliest, pattern_of


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("epoch=3-step=120.ckpt", "epoch=#-step=#"),
        ("epoch=3-step=120-v2.ckpt", "epoch=#-step=#"),
        ("checkpoint-500", "checkpoint#"),
        ("model_12.pt", "model_#"),
        ("Model_12.pth.tar", "model_#"),
        ("iter_0001000", "iter_#"),
        ("e-0.5e-3.safetensors", "e#"),
        ("pt", "pt"),
    ],
)
def test_names_are_alike_but_for_their_numbers(name, pattern):
    assert pattern_of(name) == pattern


def test_names_that_count_come_before_models_and_what_lies_beside_them_last():
    names = [f"{word}{i}" for i in (1, 2) for word in ("data_", "epoch_", "model_", "epoch_optim_", "step_")]
    names += ["epoch_3", "final"]
    assert likeliest(groups(names)) == ["epoch_#", "step_#", "model_#", "data_#", "epoch_optim_#"]


def test_a_name_without_a_number_has_no_siblings():
    assert likeliest(groups(["last.pt", "last.ckpt", "epoch_1.pt"])) == []
