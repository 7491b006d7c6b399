"""The course of figures that a trainer logged."""

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.training.history import history


def with_metadata(metadata):
    return Checkpoint("a", "directory", 0, (), TableBuilder().build(), (), metadata)


def test_the_log_of_a_trainer_gives_a_curve_a_figure():
    log = [
        {"step": 2, "loss": 3.0, "learning_rate": 0.1, "epoch": 0.5},
        {"step": 1, "loss": 4.0, "learning_rate": 0.2, "epoch": 0.2},
        {"step": 2, "eval_loss": 3.5, "eval_runtime": 1.0},
        {"step": 4, "eval_loss": 3.2, "eval_runtime": 1.0},
        {"step": 4, "train_loss": 3.1, "total_flos": 1e9},
    ]
    curves = history(with_metadata({"trainer_state.json": {"log_history": log}}))
    assert [curve.name for curve in curves] == ["loss", "eval_loss", "learning_rate"]
    assert curves[0].steps.tolist() == [1, 2] and curves[0].values.tolist() == [4, 3]
    assert curves[0].path == ("trainer_state.json", "log_history")


def test_whatever_stands_in_the_log_there_is_an_answer():
    log = [None, 3, {"step": "x", "loss": 1}, {"loss": 1}, {"step": 1, "loss": "NaN"}, {"step": 2, "loss": True},
           {"step": 3, "loss": 10**400}, {"step": 4, "loss": 2.0}, {"step": 5, "loss": float("inf")}]  # fmt: skip
    assert history(with_metadata({"log_history": log})) == ()
    for metadata in (None, [], {"log_history": {}}, {"trainer_state.json": []}):
        assert history(with_metadata(metadata)) == ()


def test_steps_never_fall():
    log = [{"step": n % 7, "loss": float(n)} for n in range(50)]
    (curve,) = history(with_metadata({"log_history": log}))
    assert np.all(np.diff(curve.steps) >= 0) and len(curve.values) == 50
