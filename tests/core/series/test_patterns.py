"""Which names are those of one run."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ckptgui.core.series.patterns import belongs, groups, likeliest, pattern_of


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


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            [f"resnet{size}_epoch_{i}.pt" for size in (18, 50) for i in range(3)],
            {"resnet18_epoch_#": 3, "resnet50_epoch_#": 3},
        ),
        ([f"seed_{seed}_{i}.pt" for seed in (0, 1) for i in (10, 20)], {"seed_0_#": 2, "seed_1_#": 2}),
        ([f"epoch_{e}_step_{s}" for e in range(3) for s in (100, 200)], {"epoch_#_step_#": 6}),
        ([f"epoch={i}-step={30 * i}" for i in range(4)], {"epoch=#-step=#": 4}),
        ([f"e{i}-val_loss={1 / (i + 1):.2f}" for i in range(9)], {"e#-val_loss=#": 9}),
        (["epoch=3-val_loss=0.25.ckpt", "epoch=3-val_loss=0.20-v1.ckpt"], {"epoch=#-val_loss=#": 2}),
        ([f"vit16_{i}" for i in range(3)], {"vit16_#": 3}),
        (["a.pt", "b1.pt", "b#.pt"], {"a": 1, "b#": 2}),
    ],
)
def test_a_number_that_tells_runs_apart_is_no_counter(names, expected):
    found = groups(names)
    assert {pattern: len(each) for pattern, each in found.items()} == expected
    for pattern, each in found.items():
        assert [name for name in names if belongs(name, pattern)] == each


def test_a_new_name_belongs_to_the_run_that_it_is_called_like():
    assert belongs("resnet50_epoch_12.pt", "resnet50_epoch_#") and belongs("checkpoint-7", "checkpoint#")
    assert not belongs("resnet18_epoch_12.pt", "resnet50_epoch_#") and not belongs("epoch_x.pt", "epoch_#")


@example(["1#1", "1##"])
@given(st.lists(st.text("ae12#-_.v", min_size=1, max_size=8), unique=True, max_size=12))
def test_every_name_is_in_one_group_and_belongs_to_it(names):
    found = groups(names)
    assert sorted(name for each in found.values() for name in each) == sorted(names)
    assert all(belongs(name, pattern) for pattern, each in found.items() for name in each)
