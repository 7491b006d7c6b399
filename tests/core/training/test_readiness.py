"""What a training needs to go on: present, in part or absent, with what the absence costs."""

import argparse
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ckptgui.core.training.provenance import provenance
from ckptgui.core.training.readiness import Need, Presence, readiness
from ckptgui.core.training.summary import Found, training
from ckptgui.formats.registry import open_checkpoint

P = Presence


def parts():
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    scaler = torch.amp.GradScaler("cpu", enabled=True).state_dict()
    return {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(),
        "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 2).state_dict(), "epoch": 3,
        "rng_state": torch.get_rng_state(), "scaler": scaler, "best_acc1": 0.5, "args": {"lr": 0.1},
    }  # fmt: skip


NEEDS = dict(
    zip(("model", "optimizer", "lr_scheduler", "epoch", "rng_state", "scaler", "best_acc1", "args"), Need)
)


def judged(tmp_path, obj):
    torch.save(obj, tmp_path / "c.pt")
    found = readiness(open_checkpoint(str(tmp_path / "c.pt")))
    return found, {item.need: item for item in found.items}


def missing(found):
    return [item.need for item in found.items if item.presence is not P.PRESENT]


def test_a_complete_checkpoint_has_everything_and_says_where(tmp_path):
    found, items = judged(tmp_path, parts())
    assert [item.need for item in found.items] == list(Need)
    assert all(item.presence is P.PRESENT and not item.cost for item in found.items)
    assert {item.path for item in found.items} == {(key,) for key in NEEDS}
    assert found.sentence == "All that this training needs to go on is here."
    assert items[Need.OPTIMIZER].text == "AdamW, 2 parameters. Matched with “model” by order: all 2 shapes agree."
    assert items[Need.SCALER].text == "Its scale is 65,536."
    assert missing(found) == []


@pytest.mark.parametrize("key", NEEDS)
def test_each_absence_has_its_cost(tmp_path, key):
    obj = parts()
    del obj[key]
    found, items = judged(tmp_path, obj)
    assert missing(found) == [NEEDS[key]]
    item = items[NEEDS[key]]
    assert (item.presence, item.path) == (P.ABSENT, None)
    assert item.text.endswith(".") and item.cost.endswith(".")


def test_the_verdict_names_what_is_missing(tmp_path):
    obj = parts()
    del obj["rng_state"], obj["args"]
    assert judged(tmp_path, obj)[0].sentence == "Training can go on, without RNG states and hyper-parameters."
    del obj["optimizer"]
    assert "the optimizer's state is not here" in judged(tmp_path, obj)[0].sentence
    del obj["model"]
    assert judged(tmp_path, obj)[0].sentence.startswith("No model is in it")


def test_an_optimizer_of_other_parameters_is_a_doubt(tmp_path):
    found, items = judged(tmp_path, {**parts(), "model": nn.Linear(7, 7).state_dict()})
    assert items[Need.OPTIMIZER].presence is P.PARTLY
    assert "load_state_dict" in items[Need.OPTIMIZER].cost
    assert found.sentence == "Training can go on, with doubts about the optimizer."


def test_a_scaler_that_was_not_in_use_is_present(tmp_path):
    items = judged(tmp_path, {**parts(), "scaler": {}})[1]
    assert items[Need.SCALER].presence is P.PRESENT
    assert "not in use" in items[Need.SCALER].text


@pytest.mark.parametrize(
    "scaler",
    [{"scaler": {"mean": 0.5}}, {"target_scaler": [1, 2]}, {"scaler": "robust"}, {"min_max_scaler": None}],
)
def test_a_scaler_of_data_is_none_of_gradients(tmp_path, scaler):
    obj = parts()
    del obj["scaler"]
    assert judged(tmp_path, {**obj, **scaler})[1][Need.SCALER].presence is P.ABSENT


def test_averaged_weights_alone_are_the_model_in_part(tmp_path):
    obj = parts()
    obj["ema"] = obj.pop("model")
    _, items = judged(tmp_path, obj)
    assert items[Need.MODEL].presence is P.PARTLY
    assert items[Need.MODEL].path == ("ema",)
    assert "“ema” by order" in items[Need.OPTIMIZER].text


def test_averages_among_the_weights_are_counted(tmp_path):
    obj = parts()
    obj["state_dict"] = {**obj.pop("model"), "model_ema.weight": torch.ones(2), "model_ema.decay": torch.ones(())}
    text = judged(tmp_path, obj)[1][Need.MODEL].text
    assert text == "4 tensors in “state_dict”, 2 of them averages by their names."


def test_deepspeeds_optimizer_is_known_to_be_elsewhere(tmp_path):
    obj = {"module": nn.Linear(2, 2).state_dict(), "optimizer": None, "global_steps": 5, "ds_version": "0.16"}
    text = judged(tmp_path, obj)[1][Need.OPTIMIZER].text
    assert "_optim_states.pt" in text


def test_settings_are_counted_without_their_class(tmp_path):
    obj = {**parts(), "args": argparse.Namespace(lr=0.1, width=3)}
    assert judged(tmp_path, obj)[1][Need.HYPER_PARAMETERS].text == "2 settings in “args”."


def test_several_optimizers_are_told_each(tmp_path):
    obj = parts()
    obj["optimizer"] = [obj["optimizer"], obj["optimizer"]]
    text = judged(tmp_path, obj)[1][Need.OPTIMIZER].text
    assert text.count("AdamW") == 2


@pytest.mark.parametrize(
    ("obj", "sentence"),
    [
        (nn.Linear(2, 2).state_dict(), "Weights only"),
        ({"model": nn.Linear(2, 2).state_dict(), "arch": "a"}, "Weights only"),
        (nn.Linear(2, 2), "A whole model and nothing of its training"),
        (torch.ones(2), "A single tensor."),
        ({"state": {}, "param_groups": [{"params": [0]}]}, "An optimizer's state by itself"),
        (torch.optim.Rprop([torch.ones(2)]).state_dict(), "An optimizer's state by itself"),
        ({"python": (1,), "numpy": (), "cpu": torch.get_rng_state()}, "States of random generators"),
        ({"x": 1}, "No tensors are in it."),
        ({"x": [torch.ones(2)]}, "No weights are in it."),
    ],
)
def test_what_is_no_training_has_a_sentence_alone(tmp_path, obj, sentence):
    found, items = judged(tmp_path, obj)
    assert found.sentence.startswith(sentence)
    assert items == {}


def test_a_cut_file_has_its_model_in_part(tmp_path):
    torch.save({**parts(), "model": {"w": torch.ones(20_000), "v": torch.ones(20_000)}}, tmp_path / "c.pt")
    data = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "c.pt").write_bytes(data[: len(data) // 2])
    item = readiness(open_checkpoint(str(tmp_path / "c.pt"))).items[0]
    assert item.presence is P.PARTLY
    assert "cannot be read whole" in item.text


def without(tmp_path, obj, *lost):
    """What is judged where some tensors cannot be read."""
    torch.save(obj, tmp_path / "c.pt")
    found = open_checkpoint(str(tmp_path / "c.pt"))
    errors = {found.row(path): "It is not here." for path in lost}
    return readiness(replace(found, tensors=replace(found.tensors, errors=errors)))


def test_an_optimizer_that_is_not_whole_is_a_doubt(tmp_path):
    found = without(tmp_path, parts(), ("optimizer", "state", "0", "exp_avg"))
    assert found.sentence == "Training can go on, with doubts about the optimizer."
    assert found.items[1].text == "1 of its 6 tensors cannot be read whole."


def test_weights_of_which_some_are_lost_are_not_called_weights_only(tmp_path):
    found = without(tmp_path, {"w": torch.ones(9), "v": torch.ones(9)}, ("v",))
    assert found.sentence.startswith("A model that is not whole: 1 of its 2 tensors")


def test_a_trainers_folder_is_read_as_a_whole(tmp_path):
    obj = parts()
    folder = tmp_path / "checkpoint-8"
    folder.mkdir()
    save_file(obj["model"], folder / "model.safetensors", metadata={"format": "pt"})
    torch.save(obj["optimizer"], folder / "optimizer.pt")
    torch.save(obj["lr_scheduler"], folder / "scheduler.pt")
    torch.save(
        {"python": (3, (1, 2), None), "numpy": None, "cpu": torch.get_rng_state()}, folder / "rng_state.pth"
    )
    torch.save(argparse.Namespace(learning_rate=0.1), folder / "training_args.bin")
    (folder / "config.json").write_text(json.dumps({"transformers_version": "5.24.0", "model_type": "bert"}))
    history = [
        {"epoch": 1.0, "step": 4, "loss": 0.75, "learning_rate": 0.1}, {"epoch": 1.0, "step": 4, "eval_loss": 0.5},
        {"epoch": 1.5, "step": 6, "loss": 0.25}, {"epoch": 1.5, "step": 6, "eval_loss": 0.125, "eval_f1": 0.9},
    ]  # fmt: skip
    state = {"epoch": 1.5, "global_step": 6, "best_metric": 0.125, "best_global_step": 6, "log_history": history}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    checkpoint = open_checkpoint(str(folder))
    items = {item.need: item for item in readiness(checkpoint).items}
    assert [need for need, item in items.items() if item.presence is not P.PRESENT] == [Need.SCALER]
    assert items[Need.PROGRESS].text == "Saved at epoch 1, step 6."
    assert items[Need.BEST].text == "best_metric: 0.125."
    assert "which “model.safetensors” does not keep" in items[Need.OPTIMIZER].text
    assert items[Need.HYPER_PARAMETERS].path == ("training_args.bin",)
    found = training(checkpoint)
    assert found.loss == Found(0.25, ("trainer_state.json", "log_history", "2", "loss"))
    assert dict(found.metrics)["eval_f1"].value == 0.9
    assert provenance(checkpoint).writer == "the Trainer of transformers"
    assert ("transformers", "5.24.0") in [(fact.name, fact.value) for fact in provenance(checkpoint).facts]


LR = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    "made",
    [
        LR.ReduceLROnPlateau,
        lambda o: LR.OneCycleLR(o, 0.1, 10),
        lambda o: LR.CosineAnnealingLR(o, 5),
        lambda o: LR.SequentialLR(o, [LR.ConstantLR(o), LR.StepLR(o, 1)], [2]),
        lambda o: LR.LambdaLR(o, lambda epoch: 1.0),
    ],
)
def test_a_schedule_is_known_by_its_state(tmp_path, made):
    obj = parts()
    del obj["lr_scheduler"]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    item = judged(tmp_path, {**obj, "warmup": made(optimizer).state_dict()})[1][Need.SCHEDULER]
    assert (item.presence, item.path) == (P.PRESENT, ("warmup",))
