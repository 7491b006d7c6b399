"""The figures that a checkpoint tells."""

from ckptgui.core.training.scalars import MAX_SCALARS, scalars


def test_numbers_are_found_wherever_they_are_shallow_ones_first():
    told = {"a": {"acc": 0.5, "name": "x", "flag": True}, "loss": 1, "nan": "NaN"}
    found = scalars(told)
    assert list(found) == ["loss", "nan", "a/acc"] and found["a/acc"] == 0.5


def test_rates_of_parameter_groups_are_figures_and_their_numbers_are_not():
    told = {"opt": {"param_groups": [{"lr": 0.1, "params": [0, 1], "betas": [0.9, 0.99]}]}}
    assert scalars(told) == {
        "opt/param_groups/0/lr": 0.1, "opt/param_groups/0/betas/0": 0.9, "opt/param_groups/0/betas/1": 0.99,
    }  # fmt: skip


def test_of_a_trainers_log_the_last_values_count():
    log = [{"loss": 2.0, "step": 1}, {"loss": 1.0, "step": 2, "epoch": 0.5}, {"eval_loss": 1.5, "eval_runtime": 3}]
    told = {"trainer_state.json": {"log_history": log, "global_step": 2}, "config.json": {"n_head": 4}}
    assert scalars(told) == {
        "trainer_state.json/log_history/loss": 1.0,
        "trainer_state.json/log_history/eval_loss": 1.5,
        "trainer_state.json/global_step": 2.0,
    }


def test_counters_of_loops_and_schedulers_are_left_out():
    told = {
        "loops": {"fit_loop": {"total": 3}},
        "scheduler": {"last_epoch": 3, "_step_count": 4, "_last_lr": [0.1]},
    }
    assert scalars({**told, "rng_state": {"python": [3, 5]}}) == {"scheduler/_last_lr/0": 0.1}


def test_what_has_very_many_is_cut():
    assert len(scalars({str(i): i for i in range(5000)})) == MAX_SCALARS
    assert scalars(None) == scalars([]) == {}
