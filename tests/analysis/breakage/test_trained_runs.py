"""Faults put into a training at known epochs are found there, by name; a healthy training has none."""

import pytest
import torch

from ckptgui.analysis.breakage.breakages import breakages, breakages_of
from ckptgui.analysis.breakage.history import history_of
from tests.analysis.breakage.trained import broken, read, saved, train


@pytest.fixture(scope="module")
def healthy():
    return train()


@pytest.fixture(scope="module")
def sick():
    """``blocks.0`` stops to learn with epoch 3, ``head`` is begun anew before epoch 4, ``stem.0.weight`` is shaken
    after epoch 5, and ``blocks.1.weight`` has two NaN when epoch 7 is saved.
    """

    def before(model, epoch):
        if epoch == 3:
            model.blocks[0].requires_grad_(False)
            for parameter in model.blocks[0].parameters():
                parameter.grad = None
        if epoch == 4:
            model.head.reset_parameters()

    def after(model, epoch):
        with torch.no_grad():
            if epoch == 5:
                model.stem[0].weight.add_(torch.randn_like(model.stem[0].weight))
            if epoch == 7:
                model.blocks[1].weight[3, 5] = model.blocks[1].weight[4, 0] = float("nan")

    return train(before, after)


def edited(states, epoch, edit):
    """The run with one epoch's state replaced."""
    state = {name: value.clone() for name, value in states[epoch].items()}
    edit(state)
    return [*states[:epoch], state, *states[epoch + 1 :]]


def test_a_healthy_training_yields_none(tmp_path, healthy):
    assert broken(saved(tmp_path, healthy)) == []


def test_four_faults_of_one_training_are_told_worst_first(tmp_path, sick):
    nan, reset, jump, freeze = broken(saved(tmp_path, sick))
    assert nan.text == "blocks.1.weight turned NaN in epoch 7: 2 of 4,096 values, the first at [3, 5]."
    assert (nan.kind, nan.member, nan.before) == ("nan", 7, 6)
    assert reset.text.startswith("head (2 tensors) were begun anew in epoch 4")
    assert jump.text.startswith("stem.0.weight jumped in epoch 5: it moved by ")
    assert freeze.text == (
        "blocks.0 (2 tensors) froze in epoch 3: none of their 4,160 values changed since epoch 2, "
        "while 12 other tensors moved."
    )


def test_a_tensor_has_its_own_in_the_order_of_time(tmp_path, sick):
    folder = saved(tmp_path, edited(sick, 6, lambda state: state["head.weight"].fill_(float("inf"))))
    found = read(folder)
    everything = breakages(history_of(found.series, found.profiles, found.pairs))
    head = breakages_of(everything, found.matching.names.index("head.weight"))
    assert [(each.kind, each.member) for each in head] == [("reset", 4), ("inf", 6)]
    assert breakages_of(everything, found.matching.names.index("stem.1.weight")) == []


def test_nan_all_over_is_told_after_the_tensor_in_which_it_began(tmp_path, healthy):
    states = edited(healthy, 4, lambda state: state["head.bias"].__setitem__(2, float("inf")))
    lost = [{n: v * torch.nan if v.is_floating_point() else v for n, v in state.items()} for state in states[5:]]
    first, second = broken(saved(tmp_path, [*states[:5], *lost]))[:2]
    assert first.text == "head.bias turned infinite in epoch 4: 1 of 10 values, at [2]."
    assert second.text.startswith("stem.0.weight and 12 more turned NaN in epoch 5: 13 of 14 tensors, all ")


def test_what_is_finite_again_is_told_so(tmp_path, healthy):
    first = broken(saved(tmp_path, edited(healthy, 3, lambda state: state["blocks.2.bias"].fill_(torch.nan))))[0]
    assert first.text == "blocks.2.bias turned NaN in epoch 3: all 64 values, and is finite again in epoch 4."


def test_what_never_learnt_is_no_news(tmp_path, healthy):
    frozen = {name: value for name, value in healthy[0].items() if name.startswith("blocks.0.")}
    assert broken(saved(tmp_path, [{**state, **frozen} for state in healthy])) == []


def test_values_of_an_earlier_epoch_are_recognised(tmp_path, healthy):
    back = {name: value for name, value in healthy[1].items() if name.startswith("head.")}
    first = broken(saved(tmp_path, edited(healthy, 5, lambda state: state.update(back))))[0]
    assert first.text == "head (2 tensors) were set back in epoch 5: their values are again those of epoch 1."


def test_a_checkpoint_saved_twice_sets_nothing_back(tmp_path, healthy):
    assert broken(saved(tmp_path, [*healthy, healthy[4], healthy[7], healthy[7]])) == []


def test_a_layer_of_zeros_and_an_explosion_are_told(tmp_path, healthy):
    states = edited(healthy, 7, lambda state: (state["head.weight"].zero_(), state["blocks.1.weight"].mul_(1000)))
    explosion, zero = broken(saved(tmp_path, states))
    assert explosion.text.startswith("blocks.1.weight blew up in epoch 7: its norm is ")
    assert zero.text == "head.weight became zero in epoch 7: all 640 values."


def test_an_unreadable_epoch_in_between_does_not_hide_what_happened(tmp_path, healthy):
    folder = saved(tmp_path, edited(healthy, 5, lambda state: state["head.weight"].zero_()))
    (folder / "epoch_4.pt").write_bytes(b"\x80\x02 cut off")
    found = broken(folder)
    assert found[0].text == "head.weight became zero in epoch 5: all 640 values."
    assert found[0].before == 3


def test_a_tensor_that_is_not_in_every_epoch_is_looked_at_where_it_is(tmp_path, healthy):
    states = [dict(state) for state in healthy]
    del states[3]["head.bias"], states[0]["blocks.0.weight"]
    states[6]["blocks.0.weight"] = states[6]["blocks.0.weight"].clone()
    states[6]["blocks.0.weight"][0, 0] = float("nan")
    first = broken(saved(tmp_path, states))[0]
    assert first.text == (
        "blocks.0.weight turned NaN in epoch 6: 1 of 4,096 values, at [0, 0], and is finite again in epoch 7."
    )


def test_a_run_of_which_little_is_read_says_nothing_wrong(tmp_path, healthy):
    found = read(saved(tmp_path, healthy))
    pairs = {ends: pair for ends, pair in found.pairs.items() if ends[1] in (1, 5)}
    profiles = [each if number % 3 == 0 else None for number, each in enumerate(found.profiles)]
    assert breakages(history_of(found.series, profiles, pairs)) == []
    assert breakages(history_of(found.series, [None] * 8, {})) == []


def test_nan_behind_unread_epochs_is_placed_between_what_is_known(tmp_path, healthy):
    found = read(saved(tmp_path, edited(healthy, 5, lambda state: state["head.bias"].fill_(torch.nan))))
    profiles = [each if number in (1, 5) else None for number, each in enumerate(found.profiles)]
    first = breakages(history_of(found.series, profiles, {}))[0]
    assert first.text == "head.bias turned NaN between epoch 1 and epoch 5: all 10 values."
