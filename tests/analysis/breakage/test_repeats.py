"""What a run stores again: tensors that never change, checkpoints that are equal."""

import torch

from ckptgui.analysis.breakage.history import history_of
from ckptgui.analysis.breakage.repeats import equal_members, unchanging
from tests.analysis.breakage.trained import read, saved


def run(folder):
    states = [
        {"w": torch.full((8,), float(n)), "buffer": torch.arange(16.0), "same": torch.ones(4)} for n in range(4)
    ]
    states[2]["same"] = torch.zeros(4)
    found = read(saved(folder, [*states, states[1]]))
    return found, history_of(found.series, found.profiles, found.pairs)


def test_tensors_that_never_change_are_counted_with_the_bytes_of_all_but_the_first(tmp_path):
    found, history = run(tmp_path)
    same = unchanging(history)
    assert [found.matching.names[tensor] for tensor in same.tensors] == ["buffer"]
    assert (same.nbytes, same.looked_at) == (4 * 64, 3)


def test_a_checkpoint_that_equals_an_earlier_one_is_told(tmp_path):
    assert equal_members(run(tmp_path)[1]) == ((4, 1),)


def test_nothing_is_claimed_of_what_was_not_read(tmp_path):
    found, _ = run(tmp_path)
    history = history_of(found.series, [None] * 5, {})
    assert unchanging(history).looked_at == 0
    assert equal_members(history) == ()
