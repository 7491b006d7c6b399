"""The training summary, from files that the usual programs write."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.training.summary import Found, training
from ckptgui.formats.registry import open_checkpoint


def of(metadata) -> Checkpoint:
    return Checkpoint("p", "torch-zip", 0, (), TableBuilder().build(), (), metadata=metadata)


def saved(tmp_path, value) -> Checkpoint:
    torch.save(value, tmp_path / "c.pt")
    return open_checkpoint(str(tmp_path / "c.pt"))


def trained(optimizer_class, **options):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    optimizer = optimizer_class(model.parameters(), **options)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step(*([lambda: model(torch.ones(1, 2)).sum()] if optimizer_class is torch.optim.LBFGS else []))
    return model, optimizer


def test_the_tutorials_names_are_found_with_their_paths(tmp_path):
    model, optimizer = trained(torch.optim.Adam, lr=0.003, betas=(0.8, 0.99))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    found = training(
        saved(
            tmp_path,
            {
                "epoch": 3,
                "model_state_dict": model.state_dict(),
                "optimizer_state_dict": optimizer.state_dict(),
                "scheduler_state_dict": scheduler.state_dict(),
                "loss": 0.25,
                "accuracy": 0.9,
                "hyper_parameters": {"width": 3},
            },
        )
    )
    assert found.epoch == Found(3, ("epoch",))
    assert found.loss == Found(0.25, ("loss",))
    assert found.metrics == (("accuracy", Found(0.9, ("accuracy",))),)
    assert found.learning_rate == Found(0.003, ("optimizer_state_dict", "param_groups", "0", "lr"))
    assert found.optimizer.name == "Adam"
    assert found.optimizer.slots == ("exp_avg", "exp_avg_sq", "step")
    (group,) = found.optimizer.groups
    assert (group.lr, group.betas, group.parameters) == (0.003, (0.8, 0.99), 4)
    assert "params" not in group.options
    assert found.scheduler["step_size"] == 2
    assert found.hyper_parameters == Found({"width": 3}, ("hyper_parameters",))


@pytest.mark.parametrize(
    ("name", "options", "shown"),
    [
        ("SGD", {"lr": 0.1}, "SGD"),
        ("SGD", {"lr": 0.1, "momentum": 0.9}, "SGD with momentum"),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, "SGD with Nesterov momentum"),
        *((n, {}, n) for n in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta",
                               "Rprop", "ASGD", "LBFGS", "Adafactor")),
    ],
)  # fmt: skip
def test_the_kinds_of_torch_optim_are_told_apart(tmp_path, name, options, shown):
    _, optimizer = trained(getattr(torch.optim, name), **options)
    assert training(saved(tmp_path, {"optimizer": optimizer.state_dict()})).optimizer.name == shown
    alone = training(saved(tmp_path, optimizer.state_dict()))
    assert (alone.optimizer.name, alone.optimizer.path) == (shown, ())


def test_several_optimizers_in_a_list_or_a_table_are_all_there(tmp_path):
    states = [trained(kind, lr=0.1)[1].state_dict() for kind in (torch.optim.Adam, torch.optim.SGD)]
    listed = training(saved(tmp_path, {"optimizer_states": states}))
    assert [(o.name, o.path) for o in listed.optimizers] == [
        ("Adam", ("optimizer_states", "0")),
        ("SGD", ("optimizer_states", "1")),
    ]
    named = training(saved(tmp_path, {"optimizers": {"generator": states[0], "critic": states[1]}}))
    assert [o.path[1] for o in named.optimizers] == ["generator", "critic"]


def test_lightnings_names_are_found(tmp_path):
    model, optimizer = trained(torch.optim.AdamW, lr=0.01)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    found = training(
        saved(
            tmp_path,
            {
                "epoch": 4,
                "global_step": 500,
                "pytorch-lightning_version": "2.5.0",
                "state_dict": model.state_dict(),
                "callbacks": {
                    "ModelCheckpoint{'monitor': 'val_loss'}": {"monitor": "val_loss", "current_score": 0.5}
                },
                "optimizer_states": [optimizer.state_dict()],
                "lr_schedulers": [scheduler.state_dict()],
                "hparams_name": "kwargs",
                "hyper_parameters": {"lr": 0.01},
            },
        )
    )
    assert (found.epoch.value, found.step.value, found.loss.value) == (4, 500, 0.5)
    assert found.loss.path == ("callbacks", "ModelCheckpoint{'monitor': 'val_loss'}", "current_score")
    assert found.schedulers[0].path == ("lr_schedulers", "0")
    assert found.hyper_parameters.value == {"lr": 0.01}


def test_a_history_gives_its_last_figure_and_words_their_number():
    assert training(of({"train_loss": [3.0, 2.0, 1.5]})).loss == Found(1.5, ("train_loss",))
    assert str(training(of({"loss": "NaN"})).loss.value) == "nan"


def test_values_in_a_table_of_metrics_are_found():
    found = training(of({"metrics": {"val_loss": 0.5, "whatever": 3.0}, "trainer": {"epoch": 2.0}}))
    assert found.loss == Found(0.5, ("metrics", "val_loss"))
    assert found.metrics == (("whatever", Found(3.0, ("metrics", "whatever"))),)
    assert found.epoch == Found(2, ("trainer", "epoch"))


def test_without_an_optimizer_the_schedulers_last_rate_counts():
    found = training(of({"scheduler": {"_last_lr": [0.02], "gamma": 0.1}}))
    assert found.learning_rate == Found(0.02, ("scheduler", "_last_lr"))


def test_true_is_no_epoch_and_a_text_no_loss():
    found = training(of({"epoch": True, "loss": "low", "args": None}))
    assert (found.epoch, found.loss, found.hyper_parameters) == (None, None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**400, 10**401) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["epoch", "step", "loss", "acc", "optimizer", "state", "param_groups", "params", "betas", "lr",
             "scheduler", "_last_lr", "callbacks", "monitor", "current_score", "config", "metrics", "0"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@given(json_values)
def test_any_json_gives_a_summary(metadata):
    training(of(metadata))


def test_a_flattened_optimizer_tells_its_kind_groups_and_rate(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    groups = [{"params": layer.parameters(), "lr": lr} for layer, lr in zip(model, (0.1, 0.2))]
    optimizer = torch.optim.AdamW(groups)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = get_optimizer_state_dict(model, optimizer, options=StateDictOptions(flatten_optimizer_state_dict=True))
    found = training(saved(tmp_path, {"model": model.state_dict(), "optimizer": state}))
    assert (found.optimizer.name, found.optimizer.flat) == ("AdamW", True)
    assert [(group.lr, group.parameters) for group in found.optimizer.groups] == [(0.1, 2), (0.2, 2)]
    assert found.learning_rate == Found(0.1, ("optimizer", "param_groups.0.weight.lr"))
