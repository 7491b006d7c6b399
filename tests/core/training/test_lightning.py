"""A Lightning checkpoint, laid out as version 2.6 writes it, tells callbacks, loops and averages."""

import pytest
import torch
from torch import nn

from ckptgui.core.checkpoint import Role
from ckptgui.core.optimizers.slots import slots
from ckptgui.core.training.lightning import Progress, Score, lightning
from ckptgui.core.training.readiness import Need, Presence, readiness
from ckptgui.core.training.summary import training
from ckptgui.formats.registry import open_checkpoint

STOPPING = "EarlyStopping{'monitor': 'val_loss', 'mode': 'min'}"
SAVING = "ModelCheckpoint{'monitor': 'val_acc', 'mode': 'max'}"


def progress(count):
    return {"total": {"ready": count + 1, "completed": count}, "current": {"ready": 1, "completed": 1}}


def dumped(**more):
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "epoch": 2,
        "global_step": 12,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": model.state_dict(),
        "loops": {
            "fit_loop": {
                "epoch_progress": progress(3),
                "epoch_loop.batch_progress": progress(12),
                "epoch_loop.automatic_optimization.optim_progress": {"optimizer": {"step": progress(12)}},
            }
        },
        "callbacks": {
            STOPPING: {"wait_count": 0, "best_score": torch.tensor(0.5)},
            SAVING: {
                "monitor": "val_acc", "best_model_score": torch.tensor(0.75), "best_model_path": "/runs/best.ckpt",
                "current_score": torch.tensor(0.7), "best_k_models": {"/runs/best.ckpt": torch.tensor(0.75)},
            },
            "Plain": {"a": 1},
        },
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [{"last_epoch": 3, "_last_lr": [0.1]}],
        "hparams_name": "kwargs",
        "hyper_parameters": {"width": 4},
        **more,
    }  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path):
    torch.save(dumped(), tmp_path / "c.ckpt")
    return open_checkpoint(str(tmp_path / "c.ckpt"))


def test_callbacks_tell_what_they_watch_and_the_best_of_it(checkpoint):
    stopping, saving, plain = lightning(checkpoint).callbacks
    assert (stopping.name, stopping.monitor) == ("EarlyStopping", "val_loss")
    assert stopping.best == Score(None, ("callbacks", STOPPING, "best_score"))
    assert (saving.name, saving.monitor, saving.best_path) == ("ModelCheckpoint", "val_acc", "/runs/best.ckpt")
    assert checkpoint.row(saving.best.path) is not None
    assert saving.current.path[-1] == "current_score"
    assert (plain.name, plain.monitor, plain.best) == ("Plain", None, None)


def test_loops_tell_how_far_the_training_was(checkpoint):
    found = lightning(checkpoint)
    assert found.version == "2.6.6"
    assert found.epochs == Progress(4, 3, ("loops", "fit_loop", "epoch_progress", "total"))
    assert (found.batches.completed, found.steps.completed) == (12, 12)
    assert (found.hyper_parameters, found.data) == (("hyper_parameters",), None)


def test_its_training_can_go_on(checkpoint):
    items = {item.need: item for item in readiness(checkpoint).items}
    here = {need for need, item in items.items() if item.presence is Presence.PRESENT}
    assert here == set(Need) - {Need.RNG, Need.SCALER}
    assert items[Need.PROGRESS].text == "Saved at epoch 2, step 12."
    assert training(checkpoint).best[0] == "val_loss"


def test_an_average_in_place_of_the_model_is_told_from_it(tmp_path):
    obj = dumped()
    obj["current_model_state"] = {name: value + 1 for name, value in obj["state_dict"].items()}
    torch.save({**obj, "averaging_state": {"n_averaged": torch.tensor(12)}}, tmp_path / "c.ckpt")
    checkpoint = open_checkpoint(str(tmp_path / "c.ckpt"))
    assert [s.path for s in checkpoint.with_role(Role.MODEL)] == [("current_model_state",)]
    assert [s.path for s in checkpoint.with_role(Role.EMA)] == [("state_dict",)]
    assert slots(checkpoint).optimizers[0].sections == (("current_model_state",),)


def test_odd_states_are_left_out(tmp_path):
    obj = dumped(loops={"fit_loop": {"epoch_progress": {"total": {"ready": "x"}}}}, callbacks={"A": 1, "{}": {}})
    torch.save(obj, tmp_path / "c.ckpt")
    found = lightning(open_checkpoint(str(tmp_path / "c.ckpt")))
    assert (found.epochs, found.batches) == (None, None)
    assert [callback.name for callback in found.callbacks] == ["{}"]
    torch.save({"a": 1}, tmp_path / "d.ckpt")
    assert lightning(open_checkpoint(str(tmp_path / "d.ckpt"))) is None
