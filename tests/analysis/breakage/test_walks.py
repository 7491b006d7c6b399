"""Tensors that walk at random: what is told of all at once, of what rests, and of what something else explains."""

import pytest
import torch

from tests.analysis.breakage.trained import broken, saved

NAMES = [f"layers.{number}.{kind}" for number in range(5) for kind in ("weight", "bias")]


def walk(*steps):
    """The first state and one a step; a step is how far each tensor goes, or a function from its name to that."""
    generator = torch.Generator().manual_seed(1)
    state = {name: torch.randn(100, generator=generator) for name in NAMES}
    states = [state]
    for step in steps:
        far = step if callable(step) else lambda name, step=step: step
        state = {name: value + far(name) * torch.randn(100, generator=generator) for name, value in state.items()}
        states.append(state)
    return states


LEAP = walk(0.01, 0.01, 0.01, 0.01, 0.5, 0.01)


def resting(name, rests):
    """Steps in which one tensor rests where ``rests`` says so."""
    return [lambda each, still=still: 0.0 if each == name and still else 0.01 for still in rests]


def test_a_leap_of_all_tensors_is_told_once_of_the_network(tmp_path):
    (found,) = broken(saved(tmp_path, LEAP))
    assert found.kind == "jump"
    assert found.text.startswith("The whole network jumped in epoch 5: its tensors moved ")
    assert len(found.tensors) == len(NAMES)


@pytest.mark.parametrize(
    "told",
    [{"rates": [1e-3] * 5 + [5e-2, 1e-3]}, {"epochs": [0, 1, 2, 3, 4, 54, 55]}],
    ids=["learning rate", "longer time"],
)
def test_a_leap_that_the_run_itself_explains_is_none(tmp_path, told):
    assert broken(saved(tmp_path, LEAP, **told)) == []


def test_steps_that_get_shorter_and_long_again_are_a_restart(tmp_path):
    assert broken(saved(tmp_path, walk(0.1, 0.03, 0.01, 0.003, 0.1, 0.03, 0.01, 0.003, 0.1))) == []


def test_a_tensor_that_is_trained_in_turns_does_not_freeze(tmp_path):
    states = walk(*resting("layers.2.weight", [0, 1, 0, 1, 0, 1, 0, 1]))
    assert broken(saved(tmp_path, states)) == []


def test_a_rest_that_ended_is_told_with_both_ends(tmp_path):
    (found,) = broken(saved(tmp_path, walk(*resting("layers.2.weight", [0, 0, 1, 1, 0, 0]))))
    assert found.text == (
        "layers.2.weight did not move from epoch 2 to epoch 4: none of its 100 values changed, "
        "while 9 other tensors moved."
    )


def test_a_run_in_which_all_stop_is_not_frozen_in_parts(tmp_path):
    assert broken(saved(tmp_path, walk(0.01, 0.01, 0.01, 0.0, 0.0))) == []


def test_steps_too_small_for_the_type_come_to_rest_without_a_word(tmp_path):
    states = [
        {name: value.bfloat16() for name, value in state.items()}
        for state in walk(0.05, 0.02, 0.01, 0.004, 0.001, 0.0003, 0.0001, 0.00003)
    ]
    assert broken(saved(tmp_path, states)) == []
