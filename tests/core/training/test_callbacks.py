"""What Lightning's and transformers' callbacks are said to remember."""

import torch

from ckptgui.core.training.callbacks import callbacks
from ckptgui.formats.registry import open_checkpoint

KEY = "ModelCheckpoint{'monitor': 'val_acc', 'mode': 'max', 'every_n_epochs': 1}"


def remembered(value, tmp_path):
    torch.save({"state_dict": {"w": torch.ones(2)}, "epoch": 1, **value}, tmp_path / "a.ckpt")
    return callbacks(open_checkpoint(str(tmp_path / "a.ckpt")))


def test_a_score_may_be_a_tensor(tmp_path):
    state = {"monitor": "val_acc", "best_model_score": torch.tensor(0.75), "best_model_path": "/runs/x/best.ckpt"}
    (callback,) = remembered({"callbacks": {KEY: state}}, tmp_path)
    assert (callback.name, callback.monitor, callback.mode) == ("ModelCheckpoint", "val_acc", "max")
    assert callback.best == "best.ckpt" and callback.score is None and callback.score_row is not None


def test_what_is_watched_may_stand_in_the_key_alone(tmp_path):
    state = {"wait_count": 2, "patience": 5, "best_score": 0.5, "stopped_epoch": 0}
    key = "EarlyStopping{'monitor': 'val_loss', 'mode': 'min'}"
    (callback,) = remembered({"callbacks": {key: state}}, tmp_path)
    assert (callback.monitor, callback.score, callback.waited, callback.patience) == ("val_loss", 0.5, 2, 5)


def test_callbacks_of_transformers_tell_their_patience(tmp_path):
    stopping = {"args": {"early_stopping_patience": 3}, "attributes": {"early_stopping_patience_counter": 1}}
    control = {"args": {"should_log": False}, "attributes": {}}
    listed = {"EarlyStoppingCallback": stopping, "TrainerControl": control}
    (callback,) = remembered({"stateful_callbacks": listed}, tmp_path)
    assert (callback.waited, callback.patience) == (1, 3) and callback.tells


def test_whatever_stands_there_is_no_failure(tmp_path):
    states = {"A": None, "B": {"monitor": 3, "best_model_score": True, "wait_count": "x"}, "C{'monitor': '": {}}
    found = remembered({"callbacks": states, "stateful_callbacks": [1]}, tmp_path)
    assert [each.name for each in found] == ["B", "C"] and not any(each.tells for each in found)
    assert remembered({"callbacks": 7}, tmp_path) == ()
